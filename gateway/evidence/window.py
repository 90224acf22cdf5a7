"""Which stretch of a camera's packets belongs to an event. Pure: moments and packets in, packets out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from gateway.types import Packet

# At least 3 s before the beginning must be seen; 6 leave room for a beginning noticed late (a look every 2 s), and
# whole GOPs add up to one more GOP.
PRE_ROLL_S = 6.0
POST_ROLL_S = 6.0
# Of a dwell too long to be shown whole: enough after the beginning to see the thing arrive and stop.
ONSET_S = 8.0
# A reviewer decides within seconds; a minute of 1080p at 2 Mbit/s is 15 MB on a phone's data plan.
MAX_CLIP_S = 60.0


class Span(NamedTuple):
    """A stretch of monotonic time, both ends included."""

    start_s: float
    end_s: float


def event_window(since_s: float, raised_s: float) -> tuple[Span, ...]:
    """Return the stretches to show: one from before the beginning to after the raise, or two without a dull middle."""
    whole = Span(since_s - PRE_ROLL_S, raised_s + POST_ROLL_S)
    if whole.end_s - whole.start_s <= MAX_CLIP_S:
        return (whole,)
    onset = Span(since_s - PRE_ROLL_S, since_s + ONSET_S)
    return onset, Span(raised_s - PRE_ROLL_S, raised_s + POST_ROLL_S)


def ready_at_s(raised_s: float) -> float:
    """Return when the last packet of the window has been taken: cut the clip from then on."""
    return raised_s + POST_ROLL_S


def choose(packets: Sequence[Packet], spans: Sequence[Span]) -> list[Packet]:
    """Return the packets of the spans, in order: from the keyframe at or before each start (or the first after it).

    Args:
        packets: In decode order, as a ring holds them.
        spans: In order of time; they may overlap.
    """
    moments = [p.at_s for p in packets]
    chosen: set[int] = set()
    for span in spans:
        start = _keyframe_for(packets, bisect_right(moments, span.start_s) - 1)
        chosen.update(range(start, bisect_right(moments, span.end_s)))
    return [packets[i] for i in sorted(chosen)]


def _keyframe_for(packets: Sequence[Packet], index: int) -> int:
    for i in range(index, -1, -1):
        if packets[i].keyframe:
            return i
    return next((i for i, p in enumerate(packets) if p.keyframe), len(packets))
