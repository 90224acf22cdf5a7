"""Pictures and live view through the front, with a worker made for the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import WSMsgType, web
from aiohttp.test_utils import TestServer, unused_port

from gateway.web import live_api
from storage.records import WorkerRecord
from tests.unit.gateway.web.house import Client, House, SignedIn

PICTURE_URL = "/api/v1/cameras/cam-east/picture"
LIVE_URL = "/api/v1/cameras/cam-east/live"
WAIT_S = 20.0


class Worker:
    """Speaks the worker's HTTP interface for cam-east; only to who brings the token."""

    def __init__(self) -> None:
        self.picture_at = ""
        self.jpeg = b"\xff\xd8picture"
        self.status = 200
        self.hold = asyncio.Event()
        self.gone = asyncio.Event()

    def _check(self, request: web.Request) -> None:
        assert request.headers["Authorization"] == "Bearer worker-token"
        assert "Cookie" not in request.headers

    async def picture(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        return web.Response(
            body=self.jpeg,
            status=self.status,
            content_type="image/jpeg",
            headers={"X-Picture-At": self.picture_at},
        )

    async def live(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"kind": "jpeg"})
        await socket.send_bytes(b"\xff\xd8one")
        await self.hold.wait()
        await socket.close(code=1013)
        self.gone.set()
        return socket


@asynccontextmanager
async def working(house: House, heartbeat_age_s: float = 0) -> AsyncIterator[Worker]:
    """Run a worker and register it."""
    worker = Worker()
    worker.picture_at = house.clock.now().isoformat()
    app = web.Application()
    app.router.add_get("/cameras/cam-east/picture", worker.picture)
    app.router.add_get("/cameras/cam-east/live", worker.live)
    async with TestServer(app) as server:
        await register(house, str(server.make_url("")).rstrip("/"), heartbeat_age_s)
        yield worker
        worker.hold.set()


async def register(house: House, base_url: str, heartbeat_age_s: float = 0) -> None:
    """Save the worker's record."""
    now = house.clock.now()
    beat = now - timedelta(seconds=heartbeat_age_s)
    await house.stores.fleet.register(
        WorkerRecord("w0", "run_1", 1, base_url, "worker-token", ("cam-east",), now, beat)
    )


async def test_camera_that_nobody_watches_has_no_picture(house: House, signed_in: SignedIn) -> None:
    """No worker, or one that has been silent for long: 404."""
    client = await signed_in("grid-worker")
    assert (await client.get(PICTURE_URL)).status == 404
    async with working(house, heartbeat_age_s=60):
        assert (await client.get(PICTURE_URL)).status == 404


async def test_dead_worker_is_unavailable(house: House, signed_in: SignedIn) -> None:
    """Its port is closed: 503, without its address."""
    await register(house, f"http://127.0.0.1:{unused_port()}")
    answer = await (await signed_in("grid-worker")).get(PICTURE_URL)
    assert answer.status == 503
    assert "127.0.0.1" not in await answer.text()


@pytest.mark.parametrize(("status", "told"), [(404, 404), (401, 503), (500, 503), (302, 503)])
async def test_workers_refusal_is_translated(house: House, signed_in: SignedIn, status: int, told: int) -> None:
    """What is wrong between us and the worker is not the viewer's fault."""
    async with working(house) as worker:
        worker.status = status
        assert (await (await signed_in("grid-worker")).get(PICTURE_URL)).status == told


async def test_undated_or_old_picture_is_not_shown(house: House, signed_in: SignedIn) -> None:
    """Never an old picture that looks live."""
    client = await signed_in("grid-worker")
    async with working(house) as worker:
        worker.picture_at = (house.clock.now() - timedelta(seconds=60)).isoformat()
        assert (await client.get(f"{PICTURE_URL}?max_age_s=5")).status == 404
        assert (await client.get(PICTURE_URL)).status == 200
        worker.picture_at = "lately"
        assert (await client.get(PICTURE_URL)).status == 503


async def test_picture_is_passed_on_with_its_time(house: House, signed_in: SignedIn) -> None:
    """Bytes and time as the worker gave them, kept by nobody."""
    async with working(house) as worker:
        answer = await (await signed_in("grid-worker")).get(f"{PICTURE_URL}?max_age_s=30")
        assert await answer.read() == b"\xff\xd8picture"
    assert answer.headers["X-Picture-At"] == worker.picture_at
    assert "no-store" in answer.headers["Cache-Control"]


async def close_code(client: Client, url: str = LIVE_URL, **headers: str) -> int | None:
    """Open the live view and read until it is closed."""
    async with asyncio.timeout(WAIT_S), client.ws_connect(url, headers=headers) as socket:
        async for _ in socket:
            pass
        return socket.close_code


async def test_refusals_are_told_by_close_codes(
    house: House, signed_in: SignedIn, browser: Callable[[], Client]
) -> None:
    """4401 without session, 4403 without right or from another page, 4404 outside the scope, 1013 offline."""
    assert await close_code(browser()) == 4401
    assert await close_code(await signed_in("maintainer")) == 4403
    assert await close_code(await signed_in("west-worker")) == 4404
    worker = await signed_in("grid-worker")
    assert await close_code(worker, Origin="https://elsewhere.example") == 4403
    assert await close_code(worker) == 1013


async def test_live_view_is_passed_on(house: House, signed_in: SignedIn) -> None:
    """Greeting, then binary; the worker's end is the viewer's end; the view is registered."""
    async with working(house) as worker:
        client = await signed_in("grid-worker")
        async with asyncio.timeout(WAIT_S), client.ws_connect(LIVE_URL) as socket:
            assert await socket.receive_json() == {"kind": "jpeg"}
            assert await socket.receive_bytes() == b"\xff\xd8one"
            worker.hold.set()
            assert (await socket.receive()).type in {WSMsgType.CLOSE, WSMsgType.CLOSED}
        assert socket.close_code == 1013
    assert ("view_live", "cam-east") in [(e.action, e.subject) for e in await house.stores.audit.entries()]


async def test_live_view_ends_with_the_session(
    house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is signed out does not go on watching."""
    monkeypatch.setattr(live_api, "RECHECK_S", 0.02)
    async with working(house):
        client = await signed_in("grid-worker")
        async with asyncio.timeout(WAIT_S), client.ws_connect(LIVE_URL) as socket:
            await socket.receive()
            house.clock.ahead = timedelta(days=2)
            while (await socket.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSED}:
                pass
        assert socket.close_code == 4401


async def test_access_taken_away_ends_the_view(
    house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is moved to another grid does not go on watching this one."""
    monkeypatch.setattr(live_api, "RECHECK_S", 0.02)
    async with working(house):
        client = await signed_in("grid-worker")
        async with asyncio.timeout(WAIT_S), client.ws_connect(LIVE_URL) as socket:
            await socket.receive()
            account = await house.stores.accounts.by_name("grid-worker")
            assert account is not None
            await house.stores.accounts.update(replace(account, grid_ids=(), region_codes=()))
            while (await socket.receive()).type not in {WSMsgType.CLOSE, WSMsgType.CLOSED}:
                pass
        assert socket.close_code == 4403


async def test_plain_request_is_told_that_this_is_a_socket(signed_in: SignedIn) -> None:
    """A browser's address bar gets words."""
    answer = await (await signed_in("grid-worker")).get(LIVE_URL)
    assert (answer.status, answer.headers["Upgrade"]) == (426, "websocket")
