"""Devices to talk to: simulated ones, and peers that answer whatever a test wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.simulator.onvif_device import OnvifDeviceSpec, OnvifStream
from gateway.simulator.onvif_server import OnvifServer
from gateway.simulator.onvif_words import ProfileFacts

USER, PASSWORD = "admin", "p:ss w<>rd&"
DAY_S = 86_400.0
MAIN = OnvifStream(
    ProfileFacts("main", "H264", 1920, 1080, 25.0, 4096, 50),
    "rtsp://127.0.0.1:8554/gate",
    "http://127.0.0.1:8080/snapshot/gate",
)
SUB = OnvifStream(ProfileFacts("sub", "H264", 704, 576, 12.0, 512, 24), "rtsp://127.0.0.1:8554/gate-sub")


def spec(name: str = "gate", **changes: Any) -> OnvifDeviceSpec:
    """Return a device with a main and a sub stream that wants a login."""
    given: dict[str, Any] = {"streams": (MAIN, SUB), "username": USER, "password": PASSWORD, **changes}
    return OnvifDeviceSpec(name, **given)


@asynccontextmanager
async def serving(*specs: OnvifDeviceSpec, discovery_port: int | None = None) -> AsyncIterator[OnvifServer]:
    """Serve devices that say nothing by themselves."""
    server = OnvifServer(specs or (spec(),), discovery_port=discovery_port, eventful=False)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        await server.ready.wait()
        try:
            yield server
        finally:
            running.cancel()


@dataclass
class Peer:
    """Something that answers HTTP in its own way; `heard`: heads and bodies of what came."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where its device service would be."""
        return f"http://127.0.0.1:{self.port}/onvif/device_service"


Answering = Callable[[bytes], bytes | None]


@asynccontextmanager
async def peer(answering: Answering) -> AsyncIterator[Peer]:
    """Run a peer: what is returned is sent as it is and the connection closed; None: nothing ever comes."""
    made = Peer()
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(int(v.split(b":")[1]) for v in head.split(b"\r\n") if v.lower().startswith(b"content-length"))
            request = head + await reader.readexactly(length)
            made.heard.append(request)
            answer = answering(request)
            if answer is None:
                await reader.read()  # until the client has enough
            else:
                writer.write(answer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0)


async def until(met: Callable[[], object]) -> None:
    """Let others run until a condition holds; fails after 20 s, which only a very busy machine needs."""
    async with asyncio.timeout(20):
        while not met():  # noqa: ASYNC110  whoever fulfils it knows of no event
            await asyncio.sleep(0.002)


def http(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return an HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
