"""RTP payloads of H.264 (RFC 6184) and H.265 (RFC 7798), cut once and stamped per viewer; RTCP (RFC 3550).

A unit is laid out as it goes over an interleaved connection (RFC 2326, 10.12): for each packet `$`, channel, length,
the 12-byte RTP header, the payload. Over UDP the same bytes are sent without their first four.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.simulator.nal import Codec, nal_type

CLOCK_HZ = 90_000  # the RTP clock of all video
PAYLOAD_TYPE = 96  # first dynamic type
# 1400 + 12 (RTP) + 8 (UDP) + 20 (IP) stays below an Ethernet MTU with room for a tunnel or a VLAN tag.
MAX_PAYLOAD_BYTES = 1400
FRAMING_BYTES = 4  # "$", channel, 16-bit length
RTP_HEADER_BYTES = 12
NTP_EPOCH_OFFSET_S = 2_208_988_800  # 1900-01-01 to 1970-01-01

_HEADER = struct.Struct(">BBHBBHII")  # framing, then RTP: flags, marker and type, sequence, timestamp, SSRC
_STAMP = struct.Struct(">HII")  # sequence, timestamp, SSRC
_STAMP_OFFSET = 6  # from "$" to the sequence number
_VERSION_2 = 0x80
_MARKER = 0x80
_FU_START, _FU_END = 0x80, 0x40
_H264_FU_A, _H265_FU = 28, 49
_RTCP_SR, _RTCP_SDES, _RTCP_BYE = 200, 202, 203


@dataclass(frozen=True, slots=True)
class CutUnit:
    """One access unit cut into RTP packets, unstamped.

    Attributes:
        layout: All packets one after the other, each with its interleaved framing; channel, sequence number,
            timestamp and SSRC are zero.
        starts: Offset in `layout` of each packet's `$`.
    """

    layout: bytes
    starts: tuple[int, ...]

    @property
    def payload_bytes(self) -> int:
        """RTP payload without headers, as a sender report counts it."""
        return len(self.layout) - len(self.starts) * (FRAMING_BYTES + RTP_HEADER_BYTES)


def cut(codec: Codec, nals: Sequence[bytes], max_payload_bytes: int = MAX_PAYLOAD_BYTES) -> CutUnit:
    """Cut an access unit into packets: single NAL units where they fit, else fragments; marker on the last."""
    payloads = [p for nal in nals for p in _payloads(codec, nal, max_payload_bytes)]
    parts: list[bytes] = []
    starts: list[int] = []
    at = 0
    for i, payload in enumerate(payloads):
        marker = _MARKER if i == len(payloads) - 1 else 0
        size = RTP_HEADER_BYTES + len(payload)
        parts += [_HEADER.pack(0x24, 0, size, _VERSION_2, marker | PAYLOAD_TYPE, 0, 0, 0), payload]
        starts.append(at)
        at += FRAMING_BYTES + size
    return CutUnit(b"".join(parts), tuple(starts))


def nals_of(codec: Codec, unit: CutUnit) -> list[bytes]:
    """Return the NAL units that were cut: the inverse of `cut`."""
    nals: list[bytearray] = []
    for start, end in zip(unit.starts, (*unit.starts[1:], len(unit.layout)), strict=True):
        head, body, begins = _piece(codec, unit.layout[start + FRAMING_BYTES + RTP_HEADER_BYTES : end])
        if begins:
            nals.append(bytearray(head))
        nals[-1] += body
    return [bytes(nal) for nal in nals]


def stamp(unit: CutUnit, sequence: int, timestamp: int, ssrc: int) -> bytearray:
    """Return a copy of the unit's layout with its packets numbered from `sequence` (modulo 65536)."""
    packets = bytearray(unit.layout)
    write = _STAMP.pack_into
    for start in unit.starts:
        write(packets, start + _STAMP_OFFSET, sequence & 0xFFFF, timestamp, ssrc)
        sequence += 1
    return packets


def sender_report(ssrc: int, *, utc_s: float, timestamp: int, packets: int, octets: int) -> bytes:
    """Return SR + SDES: at the wall-clock time `utc_s` (Unix seconds) the RTP clock shows `timestamp`."""
    whole_s = int(utc_s)
    ntp = ((whole_s + NTP_EPOCH_OFFSET_S) << 32) | int((utc_s - whole_s) * 2**32)
    counts = (packets & 0xFFFFFFFF, octets & 0xFFFFFFFF)
    report = struct.pack(">BBHIQIII", _VERSION_2, _RTCP_SR, 6, ssrc, ntp, timestamp & 0xFFFFFFFF, *counts)
    return report + _description(ssrc)


def goodbye(ssrc: int) -> bytes:
    """Return the RTCP BYE that tells a client that the stream has ended."""
    return struct.pack(">BBHI", _VERSION_2 | 1, _RTCP_BYE, 1, ssrc)


def framed(channel: int, packet: bytes) -> bytes:
    """Return an RTCP packet with its interleaved framing."""
    return struct.pack(">BBH", 0x24, channel, len(packet)) + packet


def _description(ssrc: int) -> bytes:
    name = b"gridpatrol-simulator"
    items = bytes((1, len(name))) + name + b"\x00"
    items += b"\x00" * (-len(items) % 4)
    return struct.pack(">BBHI", _VERSION_2 | 1, _RTCP_SDES, 1 + len(items) // 4, ssrc) + items


def _piece(codec: Codec, payload: bytes) -> tuple[bytes, bytes, bool]:
    """Return the NAL header, the rest, and whether a NAL unit begins here."""
    if codec == "h264" and payload[0] & 0x1F == _H264_FU_A:
        return bytes((payload[0] & 0xE0 | payload[1] & 0x1F,)), payload[2:], bool(payload[1] & _FU_START)
    if codec == "hevc" and (payload[0] >> 1) & 0x3F == _H265_FU:
        return (
            bytes((payload[0] & 0x81 | (payload[2] & 0x3F) << 1, payload[1])),
            payload[3:],
            bool(payload[2] & _FU_START),
        )
    return b"", payload, True


def _payloads(codec: Codec, nal: bytes, limit: int) -> Iterator[bytes]:
    if len(nal) <= limit:
        yield nal
        return
    kind = nal_type(codec, nal)
    if codec == "h264":
        head, body = bytes((nal[0] & 0xE0 | _H264_FU_A,)), nal[1:]
    else:
        head, body = bytes((nal[0] & 0x81 | _H265_FU << 1, nal[1])), nal[2:]
    room = limit - len(head) - 1
    for at in range(0, len(body), room):
        edges = (_FU_START if at == 0 else 0) | (_FU_END if at + room >= len(body) else 0)
        yield head + bytes((edges | kind,)) + body[at : at + room]
