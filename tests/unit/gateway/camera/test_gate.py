"""Tests of gateway.camera.gate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.camera.gate import MISSING_RESULT_S, ActivityGate, DecodeRequest, GatePolicy
from gateway.camera.ring import PacketRing
from gateway.types import FrameOrigin, Outcome, Packet
from tests.unit.gateway.camera.scripts import packet, stream

EVERY_GOP = GatePolicy(armed=True, cadence_s=1.0)


class Rig:
    """A gate with its ring, fed together as the watcher does."""

    def __init__(self, policy: GatePolicy) -> None:
        self.ring = PacketRing()
        self.gate = ActivityGate(policy, self.ring)

    def offer(self, each: Packet) -> tuple[DecodeRequest, ...]:
        self.ring.append(each)
        return self.gate.offer(each)

    def play(self, seconds: float, start_s: float = 0.0) -> list[DecodeRequest]:
        return [request for each in stream(seconds, start_s) for request in self.offer(each)]


def looks(requests: list[DecodeRequest]) -> list[float]:
    """The moments that were looked at."""
    return [r.packets[0].at_s for r in requests if r.kind is FrameOrigin.LOOK]


def bursting(rig: Rig) -> bool:
    """Asked anew each time."""
    return rig.gate.bursting


def moving(at_s: float) -> Outcome:
    return Outcome(at_s, moving=True, occupied=True)


def settled(at_s: float) -> Outcome:
    return Outcome(at_s, moving=True, occupied=True, settled_s=10.0)


def still(at_s: float, *, occupied: bool = False) -> Outcome:
    return Outcome(at_s, moving=False, occupied=occupied)


def test_without_armed_rules_nothing_is_decoded() -> None:
    """Not even when something was reported as moving before."""
    rig = Rig(replace(EVERY_GOP, armed=False))
    rig.gate.report(moving(0.0))
    assert rig.play(30) == []


@pytest.mark.parametrize(
    ("cadence_s", "expected"),
    [
        (0.2, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (1.0, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (2.5, [0, 2, 4, 6, 8]),
        (5.0, [0, 5]),
    ],
)
def test_looks_keep_the_cadence_and_cost_no_more(cadence_s: float, expected: list[float]) -> None:
    """Keyframes come once a second: the latest one that still keeps the cadence is taken."""
    rig = Rig(GatePolicy(armed=True, cadence_s=cadence_s))
    assert looks(rig.play(10)) == expected
    assert rig.gate.looks == len(expected)


def test_movement_starts_a_burst_from_the_keyframe_that_showed_it() -> None:
    """The result comes ten packets late; nothing since the keyframe is lost, and each packet follows once."""
    rig = Rig(EVERY_GOP)
    rig.play(2.4)
    rig.gate.report(moving(2.0))
    first, *rest = rig.play(0.6, start_s=2.4)
    assert (first.kind, first.restart) == (FrameOrigin.BURST, True)
    assert [p.at_s for p in first.packets] == [p.at_s for p in stream(0.44, start_s=2.0)]
    decoded = [p for r in (first, *rest) for p in r.packets]
    assert decoded == stream(1.0, start_s=2.0)
    assert (rig.gate.bursting, rig.gate.bursts) == (True, 1)


def test_a_glance_takes_the_gop_before_as_well() -> None:
    """The keyframe that seemed to move is not analysed yet, so the burst may begin one GOP earlier."""
    rig = Rig(EVERY_GOP)
    rig.play(3.2)
    rig.gate.report_glance(3.0)
    (request,) = rig.offer(packet(80))
    assert request.packets[0].at_s == 2.0
    assert request.packets[-1].at_s == packet(80).at_s
    assert request.restart


def test_a_burst_ends_after_the_last_movement_and_lingering() -> None:
    """Two seconds without movement end it; the next keyframe is a look again."""
    rig = Rig(EVERY_GOP)
    rig.play(1.1)
    rig.gate.report(moving(1.0))
    rig.play(2.0, start_s=1.12)
    rig.gate.report(still(2.9))
    assert bursting(rig)
    rig.gate.report(still(3.0))
    assert not bursting(rig)
    assert looks(rig.play(2.0, start_s=4.0)) == [4.0, 5.0]


def test_a_burst_ends_when_all_that_moves_has_been_flagged() -> None:
    """Looks at every keyframe follow it from there, and no glance begins another burst."""
    rig = Rig(GatePolicy(armed=True, cadence_s=5.0))
    rig.play(1.1)
    rig.gate.report(moving(1.0))
    rig.play(1.0, start_s=1.12)
    rig.gate.report(settled(2.0))
    assert not bursting(rig)
    assert looks(rig.play(2.0, start_s=3.0)) == [3.0, 4.0]
    assert not rig.gate.report_glance(4.0)
    rig.gate.report(settled(4.0))
    assert looks(rig.play(1.0, start_s=5.0)) == [5.0]
    assert rig.gate.bursts == 1


def test_a_burst_goes_on_where_looks_could_not_tell_when_it_is_over() -> None:
    """Three keyframes must fall into the absence that ends the event."""
    rig = Rig(EVERY_GOP)
    rig.play(1.1)
    rig.gate.report(moving(1.0))
    rig.play(1.0, start_s=1.12)
    rig.gate.report(replace(settled(2.0), settled_s=2.9))
    assert bursting(rig)


def test_something_unflagged_that_moves_begins_a_burst_again() -> None:
    """A second person enters another zone while the first one's event is open."""
    rig = Rig(EVERY_GOP)
    rig.play(1.1)
    rig.gate.report(settled(1.0))
    rig.play(1.0, start_s=1.12)
    rig.gate.report(moving(2.0))
    rig.play(0.5, start_s=2.2)
    assert bursting(rig)


def test_what_was_settled_is_forgotten_with_the_stream() -> None:
    """After a reconnection a glance counts again."""
    rig = Rig(EVERY_GOP)
    rig.play(1.1)
    rig.gate.report(settled(1.0))
    rig.gate.interrupt()
    rig.play(1.1, start_s=10.0)
    assert rig.gate.report_glance(11.0)


def test_movement_within_the_lingering_time_prolongs_the_burst() -> None:
    """Somebody who pauses and walks on is followed all the way, in one burst."""
    rig = Rig(EVERY_GOP)
    rig.play(1.1)
    rig.gate.report(moving(1.0))
    rig.play(2.0, start_s=1.12)
    rig.gate.report(moving(2.5))
    rig.gate.report(still(4.0))
    assert bursting(rig)
    assert rig.gate.bursts == 1


def test_an_occupied_zone_is_looked_at_with_every_keyframe() -> None:
    """A parked car is watched closely although the rule's own cadence is slow."""
    rig = Rig(GatePolicy(armed=True, cadence_s=60.0))
    assert looks(rig.play(3)) == [0]
    rig.gate.report(still(0.0, occupied=True))
    assert looks(rig.play(3, start_s=3.0)) == [3, 4, 5]
    rig.gate.report(still(5.0))
    assert looks(rig.play(3, start_s=6.0)) == []


def test_a_burst_without_results_is_given_up() -> None:
    """When the analysis is dead or overwhelmed, decoding everything helps nobody: back to looks, and counted."""
    rig = Rig(EVERY_GOP)
    rig.play(1.1)
    rig.gate.report(moving(1.0))
    rig.play(MISSING_RESULT_S + 1, start_s=1.12)
    assert not bursting(rig)
    assert rig.gate.lost_bursts == 1
    assert looks(rig.play(1.0, start_s=18.0)) == [18.0]


def test_a_lost_stream_ends_the_burst_and_the_next_keyframe_is_looked_at() -> None:
    """After a reconnection decoding must begin at a keyframe."""
    rig = Rig(GatePolicy(armed=True, cadence_s=60.0))
    rig.play(1.1)
    rig.gate.report(moving(1.0))
    rig.play(1.0, start_s=1.12)
    rig.gate.interrupt()
    requests = rig.play(1.5, start_s=40.2)
    assert looks(requests) == [41.0]
    assert all(r.kind is FrameOrigin.LOOK for r in requests)


def test_disarming_ends_a_burst_at_once() -> None:
    """At the end of a rule's hours nothing more is decoded; arming again begins with a look."""
    rig = Rig(EVERY_GOP)
    rig.play(1.1)
    rig.gate.report(moving(1.0))
    rig.play(0.5, start_s=1.12)
    rig.gate.change_policy(replace(EVERY_GOP, armed=False))
    assert rig.play(2, start_s=2.0) == []
    rig.gate.change_policy(EVERY_GOP)
    assert looks(rig.play(1, start_s=4.0)) == [4.0]


def test_movement_that_the_ring_no_longer_holds_is_not_chased() -> None:
    """An empty ring (the format just changed) begins no burst."""
    gate = ActivityGate(EVERY_GOP, PacketRing())
    gate.report(moving(1.0))
    assert gate.offer(packet(30)) == ()
    assert not gate.bursting


class AuditRig(Rig):
    """A gate whose audit takes every GOP, or none."""

    def __init__(self, policy: GatePolicy, chances: list[float]) -> None:
        super().__init__(policy)
        self.gate = ActivityGate(replace(policy, audit_share=0.5), self.ring, lambda: chances.pop(0) if chances else 1)


def told(rig: Rig) -> tuple[int, int, int]:
    """Audited, active and missed GOPs."""
    audits = rig.gate.audits
    return audits.audited, audits.active, audits.missed


def test_an_audited_gop_is_decoded_in_full_and_nothing_more() -> None:
    """At a cadence of 10 s the GOP from 3 s is drawn: 25 packets, then looks as before."""
    rig = AuditRig(GatePolicy(armed=True, cadence_s=10.0), [1, 1, 1, 0])
    requests = rig.play(12)
    burst = [p.at_s for r in requests if r.kind is FrameOrigin.BURST for p in r.packets]
    assert burst == [p.at_s for p in stream(1.0, start_s=3.0)]
    assert looks(requests) == [0, 10]
    rig.gate.report(still(3.9))
    assert told(rig) == (1, 0, 0)


def test_what_is_over_before_the_next_look_was_missed() -> None:
    """Movement at 3.4 s begins a burst of its own; when it ends before 10 s, a look would have found nothing."""
    rig = AuditRig(GatePolicy(armed=True, cadence_s=10.0), [1, 1, 1, 0])
    rig.play(3.6)
    rig.gate.report(moving(3.4))
    rig.play(1.4, start_s=3.6)
    assert bursting(rig)
    for at_s in (4.0, 5.0, 6.0, 8.0):
        rig.gate.report(still(at_s))
    assert told(rig) == (1, 1, 1)


def test_what_a_look_would_have_found_was_not_missed() -> None:
    """Movement that lasts until the next look is caught."""
    rig = AuditRig(GatePolicy(armed=True, cadence_s=2.0), [1, 1, 1, 0])
    rig.play(3.6)
    for at_s in (3.4, 4.4, 5.4):
        rig.gate.report(moving(at_s))
    assert told(rig) == (1, 1, 0)


LONG = GatePolicy(armed=True, cadence_s=2.0)


def long_stream(seconds: float, start_s: float = 0.0, gop_s: float = 20.0) -> list[Packet]:
    """Packets with a keyframe every 20 s."""
    return [replace(p, keyframe=p.at_s % gop_s == 0) for p in stream(seconds, start_s)]


def fed(rig: Rig, packets: list[Packet]) -> list[DecodeRequest]:
    return [request for each in packets for request in rig.offer(each)]


def test_a_stream_with_long_gops_is_decoded_through_at_the_cadence() -> None:
    """After 10 s without a keyframe the GOP is made up for from its start, then each packet follows once, as looks."""
    rig = Rig(LONG)
    requests = fed(rig, long_stream(45))
    first = next(r for r in requests if r.restart)
    assert (first.kind, first.fps, first.packets[0].at_s) == (FrameOrigin.LOOK, 0.5, 0.0)
    later = [p.at_s for r in requests if r.fps is not None for p in r.packets]
    assert later == [p.at_s for p in long_stream(45)]
    assert sum(r.restart for r in requests) == 1
    assert rig.gate.long_gop
    assert rig.gate.gop_s == 20.0


def test_slow_rules_need_no_more_than_rare_keyframes() -> None:
    """A cadence longer than the GOP is served by its keyframes."""
    rig = Rig(GatePolicy(armed=True, cadence_s=30.0))
    assert [len(r.packets) for r in fed(rig, long_stream(60))] == [1, 1, 1]


def test_movement_in_such_a_stream_becomes_a_burst_without_decoding_anything_twice() -> None:
    """And when it is over, the stream is again looked at now and then."""
    rig = Rig(LONG)
    fed(rig, long_stream(25))
    rig.gate.report(moving(24.0))
    burst = fed(rig, long_stream(1, start_s=25))
    assert {(r.kind, r.restart, len(r.packets)) for r in burst} == {(FrameOrigin.BURST, False, 1)}
    rig.gate.report(still(30.0))
    assert not bursting(rig)
    assert {r.fps for r in fed(rig, long_stream(1, start_s=26))} == {0.5}


def test_a_refused_burst_falls_back_to_looks() -> None:
    """And is counted."""
    rig = Rig(EVERY_GOP)
    rig.play(2.4)
    rig.gate.report(moving(2.0))
    rig.play(0.4, start_s=2.4)
    assert bursting(rig)
    rig.gate.refuse_burst()
    assert not bursting(rig)
    assert looks(rig.play(1.2, start_s=2.8)) == [3.0]
    assert rig.gate.refused_bursts == 1


PATIENT = GatePolicy(armed=True, cadence_s=10.0, dwell_s=60.0)


def test_patient_rules_look_at_what_was_passed_over_instead_of_bursting() -> None:
    """A glance at 20 s shows something: the keyframes since the last look are looked at in order, then each new one."""
    rig = Rig(PATIENT)
    assert looks(rig.play(20.2)) == [0, 10, 20]
    rig.gate.report(still(10.0))
    rig.gate.report_glance(20.0)
    (request,) = rig.play(0.4, start_s=20.2)
    assert (request.kind, request.again) == (FrameOrigin.LOOK, True)
    assert [p.at_s for p in request.packets] == [11, 12, 13, 14, 15, 16, 17, 18, 19, 20]
    rig.gate.report(moving(20.0))
    assert looks(rig.play(3.4, start_s=20.6)) == [21, 22, 23]
    assert not bursting(rig)


def test_patient_rules_go_back_to_their_cadence_when_nothing_moves() -> None:
    """After two more keyframes; something that stays keeps the eye on it."""
    rig = Rig(PATIENT)
    rig.play(1.2)
    rig.gate.report(replace(moving(1.0), occupied=False))
    assert looks(rig.play(15.8, start_s=1.2)) == [2, 12]
    rig.gate.report(still(12.0, occupied=True))
    assert looks(rig.play(3.0, start_s=17)) == [17, 18, 19]


def test_patient_rules_burst_where_keyframes_are_too_rare_for_them() -> None:
    """A dwell of 60 s needs five looks; keyframes every 20 s are three."""
    rig = Rig(PATIENT)
    fed(rig, long_stream(41, gop_s=20.0))
    rig.gate.report(moving(40.0))
    fed(rig, long_stream(0.4, start_s=41))
    assert bursting(rig)


def test_a_hint_brings_one_look_forward_and_no_more() -> None:
    """The next keyframe is looked at whatever the cadence; after it the cadence goes on from there."""
    rig = Rig(GatePolicy(armed=True, cadence_s=60.0))
    assert looks(rig.play(10)) == [0]
    rig.gate.hint()
    rig.gate.hint()
    assert looks(rig.play(10, 10.0)) == [10]
    assert rig.gate.hinted_looks == 1
    assert looks(rig.play(60, 20.0)) == [70]


def test_a_hint_is_nothing_where_no_rule_is_in_force() -> None:
    """Nor is it kept for later."""
    rig = Rig(GatePolicy(armed=False, cadence_s=60.0))
    rig.gate.hint()
    assert rig.play(5) == []
    rig.gate.change_policy(GatePolicy(armed=True, cadence_s=60.0))
    assert looks(rig.play(10, 5.0)) == [5]
    assert rig.gate.hinted_looks == 0
