"""Times of a session: RTP timestamps without their wrap, and decoding times that the protocol does not carry."""

from __future__ import annotations

from heapq import heappush, heappushpop

_WRAP = 1 << 32
_HALF = 1 << 31
_DEEPEST = 16  # pictures out of order at most, by the standards
# A picture shown this much earlier than the newest is not out of order: the camera's counter began anew.
_SEAM_S = 2.0
# Units in a row with the same timestamp; more, and the camera's clock stands still.
_MOST_ALIKE = 4


class StreamTimes:
    """Gives the units of a session, in decode order, their times: presentation as the camera says, decoding made up.

    Timestamps are counted on over their wrap at 32 bits. Decoding times are those of presentation, sorted, late by
    the depth of the reordering; they grow, but where the camera's own counter jumps.

    Args:
        clock_hz: Ticks per second.
        depth: Pictures that may come before one shown earlier, as the parameter set says; more is learnt from what
            comes.
        frame_ticks: Usual distance of pictures.
    """

    def __init__(self, clock_hz: int, depth: int, frame_ticks: int) -> None:
        self._seam_ticks = round(_SEAM_S * clock_hz)
        self._last: int | None = None  # the last unit's presentation time
        self._shown: list[int] = []  # heap of the times that are still to be given out
        self._recent: list[int] = []  # the last times, newest last
        self._newest: int | None = None  # of this counter of the camera
        self._last_dts: int | None = None
        self._alike = 0
        self.reshape(depth, frame_ticks)

    def reshape(self, depth: int, frame_ticks: int) -> None:
        """Learn better of the stream; before its first keyframe."""
        self._depth = min(depth, _DEEPEST)
        self._frame_ticks = frame_ticks
        self._newest = None

    def near(self, timestamp: int) -> int:
        """Return the time nearest to the last unit's that `timestamp` may mean."""
        if self._last is None:
            self._last = timestamp
        return self._last + (timestamp - self._last + _HALF) % _WRAP - _HALF

    def place(self, timestamp: int) -> tuple[int | None, int | None]:
        """Return presentation and decoding time of the next unit; both None while the camera's clock stands still."""
        pts = self._last = self.near(timestamp)
        newest = self._newest
        if newest is None or not -self._seam_ticks <= pts - newest <= self._seam_ticks:
            self._begin(pts)
        elif pts > newest and not self._depth:
            self._newest = self._last_dts = pts
            self._recent, self._alike = [pts], 0
            return pts, pts
        self._alike = self._alike + 1 if pts == newest else 0
        return (pts, self._sorted(pts)) if self._alike < _MOST_ALIKE else (None, None)

    def _begin(self, pts: int) -> None:
        self._shown = [pts - i * self._frame_ticks for i in range(self._depth, 0, -1)]
        self._recent = []
        self._newest = pts
        self._last_dts = None

    def _sorted(self, pts: int) -> int:
        late = sum(other > pts for other in self._recent)
        for _ in range(min(late, _DEEPEST) - self._depth):
            self._depth += 1
            heappush(self._shown, min((pts, *self._shown)) - self._frame_ticks)
        dts = heappushpop(self._shown, pts)
        self._recent = [*self._recent[-_DEEPEST:], pts]
        self._newest = max(pts, pts if self._newest is None else self._newest)
        if self._last_dts is not None:
            dts = max(dts, self._last_dts + 1)
        self._last_dts = dts
        return dts
