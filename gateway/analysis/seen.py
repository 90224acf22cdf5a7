"""What a trained scene model sees: overflowing bins, stalls, floating debris, open manholes.

Such things neither come nor go while one looks, so there is nothing to follow: the model looks at the whole picture
once per cadence, and a rule remembers whether its zone showed the thing. One look in three may miss it; three in a row
mean that it is gone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from camera_configs.models import CameraConfig
from detectors.base import Detector
from gateway.analysis.condition import Condition, Sight
from gateway.analysis.model_pass import ModelPass
from gateway.analysis.observation import Observation
from gateway.analysis.rules import stands_in
from gateway.analysis.zones import Zone, box_area, box_centre
from gateway.types import Box, Frame, Signal

# A thing is looked at again at least this often, whatever the cadence: a raised condition outlives no longer gaps.
LONGEST_CADENCE_S = 60.0
MISSES = 3  # looks in a row without it, after which it is gone
FORGET_S = 600.0  # without a look for so long (camera away, rule not in force) nobody knows since when it is there
_SLACK = 0.9  # of a cadence: keyframes do not come to the millisecond


@dataclass(frozen=True, slots=True)
class SceneModel:
    """A trained model and what its classes mean.

    Attributes:
        detector: Runs it; shared by all cameras.
        types: Event type by label; labels left out are not asked for.
    """

    detector: Detector
    types: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing in one look: event type, label of the model, box in 0-1 of the picture, confidence 0-1."""

    event_type: str
    label: str
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class Telling:
    """What counts: how many things at least, how sure the model must be, and their least share of the picture."""

    min_count: int = 1
    min_confidence: float = 0.35
    min_area: float = 0.0

    def accepts(self, thing: Thing) -> bool:
        """Say whether a thing counts."""
        return thing.confidence >= self.min_confidence and box_area(thing.box) >= self.min_area


class SeenRule:
    """The zone shows what a scene model was trained to see."""

    def __init__(self, condition: Condition, zone: Zone, telling: Telling, cadence_s: float) -> None:
        self.condition = condition
        self.zone = zone
        self.objects: frozenset[str] = frozenset()
        self.cadence_s = min(cadence_s, LONGEST_CADENCE_S)
        self._telling = telling
        self._sight: Sight | None = None
        self._since_s = self._looked_s = -math.inf
        self._missed = 0

    def update(self, observation: Observation) -> list[Signal]:
        """Follow the schedule; what is seen is told by `look`."""
        if observation.armed:
            return []
        self._sight = None
        return self.condition.drop(observation.at_s)

    def look(self, things: Sequence[Thing], at_s: float) -> list[Signal]:
        """Take in what the model saw in one look, of all types and in all places."""
        if at_s - self._looked_s > FORGET_S:
            self._sight = None
        self._looked_s = at_s
        mine = [t for t in things if t.event_type == self.condition.subject.event_type and self._counts(t)]
        if len(mine) >= self._telling.min_count:
            self._since_s = at_s if self._sight is None else self._since_s
            self._sight, self._missed = self._sight_of(mine), 0
        elif self._sight is not None:
            self._missed += 1
            self._sight = None if self._missed >= MISSES else self._sight
        return self.condition.update(self._sight, at_s)

    def _counts(self, thing: Thing) -> bool:
        return self._telling.accepts(thing) and stands_in(self.zone, thing.box)

    def _sight_of(self, things: Sequence[Thing]) -> Sight:
        best = max(things, key=lambda t: t.confidence)
        return Sight(self._since_s, best.confidence, best.label, len(things), tuple(t.box for t in things))


class SceneWatch:
    """Shows the frames of one camera to the scene models that its rules wait for; called in order, from one thread.

    Attributes:
        passes: Of all models together; counted.
    """

    def __init__(self, camera: CameraConfig, models: Sequence[SceneModel] = ()) -> None:
        self._models = models
        self._passed_s: dict[int, float] = {}
        self.passes = ModelPass(camera)

    def look(self, frame: Frame, rules: Sequence[SeenRule]) -> list[Signal]:
        """Show a frame to each model that is due, and tell the rules in force that wait for it."""
        signals: list[Signal] = []
        for number, model in enumerate(self._models):
            waiting = [r for r in rules if r.condition.subject.event_type in set(model.types.values())]
            if waiting and self._due(number, frame.at_s, min(r.cadence_s for r in waiting)):
                self._passed_s[number] = frame.at_s
                things = self._things(model, frame)
                if things is not None:
                    signals += [signal for rule in waiting for signal in rule.look(things, frame.at_s)]
        return signals

    def _due(self, number: int, at_s: float, every_s: float) -> bool:
        return at_s - self._passed_s.get(number, -math.inf) >= _SLACK * every_s

    def _things(self, model: SceneModel, frame: Frame) -> list[Thing] | None:
        found = self.passes.look(model.detector, frame)
        if found is None:
            return None
        known = [f for f in found if f.label in model.types]
        things = [Thing(model.types[f.label], f.label, f.box, f.confidence) for f in known]
        return self.passes.heeded(things, lambda t: box_centre(t.box))
