"""Pictures and live view are for who has the worker's token, and end with the viewer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import WSMsgType

from gateway.camera.live import LiveHub, Subscription, codec_string
from gateway.clock import FakeClock
from gateway.fleet.worker_http import OPENING_POLL_S, PICTURE_POLL_S, WorkerHttp
from gateway.types import Packet, VideoFormat
from tests.unit.gateway.evidence.making import encode

WAIT_S = 20.0
PROOF = {"Authorization": "Bearer right"}


@dataclass
class FakeWatched:
    """A watcher with a picture, or with a stream."""

    picture: tuple[bytes, float] | None = (b"\xff\xd8one", 12.0)
    stream: tuple[VideoFormat, list[Packet]] | None = None
    hub: LiveHub = field(default_factory=LiveHub)
    opening: bool = False
    viewers: list[str] = field(default_factory=list)

    @contextmanager
    def viewing(self, camera_id: str) -> Iterator[None]:
        self.viewers.append(camera_id)
        yield
        self.viewers.remove(camera_id)

    def latest_picture(self) -> tuple[bytes, float] | None:
        return self.picture

    def live(self) -> Subscription | None:
        if self.stream is None:
            return None
        video, packets = self.stream
        return self.hub.subscribe(video, str(codec_string(video, packets[0])), lambda: packets)


@dataclass
class Desk:
    """A client of a running interface."""

    http: aiohttp.ClientSession
    url: str
    clock: FakeClock

    async def status(self, path: str, headers: dict[str, str] = PROOF) -> int:
        async with self.http.get(f"{self.url}{path}", headers=headers) as answer:
            return answer.status


@asynccontextmanager
async def serving(watched: FakeWatched, *, masked: bool = False) -> AsyncIterator[Desk]:
    clock = FakeClock()
    interface = WorkerHttp({"gate": watched}, frozenset({"gate"} if masked else ()), "right", clock)
    async with asyncio.timeout(WAIT_S), aiohttp.ClientSession() as http, interface.serving() as url:
        yield Desk(http, url, clock)


async def until_gone(hub: LiveHub) -> None:
    """Let the server's side run until the viewer's feed is given back."""
    while hub.viewers:  # noqa: ASYNC110 - the feed is given back inside the server
        await asyncio.sleep(0)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer r\udcffght"}])
async def test_nothing_without_the_token(headers: dict[str, str]) -> None:
    """A missing, wrong or malformed token gets 401, for cameras that exist and those that do not."""
    async with serving(FakeWatched()) as desk:
        for path in ("/cameras/gate/picture", "/cameras/gate/live", "/cameras/other/picture", "/"):
            assert await desk.status(path, headers) == 401


async def test_unknown_camera_is_not_found() -> None:
    """A camera of another worker is none of this one's."""
    async with serving(FakeWatched()) as desk:
        assert await desk.status("/cameras/other/picture") == 404
        assert await desk.status("/cameras/other/live") == 404


async def test_camera_without_picture() -> None:
    """Before the first keyframe there is no picture, and a live view says so and ends."""
    async with serving(FakeWatched(picture=None)) as desk:
        assert await desk.status("/cameras/gate/picture") == 404
        async with desk.http.ws_connect(f"{desk.url}/cameras/gate/live", headers=PROOF) as socket:
            assert await socket.receive_json() == {"kind": "error", "code": "offline"}
            assert (await socket.receive()).type is WSMsgType.CLOSE
            assert socket.close_code == 1013


async def test_picture_says_when_it_was_taken() -> None:
    """The moment goes with the bytes, in UTC."""
    async with (
        serving(FakeWatched()) as desk,
        desk.http.get(f"{desk.url}/cameras/gate/picture", headers=PROOF) as answer,
    ):
        assert await answer.read() == b"\xff\xd8one"
        assert answer.content_type == "image/jpeg"
        assert answer.headers["X-Picture-At"] == desk.clock.utc_at(12.0).isoformat()


async def test_live_view_greets_and_sends_the_stream() -> None:
    """A greeting names the codec and size, then comes an MP4 that begins with its header."""
    watched = FakeWatched(stream=encode(1.0))
    async with serving(watched) as desk:
        async with desk.http.ws_connect(f"{desk.url}/cameras/gate/live", headers=PROOF) as socket:
            greeting = await socket.receive_json()
            assert (greeting["kind"], greeting["width"], greeting["height"]) == ("fmp4", 320, 240)
            assert greeting["mime"].startswith('video/mp4; codecs="avc1.')
            assert (await socket.receive_bytes())[4:8] == b"ftyp"
            assert b"moof" in await socket.receive_bytes()
            watched.hub.end()
            while (message := await socket.receive()).type is WSMsgType.BINARY:
                pass
            assert message.type is WSMsgType.CLOSE
        await until_gone(watched.hub)


async def test_viewer_that_leaves_is_noticed_while_no_packet_comes() -> None:
    """A stalled camera keeps no feed open for somebody who has gone."""
    watched = FakeWatched(stream=encode(0.2))
    async with serving(watched) as desk:
        async with desk.http.ws_connect(f"{desk.url}/cameras/gate/live", headers=PROOF) as socket:
            await socket.receive_json()
            assert watched.hub.viewers == 1
        await until_gone(watched.hub)


async def test_masked_camera_is_shown_picture_by_picture() -> None:
    """Packets cannot be masked; pictures are, and each is sent once."""
    watched = FakeWatched(stream=encode(0.2))
    async with serving(watched, masked=True) as desk:
        async with desk.http.ws_connect(f"{desk.url}/cameras/gate/live", headers=PROOF) as socket:
            assert await socket.receive_json() == {"kind": "jpeg"}
            assert await socket.receive_bytes() == b"\xff\xd8one"
            watched.picture = (b"\xff\xd8two", 14.0)
            receiving = asyncio.ensure_future(socket.receive_bytes())
            while not receiving.done():
                await desk.clock.advance(PICTURE_POLL_S)
            assert receiving.result() == b"\xff\xd8two"
        assert watched.hub.viewers == 0


async def test_stream_is_opened_for_a_viewer() -> None:
    """A camera that is watched by snapshots is waited for; a stream that does not come is no reason to show nothing."""
    for comes in (True, False):
        watched = FakeWatched(opening=True)
        clock = FakeClock()
        interface = WorkerHttp({"gate": watched}, frozenset(), "right", clock, watched.viewing)
        async with asyncio.timeout(WAIT_S), aiohttp.ClientSession() as http, interface.serving() as url:
            async with http.ws_connect(f"{url}/cameras/gate/live", headers=PROOF) as socket:
                assert watched.viewers == ["gate"]
                greeting = asyncio.ensure_future(socket.receive_json())
                if comes:
                    watched.stream, watched.opening = encode(0.2), False
                while not greeting.done():
                    await clock.advance(OPENING_POLL_S)
                assert greeting.result()["kind"] == ("fmp4" if comes else "jpeg")
            while watched.viewers:
                await clock.advance(PICTURE_POLL_S)


async def test_shutdown_ends_live_views() -> None:
    """A worker that stops says so to its viewers."""
    watched = FakeWatched(stream=encode(0.2))
    interface = WorkerHttp({"gate": watched}, frozenset(), "right", FakeClock())
    async with asyncio.timeout(WAIT_S), aiohttp.ClientSession() as http:
        async with interface.serving() as url:
            assert url.startswith("http://127.0.0.1:")  # not for the network
            socket = await http.ws_connect(f"{url}/cameras/gate/live", headers=PROOF)
            reading = asyncio.ensure_future(_drain(socket))
            await asyncio.sleep(0)
        await reading
        assert socket.close_code in {1001, 1006}
    assert watched.hub.viewers == 0


async def _drain(socket: aiohttp.ClientWebSocketResponse) -> None:
    async for _ in socket:
        pass
