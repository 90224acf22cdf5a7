"""Working hours and working days."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camera_configs.calendar import WorkDays
from camera_configs.taxonomy import Deadline
from gateway.casework.calendar import WorkingCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Spring festival 2026, shortened: Tuesday and Wednesday off, the Saturday before made up for.
CALENDAR = WorkingCalendar(
    holidays=frozenset({date(2026, 2, 17), date(2026, 2, 18)}), make_up_days=frozenset({date(2026, 2, 14)})
)

moments = st.integers(0, 3 * 365 * 86_400).map(lambda s: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=s))


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def deadline(text: str) -> Deadline:
    amount, unit = text.split()
    return Deadline.model_validate({"amount": int(amount), "unit": unit})


@pytest.mark.parametrize(
    "fields",
    [
        {"shifts": ()},
        {"shifts": ((time(12), time(8)),)},
        {"shifts": ((time(8), time(12)), (time(11), time(17)))},
        {"shifts": ((time(8), time(8)),)},
        {"weekdays": frozenset()},
        {"weekdays": frozenset({7})},
    ],
)
def test_a_calendar_without_working_time_is_refused(fields: dict[str, Any]) -> None:
    """No shift, shifts out of order, no weekday: a deadline would never run out."""
    with pytest.raises(ValueError, match=r"shifts must|weekdays must"):
        WorkingCalendar(**fields)


@pytest.mark.parametrize(
    ("allowed", "start", "due"),
    [
        # Clock time runs through lunch, night and holidays.
        ("30 min", "2026-02-16T12:00", "2026-02-16T12:30"),
        ("3 h", "2026-02-16T23:00", "2026-02-17T02:00"),
        # Working hours: inside one shift, over lunch, exactly to the end of the day, over night.
        ("2 wh", "2026-03-02T09:00", "2026-03-02T11:00"),
        ("4 wh", "2026-03-02T10:00", "2026-03-02T15:30"),
        ("4 wh", "2026-03-02T13:30", "2026-03-02T17:30"),
        ("4 wh", "2026-03-02T16:00", "2026-03-03T11:00"),
        # Begun before work, at lunch, in the evening, on a Saturday.
        ("1 wh", "2026-03-02T06:00", "2026-03-02T09:30"),
        ("1 wh", "2026-03-02T12:20", "2026-03-02T14:30"),
        ("1 wh", "2026-03-02T20:00", "2026-03-03T09:30"),
        ("1 wh", "2026-03-07T10:00", "2026-03-09T09:30"),
        # Over a holiday, and on a day that is made up for it.
        ("2 wh", "2026-02-16T16:30", "2026-02-19T09:30"),
        ("1 wh", "2026-02-14T09:00", "2026-02-14T10:00"),
        # Working days: counted from the next one, to the end of the last.
        ("1 wd", "2026-03-02T09:00", "2026-03-03T17:30"),
        ("2 wd", "2026-03-05T20:00", "2026-03-09T17:30"),
        ("1 wd", "2026-02-16T09:00", "2026-02-19T17:30"),
        ("1 wd", "2026-02-13T09:00", "2026-02-14T17:30"),
    ],
)
def test_a_deadline_runs_out(allowed: str, start: str, due: str) -> None:
    """Times as a dispatcher would count them on the wall calendar."""
    assert CALENDAR.add(deadline(allowed), local(start)) == local(due)


def test_the_answer_is_utc() -> None:
    """Records keep UTC, whatever zone the start was given in."""
    for unit in ("min", "h", "wh", "wd"):
        assert CALENDAR.add(deadline(f"1 {unit}"), local("2026-03-02T09:00")).tzinfo is UTC


def test_another_zone_has_its_own_hours() -> None:
    """A gateway elsewhere counts by the clock on its own wall."""
    urumqi = WorkingCalendar(shifts=((time(10), time(18)),), zone=ZoneInfo("Asia/Urumqi"))
    assert urumqi.add(deadline("1 wh"), local("2026-03-02T09:00")) == local("2026-03-02T13:00")


@given(moments, st.integers(1, 60))
@settings(max_examples=60, deadline=None)
def test_working_hours_end_inside_a_shift(start: datetime, hours: int) -> None:
    """Whatever the start, a working deadline lies later, on a working day, inside a shift."""
    due = CALENDAR.add(deadline(f"{hours} wh"), start).astimezone(SHANGHAI)
    assert due > start
    assert CALENDAR.works_on(due.date())
    assert any(begin < due.time() <= end for begin, end in CALENDAR.shifts)


@given(moments, st.integers(1, 30), st.integers(1, 30))
@settings(max_examples=60, deadline=None)
def test_working_hours_add_up(start: datetime, first: int, second: int) -> None:
    """Five hours and then three are eight, across lunches, nights and holidays."""
    stepwise = CALENDAR.add(deadline(f"{second} wh"), CALENDAR.add(deadline(f"{first} wh"), start))
    assert stepwise == CALENDAR.add(deadline(f"{first + second} wh"), start)


@given(moments, st.timedeltas(timedelta(0), timedelta(days=5)), st.sampled_from(["min", "h", "wh", "wd"]))
@settings(max_examples=60, deadline=None)
def test_a_later_start_never_gives_an_earlier_deadline(start: datetime, later: timedelta, unit: str) -> None:
    """Waiting gains nobody time."""
    allowed = deadline(f"3 {unit}")
    assert CALENDAR.add(allowed, start) <= CALENDAR.add(allowed, start + later)


@given(moments, st.integers(1, 20))
@settings(max_examples=60, deadline=None)
def test_working_days_count_working_days(start: datetime, days: int) -> None:
    """Between start and deadline lie just as many working days as were allowed."""
    first = start.astimezone(SHANGHAI).date()
    last = CALENDAR.add(deadline(f"{days} wd"), start).astimezone(SHANGHAI).date()
    between = [first + timedelta(days=n) for n in range(1, (last - first).days + 1)]
    assert sum(map(CALENDAR.works_on, between)) == days


def test_deadlines_go_by_the_sites_own_calendar() -> None:
    """The day before a week of holidays: one working day later is the made-up Saturday."""
    days = WorkDays(frozenset(date(2026, 10, d) for d in range(1, 9)), frozenset({date(2026, 10, 10)}))
    calendar = WorkingCalendar.of(days, SHANGHAI)
    assert calendar.add(deadline("2 wd"), local("2026-09-30T10:00")) == local("2026-10-10T17:30")
    assert not calendar.works_on(date(2026, 10, 6))
