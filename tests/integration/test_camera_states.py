"""Each kind of camera trouble, on real sockets, has its own state; and a good camera is seen to the end of the way."""

from __future__ import annotations

import asyncio
import io
import socket
import struct
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import av
import pytest

from camera_configs.models import StreamConfig
from gateway.camera.lane import LanePool
from gateway.camera.watcher import CameraWatcher, Surroundings, WatchPlan
from gateway.simulator.server import PathSpec, RtspServer
from gateway.types import Frame, Outcome
from storage.records import CameraState, CameraStateName
from tests.unit.gateway.camera.scripts import write_clip

# Generous: a camera's trouble must be named within 15 s with default timeouts; here they are shorter.
TIMEOUT_S = 30.0
SOUND_ONLY = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=control:track1\r\n"


@dataclass
class Seen:
    """What a watcher told, and a way to wait for it."""

    states: list[CameraState] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    def on_state(self, state: CameraState) -> None:
        with self.changed:
            self.states.append(state)
            self.changed.notify_all()

    def analyse(self, frame: Frame) -> Outcome:
        with self.changed:
            self.frames.append(frame)
            self.changed.notify_all()
        return Outcome(frame.at_s, moving=True, occupied=True)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, TIMEOUT_S), [str(s.state) for s in self.states]

    def wait_for_state(self, *names: str) -> CameraState:
        self.wait_for(lambda: any(s.state.value in names for s in self.states))
        return next(s for s in self.states if s.state.value in names)


@contextmanager
def watching(stream: StreamConfig, password: str | None = None) -> Iterator[tuple[CameraWatcher, Seen]]:
    """Watch a camera in its own thread while entered."""
    seen, stop = Seen(), threading.Event()
    with LanePool(1) as pool:
        watcher = CameraWatcher(
            WatchPlan("cam", stream, password=password),
            Surroundings(pool),
            analyse=seen.analyse,
            on_outcome=lambda _: None,
            on_state=seen.on_state,
        )
        thread = threading.Thread(target=watcher.run, args=(stop,))
        thread.start()
        try:
            yield watcher, seen
        finally:
            stop.set()
            thread.join(TIMEOUT_S)
            assert not thread.is_alive()


def quick(url: str, **more: object) -> StreamConfig:
    """A stream with short timeouts."""
    return StreamConfig.model_validate({"url": url, "open_timeout_s": 2.0, "read_timeout_s": 2.0, **more})


@contextmanager
def peer(behave: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server whose every connection behaves alike; gives its RTSP address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections: list[socket.socket] = []

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connections.append(connection)
                    behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"rtsp://127.0.0.1:{server.getsockname()[1]}/live"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for connection in connections:
                connection.close()
            thread.join(TIMEOUT_S)


def say_nothing(_: socket.socket) -> None:
    """Leave the connection open."""


def reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def answer_http(connection: socket.socket) -> None:
    connection.recv(4096)
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")
    connection.close()


def describe_sound(connection: socket.socket) -> None:
    """Answer every request; the description holds a sound track only."""
    with suppress(OSError):
        while request := connection.recv(4096):
            cseq = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq"))
            body = SOUND_ONLY if request.startswith(b"DESCRIBE") else b""
            head = b"RTSP/1.0 200 OK\r\n%b\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n" % cseq
            kind = b"Content-Type: application/sdp\r\n" if body else b""
            connection.sendall(head + kind + b"Content-Length: %d\r\n\r\n%b" % (len(body), body))


@pytest.mark.parametrize(
    ("behave", "state"),
    [(say_nothing, "silent"), (reset, "reset"), (answer_http, "not_video"), (describe_sound, "not_video")],
)
def test_each_bad_camera_gets_its_own_state(behave: Callable[[socket.socket], object], state: str) -> None:
    """A host that accepts and is silent, one that resets, a web server, and a camera without pictures."""
    with peer(behave) as url, watching(quick(url)) as (_, seen):
        seen.wait_for(lambda: len(seen.states) >= 2)
    assert [s.state.value for s in seen.states[:2]] == ["connecting", state]
    assert seen.states[1].detail.startswith("127.0.0.1:") or state == "not_video"


def test_a_dead_host_is_unreachable() -> None:
    """Connection attempts vanish without an answer: the accept queue is full, so the kernel drops them."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        with watching(quick(f"rtsp://127.0.0.1:{address[1]}/x")) as (_, seen):
            state = seen.wait_for_state("unreachable")
        for filler in fillers:
            filler.close()
    assert "no answer" in state.detail


def test_a_closed_port_is_unreachable() -> None:
    """Refused at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with watching(quick(f"rtsp://127.0.0.1:{port}/x")) as (_, seen):
        assert "refused" in seen.wait_for_state("unreachable").detail


@asynccontextmanager
async def serving(*paths: PathSpec) -> AsyncIterator[RtspServer]:
    """Run the simulator while entered."""
    server = RtspServer(paths)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(server.run())
        await server.ready.wait()
        try:
            yield server
        finally:
            task.cancel()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds."""
    return write_clip(tmp_path_factory.mktemp("clips") / "a.mp4")


@pytest.mark.parametrize("auth", ["basic", "digest"])
async def test_a_wrong_password_is_told_from_a_right_one(auth: str, clip: Path) -> None:
    """Wrong: auth_failed, to be tried again in half a minute, and the password is nowhere. Right: online."""
    spec = PathSpec("cam", clip, auth=auth, username="ad min", password="p:ss/w0rd@")  # type: ignore[arg-type]
    async with serving(spec) as server:
        stream = quick(server.url("cam"), username="ad min")
        with watching(stream, "wr0ng@") as (_, seen):
            state = await asyncio.to_thread(seen.wait_for_state, "auth_failed")
        with watching(stream, "p:ss/w0rd@") as (_, good):
            await asyncio.to_thread(good.wait_for_state, "online")
    assert state.next_try_at is not None
    assert (state.next_try_at - state.updated_at).total_seconds() >= 20
    assert "wr0ng" not in repr(seen.states)


async def test_an_unknown_path_is_not_video(clip: Path) -> None:
    """The camera answers, but has no such stream."""
    async with serving(PathSpec("cam", clip)) as server:
        with watching(quick(server.url("cam") + "-other")) as (_, seen):
            state = await asyncio.to_thread(seen.wait_for_state, "not_video")
    assert "404" in state.detail


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_good_camera_is_online_looked_at_and_shown_live(transport: str, clip: Path) -> None:
    """From socket to analysed frames, latest picture and live video."""
    async with serving(PathSpec("cam", clip)) as server:
        with watching(quick(server.url("cam"), transport=transport)) as (watcher, seen):
            online = await asyncio.to_thread(seen.wait_for_state, "online")
            await asyncio.to_thread(seen.wait_for, lambda: len(seen.frames) >= 8)
            picture = await asyncio.to_thread(watcher.latest_picture)
            shown = await _watch_live(watcher, fragments=30)
    assert (online.codec, online.width, online.height) == ("h264", 160, 96)
    moments = [f.at_s for f in seen.frames]
    assert moments == sorted(set(moments))
    assert picture is not None
    assert picture[0][:2] == b"\xff\xd8"
    assert len(shown) >= 28


async def _watch_live(watcher: CameraWatcher, fragments: int) -> list[int]:
    subscription = watcher.live()
    assert subscription is not None
    data = b""
    with subscription as feed:
        pieces = feed.fragments()
        for _ in range(fragments):
            data += await anext(pieces)
        await pieces.aclose()  # type: ignore[attr-defined]
    with av.open(io.BytesIO(data), "r") as container:
        return [frame.pts or 0 for frame in container.decode(video=0)]


async def test_a_camera_that_goes_away_is_found_again(clip: Path) -> None:
    """The server says goodbye after its clip; the next session goes on in the same ring."""
    async with serving(PathSpec("cam", clip, loop=False)) as server:
        with watching(quick(server.url("cam"))) as (watcher, seen):
            await asyncio.to_thread(seen.wait_for_state, "ended", "stalled", "corrupt")
            await asyncio.to_thread(
                seen.wait_for, lambda: [s.state for s in seen.states].count(CameraStateName.ONLINE) >= 2
            )
            packets = watcher.ring.since(0)
    assert packets[-1].at_s - packets[0].at_s > 2.5
    assert all(b.dts > a.dts for a, b in pairwise(packets))
