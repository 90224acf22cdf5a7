"""One pass of a model over one frame of a camera: run, counted, survived, and read in 0-1 of the picture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from camera_configs.models import CameraConfig
from detectors.base import Detections, Detector, InferenceError
from gateway.analysis.zones import Vertex, Zone
from gateway.types import Box, Frame

logger = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a model found: its own label for it, box in 0-1 of the picture, confidence 0-1."""

    label: str
    box: Box
    confidence: float


class ModelPass:
    """Shows the frames of one camera to models; called from one thread at a time.

    Attributes:
        inferences: Passes so far.
        failed_inferences: Of those; such a frame counts as not looked at.
    """

    def __init__(self, camera: CameraConfig) -> None:
        self._camera_id = camera.id
        self._ignored = tuple(Zone.of(z) for z in camera.zones if z.kind == "ignore")
        self.inferences = 0
        self.failed_inferences = 0

    def look(self, detector: Detector, frame: Frame) -> list[Found] | None:
        """Return all that the model finds, sure or not, in its own order; None when it failed."""
        self.inferences += 1
        image = frame.luma if detector.wants_luma else frame.bgr
        try:
            detections = detector.detect([image])[0]
        except InferenceError as exc:
            self.failed_inferences += 1
            logger.warning("inference_failed", camera_id=self._camera_id, detector=detector.name, error=str(exc))
            return None
        height, width = image.shape[:2]  # of a snapshot, luma and colour differ in size
        return found_in(detections, detector.labels, width, height)

    def heeded(self, things: Iterable[T], place: Callable[[T], Vertex]) -> list[T]:
        """Return those whose place lies in no area that is left alone (`kind: ignore`)."""
        return [thing for thing in things if not any(zone.contains(place(thing)) for zone in self._ignored)]


def found_in(detections: Detections, labels: Sequence[str], width: int, height: int) -> list[Found]:
    """Return detections, which are in pixels of a picture of that size, in 0-1 of it."""
    found = []
    for (x1, y1, x2, y2), confidence, kind in zip(
        detections.xyxy.tolist(), detections.confidence.tolist(), detections.class_id.tolist(), strict=True
    ):
        box = Box(x1 / width, y1 / height, x2 / width, y2 / height)
        found.append(Found(labels[kind], box, confidence))
    return found
