from __future__ import annotations

import math

import pytest

from gateway.analysis.rules import Wanted
from gateway.analysis.wrong_way import WrongWayRule
from gateway.analysis.zones import WHOLE_PICTURE, Zone
from gateway.types import Box, Phase, Signal
from tests.unit.gateway.analysis.making import condition, observation, phases, track

UPWARDS = ((0.5, 0.9), (0.5, 0.1))
Way = list[tuple[float, float]]


def standing(x: float, y: float) -> Box:
    return Box(x - 0.03, y - 0.10, x + 0.03, y)


def watched(way: Way, every_s: float = 0.5, zone: Zone = WHOLE_PICTURE, label: str = "vehicle") -> list[Signal]:
    """Show one object that goes from point to point."""
    rule = WrongWayRule(condition(dwell_s=1.0, clear_s=1.0), zone, UPWARDS, Wanted(frozenset({"vehicle"})))
    signals: list[Signal] = []
    for number, place in enumerate(way):
        signals += rule.update(observation(number * every_s, track(number * every_s, standing(*place), label)))
    return signals


def down(start: float, end: float, steps: int) -> Way:
    return [(0.5, start + (end - start) * n / steps) for n in range(steps + 1)]


@pytest.mark.parametrize(
    "way",
    [
        down(0.9, 0.2, 20),  # the right way
        [(0.1 + 0.04 * n, 0.5 + 0.005 * n) for n in range(20)],  # across
        [(0.5, 0.5 + 0.02 * math.sin(n)) for n in range(60)],  # it stands, and its box trembles
        [*down(0.5, 0.54, 6), *[(0.5, 0.54)] * 20],  # rolls back at a light, or backs into a gap
        [*down(0.9, 0.5, 8), (0.5, 0.8), *down(0.78, 0.3, 10)],  # the tracker takes the car behind for it
        [(0.5, 0.5), (0.5, 0.9)],  # one leap
        [(0.5, 0.3 + 0.1 * (n // 3)) for n in range(18)],  # a queue drives off: the tracker hops from car to car
    ],
)
def test_what_is_not_the_wrong_way(way: Way) -> None:
    """Neither a short way back nor a single leap of the tracker is travel."""
    assert watched(way) == []


def test_against_the_arrow_is_told_until_it_leaves() -> None:
    """Once, since the moment it set out, and cleared when it has left the picture."""
    signals = watched([*down(0.2, 0.9, 20), *[(-0.5, -0.5)] * 0])
    assert [phase for phase, _ in phases(signals)] == [Phase.CANDIDATE, Phase.RAISED]
    assert signals[0].since_s == 0.0
    assert 1.0 <= signals[0].at_s <= 3.0


def test_it_must_go_against_for_long_enough() -> None:
    """The same way in a quarter of the time is too short to be sure of."""
    assert watched(down(0.4, 0.9, 5), every_s=0.15) == []


def test_it_may_have_stood_before() -> None:
    """Somebody who turns out of a gate the wrong way."""
    signals = watched([*[(0.5, 0.2)] * 40, *down(0.2, 0.9, 20)])
    assert signals[0].since_s >= 17.5


def test_slow_looks_will_do() -> None:
    """One look in 2 s, as from keyframes alone."""
    assert watched(down(0.2, 0.9, 8), every_s=2.0)


def test_turning_round_ends_it() -> None:
    """It has noticed."""
    signals = watched([*down(0.2, 0.6, 12), *down(0.6, 0.2, 12)])
    assert phases(signals)[-1][0] is Phase.CLEARED


def test_only_in_the_zone_and_only_of_that_kind() -> None:
    """The lane beside it goes the other way; a pedestrian may walk where he likes."""
    lane = Zone("z1", ((0.6, 0.0), (1.0, 0.0), (1.0, 1.0), (0.6, 1.0)))
    assert watched(down(0.2, 0.9, 20), zone=lane) == []
    assert watched(down(0.2, 0.9, 20), label="person") == []


def test_out_of_schedule_everything_is_forgotten() -> None:
    """And what goes on is cleared."""
    rule = WrongWayRule(condition(dwell_s=0.5), WHOLE_PICTURE, UPWARDS, Wanted(frozenset({"vehicle"})))
    for number, place in enumerate(down(0.2, 0.9, 20)):
        rule.update(observation(number * 0.5, track(number * 0.5, standing(*place), "vehicle")))
    assert rule.condition.raised
    assert [s.phase for s in rule.update(observation(11, armed=False))] == [Phase.CLEARED]
