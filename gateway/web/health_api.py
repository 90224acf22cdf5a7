"""The health board and the map over HTTP: states, faults and coverage, and no picture of any camera."""

from __future__ import annotations

import asyncio
import datetime as dt

import numpy as np
from aiohttp import web

from gateway.access.rights import Right
from gateway.desk.camera_index import CameraFilter, Mask, Window
from gateway.desk.health_board import (
    BoardFilter,
    counted_faults,
    evidence_share,
    faults_of,
    in_outage,
    needs_technician,
    on_board,
    rates,
    trend_of,
)
from gateway.desk.pulse import Snapshot
from gateway.desk.work_order import Wording, work_order
from gateway.web import health_models as shapes
from gateway.web.camera_list import page_of, read_pulse
from gateway.web.coverage_sums import Tally, by_camera, local_day
from gateway.web.ledger_api import as_file
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from storage.protocols import Scope
from storage.records_desk import SiteOutage

TREND_DAYS = 30
# A work order longer than this is a project.
MAX_ORDERED = 5_000


async def _summary(call: Call[shapes.AreaQuery, None]) -> shapes.HealthSummaryView:
    snapshot = await read_pulse(call)
    mask = _mask(snapshot, call.principal.scope, call.query)
    day, _ = local_day(call.context, None)
    days = await call.context.stores.desk.days(
        call.principal.scope, day - dt.timedelta(days=TREND_DAYS - 1), _grids(snapshot, call.query)
    )
    now = rates(snapshot, mask)
    recorded, events = evidence_share(days)
    return shapes.HealthSummaryView(
        cameras=now.cameras,
        online_rate=now.online,
        intact_rate=now.intact,
        recording_rate=recorded,
        recording_events=events,
        trend=[shapes.TrendDayView(day=d.day, online_rate=d.online, intact_rate=d.intact) for d in trend_of(days)],
        faults=counted_faults(snapshot, mask),
        sites_down=[shapes.SiteDownView.model_validate(outage) for outage in _outages(snapshot, mask)],
    )


def _mask(snapshot: Snapshot, scope: Scope, query: shapes.AreaQuery, words: str = "") -> Mask:
    return snapshot.index.select(scope, CameraFilter(words, query.grid_id, query.region_code))


def _grids(snapshot: Snapshot, query: shapes.AreaQuery) -> list[str] | None:
    """Return the grids that a query names; None: it names none."""
    if query.grid_id is None and not query.region_code:
        return None
    grids = (grid for grid in snapshot.index.site.grids if grid.region_code.startswith(query.region_code))
    return [grid.id for grid in grids if query.grid_id in {None, grid.id}]


def _outages(snapshot: Snapshot, mask: Mask) -> list[SiteOutage]:
    """Return the outages of which the reader may see a camera."""
    if not snapshot.outages:
        return []
    cameras = [snapshot.index.cameras[n] for n in np.flatnonzero(mask & snapshot.away)]
    touched = {outage.id for camera in cameras if (outage := in_outage(snapshot.outages, camera)) is not None}
    return [outage for outage in snapshot.outages if outage.id in touched]


async def _cameras(call: Call[shapes.HealthQuery, None]) -> shapes.HealthPageView:
    snapshot = await read_pulse(call)
    found = _found(snapshot, call.principal.scope, call.query)
    page, next_cursor = page_of(snapshot, found, "id", call.query.cursor, call.query.limit)
    _, today = local_day(call.context, None)
    tally = await by_camera(call.context, [snapshot.index.cameras[n] for n in page], today)
    items = [_camera_view(snapshot, n, tally) for n in page]
    return shapes.HealthPageView(items=items, next_cursor=next_cursor, found=int(found.sum()))


def _found(snapshot: Snapshot, scope: Scope, query: shapes.HealthQuery) -> Mask:
    wanted = BoardFilter(query.fault, query.needs_technician)
    return on_board(snapshot, _mask(snapshot, scope, query, query.q), wanted)


def _camera_view(snapshot: Snapshot, position: int, tally: Tally) -> shapes.HealthCameraView:
    camera = snapshot.index.cameras[position]
    brief, faults = snapshot.briefs.get(camera.id), faults_of(snapshot, camera)
    outage = in_outage(snapshot.outages, camera)
    seconds = tally[camera.id]
    return shapes.HealthCameraView(
        camera_id=camera.id,
        name=camera.name,
        place=camera.position.place,
        grid_name=snapshot.index.grid_name(position),
        state=snapshot.state(position),
        since=brief.since if brief else None,
        faults=[shapes.FaultView.model_validate(fault) for fault in faults],
        needs_technician=needs_technician(snapshot, camera, faults),
        site_down=outage.key if outage else None,
        clock_offset_s=brief.clock_offset_s if brief else None,
        coverage={state.value: round(count / seconds.total(), 4) for state, count in seconds.items() if count},
    )


async def _work_order(call: Call[shapes.WorkOrderQuery, None]) -> web.StreamResponse:
    snapshot = await read_pulse(call)
    found = _found(snapshot, call.principal.scope, call.query)
    positions = [int(n) for n in np.flatnonzero(found)]
    if len(positions) > MAX_ORDERED:
        raise ProblemRaised(422, "invalid", f"more than {MAX_ORDERED} cameras: filter them first")
    types = {spec.id: spec for spec in snapshot.index.site.event_types}
    words = Wording(call.principal.account.locale, call.context.settings.timezone, types)
    outages = _outages(snapshot, _mask(snapshot, call.principal.scope, call.query))
    content = await asyncio.to_thread(work_order, call.query.format, snapshot, positions, outages, words)
    return as_file(content, call.query.format, "work-order")


async def _map(call: Call[shapes.MapQuery, None]) -> shapes.MapAnswerView:
    snapshot = await read_pulse(call)
    west, south, east, north = map(float, call.query.bbox.split(","))
    mask = _mask(snapshot, call.principal.scope, call.query, call.query.q)
    window = Window(west, south, east, north, call.query.zoom)
    seen = snapshot.index.seen_on_map(mask, window, snapshot.away, snapshot.faulty)
    clusters = [
        shapes.ClusterView(lon=c.lon, lat=c.lat, count=c.count, offline=c.away, faulty=c.faulty) for c in seen.clusters
    ]
    return shapes.MapAnswerView(clusters=clusters, cameras=[_map_camera(snapshot, n) for n in seen.singles])


def _map_camera(snapshot: Snapshot, position: int) -> shapes.MapCameraView:
    camera = snapshot.index.cameras[position]
    return shapes.MapCameraView(
        id=camera.id,
        name=camera.name,
        lon=camera.position.lon,
        lat=camera.position.lat,
        state=snapshot.state(position),
        faulty=bool(snapshot.faulty[position]),
    )


ROUTES = [
    Route(
        method="GET",
        path="/health/summary",
        handle=_summary,
        summary="Show rates, their trend, faults and sites that are down, of the cameras in scope",
        tag="health",
        access=Right.CAMERA_HEALTH,
        query=shapes.AreaQuery,
        answer=shapes.HealthSummaryView,
    ),
    Route(
        method="GET",
        path="/health/cameras",
        handle=_cameras,
        summary="List cameras with their faults and today's coverage; those that need a technician, if asked for",
        tag="health",
        access=Right.CAMERA_HEALTH,
        query=shapes.HealthQuery,
        answer=shapes.HealthPageView,
    ),
    Route(
        method="GET",
        path="/health/work-order",
        handle=_work_order,
        summary="Download the same list as a work order; sites that are down come first, once each",
        tag="health",
        access=Right.CAMERA_HEALTH,
        query=shapes.WorkOrderQuery,
        media_type="application/octet-stream",
        audit="export_work_order",
    ),
    Route(
        method="GET",
        path="/map",
        handle=_map,
        summary="Show the cameras in scope on a part of the map, clustered by zoom",
        tag="cameras",
        access=Right.CAMERA_READ,
        query=shapes.MapQuery,
        answer=shapes.MapAnswerView,
    ),
]
