"""RTP packets made by hand, and peers that answer as they are told."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from gateway.camera.rtsp.framing import SLACK_BYTES, CutUnit, Framing
from gateway.camera.rtsp.units import H264, Packing

SLICE, IDR, SEI, SPS, PPS = b"\x41\x9a" + b"s" * 20, b"\x65\x88" + b"i" * 20, b"\x06\x05x", b"\x67sps", b"\x68pps"


def rtp(
    payload: bytes,
    sequence: int,
    timestamp: int = 0,
    *,
    marker: bool = False,
    channel: int = 0,
    flags: int = 0x80,
    source: int = 7,
    payload_type: int = 96,
) -> bytes:
    """One framed RTP packet."""
    kind = payload_type | (0x80 if marker else 0)
    head = struct.pack(">BBHII", flags, kind, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, source)
    return frame(head + payload, channel)


def frame(data: bytes, channel: int) -> bytes:
    """Data behind the four bytes that frame it."""
    return struct.pack(">BBH", 0x24, channel, len(data)) + data


def picture(nals: Sequence[bytes], sequence: int, timestamp: int) -> bytes:
    """A unit of plain packets with a marker on the last."""
    return b"".join(rtp(nal, sequence + i, timestamp, marker=i == len(nals) - 1) for i, nal in enumerate(nals))


def fragments(nal: bytes, sequence: int, timestamp: int = 0, pieces: int = 3) -> list[bytes]:
    """An H.264 NAL unit in FU-A packets with a marker on the last."""
    step = -(-(len(nal) - 1) // pieces)
    packets = []
    for i in range(pieces):
        edges = (0x80 if i == 0 else 0) | (0x40 if i == pieces - 1 else 0)
        head = bytes((nal[0] & 0xE0 | 28, edges | nal[0] & 0x1F))
        body = nal[1 + i * step : 1 + (i + 1) * step]
        packets.append(rtp(head + body, sequence + i, timestamp, marker=i == pieces - 1))
    return packets


def feed(framing: Framing, data: bytes, cuts: Sequence[int] = ()) -> list[CutUnit]:
    """Feed a stream split at `cuts`, and return all units so far."""
    rest = b""
    for begin, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        piece = rest + data[begin:end]
        used = framing.feed(memoryview(bytearray(piece + b"\xff" * SLACK_BYTES)), len(piece))
        rest = piece[used:]
    return framing.units


def new_framing(packing: Packing = H264) -> Framing:
    """For channel 0 and payload type 96."""
    return Framing(packing, 0, 96)


@contextmanager
def peer(behave: Callable[[socket.socket], object], connections: int = 1) -> Iterator[str]:
    """A server whose connections, one after the other, all behave alike; gives its RTSP address."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                for _ in range(connections):
                    connection, _ = server.accept()
                    with connection, suppress(OSError):
                        behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"rtsp://127.0.0.1:{server.getsockname()[1]}/live?ch=1"
        finally:
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            thread.join()


def requests(connection: socket.socket) -> Iterator[dict[str, str]]:
    """Yield each request's method (key ""), target ("url") and headers in lower case."""
    data = b""
    while True:
        while data.startswith(b"$") and len(data) >= 4 + int.from_bytes(data[2:4], "big"):
            data = data[4 + int.from_bytes(data[2:4], "big") :]  # a receiver report
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end or head.startswith(b"$"):
            piece = connection.recv(4096)
            if not piece:
                return
            data += piece
            continue
        data = rest
        first, *lines = head.decode().split("\r\n")
        method, url, _ = first.split(" ")
        pairs = (line.split(": ", 1) for line in lines)
        yield {"": method, "url": url} | {name.lower(): value for name, value in pairs}


def response(request: dict[str, str], status: str = "200 OK", body: str = "", **headers: str) -> bytes:
    """An answer; underscores in header names stand for hyphens."""
    lines = [f"RTSP/1.0 {status}", f"CSeq: {request['cseq']}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    lines += [f"Content-Length: {len(body)}"] if body else []
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


VIDEO_SDP = (
    "v=0\r\na=control:*\r\nm=audio 0 RTP/AVP 0\r\na=control:track0\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\n"
)


def camera(
    play: Callable[[socket.socket], object], *, sdp: str = VIDEO_SDP, heard: list[dict[str, str]] | None = None
) -> Callable[[socket.socket], None]:
    """A camera that answers everything; `play` is called after the answer to PLAY, and may send what it likes."""

    def behave(connection: socket.socket) -> None:
        for request in requests(connection):
            if heard is not None:
                heard.append(request)
            match request[""]:
                case "OPTIONS":
                    connection.sendall(response(request, Public="OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER"))
                case "DESCRIBE":
                    connection.sendall(response(request, body=sdp))
                case "SETUP":
                    transport = "RTP/AVP/TCP;unicast;interleaved=0-1"
                    connection.sendall(response(request, Session="5;timeout=60", Transport=transport))
                case "PLAY":
                    connection.sendall(response(request, Session="5"))
                    play(connection)
                case "TEARDOWN":
                    connection.sendall(response(request))
                    return

    return behave
