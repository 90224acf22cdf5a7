"""Asking the detector that raised an event whether it still sees it in one picture. It may not be able to tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from camera_configs.models import CameraConfig, RuleConfig
from detectors import fire_smoke
from detectors.base import Detections, Detector, Image, InferenceError, ModelLoadError
from detectors.coco import scene_label
from detectors.onnx_session import SessionOptions
from detectors.picture import is_black, read_picture
from detectors.registry import MOTION, ModelRegistry, open_detector
from gateway.settings import Settings
from gateway.types import Bgr
from storage.records import Event
from storage.records_patrol import LookResult

# Where the rule is gone: what rules ask for when nobody says otherwise.
MIN_CONFIDENCE = 0.35
_FIRE = frozenset({"smoke_fire", "open_burning"})  # what the detector that comes with the package knows


@dataclass(frozen=True, slots=True)
class Examined:
    """What a detector says of a picture.

    Attributes:
        detail: Why it cannot tell: "no_detector", "not_its_kind", "dark", "failed"; "" when it can.
    """

    result: LookResult
    detector: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Again:
    """A detector opened once more, and which of its labels stand for what the event was about."""

    detector: Detector
    labels: frozenset[str]


OpenDetector = Callable[[Event, CameraConfig], Again | None]


def detector_of(settings: Settings) -> OpenDetector:
    """Return how a detector that knows an event's kind is opened; None where none can judge a single picture.

    It is opened for each look and given up afterwards: cases come back a few times a day, models take memory always.
    """
    session, registry = SessionOptions(threads=1), ModelRegistry(settings.models_path)

    def reopen(event: Event, camera: CameraConfig) -> Again | None:
        if event.event_type in _FIRE:
            fire = fire_smoke.open_fire_smoke(session)
            return Again(fire, frozenset(fire.labels))
        return _scene_model(event, registry, session) or _same_detector(event, camera, settings, session)

    return reopen


def _scene_model(event: Event, registry: ModelRegistry, session: SessionOptions) -> Again | None:
    """Return the model that was trained for this type of event, also where a person had seen it first."""
    for name, types in registry.known_types().items():
        labels = frozenset(label for label, kind in types.items() if kind == event.event_type)
        if labels:
            return Again(open_detector(f"onnx:{name}", registry, session), labels)
    return None


def _same_detector(event: Event, camera: CameraConfig, settings: Settings, session: SessionOptions) -> Again | None:
    """Return the camera's object detector, if that is what raised the event."""
    spec = camera.detector or settings.detector
    if spec == MOTION or not event.label:  # motion learns a camera's background: one picture tells it nothing
        return None
    detector = open_detector(spec, ModelRegistry(settings.models_path), session)
    if detector.name != event.detector:
        return None
    return Again(detector, frozenset(name for name in detector.labels if scene_label(name) == event.label))


def examine(event: Event, camera: CameraConfig, picture: Bgr, reopen: OpenDetector) -> Examined:
    """Look for what the event was about, where it was; blocks for loading a model and one pass."""
    try:
        again = reopen(event, camera)
        if again is None or again.detector.per_camera:
            return Examined(LookResult.CANNOT_TELL, detail="no_detector")
        detector = again.detector
        wanted = {number for number, name in enumerate(detector.labels) if name in again.labels}
        if not wanted:
            return Examined(LookResult.CANNOT_TELL, detector.name, "not_its_kind")
        luma = _luma(picture)
        if is_black(read_picture(luma)):
            return Examined(LookResult.CANNOT_TELL, detector.name, "dark")
        (found,) = detector.detect([luma if detector.wants_luma else picture])
    except (ModelLoadError, InferenceError):
        return Examined(LookResult.CANNOT_TELL, detail="failed")
    rule = next((rule for rule in camera.rules if rule.id == event.rule_id), None)
    number = _count(found, wanted, event, rule, (picture.shape[1], picture.shape[0]))
    there = number >= (rule.min_count if rule else 1)
    return Examined(LookResult.STILL_THERE if there else LookResult.GONE, detector.name)


def _luma(picture: Bgr) -> Image:
    weights = np.array((0.114, 0.587, 0.299), np.float32)  # BT.601, blue green red
    return np.asarray(picture @ weights, np.uint8)


def _count(found: Detections, wanted: set[int], event: Event, rule: RuleConfig | None, size: tuple[int, int]) -> int:
    """Return how many of the wanted things stand where the event was."""
    width, height = size
    least = rule.min_confidence if rule else MIN_CONFIDENCE
    number = 0
    for xyxy, confidence, class_id in zip(found.xyxy, found.confidence, found.class_id, strict=True):
        x1, y1, x2, y2 = (float(v) for v in xyxy / (width, height, width, height))
        number += int(class_id) in wanted and float(confidence) >= least and _is_there(event, (x1, y1, x2, y2))
    return number


def _is_there(event: Event, box: tuple[float, float, float, float]) -> bool:
    x1, y1, x2, y2 = box
    if event.zone_polygon:  # by its foot or by its middle, much as rules have it
        middle = (x1 + x2) / 2
        return any(_inside(event.zone_polygon, (middle, y)) for y in (y2, (y1 + y2) / 2))
    if not event.boxes:
        return True
    return any(x1 < b[2] and b[0] < x2 and y1 < b[3] and b[1] < y2 for b in event.boxes)


def _inside(polygon: Sequence[tuple[float, float]], point: tuple[float, float]) -> bool:
    """Say whether a ray to the right crosses the outline an odd number of times."""
    x, y = point
    odd = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            odd = not odd
    return odd
