"""A clip's own timeline: packets from here and there laid end to end, and which wall time each stretch shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from gateway.types import Packet

TICKS_PER_S = 90_000
# Between two packets of a live stream; more was left out on purpose, or lost.
GAP_S = 2.0
DEFAULT_STEP_S = 0.04  # 25 fps, where a single packet tells no rate


@dataclass(frozen=True, slots=True)
class Placed:
    """A packet at its place in the clip; times in ticks of 1/90000 s from the clip's start."""

    packet: Packet
    dts: int
    pts: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch without gaps."""

    clip_start_s: float
    duration_s: float
    at_s: float  # monotonic moment of its first packet


@dataclass(frozen=True, slots=True)
class Layout:
    """The clip to be written."""

    packets: tuple[Placed, ...]
    stretches: tuple[Stretch, ...]
    step: int  # usual ticks from one packet to the next

    @property
    def duration_s(self) -> float:
        """Length of the clip."""
        return (self.packets[-1].dts + self.step) / TICKS_PER_S if self.packets else 0.0


def lay_out(packets: Sequence[Packet]) -> Layout:
    """Place packets on the clip's timeline, starting at 0, decode times strictly rising, gaps closed up.

    Every stretch begins with a keyframe: what precedes the first one, or follows a gap without one, cannot be decoded
    and is left out.
    """
    step = _usual_step(packets)
    gap_s = max(GAP_S, 3 * step / TICKS_PER_S)
    placed: list[Placed] = []
    starts: list[int] = []
    for packet in packets:
        fresh = not placed or _is_seam(placed[-1].packet, packet, gap_s)
        if fresh and not packet.keyframe:
            continue
        if fresh:
            starts.append(len(placed))
        placed.append(_place(packet, placed[-1] if placed else None, step, fresh=fresh))
    return Layout(tuple(placed), _stretches(placed, starts, step), step)


def _place(packet: Packet, before: Placed | None, step: int, *, fresh: bool) -> Placed:
    if before is None:
        dts = 0
    elif fresh:
        dts = before.dts + step
    else:
        dts = before.dts + max(1, _ticks(packet, packet.dts) - _ticks(before.packet, before.packet.dts))
    # A picture shown before it is decoded is a camera's slip; MP4 cannot hold it.
    return Placed(packet, dts, dts + max(0, _ticks(packet, packet.pts) - _ticks(packet, packet.dts)))


def _is_seam(before: Packet, packet: Packet, gap_s: float) -> bool:
    """Say whether something lies between: time left out, or another session whose timestamps start anew."""
    jump = _ticks(packet, packet.dts) - _ticks(before, before.dts)
    return abs(packet.at_s - before.at_s) > gap_s or jump < 0 or jump > gap_s * TICKS_PER_S


def _usual_step(packets: Sequence[Packet]) -> int:
    steps = [s for a, b in pairwise(packets) if (s := _ticks(b, b.dts) - _ticks(a, a.dts)) > 0]
    return round(median(steps)) if steps else round(DEFAULT_STEP_S * TICKS_PER_S)


def _ticks(packet: Packet, value: int) -> int:
    return round(value * packet.time_base * TICKS_PER_S)


def _stretches(placed: Sequence[Placed], starts: Sequence[int], step: int) -> tuple[Stretch, ...]:
    stretches = []
    for start, end in pairwise([*starts, len(placed)]):
        first, last = placed[start], placed[end - 1]
        duration_s = (last.dts - first.dts + step) / TICKS_PER_S
        stretches.append(Stretch(first.dts / TICKS_PER_S, duration_s, first.packet.at_s))
    return tuple(stretches)
