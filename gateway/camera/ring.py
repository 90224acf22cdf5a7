"""The last seconds of one camera, compressed, in whole groups of pictures: pre-roll for clips, a start for decoders."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway.types import Packet

DEFAULT_SECONDS = 12.0
# 90 s at 4 Mbit/s with room for bursts; a hundred cameras at their usual 2 Mbit/s and 12 s take 300 MB together.
DEFAULT_MAX_BYTES = 48 * 1024 * 1024
# What a pinned clip shows of its beginning stays whole, whatever happens later.
PIN_HEAD_S = 15.0


@dataclass(slots=True)
class Gop:
    """A keyframe and all that leans on it."""

    packets: list[Packet] = field(default_factory=list)
    size: int = 0  # bytes

    @property
    def start_s(self) -> float:
        """Moment of the keyframe."""
        return self.packets[0].at_s

    @property
    def end_s(self) -> float:
        """Moment of the last packet so far."""
        return self.packets[-1].at_s

    def add(self, packet: Packet) -> None:
        """Append the next packet in decode order."""
        self.packets.append(packet)
        self.size += packet.size


class PacketRing:
    """Keeps whole GOPs: written by the camera's thread, read from any thread.

    Without pins it holds the GOPs that reach into the last `seconds`, and at most `max_bytes`. While a stretch is
    pinned nothing from its keyframe on leaves by age; when that exceeds `max_bytes` the dull middle goes first,
    counted in `dropped_gops`: the head of each pin (`PIN_HEAD_S`) and the last `seconds` stay.
    """

    def __init__(self, seconds: float = DEFAULT_SECONDS, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._gops: deque[Gop] = deque()
        self._pins: dict[str, float] = {}
        self._size = 0
        self.dropped_gops = 0  # lost for want of bytes, not by age

    @property
    def size(self) -> int:
        """Bytes held."""
        return self._size

    @property
    def newest_s(self) -> float | None:
        """Moment of the last packet, None while empty."""
        with self._lock:
            return self._gops[-1].end_s if self._gops else None

    def append(self, packet: Packet) -> None:
        """Take the next packet; until the first keyframe they are let go, for nothing can be shown of them."""
        with self._lock:
            if packet.keyframe:
                self._gops.append(Gop())
                self._expire(packet.at_s)
            elif not self._gops:
                return
            self._gops[-1].add(packet)
            self._size += packet.size
            if self._size > self._max_bytes:
                self._shrink()

    def clear(self) -> None:
        """Forget all packets (the stream's format changed); pins stay for what comes."""
        with self._lock:
            self._gops.clear()
            self._size = 0

    def since(self, at_s: float) -> list[Packet]:
        """Return the packets from the keyframe at or before `at_s`, or from the oldest one held when that is later."""
        with self._lock:
            return _flat(list(self._gops)[self._index_of(at_s) :])

    def gop_before(self, at_s: float) -> list[Packet]:
        """Return the whole GOP before the one that `at_s` lies in; empty when it is not held (any more)."""
        with self._lock:
            index = self._index_of(at_s)
            return list(self._gops[index - 1].packets) if index > 0 else []

    def last_gop(self) -> list[Packet]:
        """Return the unfinished GOP so far, keyframe first; empty before the first keyframe."""
        with self._lock:
            return list(self._gops[-1].packets) if self._gops else []

    def pin(self, key: str, from_s: float) -> None:
        """Keep everything from the keyframe at or before `from_s` until `unpin`; repeating it moves the pin."""
        with self._lock:
            self._pins[key] = from_s

    def unpin(self, key: str) -> None:
        """Let a stretch go; unknown keys are ignored, for a clip may have been given up twice."""
        with self._lock:
            self._pins.pop(key, None)
            if self._gops:
                self._expire(self._gops[-1].end_s)

    def _index_of(self, at_s: float) -> int:
        for index in range(len(self._gops) - 1, -1, -1):
            if self._gops[index].packets[0].at_s <= at_s:
                return index
        return 0

    def _expire(self, now_s: float) -> None:
        """Drop by age: the oldest GOP goes once the one after it covers everything that must stay."""
        wanted_s = min([now_s - self._seconds, *self._pins.values()])
        while len(self._gops) > 1:
            following = self._gops[1]
            following_start_s = following.packets[0].at_s if following.packets else now_s
            if following_start_s > wanted_s:
                return
            self._size -= self._gops.popleft().size

    def _shrink(self) -> None:
        while self._size > self._max_bytes and self._gops:
            index = self._victim()
            self._size -= self._gops[index].size
            del self._gops[index]
            self.dropped_gops += 1

    def _victim(self) -> int:
        """Pick the oldest of the dull middle; failing that of the tail; failing that the newest of the heads.

        The GOP still growing is taken only when it is alone: what follows would be glued to another keyframe.
        """
        finished = range(len(self._gops) - 1)
        tail_s = self._gops[-1].end_s - self._seconds
        loose = [i for i in finished if not self._is_head(self._gops[i])]
        dull = [i for i in loose if self._gops[i].end_s < tail_s]
        return (dull or loose or [max(0, len(self._gops) - 2)])[0]

    def _is_head(self, gop: Gop) -> bool:
        return any(gop.end_s >= from_s and gop.start_s <= from_s + PIN_HEAD_S for from_s in self._pins.values())


def _flat(gops: Iterable[Gop]) -> list[Packet]:
    return [packet for gop in gops for packet in gop.packets]
