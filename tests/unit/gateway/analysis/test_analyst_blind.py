"""What becomes of a scene while the camera itself is at fault."""

from __future__ import annotations

from detectors.picture import PictureReading
from gateway.analysis.analyst import LOST_SIGHT_S
from gateway.analysis.health import fault_types as fault
from gateway.analysis.health.monitor import SOUND, Health
from gateway.types import Frame, Phase
from tests.unit.gateway.analysis.making import IN_ZONE
from tests.unit.gateway.analysis.test_analyst import INTRUSION, MOTION, PARKING, Scene


class FakeMonitor:
    """Says what a test has put there."""

    reference = None

    def __init__(self) -> None:
        self.health = SOUND

    def update(self, _frame: Frame, _picture: PictureReading, *, meant: bool) -> Health:
        """Say it."""
        return self.health


def watched(rule: dict[str, object]) -> tuple[Scene, FakeMonitor]:
    """Return a scene in which a car or somebody stands, and a monitor to tamper with."""
    scene, monitor = Scene(rule), FakeMonitor()
    scene.analyst._health = monitor  # type: ignore[assignment]
    label = "car" if rule is PARKING else "person"
    scene.detector.sees = [(label, IN_ZONE, 0.9)]
    scene.foreground.reading = MOTION
    return scene, monitor


def scenes(scene: Scene) -> list[tuple[Phase, float]]:
    """Return what the scene's rule said."""
    signals = [s for o in scene.outcomes for s in o.signals if s.rule_id == "r1"]
    return [(s.phase, s.at_s) for s in signals if s.phase is not Phase.ONGOING]


def test_behind_a_cover_nothing_begins() -> None:
    """Whatever the model might make of a cloth."""
    scene, monitor = watched(INTRUSION)
    monitor.health = Health(fault.COVERED)
    scene.run(0, 20)
    assert scenes(scene) == []
    assert scene.detector.calls == 0


def test_a_passing_lorry_ends_nothing() -> None:
    """The parked car behind it is still there when it has gone."""
    scene, monitor = watched(PARKING)
    scene.run(0, 4)
    monitor.health = Health(fault.COVERED)
    scene.run(4.2, 4 + LOST_SIGHT_S - 1)
    monitor.health = SOUND
    scene.run(4 + LOST_SIGHT_S, 20)
    assert [phase for phase, _ in scenes(scene)] == [Phase.CANDIDATE, Phase.RAISED]


def test_a_lasting_cover_ends_what_was_watched() -> None:
    """Nobody can say that it is still there."""
    scene, monitor = watched(INTRUSION)
    scene.run(0, 4)
    monitor.health = Health(fault.COVERED)
    scene.run(4.2, 20)
    assert [phase for phase, _ in scenes(scene)][-1] is Phase.CLEARED


def test_a_fault_that_is_told_of_needs_no_closer_looking() -> None:
    """It may last for days; only while it is in doubt is the camera looked at closely."""
    scene, monitor = watched(INTRUSION)
    scene.detector.sees = []
    scene.foreground.reading = type(MOTION)()
    scene.run(0, 20, 2)
    monitor.health = Health(fault.COVERED)
    covered = scene.run(22, 80, 2)
    assert covered[1].occupied
    assert not covered[-1].occupied
