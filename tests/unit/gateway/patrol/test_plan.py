"""Windows and proposals: over midnight, across changes of the clocks, in zones with and without them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.patrol.plan import (
    LEAST_DWELL_S,
    MOST_DWELL_S,
    look_s,
    openings,
    suggest_points,
    windows_apart,
    windows_hold,
)
from storage.records_patrol import PatrolWindow
from tests.unit.gateway.patrol.samples import NOON, a_camera, a_plan

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")  # UTC+05:45
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("windows", "apart"),
    [
        ([("09:00", "10:30"), ("10:30", "12:00")], True),
        ([("22:00", "02:00"), ("02:00", "03:00")], True),
        ([("09:00", "09:00")], False),
        ([("09:00", "10:30"), ("10:00", "11:00")], False),
        ([("22:00", "02:00"), ("01:30", "03:00")], False),
        ([("22:00", "02:00"), ("23:00", "23:30")], False),
        ([("00:00", "01:00"), ("23:00", "00:30")], False),
        ([("23:00", "00:00"), ("00:00", "01:00")], True),
    ],
)
def test_windows_must_not_meet(windows: list[tuple[str, str]], apart: bool) -> None:
    """None is empty, none overlaps another, also past midnight."""
    assert windows_apart([PatrolWindow(*window) for window in windows]) is apart


def test_window_must_hold_a_round() -> None:
    """A round of 50 s does not fit into no time at all, but into a minute past midnight."""
    assert windows_hold(a_plan(("23:59", "00:00")))
    assert not windows_hold(a_plan(("09:00", "09:00")))
    assert look_s(a_plan().points) == 50


def test_window_over_midnight_belongs_to_the_day_it_begins_on() -> None:
    """On Mondays from 23:00 to 01:00: due on Tuesday, and never opened on Sunday night."""
    plan = a_plan(("23:00", "01:00"), weekdays=("mon",))
    (found,) = openings(plan, SHANGHAI, NOON - 3 * DAY, NOON + 3 * DAY)
    assert found.day == date(2026, 11, 23)
    assert found.opens_at == datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    assert found.due_at == datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


def test_openings_are_half_open() -> None:
    """What opens at the end belongs to the next span, so that spans in a row give each opening once."""
    plan = a_plan(("12:00", "13:00"))
    assert [o.opens_at for o in openings(plan, SHANGHAI, NOON, NOON + DAY)] == [NOON]
    assert [o.opens_at for o in openings(plan, SHANGHAI, NOON + DAY, NOON + 2 * DAY)] == [NOON + DAY]


@pytest.mark.parametrize("zone", [SHANGHAI, BERLIN, KATHMANDU, ZoneInfo("UTC"), ZoneInfo("Pacific/Kiritimati")])
def test_every_local_day_has_its_windows(zone: ZoneInfo) -> None:
    """A year of one window a day: 365 openings, each at nine o'clock local time."""
    start = datetime(2026, 1, 1, tzinfo=zone)
    found = list(openings(a_plan(), zone, start, datetime(2027, 1, 1, tzinfo=zone)))
    assert len(found) == 365
    assert {(o.opens_at.astimezone(zone).hour, o.opens_at.astimezone(zone).date() == o.day) for o in found} == {
        (9, True)
    }


def test_skipped_hour_keeps_its_window() -> None:
    """On 29 March 2026 Berlin has no 02:30: the window opens when clocks show 03:30, for as long as written."""
    start = datetime(2026, 3, 29, tzinfo=BERLIN)
    (found,) = openings(a_plan(("02:30", "03:00")), BERLIN, start, start + DAY)
    assert found.opens_at == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert found.due_at - found.opens_at == timedelta(minutes=30)


def test_repeated_hour_is_patrolled_once() -> None:
    """On 25 October 2026 Berlin has 02:30 twice: one opening, and no negative window."""
    start = datetime(2026, 10, 25, tzinfo=BERLIN)
    found = list(openings(a_plan(("02:30", "03:30")), BERLIN, start, start + DAY))
    assert [o.opens_at for o in found] == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
    assert found[0].due_at > found[0].opens_at


@pytest.mark.parametrize(("cameras", "views", "dwell_s"), [(0, 0, 0), (3, 3, MOST_DWELL_S), (24, 20, 30), (40, 20, 30)])
def test_proposal_is_a_round_of_ten_minutes(cameras: int, views: int, dwell_s: float) -> None:
    """At most twenty views of 20-30 s; disabled cameras are left out."""
    known = [a_camera(f"cam-{number:02}") for number in range(cameras)] + [a_camera("cam-x", enabled=False)]
    points = suggest_points(known)
    assert len(points) == views
    assert {point.dwell_s for point in points} <= {dwell_s}
    assert look_s(points) <= 600
    assert all(LEAST_DWELL_S <= point.dwell_s <= MOST_DWELL_S for point in points)
    assert "cam-x" not in {point.camera_id for point in points}
