"""Snapshots of simulated cameras: `GET /snapshot/PATH` over HTTP/1.1 answers with the path's present picture.

A few dozen lines of HTTP of our own instead of a framework: only GET and HEAD, keep-alive, no bodies taken, and faults
that a framework would not let through.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path

import structlog

from gateway.clock import Clock
from gateway.simulator.clip import Clip
from gateway.simulator.connection import reset
from gateway.simulator.dialogue import Channel
from gateway.simulator.faults import FaultSpec
from gateway.simulator.messages import MAX_HEAD_BYTES, BadRequest, Request, parse_request
from gateway.simulator.pictures import NoPicture, PictureBook

PREFIX = "snapshot/"
IDLE_TIMEOUT_S = 75.0  # a client that polls every minute keeps its connection
CLOSE_TIMEOUT_S = 2.0
_HEAD_END = b"\r\n\r\n"
_BACKLOG = 512
_COMMENT = b"\xff\xfe"  # JPEG marker COM
_START_OF_IMAGE_BYTES = 2

logger = structlog.get_logger(__name__)


class _Unanswered(Exception):
    """A fault wants no answer."""


class _Refused(Exception):
    """A fault wants a reset."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers and body of a response; without the general headers."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class SnapshotServer:
    """Answers for all paths of a server, on its event loop.

    Args:
        channels: Path to channel, as of the RTSP server.
        clips: The clips of `snap_other` faults by file.
    """

    def __init__(self, channels: Mapping[str, Channel], clips: Mapping[Path, Clip], clock: Clock) -> None:
        self._channels = channels
        self._clips = clips
        self._clock = clock
        self._nonce = secrets.token_hex(16)
        self._book = PictureBook()

    async def listen(self, group: asyncio.TaskGroup, host: str, port: int) -> asyncio.Server:
        """Open the port; connections are served in the group. Raises OSError when it is taken."""

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            group.create_task(self._serve(reader, writer), name="snapshots")

        return await asyncio.start_server(accept, host, port, limit=MAX_HEAD_BYTES, backlog=_BACKLOG)

    async def _answer(self, request: Request) -> Answer:
        if request.method not in {"GET", "HEAD"}:
            return Answer(405, {"Allow": "GET, HEAD"})
        name = request.path.removeprefix(PREFIX)
        channel = self._channels.get(name) if request.path.startswith(PREFIX) else None
        if channel is None:
            return Answer(404, {})
        if channel.timeline is not None:
            channel.timeline.touch()
            _unreachable(channel)
        return self._refusal(channel, request) or await self._picture(channel)

    def _refusal(self, channel: Channel, request: Request) -> Answer | None:
        if channel.suffers("not_found"):
            return Answer(404, {})
        if channel.suffers("auth") or not channel.login.admits(request, self._nonce):
            return Answer(401, {"WWW-Authenticate": channel.login.challenge(self._nonce)})
        if channel.suffers("busy"):
            return Answer(503, {})
        return Answer(500, {}) if channel.suffers("snap_error") else None

    async def _picture(self, channel: Channel) -> Answer:
        index = channel.feed.present_keyframe()
        taken_s = channel.feed.wall_clock_s(self._clock.monotonic())
        clip, turned = channel.feed.clip, False
        if channel.timeline is not None:
            index, taken_s = self._stale(channel, index, taken_s)
            clip, index, turned = self._other(channel, index)
        try:
            jpeg = _signed(await self._book.jpeg(clip, index, turned=turned), taken_s)
        except NoPicture as exc:
            logger.warning("no snapshot", cause=str(exc))
            return Answer(500, {})
        return await self._spoilt(channel, jpeg)

    def _stale(self, channel: Channel, index: int, taken_s: float) -> tuple[int, float]:
        """Return which picture is shown, and when it was taken."""
        fault, timeline = _active(channel, "snap_stale"), channel.timeline
        since_s = None if fault is None or timeline is None else fault.since(timeline.now_s)
        if since_s is None or timeline is None:
            return index, taken_s
        at_s = timeline.monotonic(since_s)
        return channel.feed.keyframe_at(at_s), channel.feed.wall_clock_s(at_s)

    def _other(self, channel: Channel, index: int) -> tuple[Clip, int, bool]:
        fault = _active(channel, "snap_other")
        if fault is None:
            return channel.feed.clip, index, False
        return (channel.feed.clip, index, True) if fault.file is None else (self._clips[fault.file], 0, False)

    async def _spoilt(self, channel: Channel, jpeg: bytes) -> Answer:
        slow = _active(channel, "snap_slow")
        if slow is not None:
            await self._clock.sleep(slow.amount)
        body = jpeg[: len(jpeg) // 2] if channel.suffers("snap_truncated") else jpeg
        now_s = channel.feed.wall_clock_s(self._clock.monotonic())
        date = format_datetime(datetime.fromtimestamp(now_s, UTC), usegmt=True)
        return Answer(200, {"Date": date, "Content-Type": "image/jpeg", "Cache-Control": "no-store"}, body)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, TimeoutError) as exc:
            logger.debug("client left", cause=type(exc).__name__)
        except (BadRequest, asyncio.LimitOverrunError):
            writer.write(_head(Answer(400, {}), keep=False))
        except _Refused:
            reset(writer)
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        finally:
            writer.close()
        await _closed(writer)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; say whether the connection stays."""
        async with asyncio.timeout(IDLE_TIMEOUT_S):
            request = parse_request(await reader.readuntil(_HEAD_END), "HTTP/1.1")
            await reader.readexactly(request.body_bytes)
        keep = request.headers.get("connection", "").lower() != "close"
        try:
            answer = await self._answer(request)
        except _Unanswered:
            return True
        writer.write(_head(answer, keep=keep))
        if request.method == "GET":
            writer.write(answer.body)
        async with asyncio.timeout(IDLE_TIMEOUT_S):
            await writer.drain()
        return keep


def _unreachable(channel: Channel) -> None:
    if channel.suffers("refuse"):
        raise _Refused
    if channel.suffers("silent", "half_open"):
        raise _Unanswered


def _active(channel: Channel, kind: str) -> FaultSpec | None:
    return None if channel.timeline is None else channel.timeline.active(kind)


def _signed(jpeg: bytes, taken_s: float) -> bytes:
    """Add the time as a comment: two pictures of a real sensor never have the same bytes, a looping file's have."""
    comment = f"taken {taken_s:.6f}".encode()
    segment = _COMMENT + (len(comment) + 2).to_bytes(2, "big") + comment
    return jpeg[:_START_OF_IMAGE_BYTES] + segment + jpeg[_START_OF_IMAGE_BYTES:]


def _head(answer: Answer, *, keep: bool) -> bytes:
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        "Server: gridpatrol-simulator",
        f"Content-Length: {len(answer.body)}",
        f"Connection: {'keep-alive' if keep else 'close'}",
        *(f"{name}: {value}" for name, value in answer.headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def _closed(writer: asyncio.StreamWriter) -> None:
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await writer.wait_closed()
    except (TimeoutError, ConnectionError):
        writer.transport.abort()
