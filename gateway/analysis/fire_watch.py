"""When fire and smoke are looked for, and what the detector's answer means to the rules that wait for it.

A camera on which nothing looks like fire costs one pass per cadence. As soon as something does, it is looked at up to
three times a second and more frames are asked for: single looks are slow to convince. Both have an end: a sign that
looks like fire all day must not keep a camera's stream decoded all day.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from camera_configs.models import CameraConfig
from detectors.base import Detector
from gateway.analysis.fire import FireView, SmokeFireRule
from gateway.analysis.model_pass import ModelPass
from gateway.analysis.zones import box_centre
from gateway.types import Frame, Signal

SUSPICIOUS_GAP_S = 1 / 3  # between passes while something looks like fire
SUSPICION_S = 5.0  # a seat unseen for so long is no longer suspicious; flames duck, and smoke thins
# So long after a suspicion began every frame is asked for; then looks must do for a while, whatever is seen.
CLOSELY_S = 30.0
REST_S = 60.0
_SLACK = 0.9  # of a cadence: keyframes do not come to the millisecond


class FireWatch:
    """Runs the fire detector for one camera and tells its rules; called in order, from one thread at a time.

    Attributes:
        passes: Of the detector; counted.
    """

    def __init__(self, camera: CameraConfig, detector: Detector | None) -> None:
        self._detector = detector
        self._passed_s = -math.inf
        self._closely_since_s: float | None = None  # None: nothing is suspicious, or we rest
        self._rest_until_s = -math.inf
        self.passes = ModelPass(camera)

    @property
    def wants_more(self) -> bool:
        """Something looks like fire: looks alone would be slow to tell."""
        return self._closely_since_s is not None

    def look(self, frame: Frame, rules: Sequence[SmokeFireRule]) -> list[Signal]:
        """Show a frame to the detector when that is due, and tell the rules in force what it saw."""
        if self._detector is None or not rules or not self._due(frame.at_s, rules):
            self._closely_since_s = self._closely_since_s if rules else None
            return []
        views = self._detect(self._detector, frame)
        if views is None:
            return []
        signals = [signal for rule in rules for signal in rule.look(views, frame.bgr, frame.at_s)]
        self._watch_closely(frame.at_s, suspicious=_suspicious(frame.at_s, rules))
        return signals

    def _due(self, at_s: float, rules: Sequence[SmokeFireRule]) -> bool:
        every_s = _SLACK * min(rule.cadence_s for rule in rules)
        if _suspicious(at_s, rules):
            every_s = min(every_s, SUSPICIOUS_GAP_S)
        return at_s - self._passed_s >= every_s

    def _watch_closely(self, at_s: float, *, suspicious: bool) -> None:
        if not suspicious:
            self._closely_since_s = None
        elif self._closely_since_s is None:
            self._closely_since_s = at_s if at_s >= self._rest_until_s else None
        elif at_s - self._closely_since_s >= CLOSELY_S:
            self._closely_since_s, self._rest_until_s = None, at_s + REST_S

    def _detect(self, detector: Detector, frame: Frame) -> list[FireView] | None:
        self._passed_s = frame.at_s
        found = self.passes.look(detector, frame)
        if found is None:
            return None
        return [FireView(f.label, f.box, f.confidence) for f in self.passes.heeded(found, lambda f: box_centre(f.box))]


def _suspicious(at_s: float, rules: Iterable[SmokeFireRule]) -> bool:
    return any(at_s - rule.suspected_s <= SUSPICION_S or rule.condition.active for rule in rules)
