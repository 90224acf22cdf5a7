"""The bytes of a connection: in step with requests, packets and endings of every kind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from gateway.clock import FakeClock
from gateway.simulator.connection import Connection
from gateway.simulator.credentials import Login
from gateway.simulator.dialogue import Channel, Dialogue, House
from gateway.simulator.faults import Timeline, parse_fault
from gateway.simulator.feed import Counters, Feed
from gateway.simulator.sinks import PortPair
from tests.unit.gateway.simulator.clips import clip


class Line:
    """Both ends of a connection over the loopback."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, clock: FakeClock) -> None:
        self.reader, self.writer, self.clock = reader, writer, clock
        self.served: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

    async def ask(self, text: str, **headers: str) -> str:
        """Send a request line with headers; return the head of the answer."""
        lines = [text, "CSeq: 5", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
        self.writer.write("\r\n".join(lines).encode())
        return (await self.reader.readuntil(b"\r\n\r\n")).decode()


@asynccontextmanager
async def line(*faults: str) -> AsyncIterator[tuple[Line, asyncio.Task[None]]]:
    """A client connected to a `Connection` with one path, `cam`."""
    clock = FakeClock()
    ports = PortPair.open("127.0.0.1")
    timeline = Timeline([parse_fault(text)[1] for text in faults], clock)
    house = House({"cam": Channel(Feed(clip(), clock), Login(), timeline)}, ports, Counters(), 60, 1000)
    accepted: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        dialogue = Dialogue(house, "127.0.0.1", "127.0.0.1", writer.transport)
        accepted.set_result(Connection(reader, writer, dialogue, clock))

    with ports.listening(lambda _: None):
        server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=2048)
        client = Line(*await asyncio.open_connection(*server.sockets[0].getsockname()), clock)
        connection = await accepted
        client.served.set_result(connection)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(connection.run())
            yield client, running
            client.writer.close()
            running.cancel()
        server.close()


@pytest.mark.parametrize("nonsense", [b"GET / HTTP/1.1\r\n\r\n", b"x" * 5000, b"PLAY * RTSP/1.0\r\nbad\r\n\r\n"])
async def test_nonsense_is_answered_once_and_closed(nonsense: bytes) -> None:
    """A stream that is out of step cannot be mended."""
    async with line() as (client, running):
        client.writer.write(nonsense)
        assert (await client.reader.readline()).startswith(b"RTSP/1.0 400")
        await client.reader.read()
        await running


async def test_client_that_hangs_up() -> None:
    """In the middle of a request: nothing to say, nothing left behind."""
    async with line() as (client, running):
        client.writer.write(b"OPTIONS * RTSP/1.0\r\nCSe")
        client.writer.write_eof()
        await running


async def test_session_of_a_client_that_vanishes_is_closed() -> None:
    """Its viewer leaves the path."""
    async with line() as (client, running):
        answer = await client.ask(
            "SETUP rtsp://h/cam/trackID=0 RTSP/1.0", Transport="RTP/AVP/TCP;unicast;interleaved=0-1"
        )
        session = answer.split("Session: ")[1].split(";")[0]
        assert "200 OK" in await client.ask("PLAY rtsp://h/cam RTSP/1.0", Session=session)
        client.writer.transport.abort()
        await running
        connection = await client.served
        assert connection.dialogue.viewer is not None
        assert not connection.dialogue._channel.feed.viewers


async def test_requests_after_packets_and_bodies() -> None:
    """Receiver reports, stray line ends and bodies do not put the requests out of step; all are signs of life."""
    async with line() as (client, _):
        await client.clock.advance(9)
        client.writer.write(b"$\x01\x00\x04abcd\r\n")
        client.writer.write(b"SET_PARAMETER * RTSP/1.0\r\nCSeq: 4\r\nContent-Length: 4\r\n\r\nbody")
        assert (await client.reader.readuntil(b"\r\n\r\n")).startswith(b"RTSP/1.0 451 Parameter Not Understood")
        answer = await client.ask("OPTIONS * RTSP/1.0")
        assert answer.startswith("RTSP/1.0 200 OK\r\nCSeq: 5\r\n")
        assert (await client.served).heard_s == 9


async def test_teardown_closes_after_the_answer() -> None:
    """The client reads its answer, then the end."""
    async with line() as (client, running):
        await client.ask("SETUP rtsp://h/cam/trackID=0 RTSP/1.0", Transport="RTP/AVP/TCP;unicast")
        assert "200 OK" in await client.ask("TEARDOWN rtsp://h/cam RTSP/1.0")
        assert await client.reader.read() == b""
        await running


async def test_refused_request_is_a_reset() -> None:
    """No answer, no good end."""
    async with line("refuse") as (client, running):
        client.writer.write(b"OPTIONS rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            await client.reader.read()
        await running


async def test_unanswered_request_leaves_the_connection() -> None:
    """The next one is answered when the fault is over."""
    async with line("silent@0s+5s") as (client, _):
        served = await client.served
        await client.clock.advance(1)
        client.writer.write(b"OPTIONS rtsp://h/cam RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        while served.heard_s < 1:  # noqa: ASYNC110  the loopback is not on the fake clock
            await asyncio.sleep(0)
        await client.clock.advance(5)
        assert "CSeq: 5" in await client.ask("OPTIONS rtsp://h/cam RTSP/1.0")


async def test_server_may_reset_it() -> None:
    """As a camera that loses its power does."""
    async with line() as (client, running):
        (await client.served).reset()
        await running
        with pytest.raises(ConnectionResetError):
            await client.reader.read()


@pytest.mark.parametrize("way", ["close", "cut_off"])
async def test_server_may_end_it(way: str) -> None:
    """Both ways make `run` return."""
    async with line() as (client, running):
        getattr(await client.served, way)()
        await running
        assert await client.reader.read() == b""
