from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from camera_configs.models import ScheduleConfig
from gateway.analysis.schedule import in_force

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
