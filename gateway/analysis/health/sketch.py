"""The edges of a view as they usually are, and how a picture lies upon them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from detectors.health import Plane, tile_means

# Edges that stay are learnt as a mean over this long, as `reference.View` learns them.
LEARN_TAU_S = 600.0
LONGEST_LESSON_S = 10.0
_TELLING_SHARE = 0.25  # of the mean tile's edges; tiles with less say nothing
_INTACT = 0.7  # likeness of a tile
_LEAST = 1e-6
_BORDER = np.ones((7, 7), np.uint8)  # pixels of the field around a mask
Polygon = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Shift:
    """Where a picture fits best: by how much everything in it has moved, in shares of its width and height.

    Attributes:
        score: Inner product of the edges there; likeness, -1 to 1, where a `Sketch` tells it.
    """

    score: float
    right: float
    down: float

    @property
    def length(self) -> float:
        """How far, as a share of the width of a picture of 16:9."""
        return math.hypot(self.right, self.down * 9 / 16)


def unhidden(edges: Plane, hidden: Sequence[Polygon]) -> Plane:
    """Return the edges without those of privacy masks, whose borders are in every picture at the same place.

    Args:
        edges: float32 (2, h, w).
        hidden: Polygons in 0-1 of the picture.
    """
    if not hidden:
        return edges
    height, width = edges.shape[1:]
    mask = np.ones((height, width), np.float32)
    for polygon in hidden:
        points = np.array([[x * width, y * height] for x, y in polygon]).round().astype(np.int32)
        cv2.fillPoly(mask, [points], (0.0,))
    return np.asarray(edges * cv2.erode(mask, _BORDER), np.float32)


def weight_of(edges: Plane) -> float:
    """Return the inner product of a field of edges with itself."""
    return max(float(np.vdot(edges, edges)), _LEAST)


def best_shift(there: Plane, here: Plane) -> Shift:
    """Return the shift of `here` against `there` (both (2, h, w)) at which most edges meet; it wraps at the borders."""
    product = cv2.mulSpectrums(_spectrum(here), _spectrum(there), 0, conjB=True)
    scores = np.asarray(cv2.idft(product, flags=cv2.DFT_SCALE)[:, :, 0], np.float32)
    height, width = scores.shape
    row, column = divmod(int(scores.argmax()), width)
    down = _centred(row + _between(scores[:, column], row), height)
    right = _centred(column + _between(scores[row], column), width)
    return Shift(float(scores[row, column]), right / width, down / height)


class Sketch:
    """The edges of one view by one kind of light, float32 (2, h, w).

    Attributes:
        seen_s: When it was last learnt.
    """

    def __init__(self, edges: Plane, at_s: float = -math.inf) -> None:
        self.edges = edges
        self.weight = weight_of(edges)
        self.seen_s = at_s
        self._learned_s = 0.0

    def likeness(self, edges: Plane) -> float:
        """Return how alike edges are in place, -1 to 1, however strong light makes them; 0 is chance."""
        return float(np.vdot(self.edges, edges)) / math.sqrt(self.weight * weight_of(edges))

    def shifted(self, edges: Plane) -> Shift:
        """Return where a picture fits best, and how alike it is there."""
        found = best_shift(self.edges, edges)
        return Shift(found.score / math.sqrt(self.weight * weight_of(edges)), found.right, found.down)

    def intact(self, edges: Plane) -> float:
        """Return the share of tiles that look as ever, of those with edges enough to tell, 0-1.

        A lorry before the lens leaves the others as they are; a camera that turns leaves next to none.
        """
        mine, theirs = tile_means(_squared(self.edges)), tile_means(_squared(edges))
        telling = mine > max(_TELLING_SHARE * float(mine.mean()), _LEAST)
        both = tile_means(np.asarray(self.edges[0] * edges[0] + self.edges[1] * edges[1], np.float32))
        kept = telling & (both >= _INTACT * np.sqrt(np.maximum(mine * theirs, _LEAST)))
        return float(np.count_nonzero(kept)) / max(int(np.count_nonzero(telling)), 1)

    def learn(self, edges: Plane, at_s: float) -> None:
        """Take in a picture of the view; its weight is the time since the last one."""
        lesson_s = min(max(at_s - self.seen_s, 0.0), LONGEST_LESSON_S)
        self.seen_s = at_s
        self._learned_s += lesson_s
        share = lesson_s / min(max(self._learned_s, LONGEST_LESSON_S), LEARN_TAU_S)
        self.edges = np.asarray(self.edges + (edges - self.edges) * np.float32(share), np.float32)
        self.weight = weight_of(self.edges)


def _squared(edges: Plane) -> Plane:
    return np.asarray(edges[0] * edges[0] + edges[1] * edges[1], np.float32)


def _spectrum(edges: Plane) -> Plane:
    """Return the spectrum of the edges as one complex plane, float32 (h, w, 2)."""
    return np.asarray(cv2.dft(np.dstack([edges[0], edges[1]])), np.float32)


def _between(scores: Plane, peak: int) -> float:
    """Return how far beside the highest sample the top of a parabola through it and its neighbours lies."""
    before, at, after = (float(scores[(peak + step) % len(scores)]) for step in (-1, 0, 1))
    bend = before - 2 * at + after
    return 0.0 if bend >= 0 else 0.5 * (before - after) / bend


def _centred(place: float, length: int) -> float:
    return place if place <= length / 2 else place - length
