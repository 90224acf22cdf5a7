"""Snapshots over plain HTTP, every fault of theirs on a fake clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest

from gateway.clock import FakeClock
from gateway.simulator.clip import Clip, load_clip
from gateway.simulator.credentials import Login
from gateway.simulator.dialogue import Channel
from gateway.simulator.faults import Timeline, parse_fault
from gateway.simulator.faulty_feed import FaultyFeed
from gateway.simulator.feed import Feed
from gateway.simulator.snapshots import SnapshotServer
from tests.unit.gateway.simulator.clips import Recording, clip, encode

OTHER = Path("other.mp4")
GET = b"GET /snapshot/%b HTTP/1.1\r\nHost: h\r\n\r\n"


class Camera:
    """A client of a snapshot server with the paths `cam` (the faults asked for), `plain` and `broken`."""

    def __init__(self, clock: FakeClock, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clock, self.reader, self.writer = clock, reader, writer

    async def say(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        """Send a request; return status, headers and body."""
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.strip().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        length = 0 if request.startswith(b"HEAD") else int(headers["Content-Length"])
        return int(status.split(" ")[1]), headers, await self.reader.readexactly(length)

    async def get(self, path: bytes = b"cam") -> tuple[int, dict[str, str], bytes]:
        """Ask for a snapshot."""
        return await self.say(GET % path)

    async def picture(self) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        """The decoded picture of a good answer."""
        status, _, body = await self.get()
        assert status == 200
        return np.asarray(cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clip, Clip]:
    """A second with keyframes at 0, 0.4 and 0.8 s; and one of another size."""
    folder = tmp_path_factory.mktemp("clips")
    first = encode(folder / "a.mp4", Recording())
    return load_clip(first), load_clip(encode(folder / "b.mp4", Recording(size=(320, 180))))


@asynccontextmanager
async def camera(films: tuple[Clip, Clip], *faults: str, login: Login | None = None) -> AsyncIterator[Camera]:
    """A client connected to a running server."""
    clock = FakeClock()
    timeline = Timeline([parse_fault(text)[1] for text in faults], clock)
    others = {OTHER: films[1]}
    channels = {
        "cam": Channel(FaultyFeed(films[0], clock, timeline, others, Random(1)), login or Login(), timeline),
        "plain": Channel(Feed(films[0], clock), Login()),
        "broken": Channel(Feed(clip(), clock), Login()),
    }
    async with asyncio.TaskGroup() as group:
        server = await SnapshotServer(channels, others, clock).listen(group, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        yield Camera(clock, reader, writer)
        writer.close()
        server.close()


@pytest.mark.parametrize("nonsense", [b"OPTIONS * RTSP/1.0\r\n\r\n", b"x" * 40_000, b"GET / HTTP/1.1\r\nbad\r\n\r\n"])
async def test_nonsense_is_answered_once_and_closed(films: tuple[Clip, Clip], nonsense: bytes) -> None:
    """A stream that is out of step cannot be mended."""
    async with camera(films) as cam:
        status, headers, _ = await cam.say(nonsense)
        assert (status, headers["Connection"]) == (400, "close")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /snapshot/other HTTP/1.1", 404),
        (b"GET /cam HTTP/1.1", 404),
        (b"POST /snapshot/cam HTTP/1.1", 405),
        (b"GET /snapshot/broken HTTP/1.1", 500),
    ],
)
async def test_what_cannot_be_had(films: tuple[Clip, Clip], request_line: bytes, status: int) -> None:
    """A status, and the connection goes on."""
    async with camera(films) as cam:
        assert (await cam.say(request_line + b"\r\n\r\n"))[0] == status
        assert (await cam.get(b"plain"))[0] == 200


async def test_client_that_hangs_up(films: tuple[Clip, Clip]) -> None:
    """In the middle of a request: nothing left behind."""
    async with camera(films) as cam:
        cam.writer.write(b"GET /snap")
        cam.writer.write_eof()
        assert await cam.reader.read() == b""


async def test_head_and_close(films: tuple[Clip, Clip]) -> None:
    """Headers only; and the last answer of a client that says so."""
    async with camera(films) as cam:
        _, headers, body = await cam.say(b"HEAD /snapshot/plain HTTP/1.1\r\n\r\n")
        assert int(headers["Content-Length"]) > 500
        assert body == b""
        _, headers, body = await cam.say(b"GET /snapshot/plain HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert headers["Connection"] == "close"
        assert body.startswith(b"\xff\xd8")
        assert await cam.reader.read() == b""


async def test_picture_is_the_present_keyframe(films: tuple[Clip, Clip]) -> None:
    """The column moves with the clock; bytes differ even where the picture does not; the date is the camera's."""
    async with camera(films, "clock_offset=3600") as cam:
        status, headers, first = await cam.get()
        assert (status, headers["Content-Type"]) == (200, "image/jpeg")
        assert headers["Date"] == "Thu, 01 Jan 2026 01:00:00 GMT"
        await cam.clock.advance(0.1)
        assert (await cam.get())[2] != first
        columns = []
        for _ in range(3):
            columns.append(int((await cam.picture()).mean(axis=0).argmax()) // 10)
            await cam.clock.advance(0.4)
        assert columns == [0, 3, 6]


async def test_password(films: tuple[Clip, Clip]) -> None:
    """401 with a challenge; the right one opens it; a changed one never does."""
    async with camera(films, "auth@5s", login=Login("basic", "u", "p")) as cam:
        status, headers, _ = await cam.get()
        assert (status, "Basic" in headers["WWW-Authenticate"]) == (401, True)
        signed = b"GET /snapshot/cam HTTP/1.1\r\nAuthorization: Basic dTpw\r\n\r\n"
        assert (await cam.say(signed))[0] == 200
        await cam.clock.advance(5)
        assert (await cam.say(signed))[0] == 401


@pytest.mark.parametrize(("fault", "status"), [("not_found", 404), ("busy", 503), ("snap_error", 500)])
async def test_refusals_pass(films: tuple[Clip, Clip], fault: str, status: int) -> None:
    """While in force."""
    async with camera(films, f"{fault}@0s+5s") as cam:
        assert (await cam.get())[0] == status
        await cam.clock.advance(5)
        assert (await cam.get())[0] == 200


async def test_refused(films: tuple[Clip, Clip]) -> None:
    """A reset."""
    async with camera(films, "refuse") as cam:
        cam.writer.write(GET % b"cam")
        with pytest.raises(ConnectionResetError):
            await cam.reader.read()


@pytest.mark.parametrize("fault", ["silent", "half_open"])
async def test_unanswered(films: tuple[Clip, Clip], fault: str) -> None:
    """Nothing comes for the first; the answer that comes is to the second."""
    async with camera(films, f"{fault}") as cam:
        cam.writer.write(GET % b"cam")
        assert (await cam.get(b"other"))[0] == 404


async def test_stale(films: tuple[Clip, Clip]) -> None:
    """The very bytes of the moment at which it began, asked for or not; then the present again."""
    async with camera(films, "snap_stale@450ms+10s") as cam:
        first = (await cam.get())[2]
        await cam.clock.advance(3)
        stale = (await cam.get())[2]
        await cam.clock.advance(3.3)
        assert (await cam.get())[2] == stale
        assert stale != first
        assert int((await cam.picture()).mean(axis=0).argmax()) // 10 == 3
        await cam.clock.advance(10)
        assert (await cam.get())[2] != stale


async def test_slow(films: tuple[Clip, Clip]) -> None:
    """Nothing before its time."""
    async with camera(films, "snap_slow=3") as cam:
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(cam.get())
            while not cam.clock._sleepers:  # noqa: ASYNC110  the loopback is not on the fake clock
                await asyncio.sleep(0.001)
            await cam.clock.advance(2.9)
            assert not asking.done()
            await cam.clock.advance(0.2)
        assert asking.result()[0] == 200


async def test_other_view(films: tuple[Clip, Clip]) -> None:
    """The path's own, turned; or the first picture of another file."""
    async with camera(films, f"snap_other={OTHER}@5s", "snap_other@0s+5s") as cam:
        assert int((await cam.picture()).mean(axis=0).argmax()) // 10 == 15
        await cam.clock.advance(5)
        assert (await cam.picture()).shape == (180, 320)


async def test_truncated(films: tuple[Clip, Clip]) -> None:
    """A whole answer with half a picture."""
    async with camera(films, "snap_truncated@5s") as cam:
        whole = (await cam.get())[2]
        await cam.clock.advance(5)
        status, _, half = await cam.get()
        assert (status, half[:2]) == (200, b"\xff\xd8")
        assert len(half) < len(whole)
        assert not half.endswith(b"\xff\xd9")
