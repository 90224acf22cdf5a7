"""How well cameras were watched: the coverage ledger over HTTP."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypedDict

from camera_configs.models import CameraConfig
from gateway.access.rights import Right
from gateway.web.camera_api import in_view, visible_camera
from gateway.web.coverage_models import (
    CameraCoverage,
    CoverageDay,
    CoverageItem,
    CoverageRowView,
    CoverageSum,
    DayQuery,
    Seconds,
    SpanQuery,
)
from gateway.web.coverage_sums import Span, Tally, by_camera, by_grid, counted, local_day, silence, watched_share
from gateway.web.models import FieldProblem
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from gateway.web.views import Places
from storage.coverage_rows import joined, whole_second
from storage.records import CoverageState

LONGEST_SPAN = dt.timedelta(days=31)
DEFAULT_SPAN = dt.timedelta(hours=24)


async def _camera(call: Call[SpanQuery, None]) -> CameraCoverage:
    camera = visible_camera(call.context, call.principal, Right.CAMERA_READ, call.id("camera_id"))
    span = _span(call.query, whole_second(call.context.clock.now()))
    written = await call.context.stores.coverage.rows(camera.id, span.start, span.end)
    rows = joined([*written, *await silence(call.context, [camera], span)])
    seconds = counted(rows)
    return CameraCoverage(
        start=span.start,
        end=span.end,
        rows=[CoverageRowView.model_validate(row) for row in rows],
        unrecorded_s=max(0, int((span.until - span.start).total_seconds()) - seconds.total()),
        **_sum(seconds),
    )


def _span(query: SpanQuery, now: dt.datetime) -> Span:
    end = whole_second(query.end or now)
    start = whole_second(query.start or end - DEFAULT_SPAN)
    if not dt.timedelta(0) < end - start <= LONGEST_SPAN:
        wrong = FieldProblem(field="from", message=f"must be before 'to', by {LONGEST_SPAN.days} days at most")
        raise ProblemRaised(422, "invalid", f"from: {wrong.message}", errors=[wrong])
    return Span(start, end, now)


async def _day(call: Call[DayQuery, None]) -> CoverageDay:
    day, span = local_day(call.context, call.query.day)
    mine = [camera for camera in call.context.site.cameras if in_view(call.principal, camera)]
    tally = await _tally(call, mine, span)
    items, next_cursor = _page(_items(call, mine, tally), call.query)
    return CoverageDay(
        day=day,
        start=span.start,
        end=span.until,
        by=call.query.by,
        items=items,
        total=CoverageSum(**_sum(sum(tally.values(), Counter[CoverageState]()))),
        next_cursor=next_cursor,
    )


async def _tally(call: Call[DayQuery, None], mine: Sequence[CameraConfig], span: Span) -> Tally:
    wanted = call.query.grid_id
    if call.query.by == "camera":
        return await by_camera(call.context, [c for c in mine if wanted is None or wanted in c.grids], span)
    grid_ids = [grid.id for grid in call.context.site.grids if wanted in {None, grid.id}]
    return await by_grid(call.context, call.principal.scope, grid_ids, mine, span)


def _items(call: Call[DayQuery, None], mine: Sequence[CameraConfig], tally: Tally) -> list[CoverageItem]:
    if call.query.by == "camera":
        cameras = sorted((camera for camera in mine if camera.id in tally), key=lambda camera: camera.id)
        return [CoverageItem(id=c.id, name=c.name, cameras=int(c.enabled), **_sum(tally[c.id])) for c in cameras]
    places = Places(call.context.site)
    in_use = Counter(camera.grids[0] for camera in mine if camera.enabled)
    return [
        CoverageItem(id=grid_id, name=places.grid_name(grid_id), cameras=in_use[grid_id], **_sum(tally[grid_id]))
        for grid_id in sorted(tally)
        if in_use[grid_id] or tally[grid_id]
    ]


def _page(items: list[CoverageItem], query: DayQuery) -> tuple[list[CoverageItem], str | None]:
    rest = [item for item in items if query.cursor is None or item.id > query.cursor]
    page = rest[: query.limit]
    return page, page[-1].id if len(rest) > len(page) else None


class _Sum(TypedDict):
    seconds: Seconds
    watched_share: float | None


def _sum(seconds: Mapping[CoverageState, int]) -> _Sum:
    named = Seconds(**{state.value: number for state, number in seconds.items()})
    return {"seconds": named, "watched_share": watched_share(seconds)}


ROUTES = [
    Route(
        method="GET",
        path="/cameras/{camera_id}/coverage",
        handle=_camera,
        summary="Show how a camera was watched: every second in one state, the last 24 hours unless told",
        tag="coverage",
        access=Right.CAMERA_READ,
        query=SpanQuery,
        answer=CameraCoverage,
    ),
    Route(
        method="GET",
        path="/coverage",
        handle=_day,
        summary="Add up how cameras in scope were watched on a day, per grid or per camera",
        tag="coverage",
        access=Right.CAMERA_READ,
        query=DayQuery,
        answer=CoverageDay,
    ),
]
