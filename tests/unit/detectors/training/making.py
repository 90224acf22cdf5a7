"""Labelled pictures made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from detectors.base import Image
from detectors.training.labelled import Boxes, Sample


def picture(seed: int = 0, height: int = 60, width: int = 80) -> Image:
    """Return large random patches: two pictures of other seeds never look alike."""
    patches = np.random.default_rng(seed).integers(0, 120, (6, 8, 3), np.uint8)
    return np.ascontiguousarray(patches.repeat(height // 6, 0).repeat(width // 8, 1))


def boxes(*rows: Sequence[float]) -> Boxes:
    """Return class and corners."""
    return np.asarray(rows, np.float32).reshape(-1, 5)


def sample(seed: int = 0, *rows: Sequence[float], smoke_known: bool = True, scene: str = "") -> Sample:
    """Return a labelled picture; flames are painted into its fire boxes."""
    image = picture(seed)
    for kind, x1, y1, x2, y2 in rows:
        if kind == 0:
            part = image[int(y1 * 60) : int(y2 * 60), int(x1 * 80) : int(x2 * 80)]
            part[len(part) // 3 :, part.shape[1] // 3 : -part.shape[1] // 3] = (60, 180, 255)
    return Sample(f"picture{seed}", image, boxes(*rows), smoke_known, scene or f"scene{seed}")
