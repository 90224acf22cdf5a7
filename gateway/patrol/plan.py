"""When the rounds of a plan open, and what a sensible plan looks like. Windows are local; moments are aware UTC."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import combinations
from typing import Protocol

from camera_configs.models import CameraConfig
from storage.ids import new_id
from storage.records_patrol import PatrolPlan, PatrolPoint, PatrolWindow

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# A round of ten minutes: 8-20 views of 20-30 s each, in the morning, at noon and in the evening.
MOST_SUGGESTED_VIEWS = 20
LEAST_DWELL_S = 20.0
MOST_DWELL_S = 30.0
SUGGESTED_ROUND_S = 600.0
SUGGESTED_WINDOWS = (
    PatrolWindow("08:30", "10:00"),
    PatrolWindow("12:00", "13:30"),
    PatrolWindow("17:30", "19:00"),
)
_DAY_MIN = 24 * 60


class Recurring(Protocol):
    """What opens in windows of local days."""

    @property
    def windows(self) -> Sequence[PatrolWindow]:
        """Parts of the day."""

    @property
    def weekdays(self) -> Sequence[str]:
        """Days on which they begin; empty: every day."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One window of one day."""

    day: date  # local, on which it begins
    opens_at: datetime
    due_at: datetime


def windows_apart(windows: Sequence[PatrolWindow]) -> bool:
    """Say whether no window is empty and no two overlap, over midnight included."""
    spans = [_span_min(window) for window in windows]
    if any(begin == end for begin, end in spans):
        return False
    return not any(_overlap(one, other) for one, other in combinations(spans, 2))


def openings(plan: Recurring, zone: tzinfo, start: datetime, end: datetime) -> Iterator[Opening]:
    """Yield the plan's windows that open in `start` <= moment < `end`, day by day.

    A window of an hour that the clocks skip opens when they have been put forward and lasts as long as written.
    """
    day = start.astimezone(zone).date() - timedelta(days=1)
    last = end.astimezone(zone).date()
    while day <= last:
        if not plan.weekdays or WEEKDAYS[day.weekday()] in plan.weekdays:
            for window in plan.windows:
                found = _opening(window, day, zone)
                if start <= found.opens_at < end:
                    yield found
        day += timedelta(days=1)


def look_s(points: Sequence[PatrolPoint]) -> float:
    """Return how long a round takes at least."""
    return sum(point.dwell_s for point in points)


def windows_hold(plan: PatrolPlan) -> bool:
    """Say whether a whole round fits into each window."""
    spans = [_span_min(window) for window in plan.windows]
    return all((end - begin) * 60 >= look_s(plan.points) for begin, end in spans)


def suggest_points(cameras: Sequence[CameraConfig]) -> tuple[PatrolPoint, ...]:
    """Return views for a first plan of a grid: its cameras in order of name, twenty at most.

    Fewer cameras are looked at longer, within 20-30 s each.
    """
    chosen = sorted((camera for camera in cameras if camera.enabled), key=lambda camera: (camera.name, camera.id))
    chosen = chosen[:MOST_SUGGESTED_VIEWS]
    dwell_s = min(MOST_DWELL_S, max(LEAST_DWELL_S, SUGGESTED_ROUND_S / max(1, len(chosen))))
    return tuple(PatrolPoint(new_id("pt"), camera.id, camera.name, round(dwell_s)) for camera in chosen)


def _opening(window: PatrolWindow, day: date, zone: tzinfo) -> Opening:
    begin_min, end_min = _span_min(window)
    opens_at = _moment(day, begin_min, zone)
    due_at = _moment(day, end_min, zone)
    if due_at <= opens_at:  # it lies in the hour that the clocks skip
        due_at = opens_at + timedelta(minutes=end_min - begin_min)
    return Opening(day, opens_at, due_at)


def _span_min(window: PatrolWindow) -> tuple[int, int]:
    """Return begin and end in minutes from midnight; an end before the begin lies on the next day."""
    begin, end = (_minutes(text) for text in (window.start, window.end))
    return (begin, end) if end >= begin else (begin, end + _DAY_MIN)


def _minutes(text: str) -> int:
    moment = time.fromisoformat(text)
    return moment.hour * 60 + moment.minute


def _moment(day: date, minutes: int, zone: tzinfo) -> datetime:
    days, minutes = divmod(minutes, _DAY_MIN)
    at = time(minutes // 60, minutes % 60)
    return datetime.combine(day + timedelta(days=days), at, zone).astimezone(UTC)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    # Every day repeats them: what runs over midnight meets the others of the next day as well.
    shifts = (-_DAY_MIN, 0, _DAY_MIN)
    return any(one[0] < other[1] + shift and other[0] + shift < one[1] for shift in shifts)
