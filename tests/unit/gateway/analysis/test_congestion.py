from __future__ import annotations

from gateway.analysis.congestion import LEAST_SHARE, CongestionRule
from gateway.analysis.rules import Wanted
from gateway.analysis.zones import Zone
from gateway.types import Box, Phase, Signal, Track
from tests.unit.gateway.analysis.making import condition, observation, phases, seconds, track

LANES = Zone("z1", ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)))
QUEUE = [Box(x, y, x + 0.14, y + 0.14) for y in (0.22, 0.42, 0.62) for x in (0.22, 0.42, 0.62)]


def cars(boxes: list[Box], at_s: float, pace: float = 0.0) -> list[Track]:
    """Return vehicles that go down at so many diagonals per second; who leaves below comes as another one above."""
    found = []
    for number, box in enumerate(boxes):
        laps, gone = divmod(box.y1 - 0.2 + pace * 0.2 * at_s, 0.46)
        place = Box(box.x1, 0.2 + gone, box.x2, 0.34 + gone)
        found.append(track(at_s, place, "vehicle", id=number + 100 * int(laps)))
    return found


def watched(boxes: list[Box], moments: list[float], pace: float = 0.0, **rule: float) -> list[Signal]:
    """Show vehicles that all go at one pace."""
    wanted = Wanted(frozenset({"vehicle"}), min_count=int(rule.get("min_count", 1)))
    jam = CongestionRule(condition(dwell_s=60, clear_s=10), LANES, wanted, rule.get("share", LEAST_SHARE))
    signals: list[Signal] = []
    for at_s in moments:
        signals += jam.update(observation(at_s, *cars(boxes, at_s, pace)))
    return signals


def test_traffic_that_flows_is_none() -> None:
    """However dense: nine vehicles at three quarters of their length a second."""
    assert watched(QUEUE, seconds(0, 120, 0.5), pace=0.75) == []


def test_a_few_that_stand_are_none() -> None:
    """Two cars that wait cover a tenth of the road."""
    assert watched(QUEUE[:2], seconds(0, 120, 2)) == []


def test_a_red_light_is_none() -> None:
    """All stand for 40 s; the dwell is of seconds, however many frames there were."""
    assert [p for p, _ in phases(watched(QUEUE, seconds(0, 40, 0.2)))] == [Phase.CANDIDATE]


def test_a_queue_that_creeps_is_told_once() -> None:
    """At a walk, for longer than the dwell; by looks every 2 s as by five frames a second."""
    for step in (0.2, 2.0):
        signals = watched(QUEUE, seconds(0, 90, step), pace=0.02)
        (_, began_s), (raised, raised_s) = phases(signals)
        assert raised is Phase.RAISED
        assert 60 <= raised_s - began_s <= 62
        assert signals[-1].count == 9


def test_a_rule_may_ask_for_more() -> None:
    """A number of vehicles, or a larger share of the road."""
    assert watched(QUEUE, seconds(0, 90, 2), min_count=10) == []
    assert watched(QUEUE, seconds(0, 90, 2), share=0.9) == []


def test_a_gap_in_the_queue_does_not_end_it() -> None:
    """It takes less to go on than to begin; when the road is free it is over."""
    jam = CongestionRule(condition(dwell_s=10, clear_s=10), LANES, Wanted(frozenset({"vehicle"})))
    signals: list[Signal] = []
    for at_s in seconds(0, 120, 2):
        boxes = QUEUE if at_s < 40 else QUEUE[:6] if at_s < 80 else []
        signals += jam.update(observation(at_s, *cars(boxes, at_s)))
    assert [p for p, _ in phases(signals)] == [Phase.CANDIDATE, Phase.RAISED, Phase.CLEARED]
    assert phases(signals)[-1][1] >= 90


def test_out_of_schedule_nothing_is_said() -> None:
    """What goes on is cleared, and begins anew afterwards."""
    jam = CongestionRule(condition(dwell_s=0), LANES, Wanted(frozenset({"vehicle"})))
    for at_s in seconds(0, 10, 2):
        jam.update(observation(at_s, *cars(QUEUE, at_s)))
    assert jam.condition.raised
    assert [s.phase for s in jam.update(observation(12, *cars(QUEUE, 12), armed=False))] == [Phase.CLEARED]


def test_a_track_that_leaps_from_car_to_car_is_not_slow() -> None:
    """Traffic flows through the zone, and the tracker stays where it is."""
    jam = CongestionRule(condition(dwell_s=10), LANES, Wanted(frozenset({"vehicle"}), min_count=3))
    signals: list[Signal] = []
    for number, at_s in enumerate(seconds(0, 60, 0.4)):
        shifted = [Box(b.x1, b.y1 + 0.03 * (number % 3), b.x2, b.y2 + 0.03 * (number % 3)) for b in QUEUE]
        tracks = [track(at_s, box, "vehicle", id=n) for n, box in enumerate(shifted)]
        signals += jam.update(observation(at_s, *tracks))
    assert signals == []


def test_one_box_over_the_whole_road_is_no_vehicle() -> None:
    """A slip of the model, and two cars that stand there."""
    boxes = [Box(0.0, 0.0, 1.0, 1.0), *QUEUE[:2]]
    assert watched(boxes, seconds(0, 90, 2), min_count=3) == []
