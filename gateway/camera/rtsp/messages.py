"""RTSP/1.0 messages (RFC 2326) as a client writes and reads them. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

USER_AGENT = "GridPatrol"
_STATUS = re.compile(r"RTSP/\d\.\d (\d{3})")
_REQUEST = re.compile(r"([A-Z_]+) \S+ RTSP/")
_TIMEOUT = re.compile(r"(?i);\s*timeout\s*=\s*(\d+)")
_PAIR = re.compile(r"(\d+)(?:-(\d+))?$")


@dataclass(frozen=True, slots=True)
class Message:
    """One message from the camera: an answer, or a request of its own.

    Attributes:
        status: 0 for a request.
        method: Empty for an answer.
        headers: Names in lower case; those that came more than once have all their values.
    """

    status: int
    method: str
    headers: Mapping[str, tuple[str, ...]]
    body: str

    def header(self, name: str) -> str:
        """Return a header's first value; empty when there is none."""
        return next(iter(self.headers.get(name, ())), "")


@dataclass(frozen=True, slots=True)
class TransportAnswer:
    """What SETUP agreed upon: channels of the connection, or the camera's ports."""

    channels: tuple[int, int] | None
    server_ports: tuple[int, int] | None
    source: str  # the host that sends, when it is another; may be empty


def request(method: str, url: str, headers: Mapping[str, str]) -> bytes:
    """Return a request without body."""
    lines = [f"{method} {url} RTSP/1.0", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + f"\r\nUser-Agent: {USER_AGENT}\r\n\r\n").encode()


def answer(to: Message) -> bytes:
    """Return the consent to a request of the camera."""
    return f"RTSP/1.0 200 OK\r\nCSeq: {to.header('cseq')}\r\n\r\n".encode()


def parse(data: bytes) -> Message | None:
    """Read a whole message; None for something that is not RTSP."""
    head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    status, method = _STATUS.match(first), _REQUEST.match(first)
    if status is None and method is None:
        return None
    headers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        headers[key] = (*headers.get(key, ()), value.strip())
    return Message(int(status.group(1)) if status else 0, method.group(1) if method else "", headers, body)


def session_of(message: Message) -> tuple[str, int | None]:
    """Return the session's id and its timeout in seconds, None where the camera names none."""
    value = message.header("session")
    timeout = _TIMEOUT.search(value)
    return value.partition(";")[0].strip(), int(timeout.group(1)) if timeout else None


def transport_of(message: Message) -> TransportAnswer:
    """Read the Transport header of the answer to SETUP."""
    fields = dict(part.strip().partition("=")[::2] for part in message.header("transport").split(";"))
    return TransportAnswer(
        _pair(fields.get("interleaved", "")), _pair(fields.get("server_port", "")), fields.get("source", "")
    )


def _pair(text: str) -> tuple[int, int] | None:
    match = _PAIR.match(text.strip())
    if match is None:
        return None
    first = int(match.group(1))
    return first, int(match.group(2)) if match.group(2) else first + 1
