"""The arithmetic of coverage rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from storage.coverage_rows import Appended, after_silence, appended, cut, joined, opened, utc_midnight, whole_second
from storage.records import CoverageRow, CoverageState

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
LOOKED, OFFLINE = CoverageState.LOOKED, CoverageState.OFFLINE


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def a_row(start: float, end: float, state: CoverageState = LOOKED) -> CoverageRow:
    return CoverageRow("cam", "grid", state, at(start), at(end))


def test_nothing_left_after_cutting_is_no_row() -> None:
    """A row that lies in the past altogether changes nothing."""
    change = appended({"cam": a_row(0, 10)}, [a_row(2, 8, OFFLINE), a_row(5, 10, OFFLINE)])
    assert (change.lengthened, change.new) == ([], [])


def test_one_write_may_lengthen_and_begin() -> None:
    """The kept row grows by what goes on, the rest is new; unsorted input is put in order."""
    change = appended({"cam": a_row(0, 10)}, [a_row(14, 20, OFFLINE), a_row(12, 14), a_row(8, 12)])
    assert change.lengthened == [a_row(0, 14)]
    assert change.new == [a_row(14, 20, OFFLINE)]


def test_rows_end_at_midnight_utc() -> None:
    """So that a day's rows are found by their beginnings; the kept row of yesterday is not lengthened into today."""
    over = CoverageRow("cam", "grid", LOOKED, MIDNIGHT - timedelta(seconds=5), MIDNIGHT + timedelta(seconds=5))
    change = appended({}, [over])
    assert change.new == [replace(over, end=MIDNIGHT), replace(over, start=MIDNIGHT)]
    more = replace(over, start=MIDNIGHT, end=MIDNIGHT + timedelta(seconds=1))
    assert appended({"cam": change.new[0]}, [more]).new == [more]
    assert joined(change.new) == [over]


def test_another_grid_is_another_row() -> None:
    """Neither lengthened nor joined."""
    moved = replace(a_row(10, 20), grid_id="other")
    assert appended({"cam": a_row(0, 10)}, [moved]).new == [moved]
    assert joined([a_row(0, 10), moved]) == [a_row(0, 10), moved]


def test_a_gap_is_not_joined() -> None:
    """Rows are joined only where they touch."""
    assert joined([a_row(0, 1), a_row(2, 3)]) == [a_row(0, 1), a_row(2, 3)]


def test_cut_keeps_what_lies_in_the_span() -> None:
    """Half-open on both sides."""
    assert cut([a_row(0, 5), a_row(5, 9), a_row(9, 12)], at(5), at(9)) == [a_row(5, 9)]
    assert cut([a_row(0, 5)], at(2), at(3)) == [a_row(2, 3)]


def test_silence_is_unknown_first_and_offline_then() -> None:
    """Also of a camera that was offline; unless its watcher closed in good order. A clock set back is no silence."""
    assert after_silence(a_row(0, 5), at(30.9)) == [
        a_row(5, 15, CoverageState.UNKNOWN), a_row(15, 30, OFFLINE),
    ]  # fmt: skip
    assert after_silence(a_row(0, 5), at(8)) == [a_row(5, 8, CoverageState.UNKNOWN)]
    assert after_silence(a_row(0, 5, OFFLINE), at(30)) == [
        a_row(5, 15, CoverageState.UNKNOWN), a_row(15, 30, OFFLINE),
    ]  # fmt: skip
    closing = replace(a_row(4, 5, OFFLINE), closing=True)
    assert after_silence(closing, at(30)) == [a_row(5, 30, OFFLINE)]
    for now in (5, 4, -9_999):
        assert after_silence(a_row(0, 5), at(now)) == after_silence(closing, at(now)) == []


def test_closing_rows_stay_alone() -> None:
    """Neither lengthened nor made part of a neighbour: the last row must tell how its watcher ended."""
    closing = replace(a_row(5, 6, OFFLINE), closing=True)
    rows = [a_row(0, 5, OFFLINE), closing, a_row(6, 9, OFFLINE)]
    assert joined(rows) == rows
    assert joined(opened(row) for row in rows) == [a_row(0, 9, OFFLINE)]
    assert appended({}, rows).new == rows
    assert appended({"cam": closing}, rows) == Appended([], rows[2:])


def test_moments_lose_their_parts() -> None:
    """Of a second, and of a day."""
    assert whole_second(at(1.999999)) == at(1)
    assert utc_midnight(at(1.5)) == datetime(2026, 11, 22, tzinfo=UTC)
