"""A simulator in a thread of its own, for clients that block; and a client that sees every byte."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote

from gateway.simulator.server import PathSpec, RtspServer

USERNAME, PASSWORD = "admin", "p:ss w0rd%40"
TIMEOUT_S = 15.0  # for a loaded machine; nothing here takes longer than 4 s on an idle one


@dataclass
class Running:
    """A server in a thread of its own, with its own loop."""

    server: RtspServer
    loop: asyncio.AbstractEventLoop

    def url(self, path: str, password: str = PASSWORD) -> str:
        """The address with credentials where the path asks for them."""
        url = self.server.url(path)
        if not path.startswith(("basic", "digest")):
            return url
        return url.replace("rtsp://", f"rtsp://{USERNAME}:{quote(password, safe='')}@")


@contextmanager
def serving(specs: list[PathSpec], **options: int) -> Iterator[Running]:
    """Run a server until the block ends."""
    ready: threading.Event = threading.Event()
    made: list[Running] = []
    stop: list[asyncio.Task[None]] = []

    async def main() -> None:
        server = RtspServer(specs, **options)  # type: ignore[arg-type]
        made.append(Running(server, asyncio.get_running_loop()))
        async with asyncio.TaskGroup() as group:
            stop.append(group.create_task(server.run()))
            await server.ready.wait()
            ready.set()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    assert ready.wait(TIMEOUT_S)
    try:
        yield made[0]
    finally:
        made[0].loop.call_soon_threadsafe(stop[0].cancel)
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


@dataclass(frozen=True)
class Packet:
    """What came on an interleaved connection."""

    at_s: float  # monotonic time of arrival
    channel: int
    data: bytes

    @property
    def sequence(self) -> int:
        """Of RTP."""
        return int.from_bytes(self.data[2:4], "big")

    @property
    def timestamp(self) -> int:
        """Of RTP."""
        return int.from_bytes(self.data[4:8], "big")

    @property
    def marker(self) -> bool:
        """Whether a picture ends here."""
        return bool(self.data[1] & 0x80)

    @property
    def nal_type(self) -> int:
        """Of H.264, looking into fragments."""
        kind = self.data[12] & 0x1F
        return self.data[13] & 0x1F if kind == 28 else kind


class PlainClient:
    """An RTSP client on a bare socket, over TCP, that judges nothing."""

    def __init__(self, url: str) -> None:
        self.url = url
        found = re.match(r"rtsp://([\d.]+):(\d+)/", url)
        assert found is not None
        self.socket = socket.create_connection((found[1], int(found[2])), TIMEOUT_S)
        self.skipped = bytearray()  # what was no packet
        self._held = bytearray()
        self._cseq = 0
        self._session = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, method: str, url: str = "", **headers: str) -> None:
        """Send a request."""
        self._cseq += 1
        given = {"CSeq": str(self._cseq), **({"Session": self._session} if self._session else {}), **headers}
        lines = [f"{method} {url or self.url} RTSP/1.0", *(f"{k}: {v}" for k, v in given.items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())

    def ask(self, method: str, url: str = "", **headers: str) -> tuple[int, str]:
        """Send a request; return status, head and body of the answer, packets in between are lost."""
        self.send(method, url, **headers)
        until_s = time.monotonic() + TIMEOUT_S
        while (at := self._held.find(b"RTSP/1.0")) < 0 or b"\r\n\r\n" not in self._held[at:]:
            assert self._more(until_s), "no answer"
        end = self._held.index(b"\r\n\r\n", at) + 4
        length = re.search(rb"Content-Length: (\d+)", self._held[at:end])
        end += int(length[1]) if length else 0
        while len(self._held) < end:
            assert self._more(until_s), "no body"
        answer = self._held[at:end].decode()
        del self._held[:end]
        return int(answer.split(" ")[1]), answer

    def play(self) -> Self:
        """SETUP and PLAY."""
        status, answer = self.ask("SETUP", f"{self.url}/trackID=0", Transport="RTP/AVP/TCP;unicast;interleaved=0-1")
        assert status == 200, answer
        self._session = answer.split("Session: ")[1].split(";")[0]
        assert self.ask("PLAY")[0] == 200
        return self

    def packets(self, seconds: float) -> list[Packet]:
        """Read for so long, or until the other side closes."""
        until_s = time.monotonic() + seconds
        got: list[Packet] = []
        while True:
            while (packet := self._next()) is not None:
                got.append(packet)
            if not self._more(until_s):
                return got

    def rtp(self, seconds: float) -> list[Packet]:
        """As `packets`, only RTP."""
        return [p for p in self.packets(seconds) if p.channel == 0]

    def ends(self, seconds: float) -> str:
        """Read until the end; say `closed` or `reset`, or `open` when it did not come."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self.socket.settimeout(left_s)
            try:
                if not self.socket.recv(65_536):
                    return "closed"
            except TimeoutError:
                break
            except ConnectionError:
                return "reset"
        return "open"

    def _more(self, until_s: float) -> bool:
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            return False
        self.socket.settimeout(left_s)
        try:
            data = self.socket.recv(262_144)
        except TimeoutError:
            return False
        self._held += data
        return bool(data)

    def _next(self) -> Packet | None:
        """Take the next packet, looking for one where there is something else."""
        while len(self._held) >= 4 and not (self._held[0] == 0x24 and self._held[1] < 2):
            self.skipped.append(self._held.pop(0))
        size = int.from_bytes(self._held[2:4], "big")
        if len(self._held) < 4 + size or len(self._held) < 4:
            return None
        data = bytes(self._held[4 : 4 + size])
        channel = self._held[1]
        del self._held[: 4 + size]
        return Packet(time.monotonic(), channel, data)


def pictures(packets: list[Packet]) -> list[list[Packet]]:
    """Group RTP packets by their markers; a last group without marker is left out."""
    groups: list[list[Packet]] = [[]]
    for packet in packets:
        groups[-1].append(packet)
        if packet.marker:
            groups.append([])
    return groups[:-1]
