"""A path with scripted faults: the same feed, whose hooks ask the timeline. Paths without faults never come here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from random import Random

from gateway.clock import Clock
from gateway.simulator.clip import Clip, Unit
from gateway.simulator.damage import Wire, noise, truncated, with_tiny_nals
from gateway.simulator.faults import FaultSpec, Timeline
from gateway.simulator.feed import Counters, Feed, Viewer
from gateway.simulator.rtp import CLOCK_HZ
from gateway.simulator.sinks import Sink

_MUTE = ("stall", "half_open")  # nothing leaves, neither RTP nor RTCP
_STAMPED_BACK_EVERY = 5  # pictures: often enough to be met, and every group of pictures keeps an order


class FaultyViewer(Viewer):
    """A viewer behind a bad line."""

    def __init__(self, sink: Sink, counters: Counters, limit_bytes: int, timeline: Timeline, random: Random) -> None:
        super().__init__(sink, counters, limit_bytes)
        self._timeline = timeline
        self._random = random
        self._wire = Wire(random)
        self._groups_lost = timeline.started("mid_gop_loss", timeline.now_s)
        self._losing = False

    def offer(self, unit: Unit, timestamp: int) -> None:
        """Send an access unit unless a fault holds it back; after a stall the first to be sent is a keyframe."""
        if self._timeline.active(*_MUTE):
            self._skipping = True
            return
        if unit.keyframe:
            self._losing = False
        elif self._losing:
            self.sequence = (self.sequence + len(unit.packets.starts)) & 0xFFFF  # they were sent, and got lost
            return
        super().offer(unit, timestamp)
        if unit.keyframe:
            self._losing = self._loses_group()

    def _loses_group(self) -> bool:
        started = self._timeline.started("mid_gop_loss", self._timeline.now_s)
        new, self._groups_lost = started > self._groups_lost, started
        return new or self._timeline.active("mid_gop_loss") is not None

    def _send(self, packets: bytearray, starts: tuple[int, ...]) -> None:
        if self._timeline.active("garbage"):
            self.sink.send_noise(noise(self._random))
        loss, reorder, corrupt = (self._share(kind) for kind in ("loss", "reorder", "corrupt"))
        if loss or reorder or corrupt or self._wire.holds:
            packets, starts = self._wire.carry(packets, starts, loss=loss, reorder=reorder, corrupt=corrupt)
        if starts:
            super()._send(packets, starts)

    def _share(self, kind: str) -> float:
        fault = self._timeline.active(kind)
        return 0.0 if fault is None else fault.amount


class FaultyFeed(Feed):
    """A feed that follows a timeline of faults.

    Args:
        others: The clips of `switch` faults by file.
        random: What is random about its faults.
    """

    def __init__(
        self,
        clip: Clip,
        clock: Clock,
        timeline: Timeline,
        others: Mapping[Path, Clip],
        random: Random,
        *,
        loop: bool = True,
        start_s: float = 0.0,
        clock_offset_s: float = 0.0,
    ) -> None:
        super().__init__(clip, clock, loop=loop, start_s=start_s, clock_offset_s=clock_offset_s)
        self._timeline = timeline
        self._own = clip
        self._others = others
        self._random = random
        self._struck = {"reset": 0, "end": 0}

    def new_viewer(self, sink: Sink, counters: Counters, limit_bytes: int) -> Viewer:
        """Return a viewer whose line has this path's faults."""
        own = Random(self._random.random())  # noqa: S311  the same faults each time
        return FaultyViewer(sink, counters, limit_bytes, self._timeline, own)

    def present_clip(self) -> Clip:
        """Return the file of this moment, also where nobody has watched since it was switched."""
        self._switch(self._clock.monotonic())
        return self.clip

    def present_keyframe(self) -> int:
        """As for a feed; a frozen path shows what it froze at."""
        index = super().present_keyframe()
        freeze = self._timeline.active("freeze")
        return index if freeze is None else self._frozen_index(freeze, self._timeline.now_s)

    def wall_clock_s(self, now_s: float) -> float:
        """Return the camera's wall clock with its steps and its drift."""
        return super().wall_clock_s(now_s) + self._timeline.wall_shift_s(self._timeline.at(now_s))

    def tune_in(self) -> int:
        """As for a feed; what would have struck sessions while there were none is over."""
        self._timeline.touch()
        self._switch(self._clock.monotonic())
        if not self.viewers:
            self._struck = {kind: self._timeline.started(kind, self._timeline.now_s) for kind in self._struck}
        return super().tune_in()

    def advance(self, now_s: float) -> None:
        """As for a feed, later where the line is slow; sessions that a fault ends are ended first."""
        self._switch(now_s)
        if self._strikes("end", now_s):
            self._end()
        if self._strikes("reset", now_s):
            for viewer in self.viewers:
                viewer.reset = True
            self.viewers.clear()
        super().advance(self._lagging(now_s))

    def _strikes(self, kind: str, now_s: float) -> bool:
        t_s = self._timeline.at(now_s)
        started = self._timeline.started(kind, t_s)
        new, self._struck[kind] = started > self._struck[kind], started
        return new or self._timeline.active(kind, t_s=t_s) is not None

    def _switch(self, now_s: float) -> None:
        """Change the file when it is time; RTP time goes on, and another codec ends the sessions."""
        t_s = self._timeline.at(now_s)
        fault = self._timeline.active("switch", t_s=t_s)
        clip = self._own if fault is None or fault.file is None else self._others[fault.file]
        if clip is self.clip:
            return
        if self._began_s is None:
            self.clip, self._start_ticks = clip, self._start_ticks % clip.period
            return
        changed_s = max(f.changed_s(t_s) for f in self._timeline.all("switch"))
        self._restart(clip, max(self._timeline.monotonic(changed_s), self._began_s or 0.0))
        if self.viewers:
            self._schedule(0)
        else:
            self._catch_up(now_s)

    def _restart(self, clip: Clip, at_s: float) -> None:
        if clip.codec != self.clip.codec:
            self._end()
        # Pictures of the old file are stamped up to its lead ahead; the new one's begin after them.
        self._base += self._ticks(at_s) + max(0, self.clip.lead - clip.lead)
        self._began_utc_s += at_s - (self._began_s or 0.0)
        self._began_s, self._start_ticks = at_s, 0
        self.clip = clip

    def _begin(self, now_s: float) -> None:
        for wrap in self._timeline.all("pts_wrap"):
            until_s = self._timeline.monotonic(wrap.at_s + wrap.amount) - now_s
            if until_s > 0:
                self._base = -round(until_s * CLOCK_HZ) - self._start_ticks
        super()._begin(now_s)

    def _lagging(self, now_s: float) -> float:
        return max(now_s - self._timeline.lag_s(self._timeline.at(now_s)), self._began_s or 0.0)

    def _catch_up(self, now_s: float) -> None:
        super()._catch_up(self._lagging(now_s))

    def _schedule(self, number: int) -> None:
        super()._schedule(number)
        jitter = self._timeline.active("jitter")
        if jitter is not None:
            self._due_s += self._random.uniform(0.0, jitter.amount)

    def _stamped(self, number: int) -> tuple[Unit, int]:
        unit, timestamp = super()._stamped(number)
        t_s = self._timeline.at(self._due_at(number))
        timestamp += round(self._timeline.rtp_shift_s(t_s) * CLOCK_HZ)
        back = self._timeline.active("pts_back", t_s=t_s)
        if back is not None and number % _STAMPED_BACK_EVERY == _STAMPED_BACK_EVERY - 1:
            timestamp -= round(back.amount * CLOCK_HZ)
        freeze = self._timeline.active("freeze", t_s=t_s)
        if freeze is not None:
            timestamp += unit.dts + self.clip.lead - unit.pts  # shown in the order of sending
            frozen = self.clip.units[self._frozen_index(freeze, t_s)]
            unit = replace(unit, pts=unit.dts + self.clip.lead, keyframe=True, packets=frozen.packets)
        return self._damaged(unit, t_s), timestamp & 0xFFFFFFFF

    def _damaged(self, unit: Unit, t_s: float) -> Unit:
        packets = unit.packets
        if self._timeline.active("truncate", t_s=t_s):
            packets = truncated(packets)
        tiny = self._timeline.active("tiny_nals", t_s=t_s)
        if tiny is not None:
            packets = with_tiny_nals(self.clip.codec, packets, round(tiny.amount))
        return unit if packets is unit.packets else replace(unit, packets=packets)

    def _frozen_index(self, freeze: FaultSpec, t_s: float) -> int:
        """Return the keyframe that was the last one when the picture froze."""
        return self.keyframe_at(self._timeline.monotonic(freeze.since(t_s) or 0.0))

    def _timestamp_at(self, now_s: float) -> int:
        shift_s = self._timeline.rtp_shift_s(self._timeline.at(now_s))
        return super()._timestamp_at(now_s) + round(shift_s * CLOCK_HZ)

    def _report(self, viewer: Viewer, now_s: float) -> None:
        if not self._timeline.active(*_MUTE, "no_rtcp", t_s=self._timeline.at(now_s)):
            super()._report(viewer, now_s)
