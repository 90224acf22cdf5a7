"""From the camera's timestamps to the gateway's clock: one mapping per camera, kept over reconnections.

Cameras disagree with the network and with themselves: packets arrive late and in bunches, counters wrap, encoders
restart. `Timeline` turns all that into ticks that only grow and moments that only grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

# A gap between two packets' own timestamps that exceeds the time they took to arrive by this much is a seam.
JUMP_S = 2.0
# Arriving this much later than the best delay known means the delay itself changed (or the camera slept).
LATE_S = 5.0
# The estimate of the delay may rise this fast: five times the drift of a bad camera crystal.
LEAK_S_PER_S = 500e-6
# While catching up with a smaller delay, moments advance at this share of the camera's own pace.
SLOWEST_PACE = 0.5
# Pace assumed over a seam when arrival says nothing (a recording looped without pacing).
NOMINAL_FRAME_S = 0.04


class Stamp(NamedTuple):
    """Where one packet stands: ticks that never go back within a timeline, and the moment of its picture."""

    pts: int
    dts: int
    at_s: float


@dataclass(slots=True)
class _Anchor:
    pts: int
    at_s: float


class Timeline:
    """Places packets, given in decode order, on the monotonic clock. Pure; not thread-safe.

    Promises: `dts` grows by at least one tick per packet; `pts >= dts`; among pictures in order of `pts`, `at_s`
    never goes back, nor lies after the arrival. The first packet's moment is its arrival.
    """

    def __init__(self, time_base: Fraction) -> None:
        self._tick_s = float(time_base)
        self._shift: int | None = None  # added to the camera's ticks
        self._last_dts = -1
        self._last_arrival_s = 0.0
        self._delay_s = 0.0  # smallest recent arrival_s - media seconds
        self._previous = _Anchor(0, 0.0)
        self._newest = _Anchor(-1, 0.0)
        self.seams = 0

    def place(self, pts: int | None, dts: int | None, arrival_s: float) -> Stamp:
        """Stamp the next packet.

        Args:
            pts: The camera's presentation time in ticks, None when it gave none.
            dts: The camera's decoding time in ticks, None when it gave none.
            arrival_s: When it arrived, monotonic seconds (for an unpaced recording: its own media seconds).
        """
        if self._shift is None:
            return self._first(pts, dts, arrival_s)
        new_dts = self._next_dts(pts if dts is None else dts, arrival_s)
        new_pts = self._next_pts(pts, new_dts)
        self._last_dts = new_dts
        self._last_arrival_s = arrival_s
        return Stamp(new_pts, new_dts, self._moment(new_pts, arrival_s))

    def reconnect(self) -> None:
        """Take whatever comes next as a seam: a new session's counter has nothing to do with the last one's."""
        if self._shift is not None:
            self._shift = -(1 << 62)  # any timestamp now lies far in the past

    def _first(self, pts: int | None, dts: int | None, arrival_s: float) -> Stamp:
        start = dts if dts is not None else (pts or 0)
        self._shift = -start
        self._last_dts = 0
        first_pts = self._next_pts(pts, 0)
        self._last_arrival_s = arrival_s
        self._delay_s = arrival_s - first_pts * self._tick_s
        self._previous = self._newest = _Anchor(first_pts, arrival_s)
        return Stamp(first_pts, 0, arrival_s)

    def _next_dts(self, ticks: int | None, arrival_s: float) -> int:
        elapsed_s = max(0.0, arrival_s - self._last_arrival_s)
        if ticks is None:
            return self._last_dts + self._step(elapsed_s)
        assert self._shift is not None  # noqa: S101 - set by the first packet
        step = ticks + self._shift - self._last_dts
        if step > 0 and step * self._tick_s <= elapsed_s + JUMP_S:
            return self._last_dts + step
        self.seams += 1
        step = self._step(elapsed_s)
        self._shift = self._last_dts + step - ticks
        return self._last_dts + step

    def _next_pts(self, pts: int | None, dts: int) -> int:
        ahead = 0 if pts is None or self._shift is None else pts + self._shift - dts
        return dts + ahead if 0 < ahead * self._tick_s <= JUMP_S else dts

    def _step(self, elapsed_s: float) -> int:
        return max(1, round((elapsed_s or NOMINAL_FRAME_S) / self._tick_s))

    def _moment(self, pts: int, arrival_s: float) -> float:
        if pts <= self._newest.pts:
            return self._between(pts)
        media_s = pts * self._tick_s
        step_s = (pts - self._newest.pts) * self._tick_s
        self._track_delay(arrival_s - media_s, step_s)
        slowest_s = min(self._newest.at_s + SLOWEST_PACE * step_s, arrival_s)  # nothing was taken after it arrived
        at_s = max(media_s + self._delay_s, slowest_s, self._newest.at_s)
        self._previous, self._newest = self._newest, _Anchor(pts, at_s)
        return at_s

    def _track_delay(self, seen_s: float, step_s: float) -> None:
        if seen_s - self._delay_s > LATE_S:
            self._delay_s = seen_s
        else:
            self._delay_s = min(seen_s, self._delay_s + LEAK_S_PER_S * step_s)

    def _between(self, pts: int) -> float:
        """Return the moment of a picture that is shown before one already placed (B-frames)."""
        before, after = self._previous, self._newest
        if pts <= before.pts or after.pts == before.pts:
            return before.at_s
        share = (pts - before.pts) / (after.pts - before.pts)
        return before.at_s + share * (after.at_s - before.at_s)
