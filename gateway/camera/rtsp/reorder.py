"""Puts datagrams back in order: the network may let one overtake another."""

from __future__ import annotations

import time
from collections.abc import Callable
from heapq import heappop, heappush

WINDOW_S = 0.3
_MOST_HELD = 512  # packets: more than that out of order is a loss
_SEQUENCE_AT = 6  # in a framed packet
# A number this far from the expected one belongs to a new beginning.
_FAR = 3000


class Reorder:
    """Holds packets that came too early until those before them came, or will not come any more. For one thread."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._expected: int | None = None  # counted on over 16 bits
        self._held: list[tuple[int, float, bytes]] = []  # heap: number, arrival, packet
        self.late = 0  # packets that came twice, or after their turn

    def in_order(self, packet: memoryview) -> bool:
        """True: it is the next, use it now and then ask `next`. False: it is held, or dropped."""
        number = packet[_SEQUENCE_AT] << 8 | packet[_SEQUENCE_AT + 1] if len(packet) > _SEQUENCE_AT + 1 else 0
        if self._expected is None:
            self._expected = number
        ahead = (number - self._expected + 0x8000 & 0xFFFF) - 0x8000
        if abs(ahead) > _FAR:
            self._held.clear()
        if ahead == 0 or abs(ahead) > _FAR:
            self._expected += ahead + 1
            return True
        if ahead < 0:
            self.late += 1
        else:
            heappush(self._held, (self._expected + ahead, self._clock_s(), bytes(packet)))
        return False

    def next(self) -> bytes | None:
        """Return the next held packet whose turn has come, or for which there is no more waiting."""
        assert self._expected is not None or not self._held  # noqa: S101 - held only after the first
        while self._held and self._expected is not None:
            number, arrival_s, packet = self._held[0]
            due = number <= self._expected or len(self._held) > _MOST_HELD
            if not due and self._clock_s() - arrival_s < WINDOW_S:
                return None
            heappop(self._held)
            if number >= self._expected:
                self._expected = number + 1
                return packet
            self.late += 1
        return None
