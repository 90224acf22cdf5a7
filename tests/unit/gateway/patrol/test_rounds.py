"""Rounds: made ahead and once, never for what was over, missed by time; looks no longer than they can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.clock import FakeClock
from gateway.patrol.rounds import (
    GRACE,
    HORIZON,
    MOST_BACK,
    DwellTooLong,
    NothingShown,
    RoundClerk,
    check_look,
    is_overdue,
    may_run,
    moment_said,
    next_mark,
    rounds_of,
)
from storage.records_patrol import PatrolPlan, PatrolRound, RoundState, ViewVerdict
from tests.unit.gateway.patrol.samples import NOON, a_plan

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE = timedelta(minutes=1)


def _hours(rounds: Sequence[PatrolRound]) -> list[str]:
    return [f"{found.opens_at.astimezone(ZONE):%d %H:%M}" for found in rounds]


def _running(**changes: object) -> PatrolRound:
    (found, *_), _ = rounds_of(a_plan(("12:00", "13:00")), ZONE, NOON, NOON)
    started = replace(found, state=RoundState.RUNNING, assignee="acc-li", started_at=NOON, marked_at=NOON)
    return replace(started, **changes)  # type: ignore[arg-type]


def test_rounds_are_made_ahead() -> None:
    """From now to the horizon, with the plan's views, each closing some time after it is due."""
    made, until = rounds_of(a_plan(("09:00", "10:30"), ("18:00", "19:00")), ZONE, None, NOON)
    assert _hours(made) == ["23 18:00", "24 09:00", "24 18:00"]
    assert until == NOON + HORIZON
    assert (made[0].planned, made[0].closes_at - made[0].due_at) == (2, GRACE)


def test_spans_in_a_row_make_each_round_once() -> None:
    """What the first span made is not made by the next: three days of two windows are six rounds."""
    plan, made, until = a_plan(("09:00", "10:30"), ("23:00", "01:00")), list[PatrolRound](), None
    for hour in range(0, 72, 7):
        more, until = rounds_of(plan, ZONE, until, NOON + timedelta(hours=hour))
        made += more
    assert len({found.opens_at for found in made}) == len(made)
    assert _hours(made)[:4] == ["23 23:00", "24 09:00", "24 23:00", "25 09:00"]


@pytest.mark.parametrize(("saved", "made_now"), [("11:00", 1), ("12:59", 1), ("13:29", 1), ("13:30", 0), ("14:00", 0)])
def test_new_plan_makes_a_round_while_its_window_still_holds_one(saved: str, made_now: int) -> None:
    """Of a window from noon to half past one, what is left must hold the 50 s of a round."""
    updated_at = datetime.combine(NOON.astimezone(ZONE).date(), time.fromisoformat(saved), ZONE)
    plan = a_plan(("12:00", "13:30"), updated_at=updated_at.astimezone(UTC))
    made, _ = rounds_of(plan, ZONE, None, plan.updated_at)
    assert sum(found.opens_at == NOON for found in made) == made_now


def test_rounds_of_an_outage_are_made_and_will_be_missed() -> None:
    """A gateway that was down for two days says so: the rounds were planned. Not for longer than a week back."""
    made, _ = rounds_of(a_plan(), ZONE, NOON - timedelta(days=2), NOON)
    assert _hours(made) == ["22 09:00", "23 09:00", "24 09:00"]
    made, _ = rounds_of(a_plan(), ZONE, NOON - timedelta(days=40), NOON)
    assert made[0].opens_at >= NOON - MOST_BACK


def test_look_longer_than_the_time_that_passed_is_refused() -> None:
    """Since the view came up, and three seconds for the network: not a second more."""
    found = _running()
    at = NOON + timedelta(seconds=20)
    assert check_look(found, 23.0, "live", ViewVerdict.NORMAL, at) == NOON
    with pytest.raises(DwellTooLong) as refused:
        check_look(found, 23.1, "live", ViewVerdict.NORMAL, at)
    assert (refused.value.said_s, refused.value.most_s) == (23.1, 23.0)
    with pytest.raises(DwellTooLong):  # the view before took the time
        check_look(replace(found, marked_at=at), 20.0, "live", ViewVerdict.NORMAL, at + timedelta(seconds=5))


def test_mark_moves_on_by_the_look() -> None:
    """Not to the arrival of a late word, but never past it, nor behind what the phone says."""
    found, now = _running(), NOON + 10 * MINUTE
    assert next_mark(found, 20.0, None, now) == NOON + timedelta(seconds=20)
    assert next_mark(found, 20.0, NOON + MINUTE, now) == NOON + MINUTE
    assert next_mark(found, 20.0, NOON - MINUTE, now) == NOON + timedelta(seconds=20)
    assert next_mark(found, 20.0, now + MINUTE, now) == now
    assert next_mark(found, 900.0, None, now) == now


def test_word_of_a_phone_is_bounded() -> None:
    """Between the coming up of the view and the arrival; without one it is the arrival."""
    found, now = _running(), NOON + 10 * MINUTE
    for said, kept in ((None, now), (NOON - MINUTE, NOON), (NOON + MINUTE, NOON + MINUTE), (now + MINUTE, now)):
        assert moment_said(found, said, now) == kept


@pytest.mark.parametrize("verdict", [ViewVerdict.NORMAL, ViewVerdict.FINDING])
def test_nothing_can_be_said_of_a_picture_that_was_not_there(verdict: ViewVerdict) -> None:
    """Only "not viewable" goes without a picture."""
    with pytest.raises(NothingShown):
        check_look(_running(), 1.0, "none", verdict, NOON)
    check_look(_running(), 1.0, "none", ViewVerdict.NOT_VIEWABLE, NOON)
    check_look(_running(), 1.0, "last_look", verdict, NOON)


def test_round_is_overdue_only_while_it_is_open() -> None:
    """Past its due time and not ended."""
    found = _running()
    assert not is_overdue(found, found.due_at)
    assert is_overdue(found, found.due_at + MINUTE)
    assert not is_overdue(replace(found, state=RoundState.LATE), found.due_at + MINUTE)


def test_round_is_for_who_is_named() -> None:
    """Nobody named: everybody; a leader steps in anywhere."""
    named = replace(_running(), assignees=("acc-li",))
    assert may_run(_running(), "acc-wang", leads=False)
    assert may_run(named, "acc-li", leads=False)
    assert not may_run(named, "acc-wang", leads=False)
    assert may_run(named, "acc-wang", leads=True)


class _Kept:
    """A store of one plan."""

    def __init__(self, plan: PatrolPlan) -> None:
        self.plan = plan
        self.until: datetime | None = None
        self.rounds: list[PatrolRound] = []
        self.missed_at: list[datetime] = []

    async def plans_to_round(self, before: datetime, limit: int) -> list[tuple[PatrolPlan, datetime | None]]:
        assert limit > 0
        return [(self.plan, self.until)] if self.until is None or self.until < before else []

    async def add_rounds(self, plan: PatrolPlan, rounds: Sequence[PatrolRound], until: datetime) -> int:
        assert plan == self.plan
        self.rounds += rounds
        self.until = until
        return len(rounds)

    async def miss(self, now: datetime) -> list[PatrolRound]:
        self.missed_at.append(now)
        return [found for found in self.rounds if found.closes_at <= now]


async def test_clerk_makes_rounds_on_and_on() -> None:
    """Four days, looked at every hour: one round a day, none twice, and missed ones asked for each time."""
    clock = FakeClock(NOON)
    kept = _Kept(a_plan())
    clerk = RoundClerk(kept, ZONE, clock)
    for _ in range(4 * 24):
        await clerk.run_once()
        await clock.advance(3600)
    assert len({found.opens_at for found in kept.rounds}) == len(kept.rounds) == 5
    assert len(kept.missed_at) == 96
