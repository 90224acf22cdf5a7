"""Which preset a camera shows, told from its picture alone: nobody asks the camera, and nobody steers it.

A preset is known by reference pictures that people took of it, and by what it has looked like lately: dusk, lamps and
snow change a view slowly. In doubt the view is unknown, and what belongs to presets is silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from detectors.health import Plane, edge_field
from gateway.analysis.health.sketch import Polygon, Sketch, unhidden, weight_of
from gateway.types import Luma

# Measured on the recordings and painted places: another place is like this one by 0.15 and keeps 0.03 of its tiles;
# the same place minutes later is like itself by 0.4 to 0.9, or keeps its tiles where something large stands in it.
CHANCE = 0.1  # what shows less of a preset than this has not come to it: no need to look closer
ALIKE = 0.5  # of the edges, in place or hardly beside it
SURELY = 0.7  # no need to look whether it fits better elsewhere
INTACT = 0.25  # of the tiles: a lorry hides the rest
ASIDE, CLEARLY = 0.4, 1.3  # least likeness of the same view moved aside, and times better than in place
SWAY = 0.035  # of the width; poles bend in the wind, and drives come back to a place only nearly
ARRIVED_S = 1.0  # it must have been there for so long: a camera that turns passes through presets
BLANK = 0.1  # of the edges it had lately; with less, something hides what the camera shows


@dataclass(frozen=True, slots=True)
class PresetPicture:
    """A reference picture of a preset: its luma plane, of any size, masked as the camera's pictures are."""

    preset: str
    luma: Luma


class PresetFinder:
    """Follows which preset one camera shows; told of its frames in order, from one thread at a time.

    Args:
        pictures: Of all presets, one or more of each.
        hidden: The camera's privacy masks, which are alike in every view.

    Attributes:
        preset: The one in view; None: unknown, or on the way.
    """

    def __init__(self, pictures: Sequence[PresetPicture], hidden: Sequence[Polygon] = ()) -> None:
        self.preset: str | None = None
        self._pictures = pictures
        self._hidden = hidden
        self._shape: tuple[int, ...] = ()
        self._sketches: dict[str, list[Sketch]] = {}
        self._lately: dict[str, Sketch] = {}
        self._coming: tuple[str, float] | None = None  # what is shown, and since when

    def look(self, small: Luma, at_s: float) -> str | None:
        """Take in a picture at 240 px (`Frame.small`) and return the preset that it shows."""
        edges = unhidden(edge_field(small), self._hidden)
        if edges.shape != self._shape:  # the other stream of the camera
            self._draw(small.shape, edges.shape)
        if self.preset is not None and self._still_there(self.preset, edges):
            self._learn(self.preset, edges, at_s)
            return self.preset
        self.preset = None
        self._arrive(edges, at_s)
        return self.preset

    def _draw(self, shape: tuple[int, ...], edges_shape: tuple[int, ...]) -> None:
        size = (shape[1], shape[0])
        self._shape, self._sketches, self._lately = edges_shape, {}, {}
        for picture in self._pictures:
            small = np.asarray(cv2.resize(picture.luma, size, interpolation=cv2.INTER_AREA), np.uint8)
            self._sketches.setdefault(picture.preset, []).append(Sketch(unhidden(edge_field(small), self._hidden)))

    def _of(self, preset: str) -> list[Sketch]:
        lately = self._lately.get(preset)
        return self._sketches.get(preset, []) + ([] if lately is None else [lately])

    def _still_there(self, preset: str, edges: Plane) -> bool:
        likeness = self._likeness(preset, edges)
        if likeness is None:
            lately = self._lately.get(preset)
            return lately is not None and weight_of(edges) < BLANK * lately.weight  # hidden: told by the health rules
        if likeness >= SURELY:
            return True
        others = (self._likeness(other, edges) or 0.0 for other in self._sketches if other != preset)
        return max(others, default=0.0) < max(ALIKE, CLEARLY * likeness)

    def _arrive(self, edges: Plane, at_s: float) -> None:
        likely = (p for p in self._sketches if max(s.likeness(edges) for s in self._of(p)) >= CHANCE)
        found = [(self._likeness(preset, edges) or 0.0, preset) for preset in likely]
        likeness, best = max(found, default=(0.0, ""))
        if likeness <= 0:
            self._coming = None
        elif self._coming is None or self._coming[0] != best:
            self._coming = (best, at_s)
        elif at_s - self._coming[1] >= ARRIVED_S:
            self.preset, self._coming = best, None

    def _likeness(self, preset: str, edges: Plane) -> float | None:
        """Return how alike a picture and this preset are; None: it shows something else."""
        found = [_fit(sketch, edges) for sketch in self._of(preset)]
        # Moved against one picture of it is moved, though what was learnt lately crept along.
        sound = [one.likeness for one in found if one.good]
        return None if any(one.aside for one in found) else max(sound, default=None)

    def _learn(self, preset: str, edges: Plane, at_s: float) -> None:
        lately = self._lately.get(preset)
        if lately is None:
            self._lately[preset] = Sketch(edges, at_s)
        else:
            lately.learn(edges, at_s)


@dataclass(frozen=True, slots=True)
class _Fit:
    likeness: float
    good: bool = True
    aside: bool = False  # the same view, but the camera was turned a little


def _fit(sketch: Sketch, edges: Plane) -> _Fit:
    likeness = sketch.likeness(edges)
    if likeness >= SURELY:
        return _Fit(likeness)
    shift = sketch.shifted(edges)
    if shift.length >= SWAY and shift.score >= max(ASIDE, CLEARLY * likeness):
        return _Fit(shift.score, good=False, aside=True)
    if shift.length < SWAY:
        likeness = max(likeness, shift.score)
    return _Fit(likeness, good=likeness >= ALIKE or sketch.intact(edges) >= INTACT)
