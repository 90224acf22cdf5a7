"""A street light that is out: a place that was bright at night stays dark, while the rest is as it was.

The zone is drawn around the lamp. How bright it is, and what the picture looks like then, is learnt at night, over as
many nights as there are; a lamp that was never seen lit is never told. Night is when the sun says so.
"""

from __future__ import annotations

import math
from datetime import datetime

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.analysis.condition import Condition, Sight
from gateway.analysis.health import fault_types
from gateway.analysis.observation import Observation
from gateway.analysis.sun import height_deg
from gateway.analysis.zones import Zone
from gateway.types import Box, Luma, Signal

# The sun's height at which every street light is lit: a little below the end of civil dusk.
NIGHT_DEG = -8.0
EVERY_S = 5.0  # a lamp does not change faster than anybody cares
# Seen lit for so long, in all, before it can be missed. One look stands for a minute at most.
LEARN_S = 1800.0
LONGEST_LESSON_S = 60.0
LEARN_TAU_S = 8 * 3600.0  # a night: dirt on the glass and seasons are followed
# Grey levels that a lit lamp stands out from its night at least; less is a shop window's reflection.
LEAST_CONTRAST = 50.0
LIT, DARK = 0.6, 0.35  # of the learnt contrast; in between it stays what it was
BRIGHTEST = 0.05  # of the zone's pixels: the lamp itself, however generously it was drawn around
# The rest of the picture, by the median of its tiles: as bright as when the lamp was lit, within these bounds.
AS_BEFORE = (0.6, 1.7)
_OFFSET = 8.0  # grey levels, so that black does not become ten times as bright by noise
# Headlights close the iris, and everything else gets darker: so many tiles, so much brighter than they were.
GLARE_LEVELS = 60.0
GLARE_TILES = 0.03
UNDECIDED_S = 300.0  # after so long nobody can say since when it has been dark
_TILES = (24, 14)  # across and down
_MARGIN = 0.06  # of the picture, around the zone: its halo is no witness

Plane = NDArray[np.float32]


class LampRule:
    """The lamp in the zone does not burn at night.

    Args:
        condition: Its patience, half an hour as shipped. Gaps must not matter to it: looks may be a minute apart.
        zone: An area around the lamp's head.
        place: Longitude and latitude of the camera.
    """

    def __init__(self, condition: Condition, zone: Zone, place: tuple[float, float]) -> None:
        self.condition = condition
        self.zone = zone
        self.objects: frozenset[str] = frozenset()
        self._place = place
        self._looked_s = -math.inf
        self._decided_s = -math.inf
        self._contrast = 0.0  # of the lit lamp, learnt
        self._rest: Plane | None = None  # tiles of the picture around it while it is lit
        self._learned_s = 0.0
        self._dark_since_s: float | None = None
        self._mask: NDArray[np.bool_] | None = None

    @property
    def known(self) -> bool:
        """The lamp has been seen lit for long enough to be missed."""
        return self._learned_s >= LEARN_S

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame; by day, and while the picture cannot be trusted, nothing is said."""
        at_s = observation.at_s
        if not observation.armed or not self._is_night(observation.moment):
            self._dark_since_s = None
            return self.condition.drop(at_s)
        if observation.small is None or at_s - self._looked_s < EVERY_S or not _trusted(observation):
            return []
        elapsed_s, self._looked_s = at_s - self._looked_s, at_s
        dark = self._look(observation.small, elapsed_s)
        if dark is None:
            return []
        self._decided_s = at_s
        if not dark[0]:
            self._dark_since_s = None
            return self.condition.update(None, at_s)
        self._dark_since_s = at_s if self._dark_since_s is None else self._dark_since_s
        sight = Sight(self._dark_since_s, confidence=dark[1], count=1, boxes=(_box_of(self.zone),))
        return self.condition.update(sight, at_s)

    def _is_night(self, moment: datetime | None) -> bool:
        return moment is not None and height_deg(*self._place, moment) <= NIGHT_DEG

    def _look(self, small: Luma, elapsed_s: float) -> tuple[bool, float] | None:
        """Return whether the lamp is dark, and how surely; None: nobody can say."""
        if self._looked_s - self._decided_s > UNDECIDED_S:
            self._dark_since_s = None
        rest = self._tiles(small)
        contrast = self._brightest(small) - float(np.median(rest))
        lit = contrast >= (max(LEAST_CONTRAST, LIT * self._contrast) if self.known else LEAST_CONTRAST)
        if lit:
            self._learn(contrast, rest, min(elapsed_s, LONGEST_LESSON_S))
            return False, 0.0
        if not self.known or self._rest is None or not self._as_before(rest, self._rest):
            return None
        if contrast > DARK * self._contrast:  # dimmed, or behind a branch: it stays what it was
            return (self._dark_since_s is not None), 0.5
        return True, min(1.0, 1.0 - max(0.0, contrast) / self._contrast)

    def _learn(self, contrast: float, rest: Plane, lesson_s: float) -> None:
        before = rest if self._rest is None else self._rest
        self._learned_s += lesson_s
        share = lesson_s / min(self._learned_s, LEARN_TAU_S) if self._learned_s else 1.0
        self._contrast += (contrast - self._contrast) * share
        self._rest = np.asarray(before + (rest - before) * np.float32(share), np.float32)

    def _as_before(self, rest: Plane, usual: Plane) -> bool:
        """Say whether the rest of the picture is no reason why the lamp looks dark.

        Darker is none, unless something glares: a lamp takes its light off the street with it.
        """
        ratio = float(np.median((rest + _OFFSET) / (usual + _OFFSET)))
        least, most = AS_BEFORE
        glares = float(np.mean(rest - usual >= GLARE_LEVELS)) >= GLARE_TILES
        return ratio <= most and not (glares and ratio < least)

    def _brightest(self, small: Luma) -> float:
        pixels = np.sort(small[_mask_of(self.zone, small.shape)])
        return float(pixels[-max(1, round(BRIGHTEST * pixels.size)) :].mean()) if pixels.size else 0.0

    def _tiles(self, small: Luma) -> Plane:
        """Return mean grey levels of the tiles away from the lamp, one after another."""
        tiles = np.asarray(cv2.resize(small, _TILES, interpolation=cv2.INTER_AREA), np.float32)
        if self._mask is None:
            self._mask = _away_from(_box_of(self.zone))
        return np.asarray(tiles[self._mask], np.float32)


def _trusted(observation: Observation) -> bool:
    return observation.health.fault in {None, fault_types.TOO_DARK} and not observation.reading.global_change


def _box_of(zone: Zone) -> Box:
    xs, ys = [x for x, _ in zone.polygon], [y for _, y in zone.polygon]
    return Box(min(xs), min(ys), max(xs), max(ys))


def _mask_of(zone: Zone, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(shape[:2], np.uint8)
    points = np.array([[x * (shape[1] - 1), y * (shape[0] - 1)] for x, y in zone.polygon]).round().astype(np.int32)
    cv2.fillPoly(mask, [points], 1)
    return np.asarray(mask, bool)


def _away_from(box: Box) -> NDArray[np.bool_]:
    across, down = _TILES
    x, y = (np.arange(across) + 0.5) / across, (np.arange(down) + 0.5) / down
    beside = (x < box.x1 - _MARGIN) | (x > box.x2 + _MARGIN)
    above = (y < box.y1 - _MARGIN) | (y > box.y2 + _MARGIN)
    away = above[:, None] | beside[None, :]
    return np.asarray(away if away.any() else ~away, bool)
