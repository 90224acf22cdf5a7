"""Pictures and live view, passed on from the worker that watches the camera once the rights are checked."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import aiohttp
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from gateway.access.rights import Right
from gateway.errors import AccessDenied, NotFound
from gateway.web import models
from gateway.web.camera_api import visible_camera
from gateway.web.camera_look import fetch_picture, proof, worker_of
from gateway.web.guard import identify
from gateway.web.problems import ProblemRaised, SignInRequired
from gateway.web.routes import Call, Route
from storage.errors import StoreUnavailable

logger = structlog.get_logger(__name__)

# On the loopback or the cluster's network: a worker that needs longer is stuck.
CONNECT_TIMEOUT_S = 5.0
# A fragment holds one GOP: 10 s of 4K at 16 Mbit/s and room to spare.
MAX_MESSAGE_BYTES = 32 * 1024 * 1024
# A viewer that takes nothing for so long has gone away; the worker must not pile up video for it.
SEND_TIMEOUT_S = 10.0
HEARTBEAT_S = 15.0
# How long somebody who has been signed out may go on watching.
RECHECK_S = 30.0
SIGNED_OUT = 4401
NO_RIGHT = 4403

SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("live_sockets", set[web.WebSocketResponse])


async def _picture(call: Call[models.PictureQuery, None]) -> web.StreamResponse:
    camera = visible_camera(call.context, call.principal, Right.FOOTAGE_VIEW, call.id("camera_id"))
    worker = await worker_of(call.context, camera.id)
    body, taken_at = await fetch_picture(call.context, worker, camera.id)
    _check_age(call, taken_at)
    return web.Response(
        body=body,
        content_type="image/jpeg",
        headers={"X-Picture-At": taken_at, "Cache-Control": "private, no-store"},
    )


def _check_age(call: Call[models.PictureQuery, None], taken_at: str) -> None:
    try:
        taken = datetime.fromisoformat(taken_at)
    except ValueError as exc:
        raise ProblemRaised(503, "unavailable", "the worker does not say when the picture was taken") from exc
    oldest_s = call.query.max_age_s
    if oldest_s is not None and call.context.clock.now() - taken > timedelta(seconds=oldest_s):
        raise NotFound("no picture so recent")


async def _live(call: Call[None, None]) -> web.StreamResponse:
    camera = visible_camera(call.context, call.principal, Right.FOOTAGE_VIEW, call.id("camera_id"))
    viewer = web.WebSocketResponse(heartbeat=HEARTBEAT_S, timeout=CONNECT_TIMEOUT_S, compress=False)
    if not viewer.can_prepare(call.request):
        raise ProblemRaised(426, "invalid", "this is a WebSocket", headers={"Upgrade": "websocket"})
    await call.context.stores.audit.append(
        call.context.clock.now(), call.principal.account.id, "view_live", camera.id, {}
    )
    await viewer.prepare(call.request)
    sockets = call.request.app[SOCKETS]
    sockets.add(viewer)
    try:
        await viewer.close(code=await _relay(call, viewer, camera.id))
    finally:
        sockets.discard(viewer)
    return viewer


async def _relay(call: Call[None, None], viewer: web.WebSocketResponse, camera_id: str) -> int:
    """Pass the worker's messages on until either side ends; return the close code for the viewer."""
    try:
        worker = await worker_of(call.context, camera_id)
        connect = call.context.http.ws_connect(
            f"{worker.base_url}/cameras/{camera_id}/live",
            headers=proof(worker),
            max_msg_size=MAX_MESSAGE_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=CONNECT_TIMEOUT_S),
            heartbeat=HEARTBEAT_S,
        )
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            source = await connect
    except (TimeoutError, aiohttp.ClientError, OSError, NotFound):
        await viewer.send_json({"kind": "error", "code": "offline"})
        return WSCloseCode.TRY_AGAIN_LATER
    async with source:
        return await _first_to_end(call, source, viewer)


async def _first_to_end(
    call: Call[None, None], source: aiohttp.ClientWebSocketResponse, viewer: web.WebSocketResponse
) -> int:
    async with asyncio.TaskGroup() as group:
        ends = {
            group.create_task(_pass_on(source, viewer), name="live:pass_on"),
            group.create_task(_until_gone(viewer), name="live:viewer"),
            group.create_task(_until_not_allowed(call), name="live:session"),
        }
        done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        for end in ends:
            end.cancel()
    return min(task.result() for task in done)


async def _pass_on(source: aiohttp.ClientWebSocketResponse, viewer: web.WebSocketResponse) -> int:
    try:
        async for message in source:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await _send(viewer, message)
    except (TimeoutError, aiohttp.ClientError, OSError):
        return WSCloseCode.TRY_AGAIN_LATER
    return _code_of(source.close_code)


async def _send(viewer: web.WebSocketResponse, message: aiohttp.WSMessage) -> None:
    if message.type is WSMsgType.TEXT:
        await viewer.send_str(message.data)
    elif message.type is WSMsgType.BINARY:
        await viewer.send_bytes(message.data)


def _code_of(code: int | None) -> int:
    """What the worker said when it closed; codes that must not be sent become "try again later"."""
    sendable = code is not None and (code in {1000, 1001, 1013} or 4000 <= code < 5000)
    return code if code is not None and sendable else WSCloseCode.TRY_AGAIN_LATER


async def _until_gone(viewer: web.WebSocketResponse) -> int:
    async for _ in viewer:  # a viewer has nothing to say; reading notices that it leaves
        pass
    return WSCloseCode.OK


async def _until_not_allowed(call: Call[None, None]) -> int:
    """Ask now and then whether this account may still see this camera; an outage of the database decides nothing."""
    while True:
        await call.context.clock.sleep(RECHECK_S)
        try:
            caller = await identify(call.request, call.context)
            visible_camera(call.context, caller.principal, Right.FOOTAGE_VIEW, call.id("camera_id"))
        except SignInRequired:
            return SIGNED_OUT
        except (AccessDenied, NotFound):
            return NO_RIGHT
        except StoreUnavailable:
            continue


ROUTES = [
    Route(
        method="GET",
        path="/cameras/{camera_id}/picture",
        handle=_picture,
        summary="The last picture; `X-Picture-At` says when it was taken",
        tag="footage",
        access=Right.FOOTAGE_VIEW,
        query=models.PictureQuery,
        media_type="image/jpeg",
    ),
    Route(
        method="GET",
        path="/cameras/{camera_id}/live",
        handle=_live,
        summary="Live view: WebSocket; a JSON greeting, then fMP4 fragments or JPEG pictures",
        tag="footage",
        access=Right.FOOTAGE_VIEW,
        websocket=True,
        status=101,
    ),
]
