"""What the interface needs to put ids into words: event types and grids."""

from __future__ import annotations

from aiohttp import web

from gateway.web import models
from gateway.web.routes import Call, Open, Route


async def _taxonomy(call: Call[None, None]) -> list[models.EventTypeView]:
    return [
        models.EventTypeView(
            id=spec.id,
            zh=spec.zh,
            en=spec.en,
            severity=spec.severity,
            dwell_s=spec.dwell_s,
            deadline=models.DeadlineView(zh=spec.deadline.zh, en=spec.deadline.en),
            needs_model=spec.needs_model,
            available=spec.id in call.context.ready_types,
        )
        for spec in call.context.site.event_types
    ]


async def _grids(call: Call[None, None]) -> list[models.GridView]:
    scope = call.principal.scope
    return [models.GridView.model_validate(grid) for grid in call.context.site.grids if scope.allows(grid.id)]


async def _docs(_: Call[None, None]) -> web.StreamResponse:
    raise web.HTTPFound("/api-docs/")


ROUTES = [
    Route(
        method="GET",
        path="/taxonomy",
        handle=_taxonomy,
        summary="List event types in words",
        tag="reference",
        access=Open.SIGNED_IN,
        answer=list[models.EventTypeView],
    ),
    Route(
        method="GET",
        path="/grids",
        handle=_grids,
        summary="List grids in scope",
        tag="reference",
        access=Open.SIGNED_IN,
        answer=list[models.GridView],
    ),
    Route(
        method="GET",
        path="/docs",
        handle=_docs,
        summary="Go to the reference page",
        tag="reference",
        access=Open.ANYBODY,
        status=302,
    ),
]
