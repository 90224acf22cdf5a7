"""Working days and days off: Monday to Friday, but for what each year's notice of holidays says otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from camera_configs.base import ConfigModel

MONDAY_TO_FRIDAY = frozenset(range(5))
MOST_DAYS = 100  # of a year: the notices name some thirty


def _in_order(days: tuple[date, ...]) -> tuple[date, ...]:
    twice = sorted({day for day in days if days.count(day) > 1})
    if twice:
        raise ValueError(f"day given more than once: {', '.join(map(str, twice))}")
    return tuple(sorted(days))


Days = Annotated[tuple[date, ...], Field(max_length=MOST_DAYS), AfterValidator(_in_order)]


class CalendarYear(ConfigModel):
    """What the notice of a year says: days off, and working days that make up for them (调休)."""

    year: Annotated[str, StringConstraints(pattern=r"^20\d\d$")]
    holidays: Days = Field(default=(), description="Days off that would be working days; weekends may be named too.")
    make_up_days: Days = Field(default=(), description="Working days that would be days off.")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        for name, days in (("holidays", self.holidays), ("make_up_days", self.make_up_days)):
            elsewhere = [str(day) for day in days if day.year != int(self.year)]
            if elsewhere:
                raise ValueError(f"{name}: not in {self.year}: {', '.join(elsewhere)}")
        both = sorted(set(self.holidays) & set(self.make_up_days))
        if both:
            raise ValueError(f"a day cannot be off and made up at once: {', '.join(map(str, both))}")
        return self


@dataclass(frozen=True, slots=True)
class WorkDays:
    """Which days are working days.

    Attributes:
        holidays: Days off that would be working days.
        make_up_days: Working days that would be days off; they win.
    """

    holidays: frozenset[date] = frozenset()
    make_up_days: frozenset[date] = frozenset()

    @classmethod
    def of(cls, years: Iterable[CalendarYear]) -> WorkDays:
        """Return those of all years given."""
        several = tuple(years)
        return cls(
            frozenset(day for year in several for day in year.holidays),
            frozenset(day for year in several for day in year.make_up_days),
        )

    def works_on(self, day: date) -> bool:
        """Say whether a local day is a working day."""
        return day in self.make_up_days or (day.weekday() in MONDAY_TO_FRIDAY and day not in self.holidays)
