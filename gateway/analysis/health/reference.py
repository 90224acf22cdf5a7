"""What a camera usually shows: reference views by day, by night and from each preset, learnt while it is sound."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from detectors.health import HealthReading, Plane, tile_means
from gateway.analysis.health.sketch import best_shift

Mask = NDArray[np.bool_]

# Edges that stay are learnt as a mean over this long: people and cars average out, dusk is followed.
LEARN_TAU_S = 600.0
# One look stands for no more time than this, however rare the looks are.
LONGEST_LESSON_S = 10.0
# So much must have been seen before anything is measured against a view.
MATURE_S = 6.0
MATURE_LOOKS = 4
# Tiles whose edges are weaker than this share of the mean tile's say nothing about what became of them.
_TELLING_SHARE = 0.25
# A tile is lost when less than this share of its edges is found again.
_LOST_RECALL = 0.3
_GREY_LEVELS = 4.0  # of either colour difference, at most, in any tile
# Chroma is read once a minute; this many lessons of it are averaged.
_CHROMA_LESSONS = 10
_LEAST = 1e-6


class View:
    """One thing that the camera shows: a preset, by one kind of light.

    Attributes:
        mean: Running means of the readings learnt from.
        chroma: Running mean of `read_chroma`; None until read once.
        known: It is a reference; otherwise it waits to become one.
        moved: It is from elsewhere, not a known view by another light.
        first_s: When it was first seen, in its present stay.
        seen_s: When it was last seen.
        learned_s: Seconds of sound pictures it was learnt from.
        stays: How often the camera came to it.
        telling: Tiles with edges enough to say what became of them, bool of shape `TILES`.
    """

    def __init__(self, reading: HealthReading, at_s: float, *, known: bool, moved: bool = False) -> None:
        self.mean = reading
        self.chroma: Plane | None = None
        self.known = known
        self.moved = moved
        self.first_s = self.seen_s = at_s
        self.learned_s = 0.0
        self.stays = 1
        self._looks = 1
        self._chroma_lessons = 0
        self._weigh()

    @property
    def mature(self) -> bool:
        """Enough was seen of it to measure others against it."""
        return self.learned_s >= MATURE_S and self._looks >= MATURE_LOOKS

    def recall(self, edges: Plane) -> float:
        """Return the share of this view's edges that are found in place; `edges` has the shape of its own."""
        return float(np.vdot(self.mean.edges, edges)) / self._weight

    def lost(self, edges: Plane) -> Mask:
        """Return which of the telling tiles lack their edges, bool of shape `TILES`."""
        found = tile_means(_product(self.mean.edges, edges))
        return np.asarray(self.telling & (found < _LOST_RECALL * self._tile_weight))

    def recall_within(self, edges: Plane, tiles: Mask) -> float:
        """Return the share of the edges in these tiles that are found in place; 0.0 where there are none."""
        found = tile_means(_product(self.mean.edges, edges))[tiles].sum()
        return float(found) / max(float(self._tile_weight[tiles].sum()), _LEAST)

    def learn(self, reading: HealthReading, at_s: float) -> None:
        """Take in a sound picture; its weight is the time since the last one."""
        lesson_s = min(max(at_s - self.seen_s, 0.0), LONGEST_LESSON_S)
        self.seen_s = at_s
        self.learned_s += lesson_s
        self._looks += 1
        share = lesson_s / min(self.learned_s, LEARN_TAU_S) if self.mature else 1 / self._looks
        self.mean = _blend(self.mean, reading, share)
        self._weigh()

    def learn_chroma(self, chroma: Plane) -> None:
        """Take in the colours of a sound picture."""
        self._chroma_lessons = min(self._chroma_lessons + 1, _CHROMA_LESSONS)
        before = chroma if self.chroma is None else self.chroma
        self.chroma = np.asarray(before + (chroma - before) / self._chroma_lessons, np.float32)

    def shift_of(self, edges: Plane) -> tuple[float, float]:
        """Return the best recall at any shift of the whole picture, and that shift as a share of its width."""
        found = best_shift(self.mean.edges, edges)
        height, width = edges.shape[1:]
        right, down = round(found.right * width), round(found.down * height)
        return found.score / self._weight, math.hypot(right, down) / width

    def _weigh(self) -> None:
        squared = _product(self.mean.edges, self.mean.edges)
        self._weight = max(float(squared.sum()), _LEAST)
        self._tile_weight = tile_means(squared)
        self.telling: Mask = self._tile_weight > max(_TELLING_SHARE * float(self._tile_weight.mean()), _LEAST)


def similarity(a: Plane, b: Plane) -> float:
    """Return how alike light and shade of two coarse pictures are, -1 to 1; brightness and contrast do not matter."""
    left, right = a - a.mean(), b - b.mean()
    scale = math.sqrt(float(np.vdot(left, left)) * float(np.vdot(right, right)))
    return float(np.vdot(left, right)) / max(scale, _LEAST)


def is_grey(chroma: Plane) -> bool:
    """Say whether a picture has no colour at all, as under infrared light."""
    return float(np.abs(chroma).max()) < _GREY_LEVELS


def _product(a: Plane, b: Plane) -> Plane:
    return np.asarray(a[0] * b[0] + a[1] * b[1], np.float32)


def _blend(mean: HealthReading, reading: HealthReading, share: float) -> HealthReading:
    def mixed(a: Plane, b: Plane) -> Plane:
        return np.asarray(a + (b - a) * np.float32(share), np.float32)

    return HealthReading(
        edges=mixed(mean.edges, reading.edges),
        texture=mixed(mean.texture, reading.texture),
        outline=mean.outline + (reading.outline - mean.outline) * share,
        fineness=mixed(mean.fineness, reading.fineness),
        coarse=mixed(mean.coarse, reading.coarse),
        noise=mean.noise + (reading.noise - mean.noise) * share,
        rows=mixed(mean.rows, reading.rows),
        columns=mixed(mean.columns, reading.columns),
        saturated=mean.saturated + (reading.saturated - mean.saturated) * share,
        sample=reading.sample,
    )
