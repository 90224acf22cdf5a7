"""Rounds: made ahead of their windows, missed by time, and what a browser may claim of a look."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

import structlog

from gateway.clock import Clock
from gateway.errors import GridPatrolError
from gateway.patrol.plan import Opening, look_s, openings
from storage.ids import new_id
from storage.records_patrol import OPEN_ROUNDS, PatrolPlan, PatrolRound, ViewVerdict

logger = structlog.get_logger(__name__)

# So far ahead rounds can be seen, and so early before that horizon runs out they are made on.
HORIZON = timedelta(hours=36)
MAKE_ON = timedelta(hours=24)
# Nobody looks further back for rounds that were missed while the gateway itself was down.
MOST_BACK = timedelta(days=7)
# A round that is ended within this after its due time is late; then it is missed.
GRACE = timedelta(hours=2)
# Somebody else's running round in which nothing has happened for so long may be taken over.
LEFT_ALONE = timedelta(minutes=30)
# What the network and a rounded clock may add to a look.
DWELL_SLACK_S = 3.0
PLANS_AT_ONCE = 200
EVERY_S = 20.0


class DwellTooLong(GridPatrolError):
    """A browser says that a view was looked at for longer than it can have been."""

    def __init__(self, said_s: float, most_s: float) -> None:
        self.said_s = said_s
        self.most_s = most_s
        super().__init__(said_s, most_s)

    def __str__(self) -> str:
        return f"{self.said_s:.0f} s said, {self.most_s:.0f} s have passed"


class NothingShown(GridPatrolError):
    """A verdict on a picture that nobody was shown."""


class Rounds(Protocol):
    """The part of `PatrolStore` that makes rounds and ends missed ones."""

    async def plans_to_round(self, before: datetime, limit: int) -> list[tuple[PatrolPlan, datetime | None]]:
        """See `PatrolStore`."""

    async def add_rounds(self, plan: PatrolPlan, rounds: Sequence[PatrolRound], until: datetime) -> int:
        """See `PatrolStore`."""

    async def miss(self, now: datetime) -> list[PatrolRound]:
        """See `PatrolStore`."""


def rounds_of(
    plan: PatrolPlan, zone: tzinfo, made_until: datetime | None, now: datetime
) -> tuple[list[PatrolRound], datetime]:
    """Return the rounds of a plan that are not made yet, and up to when they are made then.

    A new version of a plan counts from when it was saved: a window that was open then makes a round if what is left
    of it is long enough for one.
    """
    until = now + HORIZON
    start = max(made_until or plan.updated_at - timedelta(days=1), now - MOST_BACK)
    wanted = timedelta(seconds=look_s(plan.points))
    made = []
    for opening in openings(plan, zone, start, until):
        since = max(opening.opens_at, plan.updated_at) if made_until is None else opening.opens_at
        if opening.due_at - since >= wanted:
            made.append(_round(plan, opening))
    return made, until


def _round(plan: PatrolPlan, opening: Opening) -> PatrolRound:
    return PatrolRound(
        id=new_id("rnd"),
        plan_id=plan.id,
        name=plan.name,
        grid_id=plan.grid_id,
        day=opening.day,
        opens_at=opening.opens_at,
        due_at=opening.due_at,
        closes_at=opening.due_at + GRACE,
        views=plan.points,
        planned=len(plan.points),
        assignees=plan.assignees,
    )


def is_overdue(found: PatrolRound, now: datetime) -> bool:
    """Say whether a round that nobody has ended should have been."""
    return found.state in OPEN_ROUNDS and now > found.due_at


def may_run(found: PatrolRound, account_id: str, *, leads: bool) -> bool:
    """Say whether a round is for this account: named in the plan, nobody named, or a leader who steps in."""
    return leads or not found.assignees or account_id in found.assignees


def moment_said(found: PatrolRound, said: datetime | None, now: datetime) -> datetime:
    """Return when a phone gave its word, as far as that can be: not before the view came up, nor after it arrived."""
    earliest = min(now, found.marked_at or now)
    return now if said is None else min(now, max(earliest, said))


def next_mark(found: PatrolRound, dwell_s: float, said: datetime | None, now: datetime) -> datetime:
    """Return since when the next view can be looked at: from the end of this look, which may have been sent later.

    A bad line delivers many looks at once: their sum still never exceeds the time since the round began.
    """
    looked = (found.marked_at or now) + timedelta(seconds=dwell_s)
    return min(now, looked if said is None else max(looked, moment_said(found, said, now)))


def check_look(found: PatrolRound, dwell_s: float, shown: str, verdict: ViewVerdict, now: datetime) -> datetime:
    """Return since when the view can have been looked at.

    Raises:
        NothingShown: Something was seen, or found normal, on a picture that was not there.
        DwellTooLong: The look would have begun before the view came up.
    """
    if shown == "none" and verdict is not ViewVerdict.NOT_VIEWABLE:
        raise NothingShown(found.id)
    marked_at = found.marked_at or now
    most_s = (now - marked_at).total_seconds() + DWELL_SLACK_S
    if dwell_s > most_s:
        raise DwellTooLong(dwell_s, most_s)
    return marked_at


class RoundClerk:
    """Makes rounds ahead of their windows and ends those that nobody came to; one in the front process is enough.

    Two at once do no harm: rounds are made once per plan and opening.
    """

    def __init__(self, rounds: Rounds, zone: tzinfo, clock: Clock) -> None:
        self._rounds = rounds
        self._zone = zone
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
        for plan, made_until in await self._rounds.plans_to_round(now + MAKE_ON, PLANS_AT_ONCE):
            made, until = rounds_of(plan, self._zone, made_until, now)
            number = await self._rounds.add_rounds(plan, made, until)
            if number:
                logger.info("rounds made", plan_id=plan.id, count=number)
        missed = await self._rounds.miss(now)
        if missed:
            logger.info("rounds missed", count=len(missed), first=missed[0].id)
