"""One path on the air: a clip on its own clock, and the viewers who see the same moment of it.

Time base: `now_s` is the monotonic clock; ticks are 1/90000 s since the path began. A path begins with its first
viewer and then runs on, watched or not, as a camera does; one that plays once begins anew with the next viewer after
it has ended.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.simulator.clip import Clip, Unit
from gateway.simulator.rtp import CLOCK_HZ, goodbye, sender_report, stamp
from gateway.simulator.sinks import Sink

REPORT_INTERVAL_S = 5.0  # RFC 3550, 6.2: the recommended minimum between sender reports


@dataclass(slots=True)
class Counters:
    """What a server has done since it started."""

    sessions: int = 0  # sessions that reached PLAY
    packets_sent: int = 0  # RTP packets handed to connections and sockets
    dropped_gops: int = 0  # whole groups of pictures left out for viewers that read too slowly
    expired: int = 0  # sessions closed because nothing was heard of their client


class Viewer:
    """One client of a path: its own SSRC and sequence numbers, and its patience for a full buffer.

    Whether a group of pictures is sent is decided at its keyframe, so what is sent can always be decoded, and the
    sink never holds more than `limit_bytes` and one group.
    """

    def __init__(self, sink: Sink, counters: Counters, limit_bytes: int) -> None:
        self.sink = sink
        self.ssrc = secrets.randbits(32)
        self.sequence = secrets.randbits(16)  # of the next packet
        self.ended = False  # the path played once, and is over
        self.reset = False  # the connection is to be cut with a reset
        self.next_report_s = 0.0
        self._counters = counters
        self._limit_bytes = limit_bytes
        self._skipping = False
        self._packets = 0
        self._octets = 0

    def offer(self, unit: Unit, timestamp: int) -> None:
        """Send an access unit, or leave it out with the rest of its group."""
        if unit.keyframe:
            self._skipping = self.sink.buffered_bytes > self._limit_bytes
            self._counters.dropped_gops += self._skipping
        if not self._skipping:
            self._deliver(unit, timestamp)

    def report(self, utc_s: float, timestamp: int) -> None:
        """Send a sender report: at `utc_s` the picture of RTP time `timestamp` was taken."""
        report = sender_report(self.ssrc, utc_s=utc_s, timestamp=timestamp, packets=self._packets, octets=self._octets)
        self.sink.send_control(report)

    def end(self) -> None:
        """Say goodbye; whoever owns the connection closes it."""
        self.sink.send_control(goodbye(self.ssrc))
        self.ended = True

    def _deliver(self, unit: Unit, timestamp: int) -> None:
        """The one place through which every RTP packet leaves."""
        packets = stamp(unit.packets, self.sequence, timestamp, self.ssrc)
        count = len(unit.packets.starts)
        self.sequence = (self.sequence + count) & 0xFFFF
        self._packets += count
        self._octets += unit.packets.payload_bytes
        self._counters.packets_sent += count
        self._send(packets, unit.packets.starts)

    def _send(self, packets: bytearray, starts: tuple[int, ...]) -> None:
        self.sink.send_unit(packets, starts)


class Feed:
    """A path's clock and viewers. Costs nothing while nobody watches.

    Attributes:
        clip: What it shows.
    """

    def __init__(
        self, clip: Clip, clock: Clock, *, loop: bool = True, start_s: float = 0.0, clock_offset_s: float = 0.0
    ) -> None:
        self.clip = clip
        self.viewers: list[Viewer] = []
        self._clock = clock
        self._clock_offset_s = clock_offset_s
        self._loop = loop
        self._start_ticks = round(start_s * CLOCK_HZ) % clip.period
        self._base = secrets.randbits(32)  # RTP time at tick 0
        self._began_s: float | None = None
        self._began_utc_s = 0.0
        self._next = 0  # number of the next unit due, counting on over the rounds; above 0 once begun
        self._due_s = 0.0

    @property
    def position_s(self) -> float | None:
        """Seconds into the clip at this moment, None before the first viewer."""
        if self._began_s is None:
            return None
        return (self._ticks(self._clock.monotonic()) % self.clip.period) / CLOCK_HZ

    def new_viewer(self, sink: Sink, counters: Counters, limit_bytes: int) -> Viewer:
        """Return a viewer for this path, yet to `join`."""
        return Viewer(sink, counters, limit_bytes)

    def present_clip(self) -> Clip:
        """Return what a viewer who came now would be shown."""
        return self.clip

    def present_keyframe(self) -> int:
        """Return the index in `clip.units` of the last keyframe; begins the path, as a viewer would."""
        return self.tune_in() % len(self.clip.units)

    def keyframe_at(self, at_s: float) -> int:
        """Return the index of what was the last keyframe at a moment of the monotonic clock; only once begun."""
        ticks = self._ticks(max(at_s, self._began_s or 0.0))
        return self.clip.keyframe_upto(self.clip.index_after(ticks % self.clip.period) - 1)

    def wall_clock_s(self, now_s: float) -> float:
        """Return what the camera's own clock shows, in Unix seconds; only once begun."""
        return self._began_utc_s + now_s - (self._began_s or 0.0)

    def tune_in(self) -> int:
        """Bring an unwatched path up to this moment; return the number of the unit a new viewer begins with.

        That is the last keyframe sent, so a viewer sees a picture at once.
        """
        now_s = self._clock.monotonic()
        if self._began_s is None or self._over:
            self._begin(now_s)
        elif not self.viewers:
            self._catch_up(now_s)
        rounds, index = divmod(self._next - 1, len(self.clip.units))
        return rounds * len(self.clip.units) + self.clip.keyframe_upto(index)

    def timestamp(self, number: int) -> int:
        """Return the RTP time of a unit."""
        return self._stamped(number)[1]

    def join(self, viewer: Viewer, first: int) -> None:
        """Send a new viewer a report and all units since `first` (see `tune_in`), then include it with the others."""
        self._report(viewer, self._clock.monotonic())
        for number in range(first, self._next):
            viewer.offer(*self._stamped(number))
        viewer.sink.flush()
        self.viewers.append(viewer)

    def leave(self, viewer: Viewer) -> None:
        """Let a viewer go; one that is not here is fine."""
        if viewer in self.viewers:
            self.viewers.remove(viewer)

    def advance(self, now_s: float) -> None:
        """Send all viewers what has become due; ends them when a path that plays once is over."""
        while self.viewers and self._due_s <= now_s:
            if self._over:
                self._end()
                return
            unit, timestamp = self._stamped(self._next)
            for viewer in self.viewers:
                viewer.offer(unit, timestamp)
            self._schedule(self._next + 1)
        for viewer in self.viewers:
            viewer.sink.flush()

    def report(self, now_s: float) -> None:
        """Send the sender reports that are due."""
        for viewer in self.viewers:
            if viewer.next_report_s <= now_s:
                self._report(viewer, now_s)

    @property
    def _over(self) -> bool:
        return not self._loop and self._next >= len(self.clip.units)

    def _begin(self, now_s: float) -> None:
        self._began_s = now_s
        self._began_utc_s = self._clock.now().timestamp() + self._clock_offset_s
        self._catch_up(now_s)

    def _catch_up(self, now_s: float) -> None:
        rounds, rest = divmod(self._ticks(now_s), self.clip.period)
        if self._loop or rounds == 0:
            self._schedule(rounds * len(self.clip.units) + self.clip.index_after(rest))
        else:
            self._begin(now_s)

    def _schedule(self, number: int) -> None:
        """Make `number` the next unit due; past the end of a path that plays once, its end is due instead."""
        self._next = number
        self._due_s = self._due_at(number)

    def _due_at(self, number: int) -> float:
        rounds, index = divmod(number, len(self.clip.units))
        ticks = rounds * self.clip.period + self.clip.units[index].dts - self._start_ticks
        return (self._began_s or 0.0) + ticks / CLOCK_HZ

    def _stamped(self, number: int) -> tuple[Unit, int]:
        rounds, index = divmod(number, len(self.clip.units))
        unit = self.clip.units[index]
        return unit, (self._base + rounds * self.clip.period + unit.pts) & 0xFFFFFFFF

    def _ticks(self, now_s: float) -> int:
        return round((now_s - (self._began_s or 0.0)) * CLOCK_HZ) + self._start_ticks

    def _report(self, viewer: Viewer, now_s: float) -> None:
        viewer.report(self.wall_clock_s(now_s), self._timestamp_at(now_s) & 0xFFFFFFFF)
        viewer.next_report_s = now_s + REPORT_INTERVAL_S

    def _timestamp_at(self, now_s: float) -> int:
        # With B-frames a unit is sent before its picture is due by up to `lead`; a camera cannot send what it has
        # not taken, so the picture being taken now is the one `lead` ahead.
        return self._base + self._ticks(now_s) + self.clip.lead

    def _end(self) -> None:
        for viewer in self.viewers:
            viewer.sink.flush()
            viewer.end()
        self.viewers.clear()
