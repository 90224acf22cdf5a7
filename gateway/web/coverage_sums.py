"""Adding up the coverage ledger: days, shares, and the silence of workers that are gone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from camera_configs.models import CameraConfig
from gateway.web.context import WebContext
from storage.coverage_rows import after_silence, cut, whole_second
from storage.protocols import Scope
from storage.records import EXEMPT, WATCHED, CoverageRow, CoverageState

# Workers write every few seconds. One that has not for so long is gone, and its cameras are unwatched, though nobody
# is there to write it down.
SILENT_AFTER = dt.timedelta(seconds=30)
# A share of less time than this says more about the last start of the gateway than about the camera.
LEAST_SHARE_S = 600

Tally = dict[str, Counter[CoverageState]]


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to `end`; whole seconds UTC."""

    start: dt.datetime
    end: dt.datetime
    now: dt.datetime

    @property
    def until(self) -> dt.datetime:
        """Where its past part ends."""
        return max(self.start, min(self.end, self.now))


def watched_share(seconds: Mapping[CoverageState, int]) -> float | None:
    """Return the part of the time in which a camera should have been watched and was; None: there was no such time."""
    wanted = sum(number for state, number in seconds.items() if state not in EXEMPT)
    return sum(seconds.get(state, 0) for state in WATCHED) / wanted if wanted else None


def local_day(context: WebContext, day: dt.date | None) -> tuple[dt.date, Span]:
    """Return a day of the gateway's time zone (None: today) and the span from its midnight to the next."""
    zone, now = context.settings.timezone, whole_second(context.clock.now())
    day = day or now.astimezone(zone).date()
    days = (day, day + dt.timedelta(days=1))
    start, end = (dt.datetime.combine(d, dt.time(), zone).astimezone(dt.UTC) for d in days)
    return day, Span(start, end, now)


async def shares_today(context: WebContext, cameras: Sequence[CameraConfig]) -> dict[str, float | None]:
    """Return how well each camera was watched today; None: too little time to tell."""
    _, span = local_day(context, None)
    tally = await by_camera(context, cameras, span)
    return {camera_id: watched_share(s) if s.total() >= LEAST_SHARE_S else None for camera_id, s in tally.items()}


async def by_camera(context: WebContext, cameras: Sequence[CameraConfig], span: Span) -> Tally:
    """Add up per camera. Who may see a camera may see all of its time, whichever grid it stood in."""
    tally: Tally = {camera.id: Counter() for camera in cameras}
    found = await context.stores.coverage.totals(Scope(None), span.start, span.end, by="camera", camera_ids=list(tally))
    for camera_id, seconds in found.items():
        tally[camera_id].update(seconds)
    for row in await silence(context, cameras, span):
        tally[row.camera_id][row.state] += length_s(row)
    return tally


async def by_grid(
    context: WebContext, scope: Scope, grid_ids: Iterable[str], cameras: Sequence[CameraConfig], span: Span
) -> Tally:
    """Add up per grid, for these grids of the scope; `cameras` are those whose silence counts."""
    tally: Tally = {grid_id: Counter() for grid_id in grid_ids if scope.allows(grid_id)}
    # A whole site is read camera by camera, in the order of the table; a few grids by their index.
    whole = scope.grid_ids is None and len(tally) > 1
    found = await context.stores.coverage.totals(
        scope if whole else Scope(frozenset(tally)),
        span.start,
        span.end,
        by="grid",
        camera_ids=[camera.id for camera in context.site.cameras] if whole else None,
    )
    for grid_id, seconds in found.items():
        tally.setdefault(grid_id, Counter()).update(seconds)
    for row in await silence(context, cameras, span):
        if row.grid_id in tally:
            tally[row.grid_id][row.state] += length_s(row)
    return tally


async def silence(context: WebContext, cameras: Iterable[CameraConfig], span: Span) -> list[CoverageRow]:
    """Return what nobody was there to write: the time since the last rows of workers that are gone."""
    last = await context.stores.coverage.last([camera.id for camera in cameras if camera.enabled])
    gone = [row for row in last.values() if row.end < span.now - SILENT_AFTER]
    return [part for row in gone for part in cut(after_silence(row, span.now), span.start, span.end)]


def length_s(row: CoverageRow) -> int:
    """Return how many seconds a row has."""
    return int((row.end - row.start).total_seconds())


def counted(rows: Iterable[CoverageRow]) -> Counter[CoverageState]:
    """Add up rows."""
    seconds = Counter[CoverageState]()
    for row in rows:
        seconds[row.state] += length_s(row)
    return seconds
