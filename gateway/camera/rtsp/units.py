"""Access units as they came over the network, and what can be learnt of them without taking them apart.

A unit's raw bytes are its RTP packets in order, each behind the four bytes that frame it in an RTSP connection
(RFC 2326, 10.12); datagrams are framed alike. Payload formats: RFC 6184 (H.264), RFC 7798 (H.265).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from gateway.camera.h264 import START_CODE, BitReader

FRAMING_BYTES = 4
RTP_HEADER_BYTES = 12
PLAIN = 0x80  # first byte of an RTP header: version 2, no padding, no extension, no sources
_PREAMBLE = FRAMING_BYTES + RTP_HEADER_BYTES
_HEADER = struct.Struct(">xxHBxH")  # length, flags, sequence number
_PADDED, _EXTENDED, _SOURCES = 0x20, 0x10, 0x0F
_FRAGMENT_BEGINS, _FRAGMENT_ENDS = 0x80, 0x40
_H264_SEI = 6
_RECOVERY_POINT = 6  # payload type of the message of a gradual refresh (D.1.8)
_INTRA_SLICES = frozenset({2, 4, 7, 9})  # I and SI, of one slice or of all in the picture
_SLICE_START_BYTES = 8
_LONGEST_JUMP = 0x8000  # a sequence number further on than this lies behind


class Content(IntEnum):
    """What a unit is, as far as its first NAL units tell."""

    NO_PICTURE = 0  # parameter sets and messages only
    PICTURE = 1
    KEYFRAME = 2


@dataclass(frozen=True, slots=True)
class Packing:
    """How a codec's NAL units are packed.

    Attributes:
        header_bytes: Length of a NAL unit's header.
        slices: NAL types that hold a part of a picture.
        keys: Slice types that make a unit one to begin with.
        heads: Types of the sequence parameter set where it, too, may tell one: see `content_of`.
        sets: Types of the parameter sets, in the order in which a decoder wants them.
    """

    codec: str
    header_bytes: int
    slices: frozenset[int]
    keys: frozenset[int]
    heads: frozenset[int]
    sets: tuple[int, ...]
    whole: frozenset[int]  # types that stand alone in a packet
    aggregate: int
    fragment: int
    by_first_byte: tuple[Content | None, ...] = field(init=False, repr=False)  # what a slice's first byte tells
    by_fragment_byte: tuple[Content | None, ...] = field(init=False, repr=False)  # and a fragment's second header

    def __post_init__(self) -> None:
        firsts, seconds = (self.kind(byte) for byte in range(256)), (self.fragment_kind(byte) for byte in range(256))
        object.__setattr__(self, "by_first_byte", tuple(map(self._slice_content, firsts)))
        object.__setattr__(self, "by_fragment_byte", tuple(map(self._slice_content, seconds)))

    def _slice_content(self, kind: int) -> Content | None:
        if kind not in self.slices:
            return None
        return Content.KEYFRAME if kind in self.keys else Content.PICTURE

    def kind(self, first_byte: int) -> int:
        """Return the type in a NAL unit's first byte."""
        return first_byte & 0x1F if self.header_bytes == 1 else first_byte >> 1 & 0x3F

    def fragment_kind(self, fragment_byte: int) -> int:
        """Return the type of the NAL unit that a fragment belongs to."""
        return fragment_byte & (0x1F if self.header_bytes == 1 else 0x3F)

    def original_header(self, raw: bytes, at: int, kind: int) -> bytes:
        """Rebuild the header of a fragmented NAL unit from its fragment's, which begins at `at`."""
        if self.header_bytes == 1:
            return bytes((raw[at] & 0xE0 | kind,))
        return bytes((raw[at] & 0x81 | kind << 1, raw[at + 1]))


H264 = Packing(
    codec="h264",
    header_bytes=1,
    slices=frozenset(range(1, 6)),
    keys=frozenset({5}),
    heads=frozenset({7}),
    sets=(7, 8),
    whole=frozenset(range(1, 24)),
    aggregate=24,
    fragment=28,
)
H265 = Packing(
    codec="hevc",
    header_bytes=2,
    slices=frozenset(range(32)),
    keys=frozenset(range(16, 24)),
    heads=frozenset(),
    sets=(32, 33, 34),
    whole=frozenset(range(48)),
    aggregate=48,
    fragment=49,
)


class PackedUnit:
    """One access unit that is taken apart only when its bytes are wanted, each time anew: the ring keeps many."""

    __slots__ = ("packing", "raw")

    def __init__(self, packing: Packing, raw: bytes) -> None:
        self.packing = packing
        self.raw = raw

    def data(self) -> bytes:
        """Return the unit as Annex B, without what was torn on the way; empty when nothing is whole."""
        return b"".join(part for nal in _whole_nals(self.packing, self.raw) for part in (START_CODE, nal))


def content_of(packing: Packing, raw: bytes) -> Content:
    """Tell what a unit is by its NAL units up to the first slice.

    Some H.264 encoders never send an IDR picture: there, a parameter set begins a unit to begin with, if an intra
    slice or the message of a gradual refresh follows. The set alone does not: some repeat it before any picture.
    """
    # Nearly all units: a plain packet that begins a slice.
    if len(raw) > _PREAMBLE + 2 and raw[FRAMING_BYTES] == PLAIN and (raw[2] << 8 | raw[3]) > RTP_HEADER_BYTES + 2:
        known = packing.by_first_byte[raw[_PREAMBLE]]
        if known is None and packing.kind(raw[_PREAMBLE]) == packing.fragment:
            known = packing.by_fragment_byte[raw[_PREAMBLE + packing.header_bytes]]
        if known is not None:
            return known
    head = refresh = False
    for kind, begin, end in _up_to_slice(packing, raw):
        if kind in packing.slices:
            key = kind in packing.keys or (head and (refresh or _is_intra(raw, begin, end)))
            return Content.KEYFRAME if key else Content.PICTURE
        head = head or kind in packing.heads
        refresh = refresh or (kind == _H264_SEI and raw[begin + 1] == _RECOVERY_POINT)
    return Content.NO_PICTURE


def _is_intra(raw: bytes, begin: int, end: int) -> bool:
    """Read the type of an H.264 slice (7.4.3), of which a fragment may be there."""
    at = begin + 1
    if raw[begin] & 0x1F == H264.fragment:
        if not raw[at] & _FRAGMENT_BEGINS:
            return False
        at += 1
    bits = BitReader(raw[at : min(end, at + _SLICE_START_BYTES)])
    try:
        bits.unsigned()  # first_mb_in_slice
        return bits.unsigned() in _INTRA_SLICES
    except IndexError:
        return False


def parameter_sets(packing: Packing, raw: bytes) -> tuple[bytes, ...]:
    """Return the parameter sets before the first slice, in decoder order."""
    found = [(kind, raw[begin:end]) for kind, begin, end in _up_to_slice(packing, raw) if kind in packing.sets]
    return tuple(nal for wanted in packing.sets for kind, nal in found if kind == wanted)


def continues_picture(packing: Packing, packet: bytes) -> bool:
    """Tell whether a framed packet goes on with the picture before it: no fragment's beginning, no first slice."""
    for _, begin, end in _payloads(packet):
        width = packing.header_bytes
        if end - begin <= width + 1:
            return False
        kind, at = packing.kind(packet[begin]), begin + width
        if kind == packing.fragment:
            if not packet[at] & _FRAGMENT_BEGINS:
                return True
            kind, at = packing.fragment_kind(packet[at]), at + 1
        # The first bit after the header is set in a picture's first slice, in H.264 (first_mb) and H.265 alike.
        return kind in packing.slices and not packet[at] & 0x80
    return False


def _payloads(raw: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield each packet's sequence number and where its payload begins and ends; an empty one, too."""
    at = 0
    while at + _PREAMBLE <= len(raw):
        size, flags, sequence = _HEADER.unpack_from(raw, at)
        begin, end = at + _PREAMBLE, min(at + FRAMING_BYTES + size, len(raw))
        if flags != PLAIN:
            begin, end = _trimmed(raw, flags, begin, end)
        yield sequence, begin, max(begin, end)
        at += FRAMING_BYTES + size


def _trimmed(raw: bytes, flags: int, begin: int, end: int) -> tuple[int, int]:
    begin += 4 * (flags & _SOURCES)
    if flags & _EXTENDED and begin + 4 <= end:
        begin += 4 + 4 * (raw[begin + 2] << 8 | raw[begin + 3])
    if flags & _PADDED and begin < end:
        end -= raw[end - 1]
    return begin, end


def _up_to_slice(packing: Packing, raw: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield type, begin and end of the NAL units up to the first slice, of which only a fragment may be there."""
    for _, begin, end in _payloads(raw):
        for kind, first, last in _contained(packing, raw, begin, end):
            yield kind, first, last
            if kind in packing.slices:
                return


def _contained(packing: Packing, raw: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    if end - begin <= packing.header_bytes:
        return
    kind = packing.kind(raw[begin])
    if kind == packing.fragment:
        yield packing.fragment_kind(raw[begin + packing.header_bytes]), begin, end
    elif kind == packing.aggregate:
        yield from _aggregated(packing, raw, begin, end)
    elif kind in packing.whole:
        yield kind, begin, end


def _aggregated(packing: Packing, raw: bytes, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    at = begin + packing.header_bytes
    while at + 2 < end:
        first = at + 2
        at = first + (raw[at] << 8 | raw[at + 1])
        if at > end:
            return  # cut short
        if at > first:
            yield packing.kind(raw[first]), first, at


def _whole_nals(packing: Packing, raw: bytes) -> Iterator[bytes]:
    """Yield the NAL units that came whole; one with a fragment missing is left out."""
    fragments = _Fragments(packing)
    expected: int | None = None
    for sequence, begin, end in _payloads(raw):
        if expected is not None and 0 < (sequence - expected & 0xFFFF) < _LONGEST_JUMP:
            fragments.tear()
        expected = sequence + 1 & 0xFFFF
        if end - begin > packing.header_bytes and packing.kind(raw[begin]) == packing.fragment:
            nal = fragments.add(raw, begin, end)
            if nal:
                yield nal
        else:
            yield from (raw[first:last] for _, first, last in _contained(packing, raw, begin, end))


class _Fragments:
    """The pieces so far of the one NAL unit that is being put together."""

    def __init__(self, packing: Packing) -> None:
        self._packing = packing
        self._pieces: list[bytes] = []

    def tear(self) -> None:
        self._pieces = []

    def add(self, raw: bytes, begin: int, end: int) -> bytes:
        """Return the NAL unit when this piece completes it, else nothing."""
        at = begin + self._packing.header_bytes
        edges = raw[at]
        if edges & _FRAGMENT_BEGINS:
            self._pieces = [self._packing.original_header(raw, begin, self._packing.fragment_kind(edges))]
        if not self._pieces:
            return b""  # its beginning was lost
        self._pieces.append(raw[at + 1 : end])
        if not edges & _FRAGMENT_ENDS:
            return b""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
