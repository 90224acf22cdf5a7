"""What faults do to access units and to RTP packets on their way; bytes in, bytes out."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from random import Random

from gateway.simulator.nal import Codec
from gateway.simulator.rtp import FRAMING_BYTES, RTP_HEADER_BYTES, CutUnit, cut

# SEI, user data unregistered (payload type 5): what cameras send thousands of. 16 bytes of UUID, then the stop bit.
_TINY_NAL: dict[Codec, bytes] = {
    "h264": b"\x06\x05\x10GridPatrol-tiny!\x80",
    "hevc": b"\x4e\x01\x05\x10GridPatrol-tiny!\x80",
}
_HEAD_BYTES = FRAMING_BYTES + RTP_HEADER_BYTES
_MARKER_AT = 5  # from "$"
_LENGTH_AT = 2
_MARKER = 0x80
_FLIPS = 4  # bytes per packet: enough that the entropy decoder loses its place
_NOISE_BYTES = (16, 64)
_DOLLAR = 0x24


def with_tiny_nals(codec: Codec, unit: CutUnit, count: int) -> CutUnit:
    """Return the unit preceded by `count` small SEI units, a packet each."""
    prefix = _tiny_packets(codec, count)
    shift = len(prefix.layout)
    return CutUnit(prefix.layout + unit.layout, (*prefix.starts, *(start + shift for start in unit.starts)))


def truncated(unit: CutUnit) -> CutUnit:
    """Return the first half of the unit's packets, marker and all; of a single packet half the payload."""
    if len(unit.starts) > 1:
        kept = (len(unit.starts) + 1) // 2
        kept = min(kept, len(unit.starts) - 1)
        layout = bytearray(unit.layout[: unit.starts[kept]])
    else:
        kept = 1
        layout = bytearray(unit.layout[: _HEAD_BYTES + max(2, (len(unit.layout) - _HEAD_BYTES) // 2)])
        struct.pack_into(">H", layout, _LENGTH_AT, len(layout) - FRAMING_BYTES)
    layout[unit.starts[kept - 1] + _MARKER_AT] |= _MARKER
    return CutUnit(bytes(layout), unit.starts[:kept])


def noise(random: Random) -> bytes:
    """Return bytes without `$`, so that a reader that looks for the next packet can find it."""
    return bytes(b for b in random.randbytes(random.randint(*_NOISE_BYTES)) if b != _DOLLAR)


class Wire:
    """A bad line to one viewer: loses, swaps and corrupts packets, alike each time for the same generator."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._held: bytearray | None = None

    @property
    def holds(self) -> bool:
        """Whether a packet waits for its next one."""
        return self._held is not None

    def carry(
        self, packets: bytearray, starts: tuple[int, ...], *, loss: float, reorder: float, corrupt: float
    ) -> tuple[bytearray, tuple[int, ...]]:
        """Return what arrives of stamped packets, laid out as they came; shares from 0 to 1.

        A packet held back by `reorder` follows the next one, of a later unit if need be.
        """
        arrived: list[bytearray] = []
        for packet in _split(packets, starts):
            if self._random.random() < loss:
                continue
            if self._random.random() < corrupt:
                self._flip(packet)
            arrived += self._swapped(packet, reorder)
        return _joined(arrived)

    def _swapped(self, packet: bytearray, reorder: float) -> list[bytearray]:
        if self._held is not None:
            held, self._held = self._held, None
            return [packet, held]
        if self._random.random() < reorder:
            self._held = packet
            return []
        return [packet]

    def _flip(self, packet: bytearray) -> None:
        # The first payload bytes say what kind of NAL unit it is; flipping those would be loss.
        first = min(_HEAD_BYTES + 4, len(packet) - 1)
        for _ in range(_FLIPS):
            packet[self._random.randint(first, len(packet) - 1)] ^= self._random.randint(1, 255)


@lru_cache(maxsize=16)
def _tiny_packets(codec: Codec, count: int) -> CutUnit:
    unit = cut(codec, [_TINY_NAL[codec]] * count)
    if not count:
        return unit
    layout = bytearray(unit.layout)
    layout[unit.starts[-1] + _MARKER_AT] &= ~_MARKER & 0xFF  # the picture still follows
    return CutUnit(bytes(layout), unit.starts)


def _split(packets: bytearray, starts: tuple[int, ...]) -> Iterator[bytearray]:
    for start, end in zip(starts, (*starts[1:], len(packets)), strict=True):
        yield packets[start:end]


def _joined(packets: list[bytearray]) -> tuple[bytearray, tuple[int, ...]]:
    starts, at = [], 0
    for packet in packets:
        starts.append(at)
        at += len(packet)
    return bytearray().join(packets), tuple(starts)
