"""Tasks on foot that recur: made as their window opens, one per point, and missed by time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Protocol

import structlog

from gateway.clock import Clock
from gateway.patrol.plan import Opening, openings
from gateway.patrol.rounds import EVERY_S, GRACE, PLANS_AT_ONCE
from gateway.patrol.tasks import SYSTEM
from storage.ids import new_id
from storage.records_patrol import CheckPoint, FootPlan, Task, TaskKind

logger = structlog.get_logger(__name__)

# Windows that opened while nobody was there to make tasks of them; older ones are left out.
MOST_BACK = timedelta(days=1)
# A plan of which nothing opens within this time is looked at again then.
LOOK_ON = timedelta(days=8)
_TICK = timedelta(microseconds=1)


class Errands(Protocol):
    """The part of `FootStore` that makes tasks and ends missed ones."""

    async def plans_due(self, now: datetime, limit: int) -> list[tuple[FootPlan, datetime | None]]:
        """See `FootStore`."""

    async def add_tasks(self, plan: FootPlan, made: Sequence[Task], until: datetime) -> int:
        """See `FootStore`."""

    async def miss(self, now: datetime) -> int:
        """See `FootStore`."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What the clerk asks others.

    Attributes:
        points: The plan's points that still exist, in its order.
        worker: Account id of who is to go, None for whoever of the grid takes it.
        works_on: Whether a local day is a working day.
    """

    points: Callable[[FootPlan], Awaitable[list[CheckPoint]]]
    worker: Callable[[FootPlan], Awaitable[str | None]]
    works_on: Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class Days:
    """Local days: their zone, and which of them are working days."""

    zone: tzinfo
    works_on: Callable[[date], bool]


def opened(plan: FootPlan, days: Days, made_until: datetime | None, now: datetime) -> tuple[list[Opening], datetime]:
    """Return the windows that have opened and have no tasks yet, and when the next one opens.

    A new version of a plan counts from when it was saved: a window that was open then makes tasks.
    """
    after = now + _TICK
    start = max(made_until or plan.updated_at - timedelta(days=1), now - MOST_BACK)
    found = [o for o in _openings(plan, days, start, after) if made_until is not None or o.due_at > plan.updated_at]
    following = next(_openings(plan, days, after, now + LOOK_ON), None)
    return found, now + LOOK_ON if following is None else following.opens_at


def _openings(plan: FootPlan, days: Days, start: datetime, end: datetime) -> Iterator[Opening]:
    for opening in openings(plan, days.zone, start, end):
        if not plan.workdays or days.works_on(opening.day):
            yield opening


def errand(plan: FootPlan, point: CheckPoint, opening: Opening, worker: str | None) -> Task:
    """Return the task of one point in one window; its `created_at` is when the window opened."""
    return Task(
        id=new_id("task"),
        kind=TaskKind.ROUTINE,
        grid_id=plan.grid_id,
        title=plan.name,
        what="",
        place=point.name,
        lon=point.lon,
        lat=point.lat,
        created_at=opening.opens_at,
        created_by=SYSTEM,
        due_at=opening.due_at,
        assignee=worker,
        point_id=point.id,
        note=plan.note,
        plan_id=plan.id,
        closes_at=opening.due_at + GRACE,
    )


class FootClerk:
    """Makes tasks as windows open and ends those that nobody did; one in the front process is enough.

    Two at once do no harm: tasks are made once per plan, point and opening.
    """

    def __init__(self, errands: Errands, hands: Hands, zone: tzinfo, clock: Clock) -> None:
        self._errands = errands
        self._hands = hands
        self._days = Days(zone, hands.works_on)
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled.

        Raises:
            StorageError: The database cannot be used; the caller tries again.
        """
        while True:
            await self.run_once()
            await self._clock.sleep(EVERY_S)

    async def run_once(self) -> None:
        """Make what is to be made now, some plans at a time, and end what was missed."""
        now = self._clock.now()
        for plan, made_until in await self._errands.plans_due(now, PLANS_AT_ONCE):
            found, until = opened(plan, self._days, made_until, now)
            number = await self._errands.add_tasks(plan, await self._tasks(plan, found), until)
            if number:
                logger.info("tasks made", plan_id=plan.id, count=number)
        missed = await self._errands.miss(now)
        if missed:
            logger.info("tasks missed", count=missed)

    async def _tasks(self, plan: FootPlan, found: Sequence[Opening]) -> list[Task]:
        if not found:
            return []
        points, worker = await self._hands.points(plan), await self._hands.worker(plan)
        return [errand(plan, point, opening, worker) for opening in found for point in points]
