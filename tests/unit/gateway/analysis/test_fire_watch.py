"""When fire is looked for, and what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np

from gateway.analysis.analyst import Analyst
from gateway.analysis.fire import SmokeFireRule
from gateway.analysis.fire_watch import CLOSELY_S, REST_S, SUSPICION_S, FireWatch
from gateway.analysis.ruleset import RuleSet, make_rules
from gateway.analysis.zones import WHOLE_PICTURE
from gateway.types import Bgr, Frame, FrameOrigin, Luma, Outcome, Phase, Signal
from tests.unit.gateway.analysis.making import FakeDetector, FakeForeground, Patch, Reading, camera, condition, seconds
from tests.unit.gateway.analysis.test_analyst import START
from tests.unit.gateway.analysis.test_fire import PLACE, flames, lamp

FIRE = {"id": "fire", "type": "smoke_fire", "dwell_s": 3, "clear_s": 3, "cadence_s": 1}
BURN = ("fire", PLACE, 0.8)


class FireDetector(FakeDetector):
    """Sees what a test puts into `sees`."""

    labels: tuple[str, ...] = ("fire", "smoke")


def picture(at_s: float) -> Frame:
    """A frame with flames that are elsewhere in every picture."""
    bgr: Bgr = flames(round(at_s * 5))
    luma: Luma = np.asarray(bgr.mean(2), np.uint8)
    return Frame("cam", at_s, 0, luma, FrameOrigin.LOOK, lambda: bgr)


def steady(at_s: float) -> Frame:
    """A frame with something as bright as fire that does not change."""
    bgr: Bgr = lamp(round(at_s * 5))
    return Frame("cam", at_s, 0, np.asarray(bgr.mean(2), np.uint8), FrameOrigin.LOOK, lambda: bgr)


class Watch:
    """A watch over one rule, with its detector in the test's hand."""

    def __init__(self, *zones: dict[str, Any], cadence_s: float = 1.0) -> None:
        self.detector = FireDetector()
        self.rule = SmokeFireRule(condition(dwell_s=3), WHOLE_PICTURE, cadence_s=cadence_s)
        self.watch = FireWatch(camera([], zones), self.detector)

    def run(self, moments: Sequence[float]) -> list[Signal]:
        """Show frames at those moments."""
        return [signal for at_s in moments for signal in self.watch.look(picture(at_s), [self.rule])]


def test_a_failed_pass_is_survived_and_counted() -> None:
    """The model fails for a while: nothing is told, nothing ends, and the failures are counted."""
    fire = Watch()
    fire.detector.broken = True
    assert fire.run(seconds(0, 10, 1)) == []
    assert fire.watch.passes.failed_inferences == fire.watch.passes.inferences == 11


def test_without_a_detector_nothing_is_looked_for() -> None:
    """No detector, no pass; and none where no rule is in force."""
    fire = Watch()
    assert FireWatch(camera([]), None).look(picture(0), [fire.rule]) == []
    assert fire.watch.look(picture(0), []) == []
    assert fire.watch.passes.inferences == 0


def test_nothing_suspicious_costs_one_pass_per_cadence() -> None:
    """Of a burst at 5 fps one frame a second is looked at, and of looks each; no frame more is asked for."""
    fire = Watch()
    fire.run(seconds(0, 10))
    assert fire.watch.passes.inferences == 11
    fire.run(seconds(12, 30, 2))
    assert fire.watch.passes.inferences == 21
    assert not fire.watch.wants_more


def test_a_suspicion_is_looked_at_closely_three_times_a_second_at_most() -> None:
    """Something looks like fire: more frames are asked for, and the detector's rate is bounded."""
    fire = Watch()
    fire.detector.sees = [BURN]
    fire.run([0.0])
    assert fire.watch.wants_more
    fire.run(seconds(0.1, 10, 0.1))
    assert 25 <= fire.watch.passes.inferences <= 31


def test_fire_is_raised_and_a_single_glimpse_is_forgotten() -> None:
    """What goes on burning is an event; what was seen once is given up after some seconds."""
    fire = Watch()
    fire.detector.sees = [BURN]
    assert [s.phase for s in fire.run(seconds(0, 5)) if s.phase is not Phase.ONGOING] == [
        Phase.CANDIDATE,
        Phase.RAISED,
    ]
    glimpse = Watch()
    glimpse.detector.sees = [BURN]
    glimpse.run([0.0])
    glimpse.detector.sees = []
    assert glimpse.run(seconds(0.2, SUSPICION_S + 2)) == []
    assert not glimpse.watch.wants_more


def test_a_sign_that_looks_like_fire_all_day_does_not_keep_the_stream_decoded() -> None:
    """More frames are asked for a while, then looks must do; later they are asked for again."""
    fire = Watch()
    fire.detector.sees = [BURN]
    asked = []
    for at_s in seconds(0, CLOSELY_S + REST_S + 20, 1):
        assert fire.watch.look(steady(at_s), [fire.rule]) == []
        asked.append(fire.watch.wants_more)
    assert sum(asked) <= CLOSELY_S + 25
    assert not any(asked[int(CLOSELY_S) + 2 : int(CLOSELY_S + REST_S) - 2])
    assert asked[-1]


def test_ignored_parts_of_the_picture_do_not_burn() -> None:
    """A chimney or a screen is drawn out of the picture by a zone of kind `ignore`."""
    zone = {
        "id": "chimney",
        "name": "chimney",
        "kind": "ignore",
        "polygon": [[0.3, 0.3], [0.6, 0.3], [0.6, 0.7], [0.3, 0.7]],
    }
    fire = Watch(zone)
    fire.detector.sees = [BURN]
    assert fire.run(seconds(0, 10)) == []
    assert not fire.watch.wants_more


class Scene:
    """An analyst with a fire rule and whatever else a test arms."""

    def __init__(self, *rules: dict[str, Any]) -> None:
        config = camera([FIRE, *rules])
        self.detector = FireDetector()
        self.foreground = FakeForeground()
        made: RuleSet = make_rules(config, fire=True)
        self.analyst = Analyst(
            config, made, self.foreground, None, lambda s: START + timedelta(seconds=s), fire=self.detector
        )

    def run(self, moments: Sequence[float]) -> list[Outcome]:
        """Show frames at those moments."""
        return [self.analyst.analyse(picture(at_s)) for at_s in moments]


def test_movement_is_not_decoded_on_for_a_fire_rule_alone() -> None:
    """A busy road under a fire rule costs a look per cadence and no burst."""
    scene = Scene()
    scene.foreground.reading = Reading(moving=(Patch((0.2, 0.2, 0.5, 0.5)),))
    outcomes = scene.run(seconds(0, 20, 2))
    assert not any(o.moving or o.occupied for o in outcomes)
    assert scene.detector.calls == scene.analyst.inferences == 11


def test_the_gate_is_asked_for_more_and_told_of_the_fire() -> None:
    """Suspicion asks for frames, a candidate occupies the camera, and the event is told."""
    scene = Scene()
    scene.detector.sees = [BURN]
    outcomes = scene.run(seconds(0, 6))
    assert outcomes[0].moving
    assert outcomes[-1].occupied
    assert [s.event_type for o in outcomes for s in o.signals if s.phase is Phase.RAISED] == ["smoke_fire"]


def test_out_of_schedule_nothing_is_looked_for_and_what_was_raised_ends() -> None:
    """Armed until 12:00:30: the event ends then, and the detector rests."""
    scene = Scene()
    config = camera([{**FIRE, "schedule": {"start": "12:00", "end": "12:01"}}])
    scene.analyst = Analyst(
        config,
        make_rules(config, fire=True),
        scene.foreground,
        None,
        lambda s: START + timedelta(seconds=s),
        fire=scene.detector,
    )
    scene.detector.sees = [BURN]
    outcomes = scene.run(seconds(50, 65))
    calls = scene.detector.calls
    outcomes += scene.run(seconds(66, 70))
    assert scene.detector.calls == calls
    assert [s.phase for o in outcomes for s in o.signals if s.phase is not Phase.ONGOING] == [
        Phase.CANDIDATE,
        Phase.RAISED,
        Phase.CLEARED,
    ]
    assert not outcomes[-1].moving
