from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.analysis.observation import FOREGROUND, Observation
from gateway.analysis.rules import Rule, StoppedRule, Wanted, ZoneIntrusionRule
from gateway.analysis.zones import Zone
from gateway.types import Box, Phase, Signal, Track
from tests.unit.gateway.analysis.making import (
    IN_ZONE,
    LEFT_HALF,
    OUTSIDE,
    Patch,
    Reading,
    condition,
    observation,
    phases,
    seconds,
    track,
)

CANDIDATE, RAISED, CLEARED = Phase.CANDIDATE, Phase.RAISED, Phase.CLEARED
ZONE = Zone("z1", tuple(LEFT_HALF))
PEOPLE = Wanted(frozenset({"person"}))
CARS = Wanted(frozenset({"vehicle"}))


def intrusion(dwell_s: float = 1.0, wanted: Wanted = PEOPLE, zone: Zone = ZONE) -> ZoneIntrusionRule:
    return ZoneIntrusionRule(condition(dwell_s), zone, wanted)


def parking(dwell_s: float = 10.0) -> StoppedRule:
    return StoppedRule(condition(dwell_s), ZONE, CARS)


def watch(rule: Rule, make: Callable[[float], Observation], start: float, end: float) -> list[Signal]:
    return [signal for at_s in seconds(start, end, 1.0) for signal in rule.update(make(at_s))]


def person(box: Box = IN_ZONE, label: str = "person", confidence: float = 0.8) -> Callable[[float], Observation]:
    return lambda at_s: observation(at_s, track(at_s, box, label, confidence=confidence))


def nobody(at_s: float) -> Observation:
    return observation(at_s)


def test_others_elsewhere_or_doubtful_raise_nothing() -> None:
    """A car, a person outside, and one hardly recognised are no intrusion."""
    for make in (person(label="vehicle"), person(OUTSIDE), person(confidence=0.2)):
        assert watch(intrusion(), make, 0, 10) == []


def test_one_event_for_one_stay() -> None:
    """Going in, standing about and leaving is one event, raised after the dwell."""
    rule = intrusion(dwell_s=2)
    signals = watch(rule, person(), 0, 20) + watch(rule, nobody, 21, 30)
    assert phases(signals) == [(CANDIDATE, 0), (RAISED, 2), (CLEARED, 24)]
    assert (signals[1].label, signals[1].count, signals[1].boxes) == ("person", 1, (IN_ZONE,))


AT_EDGE = Box(0.46, 0.3, 0.56, 0.6)  # its foot is 0.01 outside


@pytest.mark.parametrize("make", [person(AT_EDGE), person(confidence=0.3)])
def test_it_takes_more_to_begin_than_to_go_on(make: Callable[[float], Observation]) -> None:
    """A trembling box at the zone's edge, or a weaker sighting, raises nothing, and ends nothing that was raised."""
    assert watch(intrusion(), make, 0, 10) == []
    rule = intrusion(dwell_s=2)
    signals = watch(rule, person(), 0, 5) + watch(rule, make, 6, 20)
    assert phases(signals) == [(CANDIDATE, 0), (RAISED, 2)]


@pytest.mark.parametrize("make", [person(OUTSIDE), person(confidence=0.2)])
def test_going_on_has_its_limits(make: Callable[[float], Observation]) -> None:
    """Whoever has left the zone for good, or is hardly recognised, carries nothing on."""
    rule = intrusion(dwell_s=2)
    signals = watch(rule, person(), 0, 5) + watch(rule, make, 6, 20)
    assert phases(signals)[-1][0] is CLEARED


def test_frames_without_a_look_prove_no_absence() -> None:
    """While the model did not run, a person not seen has not left."""
    rule = intrusion()
    watch(rule, person(), 0, 2)
    assert watch(rule, lambda at_s: observation(at_s, looked=False), 3, 20) == []
    assert rule.condition.raised


def test_a_track_not_seen_in_this_frame_does_not_count() -> None:
    """The tracker remembers for a while; the rule asks for what is seen now."""
    stale = track(0.0)
    assert watch(intrusion(), lambda at_s: observation(at_s, stale), 5, 9) == []


def test_disarmed_ends_at_once() -> None:
    """When the schedule ends, so does the event, even if the person stays."""
    rule = intrusion()
    watch(rule, person(), 0, 2)
    assert phases(rule.update(observation(3, track(3), armed=False))) == [(CLEARED, 3)]


def test_enough_of_them() -> None:
    """A crowd of three is raised at three, not at two."""
    rule = intrusion(wanted=Wanted(frozenset({"person"}), min_count=3))

    def group(count: int) -> Callable[[float], Observation]:
        return lambda at_s: observation(at_s, *(track(at_s, id=i) for i in range(count)))

    assert watch(rule, group(2), 0, 5) == []
    signals = watch(rule, group(3), 6, 8)
    assert phases(signals) == [(CANDIDATE, 6), (RAISED, 7)]
    assert signals[-1].count == 3


def test_a_newly_confirmed_track_counts_from_its_first_sighting() -> None:
    """Confirmed at the second look, it has been in the zone since the first."""
    signals = intrusion().update(observation(2, track(2, first_seen_s=0)))
    assert phases(signals) == [(CANDIDATE, 2), (RAISED, 2)]
    assert signals[0].since_s == 0


def test_a_known_track_counts_from_its_entry() -> None:
    """Somebody watched outside for a while has been inside only since he entered."""
    rule = intrusion()
    watch(rule, person(OUTSIDE), 0, 2)
    assert rule.update(observation(2.5, track(2.5)))[0].since_s == 2.5


def test_without_a_model_size_decides() -> None:
    """A moving patch of any kind counts if it is large enough."""
    small = Box(0.2, 0.3, 0.22, 0.32)
    assert watch(intrusion(), person(small, FOREGROUND), 0, 5) == []
    assert phases(watch(intrusion(), person(IN_ZONE, FOREGROUND), 0, 5)) == [(CANDIDATE, 0), (RAISED, 1)]


def car(since_s: float | None, box: Box = IN_ZONE) -> Callable[[float], Observation]:
    return lambda at_s: observation(at_s, track(at_s, box, "vehicle", still_since_s=since_s))


def test_driving_through_is_not_parking() -> None:
    """A car that moves in the zone for ever is not parked."""
    assert watch(parking(), car(None), 0, 60) == []


def test_waiting_and_driving_on_is_not_parking() -> None:
    """A stop shorter than the dwell, a move, another stop: the dwell begins anew."""
    rule = parking(dwell_s=10)
    signals = watch(rule, car(0), 2, 8) + watch(rule, car(None), 9, 13) + watch(rule, car(13), 15, 22)
    assert [p for p, _ in phases(signals)] == [CANDIDATE, CLEARED, CANDIDATE]


def test_a_queue_of_waiting_cars_is_not_parking() -> None:
    """One car after another stops for 8 s: none has stood for 10 s, so nothing is raised."""
    rule = parking(dwell_s=10)
    signals = [s for start in range(0, 60, 8) for s in watch(rule, car(start), start + 2, start + 7)]
    assert RAISED not in [s.phase for s in signals]


def test_parked_is_raised_since_it_stopped() -> None:
    """Raised when it has stood for the dwell, and only once."""
    signals = watch(parking(dwell_s=10), car(5), 7, 40)
    assert phases(signals) == [(CANDIDATE, 7), (RAISED, 15)]
    assert signals[1].since_s == 5


def test_mostly_inside_is_inside() -> None:
    """A car whose wheels are outside but whose body covers the zone counts; one that only reaches in does not."""
    assert watch(parking(), car(0, Box(0.3, 0.4, 0.6, 0.6)), 2, 12)
    assert watch(parking(), car(0, Box(0.45, 0.4, 0.8, 0.6)), 2, 12) == []


def still(since_s: float, area: float = 0.03, box: Box = IN_ZONE) -> Callable[[float], Observation]:
    reading = Reading(still=(Patch(box, area, since_s),))
    return lambda at_s: observation(at_s, reading=reading, modelled=False)


def test_parking_without_a_model() -> None:
    """A large patch that stays in the zone is a parked car; a small one, or one elsewhere, is not."""
    assert phases(watch(parking(), still(5), 8, 20)) == [(CANDIDATE, 8), (RAISED, 16)]
    assert watch(parking(), still(5, area=0.001), 8, 20) == []
    assert watch(parking(), still(5, box=OUTSIDE), 8, 20) == []


@pytest.mark.parametrize("settled_s", [None, 1.0])
def test_somebody_who_stands_there_is_no_car(settled_s: float | None) -> None:
    """Without a model: a patch in which something changes every few seconds, or without an outline of its own."""

    def restless(at_s: float) -> Observation:
        changed_s = None if settled_s is None else at_s - settled_s
        reading = Reading(still=(Patch(IN_ZONE, since_s=0, settled_s=changed_s),))
        return observation(at_s, reading=reading, modelled=False)

    armed = parking()
    assert watch(armed, restless, 0, 40) == []
    assert RAISED in [p for p, _ in phases(watch(armed, still(0), 41, 45))]
    assert phases(watch(armed, restless, 46, 60)) == []


def test_an_unsteady_foreground_decides_nothing() -> None:
    """Just after a light switch, patches neither begin nor end anything."""
    rule = parking(dwell_s=3)
    watch(rule, still(0), 2, 5)
    unsteady = watch(rule, lambda at_s: observation(at_s, modelled=False, steady=False), 6, 12)
    assert unsteady == []
    assert rule.condition.raised


def test_every_rule_says_which_tracks_occupy_its_zone() -> None:
    """Objects of the wanted kinds, and unknown patches, keep a zone occupied."""
    assert intrusion().objects == {"person", FOREGROUND}
    assert parking().objects == {"vehicle", FOREGROUND}


def test_minimum_area_for_a_model_only_when_asked_for() -> None:
    """A distant person is small; the model is sure all the same."""
    distant: Track = track(0, Box(0.2, 0.3, 0.21, 0.33))
    assert PEOPLE.accepts(distant)
    assert not Wanted(frozenset({"person"}), min_area=0.01).accepts(distant)
