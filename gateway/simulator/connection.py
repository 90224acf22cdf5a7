"""The bytes of one RTSP connection: requests and interleaved packets in, responses out."""

from __future__ import annotations

import asyncio
import socket
import struct

import structlog

from gateway.clock import Clock
from gateway.simulator.dialogue import Dialogue
from gateway.simulator.messages import BadRequest, Request, Response, parse_request

CLOSE_TIMEOUT_S = 2.0  # how long a client that has stopped reading may hold up the last bytes

_INTERLEAVED = b"$"
_HEAD_END = b"\r\n\r\n"

_LINGER_NOT = struct.pack("ii", 1, 0)  # struct linger: closing resets

logger = structlog.get_logger(__name__)


def reset(writer: asyncio.StreamWriter) -> None:
    """Drop a connection with a TCP reset."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
    writer.transport.abort()


class Connection:
    """One client; `run` returns when either side has closed.

    Attributes:
        heard_s: When the client last gave a sign of life, on the monotonic clock.
    """

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dialogue: Dialogue, clock: Clock
    ) -> None:
        self.dialogue = dialogue
        self.heard_s = clock.monotonic()
        self._reader = reader
        self._writer = writer
        self._clock = clock

    async def run(self) -> None:
        """Serve until TEARDOWN, the end of the stream, nonsense, or the client's leaving; cancelling cuts it off."""
        try:
            await self._serve()
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError) as exc:
            logger.debug("client left", cause=type(exc).__name__)
        except (BadRequest, asyncio.LimitOverrunError):
            self._writer.write(Response(400).to_bytes("0"))
        except asyncio.CancelledError:
            self._writer.transport.abort()
            raise
        finally:
            self.dialogue.close()
            self._writer.close()
        await self._flush()

    def heard(self) -> None:
        """Note a sign of life that came another way: a receiver report over UDP."""
        self.heard_s = self._clock.monotonic()

    def close(self) -> None:
        """Let what is written go out, and `run` return."""
        self.dialogue.close()
        self._writer.close()

    def cut_off(self) -> None:
        """Drop the client and what is still written for it; `run` returns."""
        self._writer.transport.abort()

    def reset(self) -> None:
        """As `cut_off`, with a TCP reset instead of a good end."""
        reset(self._writer)

    async def _serve(self) -> None:
        while not self.dialogue.finished:
            request = await self._next_request()
            self.heard()
            response = self.dialogue.respond(request)
            if self.dialogue.refused:
                self.reset()
                return
            if response is None:
                continue
            self._writer.write(response.to_bytes(request.headers.get("cseq", "0")))
            self.dialogue.after_response()

    async def _next_request(self) -> Request:
        first = await self._reader.readexactly(1)
        while first in {_INTERLEAVED, b"\r", b"\n"}:
            if first == _INTERLEAVED:
                await self._skip_packet()
            first = await self._reader.readexactly(1)
        head = first + await self._reader.readuntil(_HEAD_END)
        request = parse_request(head)
        await self._reader.readexactly(request.body_bytes)
        return request

    async def _skip_packet(self) -> None:
        """Read past a receiver report; that it came is all we want to know."""
        header = await self._reader.readexactly(3)
        await self._reader.readexactly(int.from_bytes(header[1:], "big"))
        self.heard()

    async def _flush(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._writer.wait_closed()
        except (TimeoutError, ConnectionError):
            self._writer.transport.abort()
