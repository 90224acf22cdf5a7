"""The fixed camera of a scene: where a point of the world lies in the picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # world (n, 3) in metres, or picture (n, 2) in pixels
Picture = NDArray[np.uint8]  # BGR, (h, w, 3)
Plane = NDArray[np.float32]  # (h, w)

Values = NDArray[Any]  # numbers of any kind, before they become one of the above

_NEAREST_M = 0.3  # points nearer than this, or behind the camera, are drawn as if they were here


def plane(values: Values) -> Plane:
    """Return values as float32."""
    return np.asarray(values, np.float32)


def picture_of(values: Values) -> Picture:
    """Clip to 0-255 and convert."""
    return np.asarray(np.clip(values, 0, 255), np.uint8)


@dataclass(frozen=True, slots=True)
class Lens:
    """A pinhole camera at X = Y = 0.

    Attributes:
        height_m: Above the ground.
        pitch_deg: Looking down by this much.
        focal: Focal length as a share of the picture's width.
    """

    width: int
    height: int
    height_m: float
    pitch_deg: float
    focal: float = 0.85

    def scaled(self, factor: int) -> Lens:
        """Return the same view on a picture `factor` times as large."""
        return Lens(self.width * factor, self.height * factor, self.height_m, self.pitch_deg, self.focal)

    def project(self, world: Points) -> Points:
        """Return pixel positions (n, 2) of world points (n, 3)."""
        depth = np.maximum(self.depth(world), _NEAREST_M)
        sin, cos = self._pitch
        up = world[:, 1] * sin + (world[:, 2] - self.height_m) * cos
        scale = self.focal * self.width / depth
        return np.stack([self.width / 2 + world[:, 0] * scale, self.height / 2 - up * scale], axis=1)

    def depth(self, world: Points) -> NDArray[np.float64]:
        """Return the distance along the optical axis, (n,), in metres."""
        sin, cos = self._pitch
        return np.asarray(world[:, 1] * cos - (world[:, 2] - self.height_m) * sin)

    def pixels_per_m(self, x: float, y: float, z: float = 0.0) -> float:
        """Return how large a metre is at a point, across the line of sight."""
        depth = max(float(self.depth(np.array([[x, y, z]], float))[0]), _NEAREST_M)
        return self.focal * self.width / depth

    def toward(self, world: Points) -> Points:
        """Return unit vectors from points (n, 3) to the camera."""
        away = np.array([0.0, 0.0, self.height_m]) - world
        return np.asarray(away / np.linalg.norm(away, axis=1, keepdims=True))

    @property
    def horizon_px(self) -> float:
        """The row at which the ground ends."""
        return self.height / 2 - math.tan(math.radians(self.pitch_deg)) * self.focal * self.width

    def ground(self) -> tuple[Plane, Plane]:
        """Return X and Y of the ground seen by each pixel, (h, w) each; above the horizon they are very far."""
        sin, cos = self._pitch
        u = (np.arange(self.width) - self.width / 2) / (self.focal * self.width)
        v = (self.height / 2 - np.arange(self.height)) / (self.focal * self.width)
        fall = np.minimum(v * cos - sin, -1e-4)  # how fast the ray of a row sinks
        reach = -self.height_m / fall
        y = np.broadcast_to((reach * (cos + v * sin))[:, None], (self.height, self.width))
        return plane(reach[:, None] * u[None, :]), plane(y)

    def warp_plan(self, plan: Picture, left_m: float, near_m: float, px_per_m: float) -> Picture:
        """Lay a plan of the ground, drawn from above with Y upwards from its last row, into the view."""
        rows, columns = plan.shape[:2]
        far_m, right_m = near_m + rows / px_per_m, left_m + columns / px_per_m
        corners = np.array([(left_m, far_m, 0), (right_m, far_m, 0), (right_m, near_m, 0), (left_m, near_m, 0)], float)
        source = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32)
        matrix = cv2.getPerspectiveTransform(source, self.project(corners).astype(np.float32))
        warped = cv2.warpPerspective(plan, matrix, (self.width, self.height), flags=cv2.INTER_LINEAR)
        return np.asarray(warped, np.uint8)

    @property
    def _pitch(self) -> tuple[float, float]:
        angle = math.radians(self.pitch_deg)
        return math.sin(angle), math.cos(angle)
