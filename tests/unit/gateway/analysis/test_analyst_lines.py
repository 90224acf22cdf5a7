"""A line that is counted, with the analyst around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.analysis.analyst import Analyst
from gateway.analysis.ruleset import make_rules
from gateway.types import Box, Crossing, FrameOrigin, Outcome
from tests.unit.gateway.analysis.making import FakeDetector, FakeForeground, Patch, Reading, camera, frame, seconds

START = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
LINE = {
    "id": "gate",
    "name": "gate",
    "kind": "line",
    "polygon": [[0.2, 0.5], [0.8, 0.5]],
    "arrow": [[0.5, 0.4], [0.5, 0.6]],
    "count": ["vehicle"],
}


class Gate:
    """A camera without a rule, but with a line."""

    def __init__(self) -> None:
        self.detector, self.foreground = FakeDetector(), FakeForeground()
        config = camera([], [LINE])
        rules = make_rules(config, ("person", "vehicle"))
        self.analyst = Analyst(config, rules, self.foreground, self.detector, lambda s: START + timedelta(seconds=s))

    def pass_by(self, x: float, kind: str = "car") -> list[Outcome]:
        """Let something go down through the picture, at five frames a second."""
        made = []
        for at_s in seconds(0, 6):
            y = 0.25 + at_s / 10
            box = Box(x - 0.05, y - 0.1, x + 0.05, y)
            self.detector.sees = [(kind, box, 0.9)]
            self.foreground.reading = Reading(moving=(Patch(box),))
            made.append(self.analyst.analyse(frame(at_s, origin=FrameOrigin.BURST)))
        return made


def test_a_vehicle_is_counted_without_any_rule() -> None:
    """Once, in the frame that shows it clearly beyond the line; no event comes of it."""
    outcomes = Gate().pass_by(0.5)
    [(crossing, at_s)] = [(c, o.at_s) for o in outcomes for c in o.crossings]
    assert crossing == Crossing("gate", "vehicle", True, at_s)
    assert 2.5 < at_s < 4
    assert not [s for o in outcomes for s in o.signals if not s.event_type.startswith("camera_fault")]


def test_frames_are_asked_for_before_it_is_there() -> None:
    """Movement near the line is worth decoding, and goes on being so: nothing settles while a line is counted."""
    outcomes = Gate().pass_by(0.5)
    near = [o for o in outcomes if 1.5 < o.at_s < 4]
    assert all(o.moving and o.settled_s == 0 for o in near)


def test_what_passes_beside_it_or_is_of_another_kind_is_not_counted() -> None:
    """Beside the line's end, and somebody on foot."""
    assert not [c for o in Gate().pass_by(0.93) for c in o.crossings]
    assert not [c for o in Gate().pass_by(0.5, "person") for c in o.crossings]
