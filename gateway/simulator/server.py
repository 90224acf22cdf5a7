"""A real RTSP server for simulated cameras: files in, RTSP/RTP/RTCP out, on one event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import TypedDict
from urllib.parse import quote

import structlog

from gateway.clock import Clock, SystemClock
from gateway.errors import GridPatrolError
from gateway.simulator.clip import Clip, load_clip
from gateway.simulator.connection import Connection, reset
from gateway.simulator.credentials import AuthKind, Login
from gateway.simulator.dialogue import Channel, Dialogue, House
from gateway.simulator.faults import FaultSpec, Timeline
from gateway.simulator.faulty_feed import FaultyFeed
from gateway.simulator.feed import Counters, Feed
from gateway.simulator.messages import MAX_HEAD_BYTES
from gateway.simulator.sinks import Address, PortPair
from gateway.simulator.snapshots import PREFIX, SnapshotServer

TURN_S = 0.01  # all paths are looked at this often; a packet leaves at most this late
UPKEEP_INTERVAL_S = 0.25  # sender reports, session timeouts and sessions that a fault cuts need no finer clock
SESSION_TIMEOUT_S = 60  # what RFC 2326 takes for granted; clients send a sign of life at half of it
BUFFER_LIMIT_BYTES = 2 * 1024 * 1024  # 8 s of a 2 Mbit/s stream
# Beyond this the kernel would hold seconds of a stream for a client that does not read, and hide it from us.
_KERNEL_BUFFER_BYTES = 256 * 1024
_BACKLOG = 512  # connections waiting to be accepted: hundreds of cameras are opened at once

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PathSpec:
    """One simulated camera.

    Attributes:
        path: The URL's path, without leading slash; may hold slashes.
        loop: False: play once for the first viewer, then say goodbye to all; the next viewer starts it anew.
        start_s: Where in the file the path begins when its first viewer comes.
        clock_offset_s: How far the camera's wall clock is ahead, in sender reports and snapshots.
        faults: What goes wrong; times count from the first request for the path.
    """

    path: str
    file: Path
    loop: bool = True
    auth: AuthKind = "none"
    username: str = ""
    password: str = field(default="", repr=False)
    start_s: float = 0.0
    clock_offset_s: float = 0.0
    faults: tuple[FaultSpec, ...] = ()


class _FeedOptions(TypedDict):
    loop: bool
    start_s: float
    clock_offset_s: float


class UnknownPath(GridPatrolError):
    """The server has no such path."""


class RtspServer:
    """Serves video files as RTSP cameras for as long as `run` is awaited.

    With `http_port` (0: any free one) it also answers `GET /snapshot/PATH` there with JPEGs. Files are read and cut
    when the server is made, each once however many paths show it.

    Attributes:
        ready: Set once the port is open.
        counters: Sessions, packets, dropped groups of pictures, expired sessions.

    Raises:
        ClipError: A file cannot be served.
    """

    def __init__(
        self,
        paths: Sequence[PathSpec],
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        http_port: int | None = None,
        clock: Clock | None = None,
        session_timeout_s: int = SESSION_TIMEOUT_S,
        buffer_limit_bytes: int = BUFFER_LIMIT_BYTES,
    ) -> None:
        self.ready = asyncio.Event()
        self.counters = Counters()
        self._host = host
        self._port = port
        self._http_port = http_port
        self._clock = clock or SystemClock()
        self._session_timeout_s = session_timeout_s
        self._buffer_limit_bytes = buffer_limit_bytes
        self._clips = _clips(paths)
        self._channels = {spec.path.strip("/"): _channel(spec, self._clips, self._clock) for spec in paths}
        self._may_refuse = all(any(f.kind == "refuse" for f in spec.faults) for spec in paths)
        self._connections: set[Connection] = set()

    @property
    def port(self) -> int:
        """The TCP port; with port 0 asked for, the one given once `ready` is set."""
        return self._port

    def url(self, path: str) -> str:
        """Return the address of a path, without credentials; raises `UnknownPath`."""
        return f"rtsp://{self._address(path)}:{self._port}/{quote(path.strip('/'))}"

    def snapshot_url(self, path: str) -> str:
        """Return where the snapshots of a path are; only with `http_port`, once `ready`. Raises `UnknownPath`."""
        return f"http://{self._address(path)}:{self._http_port}/{PREFIX}{quote(path.strip('/'))}"

    @property
    def serves_snapshots(self) -> bool:
        """Whether there is a port for snapshots."""
        return self._http_port is not None

    def clip(self, path: str) -> Clip:
        """Return what a path shows; raises `UnknownPath`."""
        if path.strip("/") not in self._channels:
            raise UnknownPath(path)
        return self._channels[path.strip("/")].feed.clip

    def _address(self, path: str) -> str:
        if path.strip("/") not in self._channels:
            raise UnknownPath(path)
        wildcard = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  an address to connect to is wanted
        host = wildcard.get(self._host, self._host)
        return f"[{host}]" if ":" in host else host

    def position_s(self, path: str) -> float | None:
        """Return where in its file a path is now, in seconds; None before its first viewer; raises `UnknownPath`."""
        if path.strip("/") not in self._channels:
            raise UnknownPath(path)
        return self._channels[path.strip("/")].feed.position_s

    async def run(self) -> None:
        """Serve; cancelling closes the ports and cuts off all clients.

        Raises:
            OSError: A TCP port is taken.
            PortPairTaken: No pair of UDP ports is free.
        """
        ports = PortPair.open(self._host)
        with ports.listening(self._heard):
            house = House(self._channels, ports, self.counters, self._session_timeout_s, self._buffer_limit_bytes)
            async with asyncio.TaskGroup() as group:
                servers = [await self._listen(group, house), *await self._listen_for_snapshots(group)]
                try:
                    self.ready.set()
                    await self._pace()
                finally:
                    for server in servers:
                        server.close()

    async def _listen(self, group: asyncio.TaskGroup, house: House) -> asyncio.Server:
        server = await asyncio.start_server(
            partial(self._accept, group, house),
            self._host,
            self._port,
            limit=MAX_HEAD_BYTES,
            backlog=_BACKLOG,
        )
        self._port = server.sockets[0].getsockname()[1]
        return server

    async def _listen_for_snapshots(self, group: asyncio.TaskGroup) -> list[asyncio.Server]:
        if self._http_port is None:
            return []
        snapshots = SnapshotServer(self._channels, self._clips, self._clock)
        server = await snapshots.listen(group, self._host, self._http_port)
        self._http_port = server.sockets[0].getsockname()[1]
        return [server]

    def _accept(
        self, group: asyncio.TaskGroup, house: House, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._may_refuse and self._refuses():
            reset(writer)
            return
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _KERNEL_BUFFER_BYTES)
        peer, local = writer.get_extra_info("peername"), writer.get_extra_info("sockname")
        dialogue = Dialogue(house, peer[0], local[0], writer.transport)
        connection = Connection(reader, writer, dialogue, self._clock)
        group.create_task(self._serve(connection), name=f"rtsp:{peer[0]}:{peer[1]}")

    def _refuses(self) -> bool:
        """Say whether all paths refuse connections: then it can be done before anyone says which is wanted."""
        for channel in self._channels.values():
            if channel.timeline is not None:
                channel.timeline.touch()
        return all(channel.suffers("refuse") for channel in self._channels.values())

    async def _serve(self, connection: Connection) -> None:
        self._connections.add(connection)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)

    async def _pace(self) -> None:
        """Send what is due on all paths, turn by turn, and see to reports and timeouts in between."""
        feeds = [c.feed for c in self._channels.values()]
        next_upkeep_s = 0.0
        while True:
            await self._clock.sleep(TURN_S)
            now_s = self._clock.monotonic()
            for feed in feeds:
                if feed.viewers:
                    feed.advance(now_s)
            if now_s >= next_upkeep_s:
                next_upkeep_s = now_s + UPKEEP_INTERVAL_S
                self._upkeep(feeds, now_s)

    def _upkeep(self, feeds: Sequence[Feed], now_s: float) -> None:
        for feed in feeds:
            feed.report(now_s)
        for connection in self._connections:
            viewer = connection.dialogue.viewer
            if connection.dialogue.unplugged:
                continue
            if viewer is not None and viewer.reset:
                connection.reset()
            elif viewer is not None and viewer.ended:
                connection.close()
            elif now_s - connection.heard_s > self._session_timeout_s:
                self.counters.expired += 1
                connection.cut_off()

    def _heard(self, sender: Address) -> None:
        for connection in self._connections:
            if connection.dialogue.rtcp_from == sender:
                connection.heard()


def _clips(paths: Sequence[PathSpec]) -> dict[Path, Clip]:
    """Read each file once, those of faults included; keys are the paths as they were given."""
    read: dict[Path, Clip] = {}
    given: dict[Path, Clip] = {}
    for file in (file for spec in paths for file in (spec.file, *(f.file for f in spec.faults)) if file is not None):
        whole = file.resolve()
        if whole not in read:
            read[whole] = load_clip(whole)
        given[file] = read[whole]
    return given


def _channel(spec: PathSpec, clips: Mapping[Path, Clip], clock: Clock) -> Channel:
    login = Login(spec.auth, spec.username, spec.password)
    clip, options = (
        clips[spec.file],
        _FeedOptions(loop=spec.loop, start_s=spec.start_s, clock_offset_s=spec.clock_offset_s),
    )
    if not spec.faults:
        return Channel(Feed(clip, clock, **options), login)
    timeline = Timeline(spec.faults, clock)
    random = Random(spec.path.strip("/"))  # noqa: S311  the same faults each time
    return Channel(FaultyFeed(clip, clock, timeline, clips, random, **options), login, timeline)
