"""Cuts what arrives on an RTSP connection into access units, RTCP packets and text, however it was split on the way."""

from __future__ import annotations

import re
import struct
from typing import NamedTuple

from gateway.camera.rtsp.units import FRAMING_BYTES, RTP_HEADER_BYTES, Packing, continues_picture

# A larger unit is no picture: it is let go, and memory stays bounded.
MAX_UNIT_BYTES = 8 << 20
# Whoever sends this much without one sound packet in it is not going to send any.
MAX_GARBAGE_BYTES = 1 << 20
# The header is read before it is known to be there: buffers must be this much longer than what they hold.
SLACK_BYTES = 16
# The longest message that is waited for: head and body of an answer between packets.
MAX_MESSAGE_BYTES = 64 * 1024
# What `feed` may leave over: a frame or a message that is not all there.
MAX_REST_BYTES = MAX_MESSAGE_BYTES + FRAMING_BYTES

_DOLLAR = 0x24
_HEADER = struct.Struct(">IHHI")  # framing; then RTP: flags, marker and type; sequence; timestamp
_FRAME = struct.Struct(">BBHBB")
_SOURCE = struct.Struct(">I")
_SOURCE_AT = 12
_VERSION_MASK, _VERSION = 0xC000, 0x8000
_MARKER = 0x80
_PREAMBLE_BYTES = FRAMING_BYTES + RTP_HEADER_BYTES
_LONGEST_JUMP = 0x8000  # a sequence number further on than this lies behind
_LAST_CHANNEL = 15  # of all tracks that a camera may send; more is no frame
_RTCP_TYPES = range(192, 224)
_MESSAGE = re.compile(rb"RTSP/\d|[A-Z_]{3,20} (?:rtsps?:|\*)")
_MESSAGE_BEGINS = 32  # bytes that show whether it is one
_LENGTH = re.compile(rb"(?im)^content-length[ \t]*:[ \t]*(\d{1,6})")


class CutUnit(NamedTuple):
    """One access unit as it came."""

    raw: bytes  # see `units`
    timestamp: int  # RTP, 32 bits
    torn: bool  # packets are missing before, in or after it


class Framing:
    """Cuts a stream of bytes. Pure; for one thread.

    Args:
        packing: The codec's.
        channel: On which the RTP packets come; RTCP on the next.
        payload_type: Of the RTP packets, for finding them again in garbage.
        control_channel: On which RTCP comes, where that is not the next.

    Attributes:
        units: Cut since the caller last took them away; so `controls` (RTCP packets) and `messages` (RTSP text).
        packets: RTP packets seen; `lost`: missing between them by their numbers.
        oversized: Units let go because they were too large.
        resyncs: Times that the beginning of a packet had to be searched.
        last_sequence: Of the newest packet, counted on over its 16 bits.
        source: SSRC of the newest packet, None before the first.
    """

    def __init__(self, packing: Packing, channel: int, payload_type: int, control_channel: int | None = None) -> None:
        self.units: list[CutUnit] = []
        self.controls: list[bytes] = []
        self.messages: list[bytes] = []
        self.packets = self.lost = self.oversized = self.resyncs = 0
        self.last_sequence = 0
        self.source: int | None = None
        self._packing = packing
        self._channel = channel
        self._ours = _DOLLAR << 8 | channel
        self._control = channel + 1 if control_channel is None else control_channel
        self._payload_type = payload_type
        self._expected = -1  # the next packet's number; before the first, none
        self._timestamp = -1  # of the unit begun, or of the last one
        self._parts: list[bytes] = []  # of the unit begun, from earlier buffers
        self._kept_bytes = 0
        self._dropping = False
        self._torn_units = 0  # this many from now on may lack packets
        self._marked = False  # the last unit ended with a marker, and nothing came since
        self._marks = True  # markers are believed
        self._garbage_bytes = 0  # since the last sound packet

    @property
    def hopeless(self) -> bool:
        """True once more garbage came than any camera's hiccup explains."""
        return self._garbage_bytes > MAX_GARBAGE_BYTES

    def feed(self, view: memoryview, end: int) -> int:  # noqa: C901 - runs for each packet: no calls, no state
        """Cut `view[:end]`, which must have `SLACK_BYTES` behind `end`; return how far it was used.

        What is left, less than `MAX_REST_BYTES`, must come again at the next buffer's beginning.
        """
        unpack, ours, begun = _HEADER.unpack_from, self._ours, self._kept_bytes > 0
        expected, timestamp, packets, quiet = self._expected, self._timestamp, 0, 0
        start = at = newest = 0  # `start`: where what belongs to the unit begun and is not kept yet begins
        while end - at >= FRAMING_BYTES:
            frame, head, sequence, stamp = unpack(view, at)
            ahead = at + FRAMING_BYTES + (frame & 0xFFFF)
            if frame >> 16 != ours or head & _VERSION_MASK != _VERSION or ahead - at < _PREAMBLE_BYTES:
                self._keep(view[start:at])
                if packets > quiet:
                    quiet, self._garbage_bytes = packets, 0
                start = at + self._other(view, at, end)
                if start == at:
                    break
                at, begun = start, self._kept_bytes > 0
                continue
            if ahead > end:
                break
            if sequence != expected:
                self._jump(sequence - expected & 0xFFFF, view, at)
            if stamp != timestamp:
                if begun or at > start:
                    self._finish(view[start:at], timestamp)
                timestamp, start, self._marked = stamp, at, False
            elif at == start and self._marked:
                self._doubt(bytes(view[at:ahead]))
            expected, newest, at = sequence + 1 & 0xFFFF, at, ahead
            packets += 1
            if head & _MARKER and self._marks:
                self._finish(view[start:at], timestamp)
                self._marked, start, begun = True, at, False
        self._keep(view[start:at])
        if packets:
            self.packets += packets
            self._timestamp, self._expected = timestamp, expected
            self._garbage_bytes = 0 if packets > quiet else self._garbage_bytes
            self.source = _SOURCE.unpack_from(view, newest + _SOURCE_AT)[0]
            self.last_sequence += (expected - 1 - self.last_sequence + 0x8000 & 0xFFFF) - 0x8000
        return at

    def _jump(self, missing: int, view: memoryview, at: int) -> None:
        """Count what is missing, unless the camera began anew or a number lies behind."""
        known, self.source = self.source, _SOURCE.unpack_from(view, at + _SOURCE_AT)[0]
        if known == self.source and missing < _LONGEST_JUMP:
            self.lost += missing
            self._torn_units = 2  # the unit that ends here, and the one that begins

    def _doubt(self, packet: bytes) -> None:
        """A packet with the timestamp of a unit that a marker ended: may be a camera that marks every packet."""
        self._marked = False
        if continues_picture(self._packing, packet):
            self._marks = False

    def _keep(self, piece: memoryview) -> None:
        if not piece or self._dropping:
            return
        self._parts.append(bytes(piece))
        self._kept_bytes += len(piece)
        if self._kept_bytes > MAX_UNIT_BYTES:
            self._dropping = True
            self._parts = []

    def _finish(self, last: memoryview, timestamp: int) -> None:
        torn = self._torn_units > 0
        if torn:
            self._torn_units -= 1
        if self._kept_bytes:
            raw = b"" if self._dropping else b"".join((*self._parts, last))
            self.oversized += self._dropping
            self._parts, self._kept_bytes, self._dropping = [], 0, False
        else:
            raw = bytes(last)
        if raw:
            self.units.append(CutUnit(raw, timestamp, torn))

    def _other(self, view: memoryview, at: int, end: int) -> int:
        """Return the length of what is no RTP packet of ours; 0 while it is not all there."""
        magic, channel, size, version, kind = _FRAME.unpack_from(view, at)
        whole = end - at - FRAMING_BYTES >= size
        if magic != _DOLLAR:
            return self._message_or_garbage(view, at, end)
        if not size or (channel == self._channel and size < RTP_HEADER_BYTES):
            return FRAMING_BYTES + size if whole else 0
        if end - at < FRAMING_BYTES + 2:
            return 0
        if channel > _LAST_CHANNEL or version >> 6 != 2:
            return self._search(view, at, end)
        if whole and channel == self._control and kind in _RTCP_TYPES:
            self.controls.append(bytes(view[at + FRAMING_BYTES : at + FRAMING_BYTES + size]))
        return FRAMING_BYTES + size if whole else 0

    def _message_or_garbage(self, view: memoryview, at: int, end: int) -> int:
        start = bytes(view[at : min(end, at + _MESSAGE_BEGINS)])
        blank = len(start) - len(start.lstrip(b"\r\n"))
        if blank:
            return blank
        if _MESSAGE.match(start):
            return self._message(bytes(view[at : min(end, at + MAX_MESSAGE_BYTES)])) or (
                0 if end - at < MAX_MESSAGE_BYTES else self._search(view, at, end)
            )
        if len(start) < _MESSAGE_BEGINS and start.isascii() and start[:1].isupper():
            return 0  # may yet become a message
        return self._search(view, at, end)

    def _message(self, text: bytes) -> int:
        size = message_bytes(text)
        if size:
            self.messages.append(text[:size])
        return size

    def _search(self, view: memoryview, at: int, end: int) -> int:
        """Return how much garbage lies before the next packet that looks like one of ours."""
        self.resyncs += not self._garbage_bytes
        data = bytes(view[at:end])
        found = data.find(b"$", 1)
        while found >= 0 and not self._plausible(data, found):
            found = data.find(b"$", found + 1)
        skipped = found if found >= 0 else len(data)
        self._garbage_bytes += skipped
        return skipped

    def _plausible(self, data: bytes, at: int) -> bool:
        if len(data) - at < FRAMING_BYTES + 2:
            return True  # to be judged when more is there
        channel, size, flags, kind = data[at + 1], data[at + 2] << 8 | data[at + 3], data[at + 4], data[at + 5]
        if flags >> 6 != 2:
            return False
        if channel == self._channel:
            return size >= RTP_HEADER_BYTES and kind & ~_MARKER == self._payload_type
        return channel == self._control and kind in _RTCP_TYPES


def message_bytes(text: bytes) -> int:
    """Return the length of the RTSP message that `text` begins with, head and body; 0 while it is not all there."""
    head, end, body = text.partition(b"\r\n\r\n")
    if not end:
        return 0
    length = _LENGTH.search(head)
    size = int(length.group(1)) if length else 0
    return len(head) + len(end) + size if len(body) >= size else 0
