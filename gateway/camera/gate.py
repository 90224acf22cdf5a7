"""Which packets are worth decoding: a keyframe now and then, and everything while something moves."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from gateway.types import FrameOrigin, Outcome, Packet

# Decoding goes on for this long after the last movement, so that a pause does not end a track.
LINGER_S = 4.0
BURST_FPS = 5.0
# A burst whose results stay away for this long has lost its analysis: fall back to looks.
MISSING_RESULT_S = 15.0


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What the rules in force ask for."""

    armed: bool  # False: nothing is decoded
    cadence_s: float  # at least one look per so many seconds; the shortest of the armed rules
    burst_fps: float = BURST_FPS
    linger_s: float = LINGER_S


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """Packets to be decoded in order.

    A look holds one keyframe. The first request of a burst has `restart` set and begins at a keyframe; the following
    ones continue it packet by packet.
    """

    kind: FrameOrigin
    packets: tuple[Packet, ...]
    restart: bool = False


class History(Protocol):
    """What the gate asks of the ring; the packet being offered must already be in it."""

    def since(self, at_s: float) -> list[Packet]:
        """Packets from the keyframe at or before `at_s`."""

    def gop_before(self, at_s: float) -> list[Packet]:
        """The whole GOP before the one of `at_s`."""


class ActivityGate:
    """Decides from the packets of one camera and the results of their analysis; no I/O.

    `offer` is called by the camera's thread for every packet, the `report` methods by whoever analysed a frame.

    A burst begins at the keyframe that showed the movement. Where a glance (see `CameraWatcher`) showed it, that
    keyframe is not analysed yet, and the burst begins one GOP earlier: it sees how the activity began.
    """

    def __init__(self, policy: GatePolicy, history: History) -> None:
        self._policy = policy
        self._history = history
        self._lock = threading.Lock()
        self._looked_s: float | None = None
        self._keyframe_s: float | None = None
        self._gop_s = 0.0
        self._occupied = False
        self._bursting = False
        self._wanted: tuple[float, bool] | None = None  # a burst from this moment on; True: from one GOP earlier
        self._moved_s = 0.0
        self._reported_s = 0.0
        self.looks = 0
        self.bursts = 0
        self.lost_bursts = 0  # ended because results stayed away

    @property
    def bursting(self) -> bool:
        """True while every packet is decoded."""
        return self._bursting

    @property
    def policy(self) -> GatePolicy:
        """What is asked for now."""
        return self._policy

    def change_policy(self, policy: GatePolicy) -> None:
        """Follow the rules in force; a burst under way goes on unless nothing is armed any more."""
        with self._lock:
            self._policy = policy
            if not policy.armed:
                self._forget()

    def interrupt(self) -> None:
        """The stream was lost: a burst cannot go on across the gap, and the next keyframe is looked at."""
        with self._lock:
            self._forget()
            self._looked_s = self._keyframe_s = None
            self._gop_s = 0.0

    def offer(self, packet: Packet) -> tuple[DecodeRequest, ...]:
        """Decide about the next packet, which the history must already hold."""
        with self._lock:
            if packet.keyframe:
                self._measure_gop(packet.at_s)
            if not self._policy.armed:
                return ()
            if self._wanted is not None:
                return self._begin_burst()
            if self._bursting:
                return self._continue_burst(packet)
            return self._look(packet) if packet.keyframe and self._due(packet.at_s) else ()

    def report(self, outcome: Outcome) -> None:
        """Take the result of one analysed frame."""
        with self._lock:
            self._occupied = outcome.occupied
            self._reported_s = outcome.at_s
            if outcome.moving:
                self._moved_s = outcome.at_s
                self._want(outcome.at_s, earlier=False)
            elif self._bursting and outcome.at_s >= self._moved_s + self._policy.linger_s:
                self._bursting = False
                self._looked_s = outcome.at_s

    def report_glance(self, at_s: float) -> None:
        """Take note that the keyframe at `at_s`, not analysed yet, seems to show movement."""
        with self._lock:
            self._moved_s = self._reported_s = at_s
            self._want(at_s, earlier=True)

    def _want(self, at_s: float, *, earlier: bool) -> None:
        if self._policy.armed and not self._bursting and self._wanted is None:
            self._wanted = (at_s, earlier)

    def _forget(self) -> None:
        self._bursting = False
        self._wanted = None
        self._occupied = False

    def _measure_gop(self, at_s: float) -> None:
        if self._keyframe_s is not None:
            self._gop_s = at_s - self._keyframe_s
        self._keyframe_s = at_s

    def _due(self, at_s: float) -> bool:
        """True when waiting for the next keyframe would exceed the cadence, or something is there."""
        if self._looked_s is None or self._occupied:
            return True
        return at_s - self._looked_s + self._gop_s > self._policy.cadence_s

    def _look(self, packet: Packet) -> tuple[DecodeRequest, ...]:
        self._looked_s = packet.at_s
        self.looks += 1
        return (DecodeRequest(FrameOrigin.LOOK, (packet,)),)

    def _begin_burst(self) -> tuple[DecodeRequest, ...]:
        assert self._wanted is not None  # noqa: S101 - the caller asked
        at_s, earlier = self._wanted
        self._wanted = None
        before = self._history.gop_before(at_s) if earlier else []
        packets = (*before, *self._history.since(at_s))
        if not packets:
            return ()
        self._bursting = True
        self.bursts += 1
        return (DecodeRequest(FrameOrigin.BURST, packets, restart=True),)

    def _continue_burst(self, packet: Packet) -> tuple[DecodeRequest, ...]:
        if packet.at_s > self._reported_s + MISSING_RESULT_S:
            self._bursting = False
            self.lost_bursts += 1
            return ()
        return (DecodeRequest(FrameOrigin.BURST, (packet,)),)
