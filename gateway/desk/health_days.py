"""Days of health, added up beside the work: what a trend over 15,000 cameras is read from."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from camera_configs.models import SiteConfig
from gateway.clock import Clock
from storage.errors import StorageError
from storage.protocols import CoverageStore, Scope, Seconds
from storage.protocols_desk import DeskStore
from storage.records import WATCHED, CoverageState
from storage.records_desk import EvidenceCount, FaultSpan, HealthDay

logger = structlog.get_logger(__name__)

EVERY_S = 600.0
FIRST_AFTER_S = 20.0  # a start has better things to do
# What a gateway that was off for a while adds up when it is back.
CATCH_UP_DAYS = 7
# Some 50 ms of a database thread: others get their turn in between.
CAMERAS_AT_ONCE = 500

# The camera was there, whether or not there was time for its pictures.
THERE = WATCHED | {CoverageState.OVERLOADED}
# The trend's faults of pictures and clock; that a camera is away shows in the coverage already.
AWAY_TYPES = frozenset({"camera_fault.offline"})


@dataclass(frozen=True, slots=True)
class Span:
    """A day of the deployment's time zone, in UTC; `end` is now for the day that is not over."""

    day: dt.date
    start: dt.datetime
    end: dt.datetime


class HealthDays:
    """Keeps the days of health up to date."""

    def __init__(
        self,
        desk: DeskStore,
        coverage: CoverageStore,
        site: Callable[[], SiteConfig],
        clock: Clock,
        zone: dt.tzinfo,
    ) -> None:
        self._desk, self._coverage, self._site, self._clock, self._zone = desk, coverage, site, clock, zone
        self._settled: dt.date | None = None  # this day and all before it will not change any more

    async def run(self) -> None:
        """Add up now and then until cancelled; an outage of the database is survived."""
        await self._clock.sleep(FIRST_AFTER_S)
        while True:
            try:
                await self.bring_up_to_date()
            except StorageError as exc:
                logger.warning("days of health not added up", error=type(exc).__name__)
            await self._clock.sleep(EVERY_S)

    async def bring_up_to_date(self) -> None:
        """Write today, and what is missing of the days before it."""
        now = self._clock.now().replace(microsecond=0)
        today = now.astimezone(self._zone).date()
        first = today - dt.timedelta(days=CATCH_UP_DAYS)
        begun = first if self._settled is None else max(first, self._settled + dt.timedelta(days=1))
        day = begun
        while day <= today:
            await self._desk.put_days(await self._added_up(self._span(day, now)))
            day += dt.timedelta(days=1)
        self._settled = today - dt.timedelta(days=1)

    def _span(self, day: dt.date, now: dt.datetime) -> Span:
        start, end = (
            dt.datetime.combine(d, dt.time(), self._zone).astimezone(dt.UTC) for d in (day, day + dt.timedelta(days=1))
        )
        return Span(day, start, min(end, now))

    async def _added_up(self, span: Span) -> list[HealthDay]:
        if span.end <= span.start:
            return []
        owners = {camera.id: camera.grids[0] for camera in self._site().cameras}
        seconds: dict[str, Seconds] = {}
        ids = sorted(owners)
        for first in range(0, len(ids), CAMERAS_AT_ONCE):
            part = ids[first : first + CAMERAS_AT_ONCE]
            seconds |= await self._coverage.totals(Scope(None), span.start, span.end, by="camera", camera_ids=part)
        faults = await self._desk.faults_between(span.start, span.end)
        counts = await self._desk.evidence_counts(span.start, span.end)
        return added_up(span, owners, seconds, faulty_seconds(faults, span), counts)


def added_up(
    span: Span,
    owners: Mapping[str, str],
    seconds: Mapping[str, Seconds],
    faulty: Mapping[str, int],
    counts: Sequence[EvidenceCount],
) -> list[HealthDay]:
    """Return the day's sums per grid.

    Args:
        span: The day.
        owners: Grid by camera.
        seconds: Coverage by camera.
        faulty: Seconds with a fault, by camera. They are taken to lie in the time that the camera was there.
        counts: Of events.
    """
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    for camera_id, states in seconds.items():
        there = sum(states.get(state, 0) for state in THERE)
        wanted = there + states.get(CoverageState.OFFLINE, 0)
        if wanted:
            intact = max(0, there - faulty.get(camera_id, 0))
            sums[owners[camera_id]].update(cameras=1, wanted_s=wanted, online_s=there, intact_s=intact)
    for count in counts:
        sums[count.grid_id].update(events=count.events, with_clip=count.with_clip)
    names = ("cameras", "wanted_s", "online_s", "intact_s", "events", "with_clip")
    return [HealthDay(span.day, grid_id, **{n: total[n] for n in names}) for grid_id, total in sorted(sums.items())]


def faulty_seconds(faults: Iterable[FaultSpan], span: Span) -> dict[str, int]:
    """Return for how long of a span each camera had some fault; faults at the same time count once."""
    stretches: dict[str, list[tuple[dt.datetime, dt.datetime]]] = defaultdict(list)
    for fault in faults:
        start, end = max(fault.started_at, span.start), min(fault.ended_at or span.end, span.end)
        if fault.event_type not in AWAY_TYPES and start < end:
            stretches[fault.camera_id].append((start, end))
    return {camera_id: int(_length(sorted(parts)).total_seconds()) for camera_id, parts in stretches.items()}


def _length(parts: Sequence[tuple[dt.datetime, dt.datetime]]) -> dt.timedelta:
    total, until = dt.timedelta(0), parts[0][0]
    for start, end in parts:
        total += max(dt.timedelta(0), end - max(start, until))
        until = max(until, end)
    return total
