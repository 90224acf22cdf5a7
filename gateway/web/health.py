"""For the machines that look after this one: alive, ready, metrics. No personal data, no session."""

from __future__ import annotations

from aiohttp import web

from gateway.web.context import CONTEXT
from storage.errors import StorageError

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


async def alive(_: web.Request) -> web.StreamResponse:
    """`GET /healthz`: the process answers."""
    return web.json_response({"status": "alive"})


async def ready(request: web.Request) -> web.StreamResponse:
    """`GET /readyz`: 200 when the database can be reached and the outbox runs, else 503 naming what is wrong."""
    context = request.app[CONTEXT]
    try:
        await context.stores.changes.last_id()
        database = True
    except StorageError:
        database = False
    parts = {"database": database, "outbox": context.outbox_running()}
    return web.json_response(parts, status=200 if all(parts.values()) else 503)


async def metrics(request: web.Request) -> web.StreamResponse:
    """`GET /metrics`: Prometheus text."""
    context = request.app[CONTEXT]
    return web.Response(body=await context.metrics.render(context.stores), headers={"Content-Type": _METRICS_TYPE})
