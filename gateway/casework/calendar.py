"""The working calendar: when an hour counts as a working hour, and when a deadline given in them runs out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from camera_configs.calendar import WorkDays
from camera_configs.taxonomy import Deadline

MORNING = (time(8, 30), time(12, 0))
AFTERNOON = (time(13, 30), time(17, 30))
MONDAY_TO_FRIDAY = frozenset(range(5))
DEFAULT_ZONE = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Shifts, weekdays and the year's exceptions.

    Attributes:
        shifts: Local (start, end) times of a working day, in order, not touching midnight.
        weekdays: Monday is 0.
        holidays: Days off that would be working days (法定节假日).
        make_up_days: Working days that would be days off (调休上班日); they win over holidays.
    """

    shifts: tuple[tuple[time, time], ...] = (MORNING, AFTERNOON)
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    holidays: frozenset[date] = frozenset()
    make_up_days: frozenset[date] = frozenset()
    zone: ZoneInfo = DEFAULT_ZONE

    def __post_init__(self) -> None:
        moments = [moment for shift in self.shifts for moment in shift]
        if not moments or moments != sorted(set(moments)):
            raise ValueError("shifts must be in order, without overlap, each with a start before its end")
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            raise ValueError("weekdays must name at least one day, Monday being 0")

    @classmethod
    def of(cls, days: WorkDays, zone: ZoneInfo = DEFAULT_ZONE) -> WorkingCalendar:
        """Return the usual shifts on a site's working days."""
        return cls(holidays=days.holidays, make_up_days=days.make_up_days, zone=zone)

    def works_on(self, day: date) -> bool:
        """Say whether that local day is a working day."""
        if day in self.make_up_days:
            return True
        return day.weekday() in self.weekdays and day not in self.holidays

    def add(self, deadline: Deadline, start: datetime) -> datetime:
        """Return when a deadline that starts to run at `start` (aware) runs out, in UTC.

        Minutes and hours run through nights and holidays. Working hours count only inside shifts. Working days are
        counted from the day after `start` and end with the last shift of the last of them (Civil Code, art. 201, 203).
        """
        if deadline.unit == "min":
            return (start + timedelta(minutes=deadline.amount)).astimezone(UTC)
        if deadline.unit == "h":
            return (start + timedelta(hours=deadline.amount)).astimezone(UTC)
        if deadline.unit == "wh":
            return self._after_working_hours(start, timedelta(hours=deadline.amount))
        return self._end_of_working_day(start, deadline.amount)

    def _after_working_hours(self, start: datetime, left: timedelta) -> datetime:
        for begin, end in self._shifts_from(start):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise AssertionError("the days do not end")

    def _shifts_from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield (begin, end) in UTC of what is left of the present shift, then of all that follow, without end."""
        now = start.astimezone(UTC)
        for day in self._working_days(start.astimezone(self.zone).date()):
            for first, last in self.shifts:
                begin, end = self._utc(day, first), self._utc(day, last)
                if end > now:
                    yield max(begin, now), end

    def _end_of_working_day(self, start: datetime, number: int) -> datetime:
        days = self._working_days(start.astimezone(self.zone).date() + timedelta(days=1))
        for _ in range(number - 1):
            next(days)
        return self._utc(next(days), self.shifts[-1][1])

    def _working_days(self, day: date) -> Iterator[date]:
        while True:
            if self.works_on(day):
                yield day
            day += timedelta(days=1)

    def _utc(self, day: date, moment: time) -> datetime:
        return datetime.combine(day, moment, self.zone).astimezone(UTC)
