"""Whether a rule's schedule is in force at a moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from camera_configs.calendar import WorkDays
from camera_configs.models import CameraConfig, ScheduleConfig, SiteConfig
from gateway.analysis.sun import is_day

DEFAULT_TIME_ZONE = ZoneInfo("Asia/Shanghai")
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Local:
    """Where and by which calendar schedules are meant.

    Attributes:
        zone: Whose wall time.
        work_days: The site's working days.
        lon, lat: Where the sun rises and sets.
    """

    zone: ZoneInfo = DEFAULT_TIME_ZONE
    work_days: WorkDays = field(default_factory=WorkDays)
    lon: float = 105.0
    lat: float = 35.0

    @classmethod
    def of(cls, site: SiteConfig, camera: CameraConfig, zone: ZoneInfo) -> Local:
        """Return what holds for a camera of a site."""
        return cls(zone, site.work_days, camera.position.lon, camera.position.lat)


def in_force(schedule: ScheduleConfig, moment: datetime, place: ZoneInfo | Local = DEFAULT_TIME_ZONE) -> bool:
    """Say whether the schedule covers the moment (aware, any zone), judged by local wall time.

    A window that runs over midnight belongs to the day on which it began: `fri 22:00-06:00` covers Saturday 03:00,
    and `not_on` Friday's date, or its being a holiday, silences all of it.

    Args:
        schedule: The rule's.
        moment: Which.
        place: A time zone alone means weekends without holidays, and the sun in the middle of the country.
    """
    here = place if isinstance(place, Local) else Local(place)
    if schedule.light != "any" and is_day(here.lon, here.lat, moment) != (schedule.light == "day"):
        return False
    local = moment.astimezone(here.zone)
    clock = local.time().replace(tzinfo=None)
    if schedule.start < schedule.end:
        return schedule.start <= clock < schedule.end and _day_counts(schedule, local.date(), here)
    if clock >= schedule.start:
        return _day_counts(schedule, local.date(), here)
    return clock < schedule.end and _day_counts(schedule, local.date() - timedelta(days=1), here)


def _day_counts(schedule: ScheduleConfig, day: date, here: Local) -> bool:
    named = not schedule.weekdays or _WEEKDAYS[day.weekday()] in schedule.weekdays
    if schedule.days != "every" and here.work_days.works_on(day) != (schedule.days == "working"):
        return False
    return named and day not in schedule.not_on
