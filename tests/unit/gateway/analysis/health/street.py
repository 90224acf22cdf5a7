"""A painted street for the health tests: walls, windows and kerbs with a sensor's noise, the same at every call."""

from __future__ import annotations

import cv2
import numpy as np

from gateway.types import Bgr, Frame, FrameOrigin, Luma

WIDTH, HEIGHT = 480, 270
NOISE = 1.2  # grey levels


def street(look: int = 0, *, seed: int = 1, light: float = 1.0) -> Bgr:
    """Return the street as one look sees it; another seed is another street."""
    chance = np.random.default_rng(seed)
    canvas = np.full((HEIGHT, WIDTH, 3), (118, 120, 116), np.uint8)
    for _ in range(60):
        x, y = int(chance.integers(0, WIDTH - 40)), int(chance.integers(0, HEIGHT - 30))
        w, h = int(chance.integers(12, 90)), int(chance.integers(10, 60))
        grey = int(chance.integers(30, 215))
        cv2.rectangle(canvas, (x, y), (x + w, y + h), (grey + 6, grey, max(grey - 8, 0)), -1)
    noise = np.random.default_rng(1_000 + look).normal(0, NOISE, canvas.shape)
    return np.asarray(np.clip(canvas * light + noise, 0, 255), np.uint8)


def frame_of(picture: Bgr, at_s: float, origin: FrameOrigin = FrameOrigin.LOOK) -> Frame:
    """Wrap a picture as a decoder without colour planes would."""
    luma: Luma = np.ascontiguousarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV)[:, :, 0], np.uint8)
    return Frame("cam", at_s, 0, luma, origin, lambda: picture)
