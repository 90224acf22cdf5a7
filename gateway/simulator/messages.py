"""RTSP/1.0 requests, responses and the Transport header (RFC 2326), read and written without I/O.

HTTP requests are read by the same function: their form is the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

MAX_HEAD_BYTES = 16 * 1024  # request line and headers; real clients send less than 1 KiB
MAX_BODY_BYTES = 64 * 1024  # SET_PARAMETER and ANNOUNCE bodies are a few lines

_RTSP_REASONS = {
    451: "Parameter Not Understood",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
}
_PORT_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?$")


class BadRequest(ValueError):
    """The bytes are no RTSP request; the connection cannot be trusted to be in step any more."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Header names are lower case; `path` is decoded, without slashes at its ends and without query."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path that the URL names: `a/b` for `rtsp://host/a/b/?x=1`, empty for `*`."""
        return "" if self.url == "*" else path_of(self.url)

    @property
    def body_bytes(self) -> int:
        """The announced length of the body; raises `BadRequest` for one that is no number or too long."""
        text = self.headers.get("content-length", "0")
        if not text.isdecimal() or int(text) > MAX_BODY_BYTES:
            raise BadRequest("bad Content-Length")
        return int(text)


@dataclass(frozen=True, slots=True)
class Response:
    """One answer, before CSeq is added."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def to_bytes(self, cseq: str) -> bytes:
        """Return the wire form; `cseq` is echoed as it came."""
        reason = _RTSP_REASONS.get(self.status) or HTTPStatus(self.status).phrase
        body = self.body.encode()
        lines = [f"RTSP/1.0 {self.status} {reason}", f"CSeq: {cseq}", "Server: gridpatrol-simulator"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a client wants its packets: interleaved channels, or UDP ports; the first for RTP, the second for RTCP."""

    over_tcp: bool
    pair: tuple[int, int] | None  # None: the server may choose the channels


def parse_request(head: bytes, protocol: str = "RTSP/") -> Request:
    """Read a request line and headers, up to and with the empty line.

    Raises:
        BadRequest: The version does not begin with `protocol`, or a header line has no colon.
    """
    try:
        first, *lines = head.decode().strip("\r\n").split("\r\n")
        method, url, version = first.split(" ")
    except ValueError as exc:
        raise BadRequest("no request line") from exc
    if not version.startswith(protocol):
        raise BadRequest(f"not {protocol}")
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            raise BadRequest("a header without colon")
        headers[name.strip().lower()] = value.strip()
    return Request(method, url, headers)


def path_of(url: str) -> str:
    """Return the decoded path of an RTSP URL; raises `BadRequest` when it is none."""
    try:
        return unquote(urlsplit(url).path).strip("/")
    except ValueError as exc:
        raise BadRequest("bad URL") from exc


def parse_delivery(transport: str) -> Delivery | None:
    """Return the first transport offered that can be served, or None.

    Multicast cannot, nor UDP without a pair of client ports. A `destination` is ignored: packets go to the peer of
    the connection only, or anybody could be flooded.
    """
    for offer in transport.split(","):
        protocol, *parameters = (p.strip() for p in offer.split(";"))
        given = dict(p.partition("=")[::2] for p in parameters)
        if "multicast" in given:
            continue
        if protocol.upper() == "RTP/AVP/TCP":
            return Delivery(over_tcp=True, pair=_pair(given.get("interleaved", ""), 255))
        pair = _pair(given.get("client_port", ""), 65_535)
        if protocol.upper() in {"RTP/AVP", "RTP/AVP/UDP"} and pair is not None and pair[0] > 0:
            return Delivery(over_tcp=False, pair=pair)
    return None


def _pair(text: str, highest: int) -> tuple[int, int] | None:
    found = _PORT_RANGE.match(text)
    if found is None:
        return None
    first = int(found[1])
    second = int(found[2]) if found[2] else first + 1
    return (first, second) if max(first, second) <= highest else None
