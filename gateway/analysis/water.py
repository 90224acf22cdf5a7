"""Water that rises over a place: a region grows from the zone's lower edge, over its whole width, and hides the ground.

It is told by its way of coming, not by its colour. A shadow leaves the ground's texture, a vehicle comes at once and is
narrower or uneven, a covered lens and a switched light change the rest of the picture as well. Whatever was there when
the camera was first seen is ground, and a puddle that grows from the middle of the zone is not told of: draw the zone
so that its lower edge is where the water stands first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.background import quantile
from detectors.foreground import thumbnail
from gateway.analysis.condition import Condition, Sight
from gateway.analysis.observation import Observation
from gateway.analysis.zones import Zone
from gateway.types import Box, Luma, Signal

Plane = NDArray[np.float32]  # (h, w) of the thumbnail
Mask = NDArray[np.bool_]

LABEL = "water"

_STEP = 12.0  # grey levels: above compression noise and the light's wandering
_LEAST_RUN_PX = 2
# Of the zone's columns, how many the region must reach from below; and once it is there.
_WIDE, _STILL_WIDE = 0.6, 0.4
_LEAST_WIDTH = 0.25  # of the picture; somebody fills a narrower zone
# Of the zone's area likewise. Below `_DRY` there is nothing.
_WET, _STILL_WET, _DRY = 0.04, 0.02, 0.01
# Of what lies above the region's edge: more changed is the light, or the camera.
_ABOVE_MOST = 0.3
_LEAST_ABOVE = 0.1  # of the picture's height: with less left nobody can say whether it is the camera
_EDGE_SHARE = 0.1  # of the region's columns may stick out above its edge: somebody stands in the water
# Water may cover this much of the zone at once, and so much more per second; whatever is faster drives. Between looks
# further apart than this a lorry may have come, so that more is believed of no look.
_AT_ONCE, _PER_SECOND, _UNSEEN_S = 0.1, 0.1, 3.0
_LIKE_GROUND = 0.5  # correlation of fine texture with the ground's: shadow, thin snow, wet asphalt
_TEXTURED = 2.0  # grey levels of fine texture; on smoother ground only a change of roughness says anything
_AS_ROUGH, _ROUGHER = 1.6, 1.0  # times, and grey levels more: the ground is an average, without a frame's own noise
_UNEVEN = 16.0  # grey levels between places within the region; vehicles and crowds have 30 and more
_FINE_PX, _COARSE_PX, _RIM_PX = 7, 13, 9
_CLOSE = np.ones((7, 7), np.uint8)

_EVERY_S = 0.9  # water is in no hurry: of a burst one frame in a second is read
_LEARN_S = 600.0  # the ground follows daylight
_RELEARN_S = 120.0  # after so long another picture is the scene: night, infrared, a turned camera
_FORGET_S = 1_800.0  # what came too fast and stays is part of the place
_USABLE_SHARE = 0.05  # of the picture, to tell the exposure by
_GRID = 4  # every 4th pixel each way is enough for that
_DARK = 10.0  # grey levels; ratios of darker pixels are noise


@dataclass(frozen=True, slots=True)
class WaterReading:
    """One look at a zone.

    Attributes:
        clear: What lies above the region is as it was; False: nothing can be said.
        width: Share of the zone's columns that the region reaches from below.
        area: Share of the zone that it covers.
        hidden: The ground's texture is gone, and what is there instead is even.
        box: Around the region, in 0-1 of the picture; None when there is none.
    """

    clear: bool
    width: float
    area: float
    hidden: bool
    box: Box | None


class WaterGauge:
    """Compares looks with the ground as it was; one per zone, shown its looks in order."""

    def __init__(self, zone: Zone) -> None:
        self._zone = zone
        self._inside: Mask = np.zeros((0, 0), bool)
        self._reach = self._inside
        self._ground: Plane = np.zeros((0, 0), np.float32)
        self._wet: Mask = np.zeros((0, 0), bool)
        self._read_s = -math.inf

    def forget(self) -> None:
        """Take the next look for the ground."""
        self._ground = np.zeros((0, 0), np.float32)

    def read(self, small: Luma, at_s: float) -> WaterReading:
        """Read one look: a luma plane of about 240 px width, uint8 (h, w)."""
        look = thumbnail(small)
        if look.shape != self._ground.shape:
            self._begin(look)
        look = look / np.float32(self._gain(look))
        changed = _changed(look, self._ground)
        region = _from_below(changed, self._reach)
        reading = self._judge(look, changed, region)
        self._learn(look, changed, region, at_s)
        return reading

    def _begin(self, look: Plane) -> None:
        self._ground = look.copy()
        self._inside = _filled(self._zone, look.shape)
        self._reach = _reach(self._inside)
        self._wet = np.zeros(look.shape, bool)

    def _gain(self, look: Plane) -> float:
        """Return the exposure against the ground's, by what was dry a moment ago."""
        now, then = look[::_GRID, ::_GRID], self._ground[::_GRID, ::_GRID]
        dry = ~self._wet[::_GRID, ::_GRID] & (then > _DARK)
        if np.count_nonzero(dry) < _USABLE_SHARE * dry.size:
            return 1.0
        return min(2.0, max(0.5, quantile(now[dry] / then[dry], 0.5)))

    def _judge(self, look: Plane, changed: Mask, region: Mask) -> WaterReading:
        if not region.any():  # as nearly always
            return WaterReading(
                clear=bool(np.count_nonzero(changed) <= _ABOVE_MOST * changed.size),
                width=0.0,
                area=0.0,
                hidden=False,
                box=None,
            )
        edge = _edge(region)
        lost = edge < _LEAST_ABOVE * len(region) or changed[:edge].mean() > _ABOVE_MOST
        covered = region & self._inside
        columns = self._inside.any(0)
        reached = covered.sum(0) >= _LEAST_RUN_PX
        return WaterReading(
            clear=not lost,
            width=float(reached.sum() / max(1, columns.sum())),
            area=float(covered.sum() / max(1, self._inside.sum())),
            hidden=not lost and _hides(look, self._ground, covered),
            box=_around(covered),
        )

    def _learn(self, look: Plane, changed: Mask, region: Mask, at_s: float) -> None:
        elapsed_s = min(at_s - self._read_s, _LEARN_S)
        self._read_s, self._wet = at_s, region
        weight = 1 - math.exp(-elapsed_s / _LEARN_S)
        cv2.accumulateWeighted(look, self._ground, weight, mask=(~changed).astype(np.uint8))


class WaterRule:
    """Water rises in the zone."""

    def __init__(self, condition: Condition, zone: Zone) -> None:
        self.condition = condition
        self.zone = zone
        self.objects: frozenset[str] = frozenset()
        self._gauge = WaterGauge(zone)
        self._read_s = -math.inf
        self._dry_s = -math.inf  # when the zone was last seen dry
        self._clear_s = -math.inf  # when the rest of the picture was last as it was
        self._too_fast_s: float | None = None  # since when something stands there that came too fast for water

    def update(self, observation: Observation) -> list[Signal]:
        """Take in one frame; while the light settles, and while the whole picture is another, nothing is decided."""
        at_s = observation.at_s
        if not observation.armed:
            return self._start_over(at_s)
        if not observation.steady or observation.small is None or at_s - self._read_s < _EVERY_S:
            return []
        self._read_s = at_s
        reading = self._gauge.read(observation.small, at_s)
        if not reading.clear:
            return self._start_over(at_s) if at_s - self._clear_s > _RELEARN_S else []
        self._clear_s = at_s
        self._mind_speed(reading, at_s)
        if self._too_fast_s is not None and at_s - self._too_fast_s > _FORGET_S:
            return self._start_over(at_s)
        return self.condition.update(self._sight(reading), at_s)

    def _start_over(self, at_s: float) -> list[Signal]:
        self._gauge.forget()
        self._dry_s = self._clear_s = at_s
        self._too_fast_s = None
        return self.condition.drop(at_s)

    def _mind_speed(self, reading: WaterReading, at_s: float) -> None:
        if reading.area < _DRY or self._dry_s == -math.inf:
            self._dry_s, self._too_fast_s = at_s, None
        elif self._too_fast_s is None and not self.condition.active:
            fast = reading.area > _AT_ONCE + _PER_SECOND * min(at_s - self._dry_s, _UNSEEN_S)
            self._too_fast_s = at_s if fast else None

    def _sight(self, reading: WaterReading) -> Sight | None:
        if self._too_fast_s is not None or not reading.hidden or reading.box is None:
            return None
        there = self.condition.active
        if reading.box.x2 - reading.box.x1 < _LEAST_WIDTH:
            return None
        if reading.width < (_STILL_WIDE if there else _WIDE) or reading.area < (_STILL_WET if there else _WET):
            return None
        return Sight(None, reading.width, LABEL, 1, (reading.box,))


def _changed(look: Plane, ground: Plane) -> Mask:
    differs = (cv2.absdiff(look, ground) > _STEP).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(cv2.medianBlur(differs, 3), cv2.MORPH_CLOSE, _CLOSE) > 0)


def _reach(inside: Mask) -> Mask:
    """Return the columns of the zone, from its lower edge to the picture's upper edge."""
    return np.asarray(np.maximum.accumulate(inside[::-1], axis=0)[::-1])


def _from_below(changed: Mask, reach: Mask) -> Mask:
    """Return what has changed without a break from the zone's lower edge upwards, also beyond its upper edge."""
    height = len(reach)
    dry = (reach & ~changed)[::-1]
    end = np.where(dry.any(0), dry.argmax(0), height).astype(np.int16)
    row = np.arange(height - 1, -1, -1, dtype=np.int16)[:, None]  # counted from the bottom
    return np.asarray(reach & (row < end))


def _edge(region: Mask) -> int:
    """Return the row at which the region ends above; the picture's height when there is none."""
    columns = region.any(0)
    if not columns.any():
        return len(region)
    return int(np.quantile(region.argmax(0)[columns], _EDGE_SHARE))


def _hides(look: Plane, ground: Plane, covered: Mask) -> bool:
    """Say whether the region no longer shows the ground, and shows one thing instead."""
    if np.count_nonzero(covered) < _COARSE_PX:
        return False
    fine_now, fine_then = _fine(look)[covered], _fine(ground)[covered]
    now, then = float(fine_now.std()), float(fine_then.std())
    alike = float((fine_now * fine_then).mean()) / max(now * then, 1e-6)
    if alike > _LIKE_GROUND:
        return False
    if then < _TEXTURED and now <= max(_AS_ROUGH * then, then + _ROUGHER):
        return False
    return _is_even(look, covered)


def _is_even(look: Plane, covered: Mask) -> bool:
    inner = cv2.erode(covered.astype(np.uint8), np.ones((_RIM_PX, _RIM_PX), np.uint8)) > 0
    if np.count_nonzero(inner) < _COARSE_PX:
        return True  # too low yet to have an inside
    return float(cv2.blur(look, (_COARSE_PX, _COARSE_PX))[inner].std()) <= _UNEVEN


def _fine(plane: Plane) -> Plane:
    return np.asarray(plane - cv2.blur(plane, (_FINE_PX, _FINE_PX)), np.float32)


def _around(covered: Mask) -> Box | None:
    rows, columns = np.flatnonzero(covered.any(1)), np.flatnonzero(covered.any(0))
    if not len(rows):
        return None
    height, width = covered.shape
    return Box(
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )


def _filled(zone: Zone, shape: tuple[int, ...]) -> Mask:
    if not zone.polygon:
        return np.ones(shape[:2], bool)
    mask = np.zeros(shape[:2], np.uint8)
    points = np.array([[x * shape[1], y * shape[0]] for x, y in zone.polygon]).round().astype(np.int32)
    cv2.fillPoly(mask, [points], (1,))
    return np.asarray(mask > 0)
