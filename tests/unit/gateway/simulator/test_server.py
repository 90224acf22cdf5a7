"""The server as a whole, spoken to in plain RTSP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import FakeClock
from gateway.simulator.clip import ClipError
from gateway.simulator.faults import FaultSpec
from gateway.simulator.server import PathSpec, RtspServer, UnknownPath
from tests.unit.gateway.simulator.clips import Recording, encode


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of H.264."""
    return encode(tmp_path_factory.mktemp("clips") / "a.mp4", Recording())


@asynccontextmanager
async def running(specs: Sequence[PathSpec], **options: Any) -> AsyncIterator[RtspServer]:
    """A server that is ready."""
    server = RtspServer(specs, **options)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.run())
        await server.ready.wait()
        yield server
        task.cancel()


async def play(server: RtspServer, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a path over TCP and start it; the answers are read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    url = server.url(path)
    writer.write(f"SETUP {url}/trackID=0 RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP/TCP;unicast\r\n\r\n".encode())
    session = (await reader.readuntil(b"\r\n\r\n")).split(b"Session: ")[1].split(b";")[0].decode()
    writer.write(f"PLAY {url} RTSP/1.0\r\nCSeq: 2\r\nSession: {session}\r\n\r\n".encode())
    assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
    return reader, writer


async def read_to_the_end(reader: asyncio.StreamReader) -> list[tuple[int, bytes]]:
    """Return channel and content of all packets until the server closes or cuts the connection."""
    packets = []
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            header = await reader.readexactly(4)
            packets.append((header[1], await reader.readexactly(int.from_bytes(header[2:], "big"))))
    return packets


def test_unservable_file_is_told_at_once(tmp_path: Path) -> None:
    """Before any port is opened."""
    with pytest.raises(ClipError):
        RtspServer([PathSpec("cam", tmp_path / "none.mp4")])


async def test_taken_port(recording: Path) -> None:
    """The error of the system, not a silent server."""
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(BaseExceptionGroup) as raised:
        await RtspServer([PathSpec("cam", recording)], port=taken.getsockname()[1]).run()
    assert raised.group_contains(OSError)


async def test_unknown_path(recording: Path) -> None:
    """Neither an address nor a position."""
    server = RtspServer([PathSpec("cam", recording)])
    with pytest.raises(UnknownPath):
        server.url("other")
    with pytest.raises(UnknownPath):
        server.position_s("other")


def test_addresses(recording: Path) -> None:
    """Escaped, without credentials, and for a wildcard the loopback."""
    spec = PathSpec("/street 7/a", recording, auth="basic", username="u", password="secret")
    assert RtspServer([spec], port=8554).url("street 7/a") == "rtsp://127.0.0.1:8554/street%207/a"
    assert RtspServer([spec], "0.0.0.0", 1).url("street 7/a").startswith("rtsp://127.0.0.1:1/")
    assert RtspServer([spec], "::", 1).url("street 7/a").startswith("rtsp://[::1]:1/")
    assert "secret" not in repr(spec)


def test_a_file_is_kept_once(recording: Path) -> None:
    """However many paths serve it, and whatever they call it."""
    other = recording.parent / ".." / recording.parent.name / recording.name
    server = RtspServer([PathSpec("a", recording), PathSpec("b", other)])
    first, second = server._channels.values()
    assert first.feed.clip is second.feed.clip


async def test_silent_clients_expire(recording: Path) -> None:
    """Nothing heard for longer than the session timeout: cut off and counted."""
    clock = FakeClock()
    async with running([PathSpec("cam", recording)], clock=clock, session_timeout_s=5) as server:
        reader, writer = await play(server, "cam")
        for _ in range(8):
            await clock.advance(1.0)
        await read_to_the_end(reader)
        assert server.counters.expired == 1
        writer.close()


async def test_signs_of_life_keep_a_session(recording: Path) -> None:
    """A receiver report every 4 s is enough for a timeout of 5 s."""
    clock = FakeClock()
    async with running([PathSpec("cam", recording)], clock=clock, session_timeout_s=5) as server:
        _, writer = await play(server, "cam")
        for _ in range(4):
            await clock.advance(0.5)
            writer.write(b"$\x01\x00\x04\x81\xc9\x00\x00")
            (connection,) = server._connections
            while connection.heard_s < clock.monotonic():  # noqa: ASYNC110  the loopback is not on the fake clock
                await asyncio.sleep(0)
            await clock.advance(4.0)
        assert server.counters.expired == 0
        writer.close()


async def test_all_paths_refuse(recording: Path) -> None:
    """Connections are reset as they come; when it is over they are served."""
    clock = FakeClock()
    spec = PathSpec("cam", recording, faults=(FaultSpec("refuse", for_s=0.5),))
    async with running([spec], clock=clock) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        await clock.advance(0.6)
        _, writer = await play(server, "cam")
        writer.close()


async def test_cut_cable_is_not_cut_again(recording: Path) -> None:
    """A half-open session outlives its timeout without a word; when the cable is back it expires."""
    clock = FakeClock()
    spec = PathSpec("cam", recording, faults=(FaultSpec("half_open", at_s=0.5, for_s=2.5),))
    async with running([spec], clock=clock, session_timeout_s=1) as server:
        reader, writer = await play(server, "cam")
        await clock.advance(2.8)
        assert server.counters.expired == 0
        await clock.advance(0.5)
        await read_to_the_end(reader)
        assert server.counters.expired == 1
        writer.close()


async def test_reset_in_mid_stream(recording: Path) -> None:
    """The connection is cut, not closed."""
    clock = FakeClock()
    spec = PathSpec("cam", recording, faults=(FaultSpec("reset", at_s=0.2),))
    async with running([spec], clock=clock) as server:
        reader, writer = await play(server, "cam")
        await clock.advance(0.6)
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()


def test_files_of_faults_are_read_at_once(recording: Path, tmp_path: Path) -> None:
    """One that cannot be served is told before any port is opened; one known already is kept once."""
    with pytest.raises(ClipError):
        RtspServer([PathSpec("cam", recording, faults=(FaultSpec("switch", file=tmp_path / "none.mp4"),))])
    other = recording.parent / ".." / recording.parent.name / recording.name
    server = RtspServer([PathSpec("cam", recording, faults=(FaultSpec("switch", file=other),))])
    assert server._clips[other] is server._clips[recording]


async def test_snapshots_have_their_own_port(recording: Path) -> None:
    """Named by the server; without it there is none."""
    async with running([PathSpec("street 7/cam", recording)], http_port=0) as server:
        url = server.snapshot_url("street 7/cam")
        assert url.endswith("/snapshot/street%207/cam")
        port = int(url.split(":")[2].split("/")[0])
        assert port not in {0, server.port}
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /snapshot/street%207/cam HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).endswith(b"\xff\xd9")
        writer.close()


async def test_path_that_plays_once_closes(recording: Path) -> None:
    """After the last picture: BYE, then the end of the connection."""
    async with running([PathSpec("cam", recording, loop=False)]) as server:
        reader, writer = await play(server, "cam")
        packets = await read_to_the_end(reader)
        assert packets[0][0] == 1
        assert packets[0][1][1] == 200  # the sender report comes before all else
        assert packets[-1][1][1] == 203
        assert sum(1 for channel, p in packets if channel == 0 and p[1] & 0x80) == 25
        assert server.counters.sessions == 1
        writer.close()


async def test_position_is_that_of_the_clock(recording: Path) -> None:
    """Tests that wait for an incident can ask where the film is."""
    clock = FakeClock()
    async with running([PathSpec("cam", recording, start_s=0.4)], clock=clock) as server:
        assert server.position_s("cam") is None
        _, writer = await play(server, "cam")
        await clock.advance(0.2)
        assert server.position_s("cam") == pytest.approx(0.6, abs=0.01)
        writer.close()


async def test_stopping_cuts_clients_off(recording: Path) -> None:
    """Cancelling `run` leaves no connection open."""
    async with running([PathSpec("cam", recording)]) as server:
        reader, writer = await play(server, "cam")
    await read_to_the_end(reader)
    writer.close()
