"""Finding cameras on the network, and onboarding them: reach, log in, probe, picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from camera_configs.documents import Key
from camera_configs.models import CameraConfig
from gateway.access.rights import Principal, Right, require_any
from gateway.desk.versions import By
from gateway.errors import NotFound
from gateway.onvif.addresses import BadAddress, bare_host, device_address, stream_address
from gateway.onvif.searches import Search, SearchRunning
from gateway.onvif.soap import Credentials
from gateway.onvif.sweep import BadRange, addresses_in
from gateway.web import onboarding_models as shapes
from gateway.web.camera_api import in_view
from gateway.web.config_models import EntryView
from gateway.web.config_views import entry_view, grids_of
from gateway.web.context import WebContext
from gateway.web.models import FieldProblem
from gateway.web.onboarding import Connection, OnboardingFailed, Probed, TooManyConnections
from gateway.web.problems import ProblemRaised, findings
from gateway.web.routes import Call, Route

_LOGIN_FIELDS = frozenset({"username", "password", "password_env", "password_sealed"})
NO_STORE = {"Cache-Control": "private, no-store"}


async def _search(call: Call[None, shapes.SearchRequest]) -> shapes.SearchStarted:
    body = call.body
    try:
        addresses = addresses_in(body.ranges) if body.method == "range" else []
    except BadRange as exc:
        raise _wrong("ranges", str(exc)) from exc
    try:
        search = call.context.onboarding.searches.start(_account(call.principal), addresses, body.ports, body.seconds)
    except SearchRunning as exc:
        raise ProblemRaised(409, "conflict", "a search is under way") from exc
    return shapes.SearchStarted(search_id=search.id)


async def _searched(call: Call[None, None]) -> shapes.SearchView:
    search_id = call.id("search_id")
    search = call.context.onboarding.searches.get(search_id, _account(call.principal))
    if search is None:
        raise NotFound(search_id)
    known = _known(call.context, call.principal, search)
    return shapes.SearchView(
        running=search.running,
        asked=search.asked,
        total=search.total,
        found=[
            shapes.FoundView(
                key=found.key,
                xaddr=found.xaddr,
                host=found.host,
                name=found.name or (known[found.key].name if found.key in known else ""),
                hardware=found.hardware,
                known_camera_id=known[found.key].id if found.key in known else None,
            )
            for found in search.found.values()
        ],
    )


def _known(context: WebContext, principal: Principal, search: Search) -> dict[str, CameraConfig]:
    """Return the camera of each device that was found, by the device's key.

    By the address of its device service where that was written down, else by its host; where one host has several
    devices, the host alone tells nobody which.
    """
    several = list(search.found.values())
    beside = Counter(each.host for each in several)
    devices, hosts = context.onboarding.cameras_of(context.site), context.onboarding.cameras_at(context.site)
    found = {
        each.key: devices.get(each.xaddr) or (hosts.get(each.host) if beside[each.host] == 1 else None)
        for each in several
    }
    return {key: camera for key, camera in found.items() if camera is not None and in_view(principal, camera)}


async def _connect(call: Call[None, shapes.ConnectRequest]) -> shapes.ConnectionView:
    body, desk, owner = call.body, call.context.onboarding, _account(call.principal)
    login = Credentials(body.username, body.password.get_secret_value()) if body.username else None
    address = _address_of(body)
    connecting = desk.connect_device if body.xaddr is not None else desk.connect_stream
    try:
        connection = await connecting(owner, address, login)
    except OnboardingFailed as exc:
        await _register(call, "onboarding.connect", bare_host(address), exc.code)
        raise _failed(exc) from exc
    except TooManyConnections as exc:
        raise ProblemRaised(503, "unavailable", "too many cameras are being onboarded") from exc
    await _register(call, "onboarding.connect", bare_host(address), "connected")
    return _view(connection)


def _address_of(body: shapes.ConnectRequest) -> str:
    try:
        return device_address(body.xaddr) if body.xaddr is not None else stream_address(body.stream_url or "")
    except BadAddress as exc:
        raise _wrong("xaddr" if body.xaddr is not None else "stream_url", str(exc)) from exc


async def _register(call: Call[Any, Any], action: str, subject: str, outcome: str) -> None:
    """Write down who did what to which camera, refusals included: a login that is tried is somebody's doing."""
    context, actor = call.context, _account(call.principal)
    await context.stores.audit.append(context.clock.now(), actor, action, subject, {"outcome": outcome})


async def _probe(call: Call[None, shapes.ProbeRequest]) -> shapes.ProbesView:
    desk, connection = call.context.onboarding, _connection(call)
    probed = await desk.probe(connection, call.body.profile_tokens)
    if call.body.stream_url is not None:
        probed.append(await desk.probe_address(connection, _own_stream(connection, call.body.stream_url)))
    return shapes.ProbesView(streams=[_probe_view(each) for each in probed])


async def _picture(call: Call[shapes.PictureQuery, None]) -> web.StreamResponse:
    connection = _connection(call)
    token = call.query.profile or connection.main.token
    try:
        jpeg = await call.context.onboarding.picture(connection, token)
    except OnboardingFailed as exc:
        raise _failed(exc) from exc
    return web.Response(body=jpeg, content_type="image/jpeg", headers=NO_STORE)


async def _save(call: Call[None, shapes.SaveRequest]) -> EntryView:
    """Save a new camera; its login is that of the connection, sealed on the way in by the configuration's own desk."""
    context, connection = call.context, _connection(call)
    document = with_login(call.body.document, connection)
    key = Key("camera", str(document.get("id", "")))
    await context.book.renew()
    if key in context.book.models:
        raise ProblemRaised(409, "conflict", "there is a camera of this id")
    proposal = await context.versions.check({key: document})
    for model in proposal.models.values():
        require_any(call.principal, Right.CONFIG_EDIT, grids_of(model))
    await context.versions.save({key: document}, {key: 0}, By(call.principal.account.name, call.body.reason))
    context.onboarding.forget(connection.id)
    await _register(call, "onboarding.save", key.id, "saved")
    return entry_view(context, key, context.book.models[key]).model_copy(
        update={"warnings": findings(proposal.warnings)}
    )


def with_login(document: Mapping[str, Any], connection: Connection) -> dict[str, Any]:
    """Return a camera's document with the connection's login in streams and snapshot, whatever was given there.

    Raises:
        ProblemRaised: 422; an address is on another host: the password is for the one that it was given for.
    """
    found = dict(document)
    streams, snapshot = found.get("streams"), found.get("snapshot")
    if isinstance(streams, list):
        found["streams"] = [_logged_in(each, connection, f"streams[{i}].url") for i, each in enumerate(streams)]
    if snapshot is not None:
        found["snapshot"] = _logged_in(snapshot, connection, "snapshot.url")
    found.pop("onvif", None)
    if connection.device is not None:
        found["onvif"] = _logged_in(_as_device(document, connection), connection, "onvif.url")
    return found


def _as_device(document: Mapping[str, Any], connection: Connection) -> dict[str, Any]:
    """Return how the camera is known as a device; whether to listen to its events may be said in the document."""
    streams, given = document.get("streams"), document.get("onvif")
    urls = [each.get("url") for each in streams if isinstance(each, Mapping)] if isinstance(streams, list) else []
    mine = [p for url in urls for p in connection.profiles if p.stream_url and p.stream_url == url][:2]
    named = [name for p in mine[:1] for name in (p.source, p.source_setting) if name]
    wanted = given.get("events", True) if isinstance(given, Mapping) else True
    found = {"url": connection.address, "profiles": [p.token for p in mine], "sources": list(dict.fromkeys(named))}
    return found | {"events": connection.has_events and wanted is not False}


def _logged_in(source: Any, connection: Connection, field: str) -> Any:
    if not isinstance(source, Mapping):
        return source  # the configuration's own rules say what is wrong with it
    if bare_host(str(source.get("url", ""))) != connection.host:
        raise _wrong(field, "another host than the one connected to")
    plain = {name: value for name, value in source.items() if name not in _LOGIN_FIELDS}
    who = connection.credentials
    if who is None:
        return plain
    return plain | {"username": who.username} | ({"password": who.password} if who.password else {})


def _connection(call: Call[Any, Any]) -> Connection:
    return call.context.onboarding.get(call.id("connection_id"), _account(call.principal))


def _own_stream(connection: Connection, address: str) -> str:
    """Return a stream's address; the password is for the host that it was given for, and for no other."""
    try:
        sound = stream_address(address)
    except BadAddress as exc:
        raise _wrong("stream_url", str(exc)) from exc
    if bare_host(sound) != connection.host:
        raise _wrong("stream_url", "another host than the one connected to")
    return sound


def _account(principal: Principal) -> str:
    return principal.account.id


def _wrong(field: str, message: str) -> ProblemRaised:
    return ProblemRaised(422, "invalid", message, errors=[FieldProblem(field=field, message=message)])


def _failed(exc: OnboardingFailed) -> ProblemRaised:
    return ProblemRaised(422, exc.code, exc.detail or None)


def _view(connection: Connection) -> shapes.ConnectionView:
    offset_s = connection.clock_offset_s
    return shapes.ConnectionView(
        connection_id=connection.id,
        device=None if connection.device is None else shapes.DeviceView.model_validate(connection.device),
        clock=None if offset_s is None else shapes.ClockView(offset_s=offset_s),
        profiles=[shapes.ProfileView.model_validate(profile) for profile in connection.profiles],
        presets=[shapes.PresetView.model_validate(preset) for preset in connection.presets],
        quirks=[shapes.QuirkView(id=q.id, zh=q.zh, en=q.en, source=str(q.source)) for q in connection.quirks],
    )


def _probe_view(probed: Probed) -> shapes.ProbeView:
    probe = probed.probe
    if probe is None:
        return shapes.ProbeView(token=probed.token, code=probed.code)
    names = ("codec", "width", "height", "fps", "gop_s", "bitrate_kbps", "clock_offset_s", "took_s")
    return shapes.ProbeView(token=probed.token, **{name: getattr(probe, name) for name in names})


ROUTES = [
    Route(
        method="POST",
        path="/discovery",
        handle=_search,
        summary="Search for ONVIF devices, by multicast or by address ranges",
        tag="onboarding",
        access=Right.ONBOARD,
        body=shapes.SearchRequest,
        answer=shapes.SearchStarted,
        status=202,
        audit="discovery.start",
    ),
    Route(
        method="GET",
        path="/discovery/{search_id}",
        handle=_searched,
        summary="Show what a search has found so far",
        tag="onboarding",
        access=Right.ONBOARD,
        answer=shapes.SearchView,
    ),
    Route(
        method="POST",
        path="/onboarding/connect",
        handle=_connect,
        summary="Reach a camera, log in and learn what it offers; its password stays in memory for 30 minutes",
        tag="onboarding",
        access=Right.ONBOARD,
        body=shapes.ConnectRequest,
        answer=shapes.ConnectionView,
    ),
    Route(
        method="POST",
        path="/onboarding/{connection_id}/probe",
        handle=_probe,
        summary="Watch streams of a connected camera for some seconds and tell what they are",
        tag="onboarding",
        access=Right.ONBOARD,
        body=shapes.ProbeRequest,
        answer=shapes.ProbesView,
    ),
    Route(
        method="GET",
        path="/onboarding/{connection_id}/picture",
        handle=_picture,
        summary="Show a picture of a connected camera",
        tag="onboarding",
        access=Right.ONBOARD,
        query=shapes.PictureQuery,
        media_type="image/jpeg",
        audit="onboarding.picture",
    ),
    Route(
        method="POST",
        path="/onboarding/{connection_id}/save",
        handle=_save,
        summary="Save a connected camera; its password is sealed and the connection is let go",
        tag="onboarding",
        access=Right.ONBOARD,
        body=shapes.SaveRequest,
        answer=EntryView,
    ),
]
