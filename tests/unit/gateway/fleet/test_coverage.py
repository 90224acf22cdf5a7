"""The coverage ledger: no second twice, none forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.fleet.coverage import FLUSH_S, MAX_TICK_S, MAX_WAITING_ROWS, CoverageLedger
from storage.coverage_rows import MAX_UNKNOWN_S, appended
from storage.records import CoverageRow, CoverageState

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LOOKED, OFFLINE, UNKNOWN = CoverageState.LOOKED, CoverageState.OFFLINE, CoverageState.UNKNOWN
Short = list[tuple[str, int, int]]


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def short(rows: Iterable[CoverageRow]) -> Short:
    """Return (state, start, end) in seconds after noon."""
    return [(r.state.value, int((r.start - NOON).total_seconds()), int((r.end - NOON).total_seconds())) for r in rows]


def a_row(start: float, end: float, state: CoverageState = LOOKED) -> CoverageRow:
    return CoverageRow("cam", "grid", state, at(start), at(end))


def ticked(ledger: CoverageLedger, seconds: Iterable[float], state: CoverageState = LOOKED) -> CoverageLedger:
    for second in seconds:
        ledger.note("cam", "grid", state, at(second))
    return ledger


def test_a_late_tick_speaks_for_ten_seconds_at_most() -> None:
    """A worker that hung for half a minute does not know what it missed."""
    ledger = ticked(CoverageLedger(at(0)), [1, 2, 32])
    assert short(ledger.take()) == [("looked", 0, 2), ("unknown", 2, 22), ("looked", 22, 32)]


def test_a_tick_that_is_a_little_late_covers_its_seconds() -> None:
    """Ticks drift; ten seconds are still one tick's."""
    ledger = ticked(CoverageLedger(at(0.2)), [1.9, 1.95, 4.1, 14.99])
    assert short(ledger.take()) == [("looked", 0, 14)]


def test_a_clock_that_steps_back_writes_nothing_until_it_has_caught_up() -> None:
    """The hour that comes twice is written once."""
    ledger = ticked(CoverageLedger(at(0)), [1, 2, 3])
    ticked(ledger, [-3_600, -3_599, 2, 3], OFFLINE)
    assert short(ledger.take()) == [("looked", 0, 3)]
    ticked(ledger, [4], OFFLINE)
    assert short(ledger.take()) == [("offline", 3, 4)]


def test_a_clock_that_steps_forward_leaves_unknown_seconds() -> None:
    """Nobody lived through them."""
    ledger = ticked(CoverageLedger(at(0)), [1, 3_601, 3_602])
    assert short(ledger.take()) == [("looked", 0, 1), ("unknown", 1, 3_591), ("looked", 3_591, 3_602)]


def test_rows_are_due_every_few_seconds() -> None:
    """Also after the clock stepped back, when `FLUSH_S` would otherwise be an hour away."""
    ledger = ticked(CoverageLedger(at(0)), [1, 2])
    assert ledger.due(at(FLUSH_S - 1)) == []
    assert short(ledger.due(at(FLUSH_S))) == [("looked", 0, 2)]
    assert ledger.due(at(2 * FLUSH_S)) == []
    ticked(ledger, [11])
    assert short(ledger.due(at(-3_600))) == [("looked", 2, 11)]


def test_rows_that_could_not_be_written_come_again() -> None:
    """In one piece with what came after them."""
    ledger = ticked(CoverageLedger(at(0)), [1, 2])
    refused = ledger.take()
    ticked(ledger, [3, 4])
    ledger.put_back(refused)
    assert short(ledger.take()) == [("looked", 0, 4)]


def test_a_database_that_stays_away_blurs_the_oldest_rows() -> None:
    """Memory is bounded, the sum stays exact, and what was given up is counted and says so."""
    ledger = CoverageLedger(at(0))
    for second in range(1, MAX_WAITING_ROWS + 51):
        ticked(ledger, [second], LOOKED if second % 2 else OFFLINE)
    rows = ledger.take()
    assert len(rows) == MAX_WAITING_ROWS
    assert ledger.blurred == 50
    assert short(rows[:2]) == [("unknown", 0, 51), ("offline", 51, 52)]
    assert rows[-1].end == at(MAX_WAITING_ROWS + 50)


def test_after_a_kill_ten_seconds_are_unknown_and_the_rest_offline() -> None:
    """It may have watched a little after its last word; then nobody did."""
    ledger = CoverageLedger(at(60))
    ledger.resume({"cam": a_row(0, 5)}, at(60.7))
    ticked(ledger, [61])
    assert short(ledger.take()) == [("unknown", 5, 15), ("offline", 15, 60), ("looked", 60, 61)]


def test_a_quick_restart_after_a_kill_is_unknown_only() -> None:
    """No second of it can be told."""
    ledger = CoverageLedger(at(9))
    ledger.resume({"cam": a_row(0, 5)}, at(9))
    assert short(ledger.take()) == [("unknown", 5, 9)]


def test_after_an_orderly_stop_all_is_offline() -> None:
    """The last second tells the next start that nobody watched since; a restart within it does not overlap."""
    ledger = ticked(CoverageLedger(at(0)), [1, 2])
    last = ledger.stop(at(3.5))
    assert short(last) == [("looked", 0, 3), ("offline", 3, 4)]
    assert [row.closing for row in last] == [False, True]
    later = CoverageLedger(at(90))
    later.resume({"cam": last[-1]}, at(90))
    assert short(later.take()) == [("offline", 4, 90)]
    at_once = CoverageLedger(at(3.6))
    at_once.resume({"cam": last[-1]}, at(3.6))
    ticked(at_once, [3.9, 4.6, 5.6])
    assert short(at_once.take()) == [("looked", 4, 5)]


def test_kill_of_an_offline_camera_is_told_from_an_orderly_end() -> None:
    """Nobody knows whether it came back in the seconds that were not written."""
    ledger = CoverageLedger(at(60))
    ledger.resume({"cam": a_row(0, 5, OFFLINE)}, at(60))
    assert short(ledger.take()) == [("unknown", 5, 15), ("offline", 15, 60)]
    ticked(ledger, range(61, 70), OFFLINE)
    last = ledger.stop(at(70))
    assert short(last) == [("offline", 60, 70), ("offline", 70, 71)]
    later = CoverageLedger(at(90))
    later.resume({"cam": last[-1]}, at(90))
    assert short(later.take()) == [("offline", 71, 90)]


def test_restarts_within_a_second_do_not_run_ahead_of_the_clock() -> None:
    """Each orderly end would add a second; one that comes before anything was told is closed already."""
    kept = ticked(CoverageLedger(at(0)), [1]).stop(at(1.1))
    for turn in range(5):
        ledger = CoverageLedger(at(1.2 + turn / 10))
        ledger.resume({"cam": kept[-1]}, at(1.2 + turn / 10))
        assert ledger.stop(at(1.25 + turn / 10)) == []


def test_orderly_end_while_the_clock_is_behind_is_told_too() -> None:
    """One second after what is written, whatever the clock says."""
    ledger = ticked(CoverageLedger(at(0)), [50])
    ledger.take()
    [closing] = ledger.stop(at(20))
    assert (short([closing]), closing.closing) == ([("offline", 50, 51)], True)


def test_a_restart_before_the_last_row_waits_for_it() -> None:
    """The clock was set back while nothing ran."""
    ledger = CoverageLedger(at(-100))
    ledger.resume({"cam": a_row(0, 5)}, at(-100))
    ticked(ledger, [-99, 5])
    assert ledger.take() == []
    assert short(ticked(ledger, [6]).take()) == [("looked", 5, 6)]


def test_a_camera_that_moves_to_another_grid_begins_a_new_row() -> None:
    """What was, belongs to the grid that was."""
    ledger = CoverageLedger(at(1))
    ledger.resume({"cam": a_row(0, 1)}, at(1))
    ledger.note("cam", "other", LOOKED, at(2))
    assert [(r.grid_id, r.start) for r in ledger.take()] == [("other", at(1))]


TICK = st.tuples(st.just("tick"), st.floats(0, 3))
STALL = st.tuples(st.just("tick"), st.floats(0, 120))
STEP = st.tuples(st.just("step"), st.integers(-100_000, 100_000))
AWAY = st.floats(0, 200)
ENDS = st.one_of(st.tuples(st.just("kill"), AWAY), st.tuples(st.just("stop"), AWAY))
LOST = st.tuples(st.just("refuse"), st.floats(0, 2))
STATES = st.sampled_from([state for state in CoverageState if state is not UNKNOWN])
Deeds = list[tuple[tuple[str, float], CoverageState]]


class World:
    """A wall clock, a store (by the real arithmetic), and a worker that dies and comes back."""

    def __init__(self) -> None:
        self.now = NOON
        self.stored: list[CoverageRow] = []
        self.ledger = CoverageLedger(self.now)
        self.kills = 0

    def write(self, rows: list[CoverageRow]) -> None:
        change = appended({"cam": self.stored[-1]} if self.stored else {}, rows)
        if change.lengthened:
            self.stored[-1:] = change.lengthened
        self.stored += change.new

    def live(self, deed: str, amount: float, state: CoverageState) -> None:
        if deed == "step":
            self.now += timedelta(seconds=amount)
            return
        if deed == "stop":
            self.write(self.ledger.stop(self.now))
        self.now += timedelta(seconds=amount)
        if deed in {"kill", "stop"}:
            self.kills += deed == "kill"
            self.ledger = CoverageLedger(self.now)
            self.ledger.resume({"cam": self.stored[-1]} if self.stored else {}, self.now)
        self.tick(state, refused=deed == "refuse")

    def tick(self, state: CoverageState, *, refused: bool = False) -> None:
        self.ledger.note("cam", "grid", state, self.now)
        rows = self.ledger.due(self.now)
        if refused:
            self.ledger.put_back(rows)
        else:
            self.write(rows)

    def finish(self) -> None:
        self.ledger.note("cam", "grid", LOOKED, self.now)
        self.write(self.ledger.take())


def length_s(rows: Iterable[CoverageRow]) -> float:
    return sum((row.end - row.start).total_seconds() for row in rows)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.one_of(TICK, TICK, STALL, STEP, ENDS, LOST), STATES), max_size=60))
def test_the_sum_is_wall_time_whatever_happens(deeds: Deeds) -> None:
    """Ticks early and late, clock steps, failed writes, kills and restarts: each second once, from first to last."""
    world = World()
    for (deed, amount), state in deeds:
        world.live(deed, amount, state)
    before = world.stored[-1].end if world.stored else world.now.replace(microsecond=0)
    world.finish()
    rows = world.stored
    assert all(row.start < row.end for row in rows)
    assert [row.end for row in rows[:-1]] == [row.start for row in rows[1:]]
    if rows:
        assert length_s(rows) == (rows[-1].end - rows[0].start).total_seconds()
        assert rows[-1].end >= max(before, world.now.replace(microsecond=0))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.one_of(TICK, TICK, TICK, TICK, ENDS), STATES), max_size=80))
def test_a_kill_costs_ten_unknown_seconds_at_most(deeds: Deeds) -> None:
    """While the clock keeps time and ticks come, only kills leave anything unknown; the end is now."""
    world = World()
    for (deed, amount), state in deeds:
        # The first start of all has nothing to go on from, so that a kill before the first write leaves no trace.
        world.live("tick" if not world.stored else deed, amount if world.stored else min(amount, 3), state)
    world.finish()
    unknown_s = length_s(row for row in world.stored if row.state is UNKNOWN)
    assert unknown_s <= MAX_UNKNOWN_S * world.kills
    if world.stored:
        assert timedelta(0) <= world.stored[-1].end - world.now.replace(microsecond=0) <= timedelta(seconds=1)


@pytest.mark.parametrize("state", list(CoverageState))
def test_every_state_may_be_told(state: CoverageState) -> None:
    """The ledger keeps each as it is told."""
    assert short(ticked(CoverageLedger(at(0)), [1], state).take()) == [(state.value, 0, 1)]
    assert FLUSH_S < MAX_UNKNOWN_S >= MAX_TICK_S


def test_camera_that_leaves_is_signed_off_and_one_that_comes_begins_then() -> None:
    """The one's line is closed in good order; the other's does not begin with seconds of before it was there."""
    ledger = CoverageLedger(at(0))
    for second in range(1, 5):
        ledger.note("old", "g1", LOOKED, at(second))
    ledger.forget("old", at(4))
    ledger.forget("unknown", at(4))
    ledger.expect(["new"], at(4))
    ledger.note("new", "g1", LOOKED, at(6))
    rows = ledger.take()
    assert [(r.camera_id, r.start, r.end, r.closing) for r in rows] == [
        ("old", at(0), at(4), False),
        ("old", at(4), at(5), True),
        ("new", at(4), at(6), False),
    ]
    ledger.put_back(rows)  # the write failed: also what has left is not lost
    assert len(ledger.take()) == 3
