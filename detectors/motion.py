"""The detector that needs no weights: foreground of one camera, as plain detections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from detectors.base import Detections, Image
from detectors.blobs import Blob
from detectors.foreground import ForegroundModel, ForegroundOptions, ForegroundReading

FOREGROUND: Final = "foreground"
_SURE_STRENGTH = 4.0  # a blob four times above what counts is as sure as foreground can be


class MotionDetector:
    """Foreground blobs as detections of one class; learns from what it is shown, so one per camera.

    `detect` is told no time, so every image is taken to come `interval_s` after the last one. Whoever knows the time
    uses `ForegroundModel` itself.
    """

    name = "motion"
    labels: tuple[str, ...] = (FOREGROUND,)
    per_camera = True
    wants_luma = True

    def __init__(self, interval_s: float = 1.0, options: ForegroundOptions | None = None) -> None:
        self._model = ForegroundModel(options)
        self._interval_s = interval_s
        self._at_s = 0.0

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Return moving and still blobs of each luma plane (h, w), in order of time; never fails."""
        return [self._one(image) for image in images]

    def _one(self, luma: Image) -> Detections:
        self._at_s += self._interval_s
        reading: ForegroundReading = self._model.update(luma, self._at_s)
        return as_detections((*reading.moving, *reading.still), luma.shape[1], luma.shape[0])


def as_detections(blobs: Sequence[Blob], width: int, height: int) -> Detections:
    """Return blobs as detections in pixels of a picture of that size, confidence by strength."""
    if not blobs:
        return Detections.empty()
    scale = np.array([width, height, width, height], np.float32)
    xyxy = np.array([blob.box for blob in blobs], np.float32) * scale
    confidence = np.array([min(1.0, blob.strength / _SURE_STRENGTH) for blob in blobs], np.float32)
    return Detections(xyxy, confidence, np.zeros(len(blobs), np.int64))
