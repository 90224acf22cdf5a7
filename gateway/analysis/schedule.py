"""Whether a rule's schedule is in force at a moment."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from camera_configs.models import ScheduleConfig

DEFAULT_TIME_ZONE = ZoneInfo("Asia/Shanghai")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def in_force(schedule: ScheduleConfig, moment: datetime, zone: ZoneInfo = DEFAULT_TIME_ZONE) -> bool:
    """Say whether the schedule covers the moment (aware, any zone), judged by local wall time.

    A window that runs over midnight belongs to the day on which it began: `fri 22:00-06:00` covers Saturday 03:00,
    and `not_on` Friday's date silences all of it.
    """
    local = moment.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    if schedule.start < schedule.end:
        return schedule.start <= clock < schedule.end and _day_counts(schedule, local.date())
    if clock >= schedule.start:
        return _day_counts(schedule, local.date())
    return clock < schedule.end and _day_counts(schedule, local.date() - timedelta(days=1))


def _day_counts(schedule: ScheduleConfig, day: date) -> bool:
    named = not schedule.weekdays or _WEEKDAYS[day.weekday()] in schedule.weekdays
    return named and day not in schedule.not_on
