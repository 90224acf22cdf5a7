"""Cameras: what is configured, and how they are."""

from __future__ import annotations

from urllib.parse import urlsplit

from camera_configs.models import CameraConfig, RuleConfig, StreamConfig
from gateway.access.rights import Principal, Right, require_any
from gateway.desk.camera_index import CameraFilter
from gateway.errors import NotFound
from gateway.web import models
from gateway.web.camera_list import filtered, page_of, read_pulse
from gateway.web.context import WebContext
from gateway.web.coverage_sums import shares_today
from gateway.web.routes import Call, Route
from gateway.web.views import RECENT_EVENTS, Places, event_view
from storage.records import CameraState, CameraStateName


def visible_camera(context: WebContext, principal: Principal, right: Right, camera_id: str) -> CameraConfig:
    """Return a camera of which at least one grid is in scope.

    Raises:
        AccessDenied: The account lacks the right.
        NotFound: There is none, or none that this account may know of.
    """
    camera = context.site.find_camera(camera_id)
    if camera is None:
        raise NotFound(camera_id)
    require_any(principal, right, camera.grids)
    return camera


def in_view(principal: Principal, camera: CameraConfig) -> bool:
    """Say whether one of the camera's grids is in scope."""
    return any(principal.scope.allows(grid_id) for grid_id in camera.grids)


async def _list(call: Call[models.CameraQuery, None]) -> models.CameraPage:
    query, context = call.query, call.context
    snapshot = await read_pulse(call)
    mine = snapshot.index.visible(call.principal.scope)
    wanted = CameraFilter(query.q, query.grid_id, query.region_code, query.tag)
    found = filtered(snapshot, snapshot.index.select(call.principal.scope, wanted), query.state)
    page, next_cursor = page_of(snapshot, found, query.sort, query.cursor, query.limit)
    cameras = [snapshot.index.cameras[n] for n in page]
    states = await context.stores.desk.states_of([camera.id for camera in cameras])
    shares = await shares_today(context, cameras)
    views = [_camera_view(context, camera, states.get(camera.id)) for camera in cameras]
    return models.CameraPage(
        items=[view.model_copy(update={"coverage_today": shares[view.id]}) for view in views],
        next_cursor=next_cursor,
        totals=models.CameraTotals(online=int((mine & snapshot.online).sum()), total=int(mine.sum())),
        found=int(found.sum()),
    )


async def _show(call: Call[None, None]) -> models.CameraDetail:
    context = call.context
    camera = visible_camera(context, call.principal, Right.CAMERA_READ, call.id("camera_id"))
    state = (await context.stores.desk.states_of([camera.id])).get(camera.id)
    places = Places(context.site)
    recent = await context.stores.events.recent(call.principal.scope, camera.id, RECENT_EVENTS)
    shares = await shares_today(context, [camera])
    view = _camera_view(context, camera, state).model_copy(update={"coverage_today": shares[camera.id]})
    return models.CameraDetail(
        **{name: getattr(view, name) for name in models.CameraView.model_fields},
        zones=[models.ZoneView.model_validate(zone) for zone in camera.zones],
        rules=[_rule_view(context, rule) for rule in camera.rules],
        legal=models.LegalView.model_validate(camera.legal),
        streams=[_stream_view(stream, state) for stream in camera.streams],
        recent=[event_view(event, places) for event in recent],
    )


def _camera_view(context: WebContext, camera: CameraConfig, state: CameraState | None) -> models.CameraView:
    places = Places(context.site)
    return models.CameraView(
        id=camera.id,
        name=camera.name,
        place=camera.position.place,
        lon=camera.position.lon,
        lat=camera.position.lat,
        grid_ids=list(camera.grids),
        grid_names=[places.grid_name(grid_id) for grid_id in camera.grids],
        state=_state_view(context, camera, state),
        rule_count=sum(rule.enabled for rule in camera.rules),
        event_types=sorted({rule.type for rule in camera.rules if rule.enabled}),
        enabled=camera.enabled,
        masked=bool(camera.privacy_masks),
        coverage_today=None,
    )


def _state_view(context: WebContext, camera: CameraConfig, state: CameraState | None) -> models.CameraStateView:
    if state is None or not camera.enabled:
        now = context.clock.now()
        name = CameraStateName.CONNECTING if camera.enabled else CameraStateName.DISABLED
        state = CameraState(camera.id, name, since=now, updated_at=now)
    return models.CameraStateView.model_validate(state)


def _rule_view(context: WebContext, rule: RuleConfig) -> models.RuleView:
    spec = context.site.event_type(rule.type)
    return models.RuleView(
        id=rule.id,
        type=rule.type,
        zone=rule.zone,
        objects=list(rule.objects),
        dwell_s=spec.dwell_s if rule.dwell_s is None else rule.dwell_s,
        clear_s=rule.clear_s,
        severity=rule.severity or spec.severity,
        auto_report=rule.auto_report,
        enabled=rule.enabled,
        detector_ready=rule.type in context.ready_types,
    )


def _stream_view(stream: StreamConfig, state: CameraState | None) -> models.StreamView:
    watched = state.codec if state is not None and stream.role == "main" else ""
    host = urlsplit(stream.url).hostname or ""
    return models.StreamView(role=stream.role, transport=stream.transport, codec=watched or None, host=host)


ROUTES = [
    Route(
        method="GET",
        path="/cameras",
        handle=_list,
        summary="List cameras in scope with their health",
        tag="cameras",
        access=Right.CAMERA_READ,
        query=models.CameraQuery,
        answer=models.CameraPage,
    ),
    Route(
        method="GET",
        path="/cameras/{camera_id}",
        handle=_show,
        summary="Show a camera with its zones, rules, legal card and streams (never credentials)",
        tag="cameras",
        access=Right.CAMERA_READ,
        answer=models.CameraDetail,
    ),
]
