"""What a trained scene model sees, over time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from gateway.analysis.ruleset import make_rules
from gateway.analysis.seen import FORGET_S, LONGEST_CADENCE_S, MISSES, SceneModel, SceneWatch, SeenRule, Telling, Thing
from gateway.analysis.zones import WHOLE_PICTURE
from gateway.types import Bgr, Box, Frame, FrameOrigin, Luma, Phase, Signal
from tests.unit.gateway.analysis.making import FakeDetector, camera, condition, observation

PLACE = Box(0.4, 0.4, 0.6, 0.6)
CADENCE_S = 20.0
BIN = {"id": "bin", "type": "bin_overflow", "dwell_s": 60, "cadence_s": CADENCE_S}
LOWER_HALF = {"id": "low", "name": "low", "polygon": [[0, 0.7], [1, 0.7], [1, 1], [0, 1]]}
TYPES = {"overflowing bin": "bin_overflow", "stall": "street_vending"}


class SceneDetector(FakeDetector):
    """Sees what a test puts into `sees`; its classes are those of a trained model."""

    labels: tuple[str, ...] = ("overflowing bin", "stall", "tree")


def thing(confidence: float = 0.8, box: Box = PLACE) -> Thing:
    return Thing("zone_intrusion", "overflowing bin", box, confidence)


def rule(dwell_s: float = 60.0, telling: Telling | None = None) -> SeenRule:
    return SeenRule(condition(dwell_s=dwell_s), WHOLE_PICTURE, telling or Telling(), CADENCE_S)


def phases(signals: Sequence[Signal]) -> list[Phase]:
    return [s.phase for s in signals]


def frame(at_s: float) -> Frame:
    bgr: Bgr = np.zeros((90, 160, 3), np.uint8)
    luma: Luma = np.zeros((90, 160), np.uint8)
    return Frame("cam", at_s, 0, luma, FrameOrigin.LOOK, lambda: bgr)


def test_what_is_seen_once_raises_nothing() -> None:
    """One look is no proof, however sure the model is."""
    seen = rule()
    assert phases(seen.look([thing()], 0)) == [Phase.CANDIDATE]
    signals = [s for n in range(1, 9) for s in seen.look([], n * CADENCE_S)]
    assert phases(signals) == [Phase.CLEARED]


def test_a_missed_look_does_not_begin_the_dwell_anew() -> None:
    """Seen in two looks of three for a minute: one event, from the first look on."""
    seen = rule()
    looks = [seen.look([] if n % 3 == 1 else [thing()], n * CADENCE_S) for n in range(6)]
    raised = [s for signals in looks for s in signals if s.phase is Phase.RAISED]
    assert len(raised) == 1
    assert raised[0].since_s == 0.0


def test_gone_after_misses_in_a_row() -> None:
    """Three looks without it, and what comes later is another one."""
    seen = rule(dwell_s=0)
    assert Phase.RAISED in phases(seen.look([thing()], 0))
    at_s = 0.0
    ended: list[Signal] = []
    for _ in range(2 * MISSES):
        at_s += CADENCE_S
        ended += [s for s in seen.look([], at_s) if s.phase is Phase.CLEARED]
    assert len(ended) == 1


def test_slow_cadences_are_capped() -> None:
    """A raised condition outlives no longer gaps than that."""
    assert SeenRule(condition(), WHOLE_PICTURE, Telling(), 3600).cadence_s == LONGEST_CADENCE_S


def test_nobody_knows_since_when_after_a_long_absence() -> None:
    """The camera was away: the time it stood there unseen does not count."""
    seen = rule(dwell_s=60)
    seen.look([thing()], 0)
    assert Phase.RAISED not in phases(seen.look([thing()], FORGET_S + 1))


def test_the_schedule_ends_it() -> None:
    """Out of force nothing is under way, and what is seen later begins then."""
    seen = rule(dwell_s=0)
    seen.look([thing()], 0)
    assert seen.update(observation(5)) == []
    assert phases(seen.update(observation(10, armed=False))) == [Phase.CLEARED]
    assert [s.since_s for s in seen.look([thing()], 20)] == [20.0, 20.0]


@pytest.mark.parametrize(
    "telling",
    [Telling(min_confidence=0.9), Telling(min_count=2), Telling(min_area=0.5)],
    ids=["unsure", "few", "small"],
)
def test_what_the_rule_does_not_ask_for_does_not_count(telling: Telling) -> None:
    """Too unsure, too few, too small."""
    assert rule(0, telling).look([thing()], 0) == []


def test_only_its_own_zone_and_type_count() -> None:
    """A stall is no bin, and the bin stands elsewhere."""
    rules = make_rules(camera([{**BIN, "zone": "low"}], [LOWER_HALF]), seen={"bin_overflow"}).rules
    assert isinstance(rules[0], SeenRule)
    assert rules[0].look([Thing("bin_overflow", "overflowing bin", PLACE, 0.9)], 0) == []
    low = Box(0.4, 0.75, 0.6, 0.95)
    assert rules[0].look([Thing("street_vending", "stall", low, 0.9)], 20) == []
    assert phases(rules[0].look([Thing("bin_overflow", "overflowing bin", low, 0.9)], 40)) == [Phase.CANDIDATE]


def test_without_a_model_the_rule_says_so() -> None:
    """Nothing pretends."""
    rules = make_rules(camera([BIN]))
    assert rules.unarmed == (("bin", "no detector for this event type"),)
    assert make_rules(camera([BIN]), seen={"bin_overflow"}).unarmed == ()


def test_the_model_runs_once_per_cadence_and_only_where_a_rule_waits() -> None:
    """Of a burst at 5 fps one frame per cadence; without a rule in force none."""
    detector = SceneDetector()
    watch = SceneWatch(camera([]), [SceneModel(detector, TYPES)])
    waiting = make_rules(camera([BIN]), seen={"bin_overflow"}).rules[0]
    assert isinstance(waiting, SeenRule)
    for n in range(300):
        watch.look(frame(n / 5), [waiting])
    assert watch.passes.inferences == 4
    watch.look(frame(200), [])
    assert watch.passes.inferences == 4


def test_ignored_places_and_unmapped_labels_are_not_told() -> None:
    """A tree stands for nothing, and a painted bin on a screen is masked."""
    screen = {"id": "tv", "name": "tv", "kind": "ignore", "polygon": [[0.3, 0.3], [0.7, 0.3], [0.7, 0.7], [0.3, 0.7]]}
    detector = SceneDetector()
    detector.sees = [("tree", PLACE, 0.9), ("overflowing bin", PLACE, 0.9)]
    waiting = make_rules(camera([{**BIN, "dwell_s": 0}]), seen={"bin_overflow"}).rules[0]
    assert isinstance(waiting, SeenRule)
    watch = SceneWatch(camera([], [screen]), [SceneModel(detector, TYPES)])
    assert watch.look(frame(0), [waiting]) == []


def test_a_failed_pass_proves_nothing() -> None:
    """It is counted, and the thing is not gone for it."""
    detector = SceneDetector()
    detector.sees = [("overflowing bin", PLACE, 0.9)]
    waiting = make_rules(camera([{**BIN, "dwell_s": 0}]), seen={"bin_overflow"}).rules[0]
    assert isinstance(waiting, SeenRule)
    watch = SceneWatch(camera([]), [SceneModel(detector, TYPES)])
    watch.look(frame(0), [waiting])
    detector.broken = True
    for n in range(1, 5):
        assert watch.look(frame(n * CADENCE_S), [waiting]) == []
    assert watch.passes.failed_inferences == 4
    assert waiting.condition.raised
