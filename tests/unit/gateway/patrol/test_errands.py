"""When tasks on foot are made from plans, for whom, and that no window is made twice or forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from gateway.clock import FakeClock
from gateway.patrol.errands import LOOK_ON, Days, FootClerk, Hands, errand, opened
from gateway.patrol.plan import Opening
from gateway.patrol.rounds import GRACE
from storage.records_patrol import CheckPoint, FootPlan, PatrolWindow, Task, TaskKind

ZONE = ZoneInfo("Asia/Shanghai")
MONDAY = datetime(2026, 11, 23, tzinfo=ZONE)
GATE = CheckPoint("cp-1", "east", "水闸", 117.0, 36.6, "code", MONDAY)
BRIDGE = replace(GATE, id="cp-2", name="东桥")


def works_on(day: date) -> bool:
    return day.weekday() < 5


def at(hour: int, minute: int = 0, days: int = 0) -> datetime:
    """Return a moment of that Monday, or of days after it, in local time."""
    return (MONDAY + timedelta(days=days, hours=hour, minutes=minute)).astimezone(UTC)


def a_plan(**changes: Any) -> FootPlan:
    plan = FootPlan(
        id="foot-1",
        name="早巡",
        grid_id="east",
        point_ids=("cp-1", "cp-2"),
        windows=(PatrolWindow("08:30", "10:00"), PatrolWindow("15:00", "16:00")),
        weekdays=(),
        workdays=False,
        assignee=None,
        note="看水位",
        enabled=True,
        version=1,
        updated_by="acc-leader",
        updated_at=at(7),
    )
    return replace(plan, **changes)


DAYS = Days(ZONE, works_on)


def starts(plan: FootPlan, made_until: datetime | None, now: datetime) -> list[datetime]:
    return [opening.opens_at for opening in opened(plan, DAYS, made_until, now)[0]]


def test_nothing_is_made_before_its_window_opens() -> None:
    """What comes next is known, to the minute; at that minute it is made."""
    found, until = opened(a_plan(), DAYS, None, at(7, 30))
    assert (found, until) == ([], at(8, 30))
    assert starts(a_plan(), until, at(8, 30)) == [at(8, 30)]
    assert opened(a_plan(), DAYS, until, at(8, 30))[1] == at(15)


def test_new_plan_makes_the_window_that_is_open() -> None:
    """Not one that has closed before the plan was saved."""
    assert starts(a_plan(updated_at=at(9)), None, at(9, 1)) == [at(8, 30)]
    assert starts(a_plan(updated_at=at(11)), None, at(11, 1)) == []


def test_outage_forgets_nothing_of_a_day() -> None:
    """Windows that opened meanwhile are made late and can be missed; older than a day they are left out."""
    assert starts(a_plan(), at(8, 30), at(20)) == [at(8, 30), at(15)]
    assert starts(a_plan(), at(8, 30), at(12, days=3)) == [at(15, days=2), at(8, 30, days=3)]


def test_weekly_and_working_days() -> None:
    """One day a week; a day off is left out where only working days count."""
    weekly = a_plan(weekdays=("wed",))
    assert opened(weekly, DAYS, None, at(9))[1] == at(8, 30, days=2)
    friday = at(17, days=4)
    assert opened(a_plan(workdays=True), DAYS, friday, friday)[1] == at(8, 30, days=7)
    assert opened(a_plan(), DAYS, friday, friday)[1] == at(8, 30, days=5)
    never = a_plan(weekdays=("sat",), workdays=True)
    assert opened(never, DAYS, None, at(9)) == ([], at(9) + LOOK_ON)


def test_errand_says_where_until_when_and_for_whom() -> None:
    """A routine task at the point, of the plan, made as its window opens, closed two hours after it was due."""
    task = errand(a_plan(), GATE, Opening(MONDAY.date(), at(8, 30), at(10)), "acc-li")
    assert (task.kind, task.title, task.place, task.point_id) == (TaskKind.ROUTINE, "早巡", "水闸", "cp-1")
    assert (task.created_at, task.due_at, task.closes_at) == (at(8, 30), at(10), at(10) + GRACE)
    assert (task.assignee, task.plan_id, task.note) == ("acc-li", "foot-1", "看水位")


@dataclass
class Shelf:
    """Plans and tasks in memory."""

    plans: dict[str, tuple[FootPlan, datetime | None]]
    tasks: list[Task] = field(default_factory=list)
    missed_at: list[datetime] = field(default_factory=list)

    async def plans_due(self, now: datetime, limit: int) -> list[tuple[FootPlan, datetime | None]]:
        return [kept for kept in self.plans.values() if kept[1] is None or kept[1] <= now][:limit]

    async def add_tasks(self, plan: FootPlan, made: Sequence[Task], until: datetime) -> int:
        self.plans[plan.id] = (plan, until)
        self.tasks += made
        return len(made)

    async def miss(self, now: datetime) -> int:
        self.missed_at.append(now)
        return 1


async def test_clerk_makes_a_task_per_point_and_window() -> None:
    """Each window once, for whoever is to go then; what was not done is missed at every turn."""
    shelf, asked = Shelf({"foot-1": (a_plan(), None)}), list[str]()

    async def points(plan: FootPlan) -> list[CheckPoint]:
        return [GATE, BRIDGE]

    async def worker(plan: FootPlan) -> str | None:
        asked.append(plan.id)
        return "acc-li" if len(asked) == 1 else None

    clock = FakeClock(at(8))
    clerk = FootClerk(shelf, Hands(points, worker, works_on), ZONE, clock)
    await clerk.run_once()
    assert (shelf.tasks, asked) == ([], [])
    for hours in (1, 1, 5, 1):
        await clock.advance(hours * 3600)
        await clerk.run_once()
    assert [(task.point_id, task.created_at, task.assignee) for task in shelf.tasks] == [
        ("cp-1", at(8, 30), "acc-li"), ("cp-2", at(8, 30), "acc-li"), ("cp-1", at(15), None), ("cp-2", at(15), None),
    ]  # fmt: skip
    assert len(shelf.missed_at) == 5
