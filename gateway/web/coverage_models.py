"""The JSON shapes of coverage: what was done with the seconds of cameras."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from gateway.web.models import Answer, Cursor, Key, Query
from storage.records import CoverageState

_FIRST_YEAR, _LAST_YEAR = 2000, 9000  # so that going to another time zone never leaves the calendar


def _sensible(day: dt.date) -> dt.date:
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(f"must lie in the years {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def _utc(moment: dt.datetime) -> dt.datetime:
    _sensible(moment)
    return moment.astimezone(dt.UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
Day = Annotated[dt.date, AfterValidator(_sensible)]


class Seconds(Answer):
    """Seconds per state."""

    analysed: int = 0
    looked: int = 0
    polled: int = 0
    overloaded: int = 0
    offline: int = 0
    paused: int = 0
    masked: int = 0
    unknown: int = 0


class CoverageRowView(Answer):
    """A stretch in one state, half-open."""

    state: CoverageState
    start: dt.datetime
    end: dt.datetime


class CoverageSum(Answer):
    """Seconds, and the share watched (analysed, looked or polled) of those not paused or masked; None: no such ones."""

    seconds: Seconds
    watched_share: float | None


class CameraCoverage(CoverageSum):
    """A camera's rows in order of time. `unrecorded_s`: seconds of the span up to now of which nothing is known."""

    start: dt.datetime
    end: dt.datetime
    rows: list[CoverageRowView]
    unrecorded_s: int


class SpanQuery(Query):
    """Which span; the last 24 hours if not given, 31 days at most."""

    start: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="to")


class DayQuery(Query):
    """Which day of the gateway's time zone (today if not given), per grid or per camera."""

    day: Day | None = None
    by: Literal["grid", "camera"] = "grid"
    grid_id: Key | None = None
    cursor: Cursor | None = None
    limit: int = Field(default=100, ge=1, le=500)


class CoverageItem(CoverageSum):
    """A grid (with the number of its cameras in use) or a camera on one day."""

    id: str
    name: str
    cameras: int


class CoverageDay(Answer):
    """A day up to now. `total` is of all that is in scope, not of the page."""

    day: dt.date
    start: dt.datetime
    end: dt.datetime
    by: Literal["grid", "camera"]
    items: list[CoverageItem]
    total: CoverageSum
    next_cursor: str | None
