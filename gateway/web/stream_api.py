"""Server-sent events: what is new in the reader's scope, resumable by `Last-Event-ID`."""

from __future__ import annotations

import asyncio
import json

from aiohttp import web

from gateway.access.rights import Principal, Right
from gateway.web import models
from gateway.web.camera_api import in_view
from gateway.web.context import WebContext
from gateway.web.guard import identify
from gateway.web.problems import SignInRequired
from gateway.web.routes import Call, Open, Route
from storage.errors import StoreUnavailable
from storage.records import Change

HEARTBEAT_S = 15.0
# A browser that takes nothing for so long is gone; it resumes by itself where it stopped.
SEND_TIMEOUT_S = 20.0
RETRY_MS = 3_000
RIGHT_OF_KIND = {
    "review": Right.REVIEW_READ,
    "case": Right.CASE_READ,
    "delivery": Right.CASE_READ,
    "camera": Right.CAMERA_READ,
    "site": Right.CAMERA_HEALTH,
    "patrol": Right.PATROL_DO,
    "task": Right.TASK_DO,
}


async def _stream(call: Call[models.StreamQuery, None]) -> web.StreamResponse:
    last_id = await _start(call)
    response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    await response.prepare(call.request)
    try:
        await _write(response, f"retry: {RETRY_MS}\n\n")
        await _follow(call, response, last_id)
    except (ConnectionError, TimeoutError, StoreUnavailable, SignInRequired):
        # The head is out: all that is left is to end; the browser comes again and is told then.
        return response
    return response


async def _start(call: Call[models.StreamQuery, None]) -> int:
    given = call.request.headers.get("Last-Event-ID", "")
    if given.isascii() and given.isdecimal() and len(given) < 19:
        return int(given)
    asked = call.query.last_event_id
    return asked if asked is not None else await call.context.feed.position()


async def _follow(call: Call[models.StreamQuery, None], response: web.StreamResponse, last_id: int) -> None:
    feed, principal = call.context.feed, call.principal
    while not feed.closed:
        changes = await feed.after(last_id)
        for change in changes:
            if visible(change, principal, call.context):
                await _write(response, as_event(change))
            last_id = change.id
        if not changes and not await feed.wait(last_id, HEARTBEAT_S):
            # Rights and scope may have changed, or the session ended, since the stream began.
            principal = (await identify(call.request, call.context)).principal
            await _write(response, f": {last_id}\n\n")


def visible(change: Change, principal: Principal, context: WebContext) -> bool:
    """Say whether this reader may know of a change: by its kind, and by its grid or its camera's grids."""
    right = RIGHT_OF_KIND.get(change.kind)
    if right is None or not principal.may(right):
        return False
    if change.grid_id is not None:
        return principal.scope.allows(change.grid_id)
    camera = context.site.find_camera(change.ref_id)
    return principal.scope.grid_ids is None or (camera is not None and in_view(principal, camera))


def as_event(change: Change) -> str:
    """Return the change in the wire format of server-sent events."""
    data = json.dumps({"ref_id": change.ref_id, "grid_id": change.grid_id})
    return f"id: {change.id}\nevent: {change.kind}\ndata: {data}\n\n"


async def _write(response: web.StreamResponse, text: str) -> None:
    async with asyncio.timeout(SEND_TIMEOUT_S):
        await response.write(text.encode())


ROUTES = [
    Route(
        method="GET",
        path="/stream",
        handle=_stream,
        summary="Follow what is new in scope (server-sent events)",
        tag="stream",
        access=Open.SIGNED_IN,
        query=models.StreamQuery,
        media_type="text/event-stream",
    ),
]
