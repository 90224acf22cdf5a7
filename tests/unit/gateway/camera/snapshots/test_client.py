"""Tests of gateway.camera.snapshots.client, against a real web server on this machine."""

from __future__ import annotations

import asyncio
import base64
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from gateway.camera.snapshots.client import MAX_BYTES, SnapshotAddress, SnapshotClient, SnapshotConnections
from gateway.clock import SystemClock
from gateway.errors import (
    CameraAuthError,
    CameraBusy,
    CameraError,
    CameraNotVideo,
    CameraReset,
    CameraSilent,
    CameraUnreachable,
    StreamCorrupt,
    StreamStalled,
)
from tests.conftest import require
from tests.unit.gateway.camera.snapshots.pictures import jpeg
from tests.unit.gateway.camera.snapshots.web_camera import (
    PASSWORD,
    USER,
    Guarded,
    picture,
    raw_peer,
    serving,
    status,
)

JPEG = jpeg()
PATIENCE_S = 0.3


@pytest.fixture
async def connections() -> AsyncIterator[SnapshotConnections]:
    """Return connections that are closed afterwards."""
    async with SnapshotConnections() as opened:
        yield opened


def client(
    connections: SnapshotConnections, url: str, *, password: str | None = None, timeout_s: float = 5.0
) -> SnapshotClient:
    """Return a client; with a password, as the user that the cameras here know."""
    user = USER if password is not None else None
    return SnapshotClient(SnapshotAddress("cam", url, user, password, timeout_s), connections, SystemClock())


async def failure(client_: SnapshotClient) -> CameraError:
    """Fetch and return the error, which never tells a secret."""
    with pytest.raises(CameraError) as caught:
        await client_.fetch()
    for secret in (PASSWORD, "channel=1", "Basic", "Digest"):
        assert secret not in f"{caught.value!r}"
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (401, CameraAuthError),
        (403, CameraAuthError),
        (404, CameraNotVideo),
        (204, CameraNotVideo),
        (429, CameraBusy),
        (503, CameraBusy),
        (500, CameraError),
    ],
)
async def test_each_refusal_has_its_name(connections: SnapshotConnections, code: int, kind: type[CameraError]) -> None:
    """The status decides, and is told."""
    async with serving(status(code)) as camera:
        error = await failure(client(connections, camera.url))
    assert type(error) is kind
    assert str(code) in error.detail


async def test_a_closed_port_is_unreachable(connections: SnapshotConnections) -> None:
    """Nobody listens there any more."""
    async with serving(picture(JPEG)) as camera:
        url = camera.url
    assert type(await failure(client(connections, url))) is CameraUnreachable


async def test_an_unknown_name_is_unreachable(connections: SnapshotConnections) -> None:
    """The resolver's answer is the same trouble."""
    assert type(await failure(client(connections, "http://camera.invalid/snap"))) is CameraUnreachable


async def test_a_half_open_camera_is_silent(connections: SnapshotConnections) -> None:
    """It takes the connection and the request, and says nothing until the time is over."""

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with raw_peer(listen) as port:
        error = await failure(client(connections, f"http://127.0.0.1:{port}/", timeout_s=PATIENCE_S))
    assert type(error) is CameraSilent


async def test_a_camera_that_hangs_up_is_told_from_a_silent_one(connections: SnapshotConnections) -> None:
    """The connection is closed instead of an answer."""

    async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async with raw_peer(hang_up) as port:
        assert type(await failure(client(connections, f"http://127.0.0.1:{port}/"))) is CameraReset


async def test_a_snapshot_that_does_not_end_is_stalled(connections: SnapshotConnections) -> None:
    """Half of it comes, then nothing."""

    async def stop_halfway(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(JPEG) + JPEG[: len(JPEG) // 2])
        await reader.read()

    async with raw_peer(stop_halfway) as port:
        error = await failure(client(connections, f"http://127.0.0.1:{port}/", timeout_s=PATIENCE_S))
    assert type(error) is StreamStalled


async def test_a_connection_lost_within_the_picture_is_corrupt(connections: SnapshotConnections) -> None:
    """The announced length is not reached."""

    async def lose(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(JPEG) + JPEG[: len(JPEG) // 2])
        await writer.drain()

    async with raw_peer(lose) as port:
        assert type(await failure(client(connections, f"http://127.0.0.1:{port}/"))) is StreamCorrupt


async def test_a_picture_cut_short_by_the_camera_is_corrupt(connections: SnapshotConnections) -> None:
    """HTTP is content, and the picture has no end."""
    async with serving(picture(JPEG[: len(JPEG) // 2])) as camera:
        assert type(await failure(client(connections, camera.url))) is StreamCorrupt


@pytest.mark.parametrize("body", [b"", b"<html>log in</html>", b"\x89PNG\r\n\x1a\n" + bytes(100)])
async def test_something_else_than_a_jpeg_is_no_picture(connections: SnapshotConnections, body: bytes) -> None:
    """A log-in page with status 200 is what many cameras answer."""
    async with serving(picture(body)) as camera:
        assert type(await failure(client(connections, camera.url))) is CameraNotVideo


async def test_nonsense_on_the_port_is_no_picture(connections: SnapshotConnections) -> None:
    """Somebody else's service, for example."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-dropbear\r\n")
        await writer.drain()

    async with raw_peer(greet) as port:
        assert type(await failure(client(connections, f"http://127.0.0.1:{port}/"))) is CameraNotVideo


@pytest.mark.parametrize("announced", [True, False])
async def test_a_huge_body_is_not_read_to_its_end(connections: SnapshotConnections, announced: bool) -> None:
    """Neither one whose length is told nor one that simply goes on."""
    sent = 0

    async def flood(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        if announced:
            response.content_length = 10 * MAX_BYTES
        await response.prepare(request)
        while sent < 10 * MAX_BYTES:
            await response.write(bytes(1024 * 1024))
            sent += 1024 * 1024
        return response

    async with serving(flood) as camera:
        error = await failure(client(connections, camera.url))
    assert type(error) is CameraNotVideo
    assert sent < 5 * MAX_BYTES


async def test_a_redirect_to_another_host_is_not_followed(connections: SnapshotConnections) -> None:
    """The credentials are for this camera alone."""
    async with serving(status(302, Location="http://localhost:1/snap")) as camera:
        assert type(await failure(client(connections, camera.url, password=PASSWORD))) is CameraNotVideo


async def test_a_redirect_in_a_circle_ends(connections: SnapshotConnections) -> None:
    """It is given up after a few requests."""
    async with serving(status(302, Location="/snap.jpg")) as camera:
        assert "no picture after" in (await failure(client(connections, camera.url))).detail
    assert len(camera.requests) == 4


async def test_a_redirect_within_the_camera_is_followed(connections: SnapshotConnections) -> None:
    """Some cameras send to a path with a session in it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/snap.jpg":
            return web.Response(status=302, headers={"Location": "/session/1"})
        return web.Response(body=JPEG)

    async with serving(answer) as camera:
        assert (await client(connections, camera.url).fetch()).jpeg == JPEG


async def test_a_certificate_of_the_cameras_own_is_accepted(connections: SnapshotConnections, tmp_path: Path) -> None:
    """Signed by itself, for another name, with a key that today's defaults refuse."""
    openssl = shutil.which("openssl")
    require("openssl", present=openssl is not None)
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = [str(openssl), "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "1", "-subj", "/CN=camera"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=30)  # noqa: ASYNC221
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    tls.load_cert_chain(certificate, key)
    async with serving(picture(JPEG), tls) as camera:
        assert (await client(connections, camera.url.replace("http:", "https:")).fetch()).jpeg == JPEG


async def test_a_snapshot_comes_with_size_and_times(connections: SnapshotConnections) -> None:
    """Untouched, with the moment of its first bytes."""
    async with serving(picture(JPEG)) as camera:
        before_s = SystemClock().monotonic()
        found = await client(connections, camera.url).fetch()
    assert (found.jpeg, found.width, found.height) == (JPEG, 960, 540)
    assert found.at_s > before_s
    assert found.took_s > 0


async def test_one_connection_serves_many_snapshots(connections: SnapshotConnections) -> None:
    """Kept alive from one to the next."""
    async with serving(picture(JPEG)) as camera:
        asker = client(connections, camera.url)
        for _ in range(3):
            await asker.fetch()
    assert len(camera.connections) == 1


async def test_a_kept_connection_that_the_camera_closed_is_replaced(connections: SnapshotConnections) -> None:
    """The camera promises to keep it and closes it all the same, as many do after some seconds."""
    met = 0

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal met
        met += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(JPEG) + JPEG)
        await writer.drain()

    async with raw_peer(answer_once) as port:
        asker = client(connections, f"http://127.0.0.1:{port}/")
        for _ in range(3):
            assert (await asker.fetch()).jpeg == JPEG
    assert met == 3


@pytest.mark.parametrize("algorithm", ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess"])
async def test_digest_costs_a_refusal_only_the_first_time(connections: SnapshotConnections, algorithm: str) -> None:
    """The challenge is remembered, its count goes on."""
    guard = Guarded(JPEG, algorithm)
    async with serving(guard) as camera:
        asker = client(connections, camera.url, password=PASSWORD)
        for _ in range(3):
            assert (await asker.fetch()).jpeg == JPEG
    assert (guard.refused, len(camera.requests)) == (1, 4)


async def test_a_stale_nonce_is_replaced_within_the_same_fetch(connections: SnapshotConnections) -> None:
    """Cameras change it every few minutes; no look is lost by it."""
    guard = Guarded(JPEG, uses=1)
    async with serving(guard) as camera:
        asker = client(connections, camera.url, password=PASSWORD)
        for _ in range(3):
            assert (await asker.fetch()).jpeg == JPEG
    assert guard.refused == 3


async def test_digest_is_chosen_where_basic_is_offered_first(connections: SnapshotConnections) -> None:
    """In headers of their own; the password does not cross the network."""
    guard = Guarded(JPEG, offers=('Basic realm="IP Camera"',))
    async with serving(guard) as camera:
        await client(connections, camera.url, password=PASSWORD).fetch()
    assert not any((header or "").startswith("Basic") for header in camera.requests)


async def test_a_wrong_password_is_tried_once_per_fetch(connections: SnapshotConnections) -> None:
    """Cameras lock accounts after a few attempts."""
    guard = Guarded(JPEG)
    async with serving(guard) as camera:
        asker = client(connections, camera.url, password="wrong")
        for _ in range(2):
            assert type(await failure(asker)) is CameraAuthError
    assert [header is None for header in camera.requests] == [True, False, True, False]


async def test_basic_is_given_only_to_who_asks_for_it(connections: SnapshotConnections) -> None:
    """First without, then with each request at once."""
    wanted = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") == wanted:
            return web.Response(body=JPEG)
        return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="cam"'})

    async with serving(answer) as camera:
        asker = client(connections, camera.url, password=PASSWORD)
        for _ in range(2):
            await asker.fetch()
    assert camera.requests == [None, wanted, wanted]
