from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.analysis.analyst import QUIET_EVERY_S, Analyst
from gateway.analysis.ruleset import make_rules
from gateway.types import Box, FrameOrigin, Outcome, Phase
from tests.unit.gateway.analysis.making import (
    IN_ZONE,
    OUTSIDE,
    FakeDetector,
    FakeForeground,
    Patch,
    Reading,
    camera,
    frame,
    phases,
    seconds,
)

START = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)  # noon in Shanghai
INTRUSION = {"id": "r1", "type": "zone_intrusion", "zone": "z1", "dwell_s": 1, "clear_s": 1.5, "cool_down_s": 0}
PARKING = {"id": "r1", "type": "illegal_parking", "zone": "z1", "dwell_s": 10, "clear_s": 1.5}
CANDIDATE, RAISED, CLEARED = Phase.CANDIDATE, Phase.RAISED, Phase.CLEARED
MOTION = Reading(moving=(Patch(IN_ZONE),))


class Scene:
    """An analyst with everything around it in a test's hand."""

    def __init__(self, rule: dict[str, Any], *, model: bool = True) -> None:
        self.detector = FakeDetector()
        self.foreground = FakeForeground()
        config = camera([rule])
        rules = make_rules(config, ("person", "vehicle") if model else ())
        detector = self.detector if model else None
        self.analyst = Analyst(config, rules, self.foreground, detector, lambda s: START + timedelta(seconds=s))
        self.outcomes: list[Outcome] = []

    def run(self, start: float, end: float, step: float = 0.2, level: int = 120) -> Sequence[Outcome]:
        """Show frames at those moments; return their outcomes."""
        origin = FrameOrigin.BURST if step < 1 else FrameOrigin.LOOK
        new = [self.analyst.analyse(frame(at_s, level, origin)) for at_s in seconds(start, end, step)]
        self.outcomes += new
        return new

    @property
    def phases(self) -> list[tuple[Phase, float]]:
        return phases([s for o in self.outcomes for s in o.signals])


def test_a_quiet_camera_costs_two_inferences_and_then_one_in_five_minutes() -> None:
    """Nothing moves: the model runs at the first two looks, then only for reassurance."""
    scene = Scene(INTRUSION)
    scene.run(0, QUIET_EVERY_S - 2, 2)
    assert scene.detector.calls == 2
    scene.run(QUIET_EVERY_S, QUIET_EVERY_S + 10, 2)
    assert scene.analyst.inferences == scene.detector.calls == 3
    assert not any(o.moving or o.occupied for o in scene.outcomes)


def test_motion_away_from_the_zone_wakes_nobody() -> None:
    """Leaves in the other half of the picture neither run the model nor ask for a burst."""
    scene = Scene(INTRUSION)
    scene.foreground.reading = Reading(moving=(Patch(OUTSIDE), Patch(IN_ZONE, area=0.0001)))
    scene.run(0, 60, 2)
    assert scene.detector.calls == 2
    assert not any(o.moving for o in scene.outcomes)


def test_motion_beside_the_zone_asks_for_a_burst() -> None:
    """Something about to enter is decoded on and shown to the model."""
    scene = Scene(INTRUSION)
    scene.run(0, 4, 2)
    scene.foreground.reading = Reading(moving=(Patch(Box(0.52, 0.3, 0.6, 0.6)),))
    assert all(o.moving for o in scene.run(6, 8))
    assert scene.detector.calls > 4


def test_what_moves_is_settled_once_its_event_is_raised() -> None:
    """From then on the gate needs no burst; the rule's own patience says how long an absence counts."""
    scene = Scene({**INTRUSION, "clear_s": 9})
    scene.run(0, 4, 2)
    scene.detector.sees = [("person", IN_ZONE, 0.8)]
    scene.foreground.reading = MOTION
    outcomes = scene.run(4.2, 8)
    raised_s = next(o.at_s for o in outcomes if any(s.phase is RAISED for s in o.signals))
    assert {o.settled_s for o in outcomes if o.at_s < raised_s} == {0.0}
    assert {o.settled_s for o in outcomes if o.at_s >= raised_s} == {9.0}
    scene.foreground.reading = Reading()
    assert scene.run(20, 20)[0].settled_s == 0.0


def test_an_inference_failure_is_survived() -> None:
    """The model fails for a while: no event, no crash, and the failures are counted."""
    scene = Scene(INTRUSION)
    scene.detector.broken = True
    scene.foreground.reading = MOTION
    scene.run(0, 4)
    assert scene.phases == []
    assert scene.analyst.failed_inferences == scene.detector.calls > 0


def test_somebody_comes_and_goes() -> None:
    """In by a burst, out by a burst: one event, over soon after he has left."""
    scene = Scene(INTRUSION)
    scene.run(0, 4, 2)
    scene.detector.sees = [("person", IN_ZONE, 0.8)]
    scene.foreground.reading = MOTION
    scene.run(6, 10)
    scene.detector.sees = []
    scene.run(10.2, 10.2)
    scene.foreground.reading = Reading()
    scene.run(10.4, 16)
    (_, began_s), (_, raised_s), (_, cleared_s) = scene.phases
    assert began_s == pytest.approx(6.4)
    assert raised_s == pytest.approx(7.2, abs=0.3)
    assert cleared_s == pytest.approx(11.6, abs=0.5)
    assert not scene.outcomes[-1].occupied


def test_a_parked_car_is_found_at_the_start_and_seldom_looked_at() -> None:
    """Parked before we began, never moving: raised after the dwell, at a look a second, then one in four."""
    scene = Scene(PARKING)
    scene.detector.sees = [("car", IN_ZONE, 0.8)]
    scene.run(0, 10, 2)
    assert scene.phases == [(CANDIDATE, 2), (RAISED, 10)]
    calls = scene.detector.calls
    scene.run(12, 52, 2)
    assert scene.detector.calls - calls <= 11
    assert all(o.occupied for o in scene.outcomes)


def test_light_switch_raises_nothing_without_a_model() -> None:
    """After a global change the patches are not believed for a while."""
    scene = Scene(INTRUSION, model=False)
    scene.run(0, 4, 2)
    scene.foreground.reading = Reading(global_change=True, ready=False)
    scene.run(4.2, 4.2)
    for i in range(10):
        scene.foreground.reading = Reading(moving=(Patch((0.1 + i * 0.03, 0.3, 0.2 + i * 0.03, 0.6)),))
        scene.run(4.4 + i * 0.2, 4.4 + i * 0.2)
    assert scene.phases == []


def test_light_switch_makes_the_model_look() -> None:
    """What came in with the dark is found although nothing seems to move."""
    scene = Scene(INTRUSION)
    scene.run(0, 4, 2)
    scene.foreground.reading = Reading(global_change=True, ready=False)
    scene.detector.sees = [("person", IN_ZONE, 0.8)]
    scene.run(6, 6)
    scene.foreground.reading = Reading()
    scene.run(6.4, 8, 0.4)
    assert [p for p, _ in scene.phases] == [CANDIDATE, RAISED]


def test_motion_alone_without_a_model() -> None:
    """A patch that crosses into the zone and stays a while is an event."""
    scene = Scene(INTRUSION, model=False)
    scene.run(0, 4, 2)
    for i in range(12):
        scene.foreground.reading = Reading(moving=(Patch((0.6 - i * 0.04, 0.3, 0.7 - i * 0.04, 0.6)),))
        scene.run(6 + i * 0.2, 6 + i * 0.2)
    assert [p for p, _ in scene.phases] == [CANDIDATE, RAISED]


def test_a_black_picture_is_a_fault_and_ends_what_could_be_seen() -> None:
    """The lens is capped: the fault is raised, the intrusion is over because nobody can see it."""
    scene = Scene(INTRUSION)
    scene.detector.sees = [("person", IN_ZONE, 0.8)]
    scene.run(0, 2)
    calls = scene.detector.calls
    scene.run(4, 20, 2, level=0)
    assert scene.detector.calls == calls
    said = [(s.phase, s.event_type) for o in scene.outcomes for s in o.signals]
    assert (CLEARED, "zone_intrusion") in said
    assert (RAISED, "camera_fault.black") in said


def test_out_of_schedule_nothing_is_looked_for_and_arming_looks_at_once() -> None:
    """Armed at noon and a minute: what has stood there before is found by the looks that arming asks for."""
    scene = Scene({**PARKING, "schedule": {"start": "12:01", "end": "13:00"}})
    scene.detector.sees = [("car", IN_ZONE, 0.8)]
    scene.foreground.reading = MOTION
    scene.run(0, 58, 2)
    assert scene.detector.calls == 0
    assert not any(o.moving or o.occupied for o in scene.outcomes)
    scene.foreground.reading = Reading()
    scene.run(60, 80, 2)
    assert [p for p, _ in scene.phases] == [CANDIDATE, RAISED]


def test_after_a_gap_in_the_stream_it_looks_again() -> None:
    """What has arrived while no frames came does not move any more, and is still found."""
    scene = Scene(PARKING)
    scene.run(0, 10, 2)
    calls = scene.detector.calls
    scene.detector.sees = [("car", IN_ZONE, 0.8)]
    scene.run(100, 120, 2)
    assert scene.detector.calls - calls >= 2
    assert [p for p, _ in scene.phases] == [CANDIDATE, RAISED]
