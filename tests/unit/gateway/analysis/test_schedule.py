from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from camera_configs.calendar import WorkDays
from camera_configs.models import ScheduleConfig
from gateway.analysis.schedule import Local, in_force

NIGHT = ScheduleConfig(start=time(22), end=time(6))
DAY = ScheduleConfig(start=time(8), end=time(18))


def shanghai(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of January 2026 by Shanghai's clocks, in UTC."""
    return datetime(2026, 1, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


def test_always_by_default() -> None:
    """An empty schedule covers every moment."""
    assert all(in_force(ScheduleConfig(), shanghai(5, hour)) for hour in range(24))


@pytest.mark.parametrize(("hour", "minute", "expected"), [(7, 59, False), (8, 0, True), (17, 59, True), (18, 0, False)])
def test_day_window(hour: int, minute: int, *, expected: bool) -> None:
    """The start belongs to the window, the end does not; local time counts, not UTC."""
    assert in_force(DAY, shanghai(5, hour, minute)) is expected


@pytest.mark.parametrize(("hour", "expected"), [(21, False), (22, True), (0, True), (5, True), (6, False)])
def test_night_window_runs_over_midnight(hour: int, *, expected: bool) -> None:
    """From ten in the evening to six in the morning."""
    assert in_force(NIGHT, shanghai(5, hour)) is expected


def test_a_night_belongs_to_the_day_it_began() -> None:
    """Friday's night covers Saturday morning, but not Friday morning."""
    friday = NIGHT.model_copy(update={"weekdays": ("fri",)})
    assert in_force(friday, shanghai(9, 23))  # 9 January 2026 is a Friday
    assert in_force(friday, shanghai(10, 3))
    assert not in_force(friday, shanghai(9, 3))
    assert not in_force(friday, shanghai(10, 23))


def test_a_day_off_silences_its_night() -> None:
    """A date in `not_on` is out, with the morning after it."""
    off = NIGHT.model_copy(update={"not_on": (date(2026, 1, 9),)})
    assert not in_force(off, shanghai(9, 23))
    assert not in_force(off, shanghai(10, 3))
    assert in_force(off, shanghai(9, 3))


def test_equal_times_run_around_the_clock_from_there() -> None:
    """Start equal to end covers 24 hours; those before the start belong to the day before."""
    monday = ScheduleConfig(weekdays=("mon",), start=time(6), end=time(6))
    assert in_force(monday, shanghai(5, 7))
    assert in_force(monday, shanghai(6, 5))
    assert not in_force(monday, shanghai(5, 5))


def test_another_time_zone() -> None:
    """The zone is the caller's to choose."""
    assert in_force(DAY, datetime(2026, 1, 5, 17, 30, tzinfo=UTC), ZoneInfo("Europe/Paris")) is False
    assert in_force(DAY, datetime(2026, 1, 5, 16, 30, tzinfo=UTC), ZoneInfo("Europe/Paris")) is True


def test_holidays_and_make_up_days_decide_where_a_rule_asks_for_them() -> None:
    """A Thursday off and a Saturday made up; the weekday alone says nothing of either."""
    days = WorkDays(frozenset({date(2026, 10, 1)}), frozenset({date(2026, 10, 10)}))
    here = Local(work_days=days)
    working, off = ScheduleConfig(days="working"), ScheduleConfig(days="off")
    for day, works in ((1, False), (8, True), (10, True), (11, False)):
        moment = datetime(2026, 10, day, 4, tzinfo=UTC)  # noon in Shanghai
        assert in_force(working, moment, here) is works
        assert in_force(off, moment, here) is not works
    assert in_force(ScheduleConfig(days="working"), datetime(2026, 10, 1, 4, tzinfo=UTC))  # no calendar is known


def test_a_window_over_midnight_counts_by_the_day_on_which_it_began() -> None:
    """The night before a holiday is a working day's until the morning."""
    here = Local(work_days=WorkDays(frozenset({date(2026, 10, 1)})))
    night = ScheduleConfig(days="working", start=time(22), end=time(6))
    assert in_force(night, datetime(2026, 9, 30, 19, tzinfo=UTC), here)  # 03:00 on the holiday
    assert not in_force(night, datetime(2026, 10, 1, 15, tzinfo=UTC), here)  # 23:00 on it


def test_day_and_night_go_by_the_sun_where_the_camera_stands() -> None:
    """Beside the clock, both must hold: at 19:00 it is night in the east and day in the west."""
    at = datetime(2026, 3, 20, 11, tzinfo=UTC)  # 19:00 by Beijing time
    east, west = Local(lon=121.5, lat=31.2), Local(lon=76.0, lat=39.5)
    for place, dark in ((east, True), (west, False)):
        assert in_force(ScheduleConfig(light="night"), at, place) is dark
        assert in_force(ScheduleConfig(light="day"), at, place) is not dark
    assert not in_force(ScheduleConfig(light="night", start=time(20), end=time(6)), at, east)
