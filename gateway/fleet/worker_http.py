"""The worker's own small HTTP interface: latest picture and live view, for the front only.

It listens on the loopback and wants the worker's token; whether a person may see the picture is the front's business.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext, suppress
from typing import Protocol

from aiohttp import WSCloseCode, web

from gateway.camera.live import Subscription
from gateway.clock import Clock

HOST = "127.0.0.1"
# A viewer that takes nothing for so long is gone; the front closes its side long before.
SEND_TIMEOUT_S = 10.0
# Picture by picture, where the browser cannot play the stream: as often as the last keyframe changes.
PICTURE_POLL_S = 0.5
# A camera that is watched by snapshots opens its stream for a viewer; where that takes longer, pictures are shown.
OPENING_TIMEOUT_S = 8.0
OPENING_POLL_S = 0.2
SHUTDOWN_TIMEOUT_S = 1.0


Viewing = Callable[[str], AbstractContextManager[None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Watched(Protocol):
    """What a camera offers to viewers."""

    @property
    def opening(self) -> bool:
        """A live feed is about to come."""

    def latest_picture(self) -> tuple[bytes, float] | None:
        """Return the last keyframe as JPEG and its moment; blocks for decoding."""

    def live(self) -> Subscription | None:
        """Return a live feed, None where only pictures can be shown."""


class WorkerHttp:
    """Serves the cameras of one worker."""

    def __init__(
        self,
        watched: Mapping[str, Watched],
        masked: Container[str],
        token: str,
        clock: Clock,
        viewing: Viewing | None = None,
    ) -> None:
        self._watched = watched
        self._masked = masked
        self._token = token
        self._clock = clock
        self._viewing: Viewing = viewing or (lambda _: nullcontext())
        self._sockets: set[web.WebSocketResponse] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Listen on a free port for the length of the block; yields the base address."""
        app = web.Application(middlewares=[self._guard])
        app.router.add_get("/cameras/{camera_id}/picture", self._picture)
        app.router.add_get("/cameras/{camera_id}/live", self._live)
        app.on_shutdown.append(self._close_sockets)
        runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
        await runner.setup()
        try:
            site = web.TCPSite(runner, HOST, 0)
            await site.start()
            yield f"http://{HOST}:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), f"Bearer {self._token}".encode()):
            raise web.HTTPUnauthorized
        return await handler(request)

    def _camera(self, request: web.Request) -> tuple[str, Watched]:
        camera_id = request.match_info["camera_id"]
        watched = self._watched.get(camera_id)
        if watched is None:
            raise web.HTTPNotFound
        return camera_id, watched

    async def _picture(self, request: web.Request) -> web.StreamResponse:
        _, watched = self._camera(request)
        found = await asyncio.to_thread(watched.latest_picture)
        if found is None:
            raise web.HTTPNotFound
        jpeg, at_s = found
        taken_at = self._clock.utc_at(at_s).isoformat()
        return web.Response(body=jpeg, content_type="image/jpeg", headers={"X-Picture-At": taken_at})

    async def _live(self, request: web.Request) -> web.StreamResponse:
        camera_id, watched = self._camera(request)
        # What is under a privacy mask is blacked out in pictures; packets cannot be masked without encoding anew.
        masked = camera_id in self._masked
        viewer = web.WebSocketResponse(compress=False)
        await viewer.prepare(request)
        self._sockets.add(viewer)
        try:
            with self._viewing(camera_id):
                await self._until_either_ends(viewer, watched, masked=masked)
        finally:
            self._sockets.discard(viewer)
        await viewer.close(code=WSCloseCode.TRY_AGAIN_LATER)
        return viewer

    async def _until_either_ends(self, viewer: web.WebSocketResponse, watched: Watched, *, masked: bool) -> None:
        async with asyncio.TaskGroup() as group:
            ends = {
                group.create_task(self._show(viewer, watched, masked=masked), name="live:show"),
                group.create_task(_until_gone(viewer), name="live:viewer"),
            }
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()

    async def _show(self, viewer: web.WebSocketResponse, watched: Watched, *, masked: bool) -> None:
        await self._until_open(watched)
        subscription = None if masked else watched.live()
        # A viewer that has left, or that takes nothing any more, is no error.
        with suppress(TimeoutError, ConnectionError):
            if subscription is not None:
                await self._send_video(viewer, subscription)
            else:
                await self._send_pictures(viewer, watched)

    async def _until_open(self, watched: Watched) -> None:
        tries = round(OPENING_TIMEOUT_S / OPENING_POLL_S)
        while watched.opening and tries:
            tries -= 1
            await self._clock.sleep(OPENING_POLL_S)

    async def _send_video(self, viewer: web.WebSocketResponse, subscription: Subscription) -> None:
        with subscription as feed:
            greeting = {
                "kind": "fmp4",
                "mime": f'video/mp4; codecs="{feed.codec}"',
                "width": feed.video.width,
                "height": feed.video.height,
            }
            await viewer.send_json(greeting)
            async for fragment in feed.fragments():
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await viewer.send_bytes(fragment)

    async def _send_pictures(self, viewer: web.WebSocketResponse, watched: Watched) -> None:
        found = await asyncio.to_thread(watched.latest_picture)
        if found is None:
            await viewer.send_json({"kind": "error", "code": "offline"})
            return
        await viewer.send_json({"kind": "jpeg"})
        shown_s = -1.0
        while True:
            if found is not None and found[1] != shown_s:
                shown_s = found[1]
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await viewer.send_bytes(found[0])
            await self._clock.sleep(PICTURE_POLL_S)
            found = await asyncio.to_thread(watched.latest_picture)

    async def _close_sockets(self, _: web.Application) -> None:
        for viewer in list(self._sockets):
            await viewer.close(code=WSCloseCode.GOING_AWAY)


async def _until_gone(viewer: web.WebSocketResponse) -> None:
    async for _ in viewer:  # a viewer has nothing to say; reading notices that it leaves, even while no picture comes
        pass
