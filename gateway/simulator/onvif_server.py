"""Simulated ONVIF devices on the network: a port of HTTP for each, and one ear for WS-Discovery for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from functools import partial
from http import HTTPStatus

import structlog

from gateway.clock import Clock, SystemClock
from gateway.simulator.credentials import Login
from gateway.simulator.messages import MAX_HEAD_BYTES, BadRequest, Request, parse_request
from gateway.simulator.onvif_device import OnvifDevice, OnvifDeviceSpec, SoapAnswer, read_soap
from gateway.simulator.ws_discovery import DISCOVERY_PORT, DiscoveryResponder, Presence

IDLE_TIMEOUT_S = 75.0
CLOSE_TIMEOUT_S = 2.0
# A toggle of the motion alarm; with it goes a topic of the kind that a client must not take in.
SCENE_PERIOD_S = 5.0
MOTION_TOPIC = "tns1:RuleEngine/CellMotionDetector/Motion"
TAMPER_TOPIC = "tns1:RuleEngine/TamperDetector/Tamper"
SIGNAL_LOSS_TOPIC = "tns1:VideoSource/SignalLoss"
FACE_TOPIC = "tns1:RuleEngine/FaceDetector/Face"
_HEAD_END = b"\r\n\r\n"
_DEVICE_PREFIX = "onvif/"

logger = structlog.get_logger(__name__)


class OnvifServer:
    """Serves devices for as long as `run` is awaited.

    Args:
        specs: One port each, in order.
        host: Where to listen.
        first_port: 0: any free ones.
        discovery_port: Where to listen for probes; None: nowhere. Several servers of one machine may share it.
        eventful: Whether devices tell of motion by themselves, on and off.

    Attributes:
        ready: Set once all ports are open.
        devices: By name.
    """

    def __init__(
        self,
        specs: Sequence[OnvifDeviceSpec],
        host: str = "127.0.0.1",
        first_port: int = 0,
        *,
        discovery_port: int | None = DISCOVERY_PORT,
        eventful: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self.ready = asyncio.Event()
        self._clock = clock or SystemClock()
        self.devices = {spec.name: OnvifDevice(spec, self._clock) for spec in specs}
        self._ports: dict[str, int] = {}
        self._host = host
        self._first_port = first_port
        self._discovery_port = discovery_port
        self._eventful = eventful
        self._nonce = secrets.token_hex(16)

    def url(self, name: str) -> str:
        """Return the address of a device's device service, as one on this machine reaches it; once `ready`."""
        host = {"0.0.0.0": "127.0.0.1"}.get(self._host, self._host)  # noqa: S104  an address to connect to is wanted
        return f"http://{host}:{self._ports[name]}/onvif/device_service"

    async def run(self) -> None:
        """Serve; cancelling closes the ports.

        Raises:
            OSError: A port is taken.
        """
        async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            for index, device in enumerate(self.devices.values()):
                server = await self._listen(group, device, self._first_port + index if self._first_port else 0)
                stack.callback(server.close)
            if self._discovery_port is not None:
                responder = DiscoveryResponder(self._presences(), self._host)
                stack.callback((await responder.listen(self._discovery_port)).close)
            self.ready.set()
            await self._live()

    async def _live(self) -> None:
        moving = False
        while True:
            await self._clock.sleep(SCENE_PERIOD_S)
            moving = not moving
            for device in self.devices.values() if self._eventful else ():
                device.emit(MOTION_TOPIC, {"IsMotion": str(moving).lower()})
                device.emit(FACE_TOPIC, {"IsFace": str(moving).lower(), "Likelihood": "0.9"})

    def _presences(self) -> list[Presence]:
        return [
            Presence(d.spec.endpoint, tuple(d.spec.scopes), self._ports[name], d.spec.advertised_host)
            for name, d in self.devices.items()
        ]

    async def _listen(self, group: asyncio.TaskGroup, device: OnvifDevice, port: int) -> asyncio.Server:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            group.create_task(self._serve(device, reader, writer), name=f"onvif:{device.spec.name}")

        server = await asyncio.start_server(accept, self._host, port, limit=MAX_HEAD_BYTES)
        self._ports[device.spec.name] = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, device: OnvifDevice, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(device, reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError) as exc:
            logger.debug("client left", cause=type(exc).__name__)
        except (BadRequest, asyncio.LimitOverrunError):
            writer.write(_response(SoapAnswer(400, b""), keep=False))
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            writer.close()
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await writer.wait_closed()

    async def _exchange(self, device: OnvifDevice, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; say whether the connection stays."""
        async with asyncio.timeout(IDLE_TIMEOUT_S):
            request = parse_request(await reader.readuntil(_HEAD_END), "HTTP/1.1")
            body = await reader.readexactly(request.body_bytes)
        keep = request.headers.get("connection", "").lower() != "close"
        host, port = writer.get_extra_info("sockname")[:2]
        writer.write(await self._answer(device, request, body, f"http://{host}:{port}", keep=keep))
        async with asyncio.timeout(IDLE_TIMEOUT_S):
            await writer.drain()
        return keep

    async def _answer(self, device: OnvifDevice, request: Request, body: bytes, base: str, *, keep: bool) -> bytes:
        respond = partial(_response, keep=keep)
        if request.method != "POST" or not request.path.startswith(_DEVICE_PREFIX):
            return respond(SoapAnswer(404, b""))
        asked = read_soap(body, f"/{request.path}", base)
        if asked is None:
            return respond(SoapAnswer(400, b""))
        by_http = device.spec.login == "http"
        login = Login("digest" if by_http else "none", device.spec.username, device.spec.password)
        if by_http and not device.is_open(asked.operation) and not login.admits(request, self._nonce):
            device.refused += "authorization" in request.headers
            challenge = login.challenge(self._nonce)
            return respond(SoapAnswer(401, b""), extra=[f"WWW-Authenticate: {challenge}"])
        return respond(await device.answer(asked, admitted=by_http))


def _response(answer: SoapAnswer, *, keep: bool, extra: Sequence[str] = ()) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        "Server: gridpatrol-simulator",
        "Content-Type: application/soap+xml; charset=utf-8",
        f"Content-Length: {len(answer.body)}",
        f"Connection: {'keep-alive' if keep else 'close'}",
        *extra,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + answer.body
