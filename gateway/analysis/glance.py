"""A first look that remembers next to nothing: has something changed where a rule watches?

Two looks are seconds apart. When they differ, the seconds between them are worth decoding before anything is analysed,
so that the analysis sees how the thing came, in order of time. A glance that is wrong costs one burst, no alarm.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.background import quantile
from detectors.foreground import thumbnail
from gateway.types import Frame

# Grey levels of a 240 px thumbnail: above sensor noise and compression, below a grey coat on grey asphalt.
LEAST_DIFFERENCE = 12.0
# Share of the picture: a person at the far end of a zone; rain and foliage move less of a thumbnail at a time.
LEAST_CHANGE = 0.0008
# More than this is light or the camera itself; it is for the analysis to judge, from the look alone.
MOST_CHANGE = 0.6
_GRID = 4  # every 4th pixel each way tells how the light has wandered
NEAR_PX = 9  # thumbnail pixels around a zone: what is about to enter it counts

Polygon = Sequence[tuple[float, float]]


class Glance:
    """Compares each look of one camera with the one before; called in order, from one thread at a time.

    Args:
        zones: Polygons in 0-1 that armed rules watch; an empty polygon means the whole picture. No zones: never true.
    """

    def __init__(self, zones: Sequence[Polygon]) -> None:
        self._zones = tuple(tuple(zone) for zone in zones)
        self._before: NDArray[np.float32] | None = None
        self._mask: NDArray[np.uint8] | None = None

    def __call__(self, frame: Frame) -> bool:
        """Say whether something changed in or near a zone since the last look."""
        now = thumbnail(frame.small)
        before, self._before = self._before, now
        if not self._zones or before is None or before.shape != now.shape:
            return False
        difference = now - before
        # The light of the whole picture wanders; what stands out from it is a thing.
        wandered = quantile(difference[::_GRID, ::_GRID], 0.5)
        alike = cv2.inRange(difference, wandered - LEAST_DIFFERENCE, wandered + LEAST_DIFFERENCE)
        changed = cv2.bitwise_not(alike)
        if cv2.countNonZero(changed) > MOST_CHANGE * now.size:
            return False
        return cv2.countNonZero(cv2.bitwise_and(changed, self._watched(now.shape))) >= LEAST_CHANGE * now.size

    def _watched(self, shape: tuple[int, ...]) -> NDArray[np.uint8]:
        if self._mask is None or self._mask.shape != shape:
            self._mask = _rasterised(self._zones, shape[0], shape[1])
        return self._mask


def _rasterised(zones: Sequence[Polygon], height: int, width: int) -> NDArray[np.uint8]:
    if not all(zones):
        return np.full((height, width), 255, np.uint8)
    mask = np.zeros((height, width), np.uint8)
    for zone in zones:
        points = np.array([[x * width, y * height] for x, y in zone]).round().astype(np.int32)
        cv2.fillPoly(mask, [points], 255)
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * NEAR_PX + 1, 2 * NEAR_PX + 1))
    return np.asarray(cv2.dilate(mask, around), np.uint8)
