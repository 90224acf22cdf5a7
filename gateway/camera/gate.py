"""Which packets are worth decoding: a keyframe now and then, and everything while something moves."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.camera.audit import Audit, AuditCounts
from gateway.types import FrameOrigin, Outcome, Packet

# Decoding goes on for this long after the last movement, so that a pause does not end a track.
LINGER_S = 2.0
# Keyframes looked at after the last movement, whatever the cadence.
LOOKS_AFTER = 2
BURST_FPS = 5.0
# A burst whose results stay away for this long has lost its analysis: fall back to looks.
MISSING_RESULT_S = 15.0
# Thrifty encoders ("smart" H.264 and H.265) send keyframes so rarely that looks would come too late.
LONG_GOP_S = 10.0
# Keyframes that must fall into a dwell for looks alone to follow what happens, and into the absence that ends an event.
LOOKS_PER_DWELL = 5
LOOKS_PER_CLEAR = 3


@dataclass(frozen=True, slots=True)
class GatePolicy:
    """What the rules in force ask for."""

    armed: bool  # False: nothing is decoded
    cadence_s: float  # at least one look per so many seconds; the shortest of the armed rules
    burst_fps: float = BURST_FPS
    linger_s: float = LINGER_S
    # The shortest dwell of the rules in force: where keyframes come often enough for it, movement needs no burst.
    dwell_s: float = 0.0
    audit_share: float = 0.0  # of the GOPs that nothing asks for, decoded in full all the same


@dataclass(frozen=True, slots=True)
class DecodeRequest:
    """Packets to be decoded in order.

    A look holds one keyframe, or with `again` those since the last look. The first request of a burst has `restart` set
    and begins at a keyframe; the following ones continue it packet by packet. So do looks with `fps` set: a stream with
    long GOPs, decoded through and looked at now and then.
    """

    kind: FrameOrigin
    packets: tuple[Packet, ...]
    restart: bool = False
    again: bool = False  # keyframes that were glanced at or passed over: all of them are to be analysed
    fps: float | None = None  # pictures per second to be analysed; None: all of a burst's, or the one keyframe


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

    Once every rule that the movement concerns has raised its event (`Outcome.settled_s`), looks at every keyframe go on
    instead of the burst, if they come often enough to tell how long it lasts.

    Where keyframes come more rarely than the rules need and than `LONG_GOP_S`, the stream is decoded through at the
    pace of the cadence (`trickling`): dear, but never blind.

    Args:
        policy: What the rules in force ask for.
        history: The ring.
        chance: Returns a number in 0-1; picks the GOPs of the audit sample.
    """

    def __init__(self, policy: GatePolicy, history: History, chance: Callable[[], float] = random.random) -> None:
        self._policy = policy
        self._history = history
        self._chance = chance
        self._audit: Audit | None = None
        self._auditing = False  # the GOP of the audit is being decoded
        self._trickling = False
        self._lock = threading.Lock()
        self._looked_s: float | None = None
        self._keyframe_s: float | None = None
        self._gop_s = 0.0
        self._occupied = False
        self._bursting = False
        self._wanted: tuple[float, bool] | None = None  # a burst from this moment on; True: from one GOP earlier
        self._moved_s = -math.inf
        self._settled = False
        self._hinted = False  # somebody else believes that something goes on: look at the next keyframe
        self._reported_s = 0.0
        self.looks = 0
        self.hinted_looks = 0  # of these: that a hint brought forward
        self.bursts = 0
        self.lost_bursts = 0  # ended because results stayed away
        self.refused_bursts = 0  # ended because the worker has no time for them
        self.audits = AuditCounts()

    @property
    def bursting(self) -> bool:
        """True while every packet is decoded."""
        return self._bursting

    @property
    def gop_s(self) -> float | None:
        """Seconds from keyframe to keyframe, as last measured; None before the second one."""
        return self._gop_s or None

    @property
    def long_gop(self) -> bool:
        """True where keyframes come so rarely that the stream has to be decoded through."""
        return self._trickling or self._gop_s >= LONG_GOP_S

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

    def hint(self) -> None:
        """Somebody else, the camera itself, believes that something goes on: look at the next keyframe, no more.

        A stream with long GOPs is decoded through at its cadence where that is asked for; elsewhere the hint waits for
        its next keyframe too.
        """
        with self._lock:
            self._hinted = self._policy.armed

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
                return self._begin_burst(packet) if self._brisk else self._catch_up()
            if self._bursting:
                return self._continue_burst(packet)
            if self._trickling or self._starved(packet):
                return self._trickle(packet)
            if packet.keyframe:
                return self._choose(packet)
            return (DecodeRequest(FrameOrigin.BURST, (packet,)),) if self._auditing else ()

    def report(self, outcome: Outcome) -> None:
        """Take the result of one analysed frame."""
        with self._lock:
            self._occupied = outcome.occupied
            self._settled = 0 < LOOKS_PER_CLEAR * self._gop_s <= outcome.settled_s
            self._reported_s = outcome.at_s
            if outcome.moving:
                self._moved_s = outcome.at_s
            if outcome.moving and not self._settled:
                if self._brisk:
                    self._want(outcome.at_s, earlier=False)
            elif self._bursting and (self._settled or outcome.at_s >= self._moved_s + self._policy.linger_s):
                self._bursting = False
                self._looked_s = outcome.at_s
                self._trickling = self._must_trickle()
            self._judge_audit(outcome)

    def refuse_burst(self) -> None:
        """The worker has no time for a burst: its packets were dropped, looks go on."""
        with self._lock:
            self.refused_bursts += 1
            self._bursting = self._auditing = self._trickling = False
            self._wanted = self._audit = None

    def report_glance(self, at_s: float) -> bool:
        """Take note that the keyframe at `at_s`, not analysed yet, seems to show movement.

        Returns True when it will come again, after what was passed over before it; False: it is to be analysed now.
        """
        with self._lock:
            self._moved_s = at_s
            if self._settled or (not self._brisk and len(self._passed_over(at_s)) <= 1):
                return False
            if self._brisk:
                self._reported_s = at_s
            self._want(at_s, earlier=True)
            return True

    def _want(self, at_s: float, *, earlier: bool) -> None:
        if self._policy.armed and not self._bursting and self._wanted is None:
            self._wanted = (at_s, earlier)

    def _forget(self) -> None:
        self._bursting = self._auditing = self._trickling = False
        self._wanted = self._audit = None
        self._occupied = self._settled = self._hinted = False

    def _measure_gop(self, at_s: float) -> None:
        if self._keyframe_s is not None:
            self._gop_s = at_s - self._keyframe_s
        self._keyframe_s = at_s

    def _due(self, at_s: float) -> bool:
        """True when waiting for the next keyframe would exceed the cadence, or something is there."""
        if self._looked_s is None or self._occupied:
            return True
        if at_s < self._moved_s + max(self._policy.linger_s, LOOKS_AFTER * self._gop_s):
            return True
        return at_s - self._looked_s + self._gop_s > self._policy.cadence_s

    @property
    def _brisk(self) -> bool:
        """True when looks at every keyframe would be too few for the rules in force."""
        return self._policy.dwell_s < LOOKS_PER_DWELL * self._gop_s or self._gop_s == 0

    def _catch_up(self) -> tuple[DecodeRequest, ...]:
        """Look at the keyframes passed over since the last look: when it began is known to the GOP, not the cadence."""
        assert self._wanted is not None  # noqa: S101 - the caller asked
        at_s, _ = self._wanted
        self._wanted = None
        passed = self._passed_over(at_s)
        self.looks += len(passed)
        # One request: a lane has room for a few GOPs only, and these belong together.
        return (DecodeRequest(FrameOrigin.LOOK, tuple(passed), again=True),) if passed else ()

    def _passed_over(self, at_s: float) -> list[Packet]:
        """Return the keyframes after the last one analysed, up to and with the one at `at_s`."""
        return [p for p in self._history.since(self._reported_s) if p.keyframe and self._reported_s < p.at_s <= at_s]

    def _look(self, packet: Packet) -> tuple[DecodeRequest, ...]:
        self._looked_s = packet.at_s
        self.looks += 1
        return (DecodeRequest(FrameOrigin.LOOK, (packet,)),)

    def _choose(self, keyframe: Packet) -> tuple[DecodeRequest, ...]:
        """Begin an audit now and then, look when that is due, or let the GOP pass."""
        if self._audit is not None and self._auditing:
            self._audit.end_s = keyframe.at_s
        self._auditing = False
        due = self._due(keyframe.at_s) or self._hinted
        self.hinted_looks += due and not self._due(keyframe.at_s)
        self._hinted = False
        if self._audit is None and self._policy.audit_share > 0 and self._chance() < self._policy.audit_share:
            looked_s = keyframe.at_s if due or self._looked_s is None else self._looked_s
            self._audit = Audit(keyframe.at_s, looked_s + self._policy.cadence_s, due=due)
            self._auditing = True
            self._looked_s = looked_s
            return (DecodeRequest(FrameOrigin.BURST, (keyframe,), restart=True),)
        return self._look(keyframe) if due else ()

    def _judge_audit(self, outcome: Outcome) -> None:
        if self._audit is None:
            return
        self._audit.see(outcome.at_s, moving=outcome.moving)
        under_way = self._auditing or self._bursting or self._wanted is not None
        if self._audit.decided(outcome.at_s) or not (under_way or self._audit.waits(outcome.at_s)):
            self.audits.add(self._audit)
            self._audit = None

    def _must_trickle(self) -> bool:
        return self._gop_s >= LONG_GOP_S and self._policy.cadence_s < self._gop_s

    def _starved(self, packet: Packet) -> bool:
        """True when a look is overdue and its keyframe does not come."""
        if self._keyframe_s is None or packet.keyframe or packet.at_s - self._keyframe_s < LONG_GOP_S:
            return False
        return self._looked_s is None or packet.at_s - self._looked_s > self._policy.cadence_s

    def _trickle(self, packet: Packet) -> tuple[DecodeRequest, ...]:
        fps = 1 / self._policy.cadence_s
        if self._trickling:
            self._trickling = self._must_trickle() or not packet.keyframe
            return (DecodeRequest(FrameOrigin.LOOK, (packet,), fps=fps),)
        self._trickling, self._auditing, self._audit = True, False, None
        packets = tuple(self._history.since(packet.at_s))
        return (DecodeRequest(FrameOrigin.LOOK, packets, restart=True, fps=fps),) if packets else ()

    def _begin_burst(self, packet: Packet) -> tuple[DecodeRequest, ...]:
        assert self._wanted is not None  # noqa: S101 - the caller asked
        at_s, earlier = self._wanted
        self._wanted = None
        self._auditing = False
        if self._trickling:  # the decoder is in step already
            self._trickling, self._bursting = False, True
            self.bursts += 1
            return (DecodeRequest(FrameOrigin.BURST, (packet,)),)
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
