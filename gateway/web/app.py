"""The web application, put together."""

from __future__ import annotations

import asyncio
import json
from functools import cache

from aiohttp import WSCloseCode, web

from gateway.web import (
    callback_api,
    camera_api,
    case_api,
    config_api,
    count_api,
    coverage_api,
    discovery_api,
    evidence_api,
    foot_plan_api,
    handled_api,
    health,
    health_api,
    ledger_api,
    live_api,
    note_api,
    numbers_api,
    patrol_api,
    patrol_report_api,
    photo_api,
    plan_api,
    point_api,
    push_api,
    reference_api,
    review_api,
    review_desk_api,
    session_api,
    site_config_api,
    static,
    stream_api,
    task_api,
    trial_api,
    view_api,
)
from gateway.web.camera_list import PULSE, make_pulse
from gateway.web.context import CONTEXT, WebContext
from gateway.web.endpoint import as_handler
from gateway.web.middleware import add_headers, explain, observe
from gateway.web.openapi import describe
from gateway.web.routes import Call, Open, Route, check_routes


async def _describe(_: Call[None, None]) -> web.StreamResponse:
    text = await asyncio.to_thread(_description)
    return web.Response(text=text, content_type="application/json", headers={"Cache-Control": "no-cache"})


@cache
def _description() -> str:
    """Return the description; it takes most of a second, and most processes are never asked for it."""
    return json.dumps(describe(api_routes()), ensure_ascii=False)


_DESCRIPTION = Route(
    method="GET",
    path="/openapi.json",
    handle=_describe,
    summary="This description",
    tag="reference",
    access=Open.ANYBODY,
    media_type="application/json",
)


def api_routes() -> list[Route]:
    """Return every endpoint below `/api/v1`."""
    return [
        *session_api.ROUTES,
        *review_desk_api.ROUTES,
        *note_api.ROUTES,
        *push_api.ROUTES,
        *review_api.ROUTES,
        *evidence_api.ROUTES,
        *live_api.ROUTES,
        *camera_api.ROUTES,
        *ledger_api.ROUTES,
        *health_api.ROUTES,
        *coverage_api.ROUTES,
        *count_api.ROUTES,
        *config_api.ROUTES,
        *site_config_api.ROUTES,
        *view_api.ROUTES,
        *trial_api.ROUTES,
        *discovery_api.ROUTES,
        *case_api.ROUTES,
        *callback_api.ROUTES,
        *reference_api.ROUTES,
        *stream_api.ROUTES,
        *plan_api.ROUTES,
        *foot_plan_api.ROUTES,
        *patrol_api.ROUTES,
        *patrol_report_api.ROUTES,
        *task_api.ROUTES,
        *photo_api.ROUTES,
        *point_api.ROUTES,
        *handled_api.ROUTES,
        *numbers_api.ROUTES,
        _DESCRIPTION,
    ]


def make_web_app(context: WebContext) -> web.Application:
    """Build the application; `context.feed.run()` and `context.sessions.run()` are the caller's to run.

    Raises:
        SettingsError: An endpoint declares no right.
    """
    app = web.Application(middlewares=[observe, explain], client_max_size=context.settings.max_body_bytes)
    app[CONTEXT] = context
    sockets: set[web.WebSocketResponse] = set()
    app[live_api.SOCKETS] = sockets
    app[PULSE] = make_pulse(context)
    routes = api_routes()
    check_routes(routes)
    for route in routes:
        app.router.add_route(route.method, route.pattern, as_handler(route))
    app.router.add_get("/healthz", health.alive)
    app.router.add_get("/readyz", health.ready)
    app.router.add_get("/metrics", health.metrics)
    app.router.add_get("/{path:.*}", static.serve)
    app.on_response_prepare.append(add_headers)
    app.on_shutdown.append(_send_home)
    return app


async def _send_home(app: web.Application) -> None:
    """End what would otherwise never end, so that a stop takes no longer than it must."""
    app[CONTEXT].feed.close()
    sockets = app[live_api.SOCKETS]
    for socket in list(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY)
