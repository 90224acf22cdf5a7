"""Sender reports and goodbyes in, receiver reports out (RFC 3550, section 6.4)."""

from __future__ import annotations

import struct
from typing import NamedTuple

_NTP_EPOCH_OFFSET_S = 2_208_988_800  # 1900-01-01 to 1970-01-01
_SENDER_REPORT, _RECEIVER_REPORT, _DESCRIPTION, _BYE = 200, 201, 202, 203
_HEADER = struct.Struct(">BBH")
_REPORT = struct.Struct(">IIII")  # source, NTP seconds, NTP fraction, RTP timestamp
_NAME = b"gridpatrol"
_MOST_LOST = 0x7FFFFF


class SenderReport(NamedTuple):
    """At `utc_s` (Unix time, the camera's clock) the RTP clock showed `timestamp`."""

    utc_s: float
    timestamp: int
    middle: int  # the middle 32 bits of the NTP time, to be echoed


class Told(NamedTuple):
    """What one compound packet says."""

    report: SenderReport | None
    goodbye: bool


def read(packet: bytes) -> Told:
    """Read a compound packet as far as it is sound; a report without a time (NTP 0) does not count."""
    report: SenderReport | None = None
    goodbye = False
    at = 0
    while at + _HEADER.size <= len(packet):
        _, kind, words = _HEADER.unpack_from(packet, at)
        if kind == _SENDER_REPORT and at + _HEADER.size + _REPORT.size <= len(packet):
            report = _sender_report(packet, at + _HEADER.size) or report
        goodbye = goodbye or kind == _BYE
        at += 4 * (words + 1)
    return Told(report, goodbye)


def receiver_report(ours: int, theirs: int, *, lost: int, highest: int, middle: int, delay_s: float) -> bytes:
    """Return RR + SDES: packets lost and highest number so far, and how long ago the sender's report came."""
    delay = min(round(delay_s * 65_536), 0xFFFFFFFF) if middle else 0
    block = struct.pack(">IIIIII", theirs, min(lost, _MOST_LOST), highest & 0xFFFFFFFF, 0, middle, delay)
    report = _HEADER.pack(0x81, _RECEIVER_REPORT, 7) + struct.pack(">I", ours) + block
    items = bytes((1, len(_NAME))) + _NAME + b"\x00"
    items += b"\x00" * (-len(items) % 4)
    return report + _HEADER.pack(0x81, _DESCRIPTION, 1 + len(items) // 4) + struct.pack(">I", ours) + items


def _sender_report(packet: bytes, at: int) -> SenderReport | None:
    _, seconds, fraction, timestamp = _REPORT.unpack_from(packet, at)
    if not seconds:
        return None
    utc_s = seconds - _NTP_EPOCH_OFFSET_S + fraction / 2**32
    return SenderReport(utc_s, timestamp, (seconds & 0xFFFF) << 16 | fraction >> 16)
