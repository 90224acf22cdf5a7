from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.analysis.lines import OVER_S, Crossings, Line, LineCounter, LineRule
from gateway.analysis.rules import Wanted
from gateway.types import Box, Crossing, Phase, Signal
from tests.unit.gateway.analysis.making import condition, observation, phases, track

ROAD = Line("gate", ((0.2, 0.5), (0.8, 0.5)), ((0.5, 0.4), (0.5, 0.6)))  # across the picture; along is downwards
BENT = Line("gate", ((0.2, 0.4), (0.5, 0.6), (0.8, 0.4)), ((0.5, 0.4), (0.5, 0.6)))


def standing(x: float, y: float) -> Box:
    """Return a car whose wheels stand there."""
    return Box(x - 0.04, y - 0.08, x + 0.04, y)


class Watch:
    """A counter and a rule on one line, shown where one object goes."""

    def __init__(self, line: Line = ROAD, **rule: object) -> None:
        self.counter = LineCounter(condition(), line, ["vehicle"])
        patience = condition(dwell_s=float(rule.pop("dwell_s", 0.0)), clear_s=1.0, zone="gate")  # type: ignore[arg-type]
        wanted = Wanted(frozenset({"vehicle"}), min_count=int(rule.pop("min_count", 1)))  # type: ignore[call-overload]
        self.rule = LineRule(patience, line, wanted, against=bool(rule.pop("against", False)))
        self.signals: list[Signal] = []
        self.at_s = 0.0

    def show(self, *ways: list[tuple[float, float]], label: str = "vehicle", **given: object) -> None:
        """Show objects that go point by point, two points a second."""
        for places in zip(*ways, strict=True):
            tracks = [track(self.at_s, standing(*p), label, id=n) for n, p in enumerate(places)]
            seen = observation(self.at_s, *tracks, **given)
            self.counter.update(seen)
            self.signals += self.rule.update(seen)
            self.at_s += 0.5

    @property
    def counts(self) -> list[bool]:
        """Whether along, of what was counted since the last call."""
        return [crossing.along for crossing in self.counter.take()]


DOWN = [(0.5, y / 100) for y in range(30, 75, 5)]
UP = DOWN[::-1]


def test_standing_on_the_line_is_no_crossing() -> None:
    """A box that trembles by a hundredth crosses nothing, however long it stands there."""
    watch = Watch()
    watch.show([(0.5, 0.5 + 0.009 * (-1) ** n) for n in range(40)])
    assert watch.counts == []
    assert watch.signals == []


def test_turning_back_on_the_line_is_no_crossing() -> None:
    """It came up to the line, stood on it and went back."""
    watch = Watch()
    watch.show([(0.5, 0.3), (0.5, 0.49), (0.5, 0.505), (0.5, 0.49), (0.5, 0.3)])
    assert watch.counts == []


def test_the_way_round_the_end_is_no_crossing() -> None:
    """What passes beside the line has not gone over it."""
    watch = Watch()
    watch.show([(0.7, 0.3), (0.9, 0.4), (0.9, 0.6), (0.7, 0.7), (0.5, 0.7)])
    assert watch.counts == []


@pytest.mark.parametrize("given", [{"looked": False}, {"armed": False}])
def test_a_frame_without_a_look_changes_nothing(given: dict[str, Any]) -> None:
    """Nor does one outside the schedule."""
    watch = Watch()
    watch.show(DOWN, **given)
    assert watch.counts == []
    assert watch.signals == []


def test_other_kinds_are_neither_counted_nor_flagged() -> None:
    """A rule for vehicles, a pedestrian."""
    watch = Watch()
    watch.show(DOWN, label="person")
    assert watch.counts == []
    assert watch.signals == []


def test_an_object_that_is_new_beyond_the_line_has_not_crossed() -> None:
    """The tracker lost it and found it again under another id: nobody saw it cross."""
    watch = Watch()
    watch.show(DOWN[:4])
    tracks = [track(watch.at_s, standing(0.5, 0.7), "vehicle", id=99)]
    watch.counter.update(observation(watch.at_s, *tracks))
    assert watch.counts == []


def test_a_leap_back_over_the_line_is_no_crossing() -> None:
    """The tracker took the next car for the one before, held for a while; that one is counted in its turn."""
    for way in ((6, 8, 10, 12, 14, 8, 10, 12, 14), (6, 8, 10, 12, 14, 14, 14, 8, 10, 12, 14)):
        watch = Watch()
        watch.show([(0.5, y / 20) for y in way])
        assert watch.counts == [True, True]


def test_a_box_that_is_suddenly_another_one_has_not_crossed() -> None:
    """Of a lorry the model sees the cab, then all of it: its foot leaps over the line, and the lorry does not."""
    crossings = Crossings(ROAD)
    cab, lorry = Box(0.45, 0.3, 0.55, 0.45), Box(0.4, 0.3, 0.6, 0.75)
    for at_s, box in enumerate([cab, cab, lorry, lorry]):
        assert crossings.update([track(at_s, box, "vehicle")], {1}) == []


def test_both_ways_are_counted_and_one_is_flagged() -> None:
    """Along the arrow is an event, against it is a number only."""
    watch = Watch()
    watch.show(UP)
    assert watch.counts == [False]
    assert watch.signals == []
    watch.show(DOWN)
    assert watch.counts == [True]
    assert [p for p, _ in phases(watch.signals)] == [Phase.CANDIDATE, Phase.RAISED]


def test_the_wrong_way_over_a_line() -> None:
    """The same rule, the other way round."""
    watch = Watch(against=True)
    watch.show(DOWN)
    assert watch.signals == []
    watch.show(UP)
    assert watch.counts == [True, False]
    assert [p for p, _ in phases(watch.signals)] == [Phase.CANDIDATE, Phase.RAISED]


def test_without_an_arrow_either_way_is_flagged() -> None:
    """It is a line that nobody may cross."""
    line = Line("gate", ROAD.points)
    for way in (UP, DOWN):
        watch = Watch(line)
        watch.show(way)
        assert watch.signals[0].phase is Phase.CANDIDATE


def test_a_crossing_is_over_when_it_is_over() -> None:
    """What has crossed and stays in view does not hold the event open for ever; a signal tells of one object."""
    watch = Watch()
    watch.show([*DOWN, *[(0.5, 0.7)] * 40])
    (_, crossed_s), (_, raised_s), (cleared, cleared_s) = phases(watch.signals)
    assert (crossed_s, cleared) == (raised_s, Phase.CLEARED)
    assert OVER_S <= cleared_s - crossed_s <= OVER_S + 2
    assert {(s.count, s.label, s.zone_id) for s in watch.signals} == {(1, "vehicle", "gate")}


def test_three_at_about_the_same_time() -> None:
    """`min_count` is of a herd, or a convoy: two are not enough."""
    ways = [[(x, y) for _, y in DOWN] for x in (0.3, 0.5, 0.7)]
    for number in (2, 3):
        watch = Watch(min_count=3)
        watch.show(*ways[:number])
        assert bool(watch.signals) == (number == 3)
        assert watch.counts == [True] * number


def test_a_bend_is_crossed_once() -> None:
    """Also where the way leads straight through the corner."""
    watch = Watch(BENT)
    watch.show([(0.5, y / 20) for y in range(6, 18)])
    assert watch.counts == [True]


def stepwise(corners: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a way in steps shorter than a leap."""
    way = corners[:1]
    for (ax, ay), (bx, by) in pairwise(corners):
        steps = 1 + round(math.dist((ax, ay), (bx, by)) / 0.03)
        way += [(ax + (bx - ax) * n / steps, ay + (by - ay) * n / steps) for n in range(1, steps + 1)]
    return way


@settings(deadline=None)  # of a loaded machine
@given(st.lists(st.tuples(st.floats(0.25, 0.75), st.floats(0.1, 0.95)), min_size=2, max_size=20))
def test_what_went_over_and_came_back_is_even(places: list[tuple[float, float]]) -> None:
    """However it went, step by step, the net count says on which side it is; back at the start it is nought."""
    crossings, net = Crossings(ROAD), 0
    for number, place in enumerate(stepwise([(0.5, 0.2), *places, (0.5, 0.2)])):
        crossed = crossings.update([track(number, standing(*place), "vehicle")], {1})
        net += sum(1 if along else -1 for _, along in crossed)
        assert net in {0, 1}
    assert net == 0


def test_movement_is_decoded_before_it_reaches_the_line() -> None:
    """The surroundings reach over the line on both sides, and not over the whole picture."""
    zone = ROAD.surroundings
    assert zone.touches(standing(0.5, 0.44))
    assert zone.touches(standing(0.5, 0.60))
    assert not zone.touches(standing(0.5, 0.2))


def test_what_is_taken_is_taken_once() -> None:
    """Counts go out with the frame they were made in."""
    watch = Watch()
    watch.show(DOWN)
    [crossing] = watch.counter.take()
    assert crossing == Crossing("gate", "vehicle", True, 2.5)
    assert watch.counter.take() == []
