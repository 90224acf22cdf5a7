"""How the picture of now lies on a reference picture: in place, moved aside by so much, or elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from detectors.health import Plane, edge_field
from gateway.analysis.health.sketch import Polygon, Sketch, unhidden, weight_of
from gateway.types import Luma

# Edges are compared at half of this width: coarsely to find the place, finely to measure it.
_COARSE_PX, _FINE_PX = 240, 480
ALIKE = 0.4  # of the edges, at the best shift; another place reaches 0.15
INTACT = 0.25  # of the tiles: the rest is hidden by something large
MOVED = 0.01  # of the width: from here on a zone's border is no longer where it was drawn
_AGREE = 0.02  # how far fine and coarse may differ
_BLANK = 0.1  # of the reference's edges: with less, nothing can be seen


class Lies(StrEnum):
    """Where a picture lies against its reference."""

    IN_PLACE = "in_place"
    ASIDE = "aside"
    ELSEWHERE = "elsewhere"
    UNCLEAR = "unclear"  # too dark, blurred or covered to tell


@dataclass(frozen=True, slots=True)
class Offset:
    """Where a picture lies, and by how much what it shows has moved; shares of its width (right) and height (down)."""

    lies: Lies
    right: float = 0.0
    down: float = 0.0
    likeness: float = 0.0  # at that place, 0-1


def offset_of(reference: Luma, now: Luma, hidden: Sequence[Polygon] = ()) -> Offset:
    """Compare two pictures of one camera, of any size; takes about 5 ms. `hidden` are its privacy masks."""
    shape = reference.shape
    there, here = (unhidden(_edges(picture, shape, _COARSE_PX), hidden) for picture in (reference, now))
    if weight_of(here) < _BLANK * weight_of(there):
        return Offset(Lies.UNCLEAR)
    sketch = Sketch(there)
    found, likeness = sketch.shifted(here), sketch.likeness(here)
    if found.score < ALIKE:
        partly = sketch.intact(here) >= INTACT
        return Offset(Lies.IN_PLACE if partly else Lies.ELSEWHERE, likeness=max(likeness, 0.0))
    there, here = (unhidden(_edges(picture, shape, _FINE_PX), hidden) for picture in (reference, now))
    fine = Sketch(there).shifted(here)
    near = abs(fine.right - found.right) < _AGREE and abs(fine.down - found.down) < _AGREE
    best = fine if near else found
    lies = Lies.ASIDE if best.length >= MOVED else Lies.IN_PLACE
    return Offset(lies, best.right, best.down, min(found.score, 1.0))


def _edges(picture: Luma, shape: tuple[int, ...], width: int) -> Plane:
    height = max(2, round(width * shape[0] / shape[1]))
    small = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return edge_field(np.asarray(small, np.uint8))
