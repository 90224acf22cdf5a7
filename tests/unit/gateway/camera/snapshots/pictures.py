"""JPEGs for the tests of snapshots: views that differ, light that changes, and what can go wrong with a file."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def view(seed: int, size: tuple[int, int] = (960, 540), *, light: float = 1.0, grain: int = 0) -> Picture:
    """Return a place, uint8 BGR: the same seed is the same place, `light` its exposure, `grain` the sensor's noise."""
    rng = np.random.default_rng(seed)
    canvas = np.full((540, 960, 3), 90, np.uint8)
    for _ in range(40):
        x, y = int(rng.integers(0, 900)), int(rng.integers(0, 500))
        w, h = int(rng.integers(20, 200)), int(rng.integers(20, 150))
        colour = [int(c) for c in rng.integers(30, 220, 3)]
        cv2.rectangle(canvas, (x, y), (x + w, y + h), colour, -1)
    picture = cv2.resize(canvas, size, interpolation=cv2.INTER_AREA).astype(np.float32) * light
    if grain:
        picture += np.random.default_rng(grain).normal(0, 4, picture.shape[:2])[:, :, None]
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


def jpeg_of(picture: Picture, quality: int = 85) -> bytes:
    """Encode as cameras do."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def jpeg(seed: int = 1, size: tuple[int, int] = (960, 540), *, light: float = 1.0, grain: int = 0) -> bytes:
    """Return a snapshot of a place."""
    return jpeg_of(view(seed, size, light=light, grain=grain))


def with_comment(picture: bytes, text: bytes) -> bytes:
    """Return the same picture with a comment in its header, such as the time of sending."""
    return picture[:2] + b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text + picture[2:]
