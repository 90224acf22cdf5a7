"""Drawn scenes for the background model: a textured place, noise, things that come and go."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.base import Image

WIDTH, HEIGHT = 640, 360
_NOISES = 7  # different ones, shown in turn
Rect = tuple[float, float, float, float]  # left, top, right, bottom in 0-1


class Place:
    """A street: smooth patches with edges, fixed by its seed; every picture has new sensor noise."""

    def __init__(self, seed: int = 1, *, noise: float = 3.0) -> None:
        rng = np.random.default_rng(seed)
        coarse = rng.integers(60, 190, (9, 16)).astype(np.float32)
        self._ground = np.asarray(cv2.resize(coarse, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), np.float32)
        for _ in range(12):
            start = rng.integers(0, WIDTH), rng.integers(0, HEIGHT)
            end = rng.integers(0, WIDTH), rng.integers(0, HEIGHT)
            cv2.line(self._ground, tuple(map(int, start)), tuple(map(int, end)), float(rng.integers(30, 220)), 3)
        # Drawing fresh noise for each picture would take most of the tests' time.
        self._noise = itertools.cycle(rng.normal(0, noise, (_NOISES, HEIGHT, WIDTH)).astype(np.float32))
        self._skin = rng.integers(-40, 40, (8, 8)).astype(np.float32)

    def picture(self, things: Sequence[tuple[Rect, int]] = (), *, gain: float = 1.0, shift_px: int = 0) -> Image:
        """Return a luma plane with things of a mean grey level drawn on it."""
        columns = np.clip(np.arange(WIDTH) - shift_px, 0, WIDTH - 1)
        plane = self._ground[:, columns]
        for rect, grey in things:
            self._draw(plane, rect, grey)
        return self.finish(plane * gain)

    def finish(self, plane: NDArray[Any]) -> Image:
        """Add noise and return uint8."""
        return np.asarray(np.clip(plane + next(self._noise), 0, 255), np.uint8)

    def ground(self) -> NDArray[np.float32]:
        """Return the place without noise, to be drawn on."""
        return self._ground.copy()

    def _draw(self, plane: NDArray[np.float32], rect: Rect, grey: int) -> None:
        x1, y1, x2, y2 = pixels(rect)
        texture = cv2.resize(self._skin, (x2 - x1, y2 - y1), interpolation=cv2.INTER_NEAREST)
        plane[y1:y2, x1:x2] = np.clip(grey + texture, 0, 255)


def pixels(rect: Rect) -> tuple[int, int, int, int]:
    """Return a rectangle in pixels."""
    x1, y1, x2, y2 = rect
    return round(x1 * WIDTH), round(y1 * HEIGHT), round(x2 * WIDTH), round(y2 * HEIGHT)


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Return intersection over union of two boxes."""
    w = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    h = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - w * h
    return w * h / area if area else 0.0


def times(start_s: float, end_s: float, every_s: float) -> Iterator[float]:
    """Yield moments from start (included) to end (excluded)."""
    count = int(np.ceil((end_s - start_s) / every_s - 1e-9))
    return (start_s + i * every_s for i in range(count))
