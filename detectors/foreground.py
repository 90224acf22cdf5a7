"""What does not belong to the scene, without any weights: things that move and things that have stopped.

Luma in, blobs out. One model per camera; not safe to call from two threads at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.background import Background, Change, Mask, Plane
from detectors.base import Image
from detectors.blobs import Blob, BlobFinder
from detectors.preprocess import shrink

THUMB_WIDTH_PX = 240  # a person of 2 % of the picture's height still has 3 x 3 px
WARM_UP_LOOKS = 2
WARM_UP_S = 1.0
GLOBAL_SHARE = 0.6  # of the picture changed at once: the light or the camera, not a thing
_UNSETTLED_SHARE = 0.25  # of the picture changed between two looks of the warm-up
_RETURN_SHARE = 0.8  # of the picture as it was before a global change: the old scene is back
_RETURN_S = 1_800.0  # how long an old scene is remembered
_MATURE_S = 20.0  # a background younger than this is not worth remembering

Polygon = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class ForegroundOptions:
    """How patiently a scene is learnt.

    Attributes:
        absorb_s: Something that stands still becomes background after this long. Must exceed the longest dwell of the
            rules in force, or their objects vanish before they are flagged.
        idle_absorb_s: The same outside `watched`.
        settle_s: Without change for this long: still.
        min_area: Smaller blobs are dropped, share of the picture.
        watched: Polygons in 0-1 in which rules are armed; none: the whole picture.
        ignore: Polygons in 0-1 in which nothing is foreground (screens, trees, privacy masks).
    """

    absorb_s: float = 600.0
    idle_absorb_s: float = 60.0
    settle_s: float = 3.0
    min_area: float = 0.0005
    watched: tuple[Polygon, ...] = ()
    ignore: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True)
class ForegroundReading:
    """What one look showed.

    Attributes:
        moving: Foreground that changes now.
        still: Foreground that has stopped, `since_s` on the caller's clock.
        global_change: Most of the picture changed at once; the scene is being learnt anew and blobs are not told.
        changed_share: Share of the picture outside `ignore` that differs from the background and does not stand still.
        ready: False while learning: no blobs does not mean that nothing is there.
    """

    moving: tuple[Blob, ...]
    still: tuple[Blob, ...]
    global_change: bool
    changed_share: float
    ready: bool


class ForegroundModel:
    """Learns a scene from its looks, at any cadence."""

    def __init__(self, options: ForegroundOptions | None = None) -> None:
        self._options = options or ForegroundOptions()
        self._background: Background | None = None
        self._earlier: tuple[Background, float] | None = None  # before a global change, with the time of that
        self._looks = 0
        self._learnt_since_s = 0.0
        self._origin_s = 0.0
        self._last_s = 0.0
        self._active = np.zeros((0, 0), np.uint8)
        self._finder = BlobFinder(0, 0, np.zeros((0, 0), np.float32))

    def update(self, luma: Image, at_s: float) -> ForegroundReading:
        """Learn from a look and tell what is in it; about a millisecond for 1080p.

        Args:
            luma: uint8, shape (h, w), full resolution; a new shape starts a new model.
            at_s: Seconds on any steady clock. A time at or before the last one is taken for just after it.
        """
        thumb = thumbnail(luma)
        if self._background is None or self._active.shape != thumb.shape:
            self._origin_s = at_s
            self._lay_out(thumb.shape)
            return self._restart(thumb, at_s, global_change=False, changed_share=0.0)
        dt_s = max(at_s - self._last_s, 1e-3)
        self._last_s += dt_s
        if self._looks < WARM_UP_LOOKS or self._last_s - self._learnt_since_s < WARM_UP_S:
            return self._warm_up(self._background, thumb)
        return self._look(self._background, thumb, dt_s)

    def _lay_out(self, shape: tuple[int, ...]) -> None:
        active = cv2.bitwise_not(_filled(shape, self._options.ignore))
        self._active = np.asarray(active, np.uint8)
        watched = _filled(shape, self._options.watched) if self._options.watched else active
        absorb_s = np.where(watched > 0, self._options.absorb_s, self._options.idle_absorb_s).astype(np.float32)
        self._finder = BlobFinder(self._options.min_area, self._options.settle_s, absorb_s)

    def _restart(self, thumb: Plane, at_s: float, *, global_change: bool, changed_share: float) -> ForegroundReading:
        self._background = Background(thumb, at_s - self._origin_s)
        self._looks = 1
        self._learnt_since_s = self._last_s = at_s
        return ForegroundReading((), (), global_change, changed_share, ready=False)

    def _warm_up(self, background: Background, thumb: Plane) -> ForegroundReading:
        changed = background.share_changed(thumb)
        if changed > _UNSETTLED_SHARE:  # a camera still turning: the mean of two views is no background
            return self._restart(thumb, self._last_s, global_change=True, changed_share=changed)
        self._looks += 1
        background.learn(thumb, 1 / self._looks)
        return ForegroundReading((), (), global_change=False, changed_share=0.0, ready=False)

    def _look(self, background: Background, thumb: Plane, dt_s: float) -> ForegroundReading:
        now_s = self._last_s - self._origin_s
        self._looks += 1
        background.follow_exposure(thumb)
        change = background.compare(thumb, now_s, self._active)
        background.update(thumb, change, now_s, dt_s, self._options.absorb_s)
        since_s = background.still_since()
        share = self._moving_share(change, since_s, now_s)
        if share > GLOBAL_SHARE:
            return self._global_change(background, thumb, share)
        patches = self._finder.find(thumb, background.slow, change, since_s, now_s)
        gone = [p for p in patches if p.explained or p.absorbed]
        for patch in gone:
            background.absorb(patch.mask, patch.region, thumb)
        told = [p.blob for p in patches if not (p.explained or p.absorbed)]
        return ForegroundReading(
            tuple(b for b in told if b.since_s is None),
            tuple(_timed(b, b.since_s, self._origin_s) for b in told if b.since_s is not None),
            global_change=False,
            changed_share=share,
            ready=True,
        )

    def _moving_share(self, change: Change, since_s: Plane, now_s: float) -> float:
        active = cv2.countNonZero(self._active)
        restless = (change.foreground > 0) & (since_s > now_s - self._options.settle_s)
        return float(np.count_nonzero(restless) / active) if active else 0.0

    def _global_change(self, background: Background, thumb: Plane, share: float) -> ForegroundReading:
        """Go back to the scene before the last such change when it is shown again; learn anew otherwise."""
        earlier = self._earlier
        if self._last_s - self._learnt_since_s >= _MATURE_S:
            self._earlier = (background, self._last_s)
        if earlier is None or self._last_s - earlier[1] > _RETURN_S:
            return self._restart(thumb, self._last_s, global_change=True, changed_share=share)
        if earlier[0].share_explained(thumb) < _RETURN_SHARE:
            return self._restart(thumb, self._last_s, global_change=True, changed_share=share)
        self._background = earlier[0]
        self._background.resume(thumb, self._last_s - self._origin_s)
        self._learnt_since_s = self._last_s - _MATURE_S
        return ForegroundReading((), (), global_change=True, changed_share=share, ready=True)


def thumbnail(luma: Image) -> Plane:
    """Return a luma plane (h, w) as float32 of at most 240 px width, proportions kept, lightly smoothed."""
    return np.asarray(cv2.blur(shrink(luma, THUMB_WIDTH_PX), (3, 3)), np.float32)


def _timed(blob: Blob, since_s: float, origin_s: float) -> Blob:
    settled_s = None if blob.settled_s is None else blob.settled_s + origin_s
    return replace(blob, since_s=since_s + origin_s, settled_s=settled_s)


def _filled(shape: tuple[int, ...], polygons: Sequence[Polygon]) -> Mask:
    mask = np.zeros(shape[:2], np.uint8)
    scale = np.array([shape[1], shape[0]], np.float64)
    for polygon in polygons:
        points: NDArray[np.int32] = np.round(np.array(polygon) * scale).astype(np.int32)
        cv2.fillPoly(mask, [points], (255,))
    return mask
