"""From changed pixels to blobs: cleaned, connected, told apart into moving and still, shadows and ghosts out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.background import Change, Mask, Plane, quantile

_MAX_BLOBS = 20  # the largest; more is snow or rain
_MOSTLY = 0.6  # share of still pixels from which a blob as a whole stands
_HARDLY = 0.25  # and up to which it moves; between, it is two things that touch
# Part of a thing is newer than the thing: a passer-by hid it, another thing was put beside it.
_SINCE_SHARE = 0.25
# All of a thing but its noisiest rim. Somebody who stands still shifts his weight: a twentieth of him changes every few
# seconds; of a suitcase nothing does.
_SETTLED_SHARE = 0.95
_LIGHT_RATIO = (0.4, 1.25)  # of the background's brightness; thin sunlight brightens, deep shadow halves
_LIGHT_ROUGHNESS = 0.015  # of that ratio against its surroundings, inside
_LIGHT_EDGE = 0.04  # and along the outline
_LIGHT_SPREAD = 0.15  # of the ratio; further away from the middle stands a thing
_GHOST_EDGE_RATIO = 1.5  # the background's outline that much sharper than the present one: the thing has left
_SWAY = np.ones((7, 7), np.uint8)
_SWAY_STEP = 9.0  # grey levels
_SWAY_SHARE = 0.85
_MARGIN = 3  # px of the thumbnail; the reach of `_SWAY`
_RING = np.ones((3, 3), np.uint8)

Region = tuple[slice, slice]  # rows, columns of the thumbnail


@dataclass(frozen=True, slots=True)
class Blob:
    """A connected piece of foreground.

    Attributes:
        box: Left, top, right, bottom in 0-1 of the picture.
        area: Share of the picture its pixels cover, 0-1.
        since_s: When it became still, None while it moves.
        strength: Mean distance from the background, 1 where it just counts.
        settled_s: Since when nearly all of it has not changed at all; None while it moves, and of a part cut off from
            something that moves, whose own outline nobody has seen.
    """

    box: tuple[float, float, float, float]
    area: float
    since_s: float | None
    strength: float
    settled_s: float | None = None


@dataclass(frozen=True, slots=True)
class Patch:
    """A blob with its pixels.

    Attributes:
        region: Where `mask` lies on the thumbnail.
        mask: bool, shape of the region.
        explained: Nothing stands here: a thing of the background has left, or the camera has shifted a little.
        absorbed: It has stood for so long that it belongs to the scene.
    """

    blob: Blob
    region: Region
    mask: NDArray[np.bool_]
    explained: bool = False
    absorbed: bool = False


@dataclass(frozen=True, slots=True)
class _Scene:
    """One look, as all steps need it."""

    thumb: Plane
    slow: Plane
    change: Change
    since_s: Plane
    now_s: float


class BlobFinder:
    """Finds the blobs of one look; keeps nothing between looks."""

    def __init__(self, min_area: float, settle_s: float, absorb_s: Plane) -> None:
        """Take thresholds; `absorb_s` says per pixel after how long a still thing belongs to the scene."""
        self._min_px = max(4, round(min_area * absorb_s.size))
        self._settle_s = settle_s
        self._absorb_s = absorb_s

    def find(self, thumb: Plane, slow: Plane, change: Change, since_s: Plane, now_s: float) -> list[Patch]:
        """Return the blobs of a look, the largest first; times are those of `since_s`."""
        if not cv2.countNonZero(change.foreground):
            return []
        scene = _Scene(thumb, slow, change, since_s, now_s)
        found: list[Patch] = []
        for region, mask in self._components(_clean(change.foreground)):
            apart = _apart_from_light(scene, region, mask)
            if apart is None:
                found += self._tell_apart(scene, region, mask)
            else:
                found += self._light(scene, region, mask & ~apart)
                found += [patch for part in self._parts(apart, region) for patch in self._tell_apart(scene, *part)]
        return found

    def _components(self, foreground: Mask) -> Iterator[tuple[Region, NDArray[np.bool_]]]:
        count, labels, stats, _ = cv2.connectedComponentsWithStats(foreground)
        order = np.argsort(-stats[1:count, cv2.CC_STAT_AREA], kind="stable")[:_MAX_BLOBS] + 1
        for index in order:
            x, y, w, h, area = (int(v) for v in stats[index])
            if area < self._min_px:
                return
            region = (slice(y, y + h), slice(x, x + w))
            yield region, labels[region] == index

    def _light(self, scene: _Scene, region: Region, mask: NDArray[np.bool_]) -> list[Patch]:
        """Tell of shadow and sunlight only once it lies still, for the background to take it in."""
        settled = mask & (scene.now_s - scene.since_s[region] >= self._settle_s)
        if np.count_nonzero(settled) < _MOSTLY * np.count_nonzero(mask):
            return []
        return [replace(_patch(scene, region, mask, scene.now_s), explained=True)]

    def _tell_apart(self, scene: _Scene, region: Region, mask: NDArray[np.bool_]) -> list[Patch]:
        """Call a component still or moving; where a passer-by touches a stopped thing, tell both."""
        still = mask & (scene.now_s - scene.since_s[region] >= self._settle_s)
        share = np.count_nonzero(still) / np.count_nonzero(mask)
        if share >= _MOSTLY:
            return [self._whole(scene, region, mask)]
        if _has_swayed(scene, region, mask):
            return []
        found = [_patch(scene, region, mask, None)]
        if share > _HARDLY:
            # Parts are cut by movement, not by their own outline, so an outline proves nothing about them.
            found += [self._still(scene, *part) for part in self._parts(still, region)]
        return found

    def _parts(self, mask: NDArray[np.bool_], region: Region) -> Iterator[tuple[Region, NDArray[np.bool_]]]:
        """Yield the solid connected parts of a mask in a region, as regions of the whole thumbnail."""
        solid = cv2.morphologyEx(mask.astype(np.uint8) * 255, cv2.MORPH_OPEN, _RING)
        for (rows, columns), part in self._components(np.asarray(solid, np.uint8)):
            top, left = region[0].start, region[1].start
            yield (slice(rows.start + top, rows.stop + top), slice(columns.start + left, columns.stop + left)), part

    def _whole(self, scene: _Scene, region: Region, mask: NDArray[np.bool_]) -> Patch:
        found = self._still(scene, region, mask)
        settled_s = quantile(_moments(scene, region, mask), _SETTLED_SHARE)
        explained = _is_explained(scene, region, mask)
        return replace(found, blob=replace(found.blob, settled_s=settled_s), explained=explained)

    def _still(self, scene: _Scene, region: Region, mask: NDArray[np.bool_]) -> Patch:
        since_s = quantile(_moments(scene, region, mask), _SINCE_SHARE)
        absorbed = scene.now_s - since_s >= float(self._absorb_s[region][mask].max())
        return replace(_patch(scene, region, mask, since_s), absorbed=absorbed)


def _clean(foreground: Mask) -> Mask:
    """Drop single pixels and close the gaps of half-hidden or plain-coloured things."""
    return np.asarray(cv2.morphologyEx(cv2.medianBlur(foreground, 3), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))


def _moments(scene: _Scene, region: Region, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return since when each pixel of a patch has been as it is; gaps that were closed do not count."""
    counted = mask & (scene.change.foreground[region] > 0)
    return scene.since_s[region][counted if counted.any() else mask]


def _patch(scene: _Scene, region: Region, mask: NDArray[np.bool_], since_s: float | None) -> Patch:
    height, width = scene.thumb.shape
    rows, columns = region
    box = (columns.start / width, rows.start / height, columns.stop / width, rows.stop / height)
    strength = float(scene.change.excess[region][mask].mean())
    return Patch(Blob(box, float(np.count_nonzero(mask) / scene.thumb.size), since_s, strength), region, mask)


def _apart_from_light(scene: _Scene, region: Region, mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """Return what stands out of a patch of shadow or sunlight; None when light does not explain the patch.

    Light leaves one smooth ratio to the background, soft at its edge; things bring edges of their own.
    """
    around, whole = _framed(region, mask, scene.thumb.shape)
    ratio = scene.thumb[around] / np.maximum(scene.slow[around], 1)
    inside = whole > 0
    middle = quantile(ratio[inside], 0.5)
    if not _LIGHT_RATIO[0] < middle < _LIGHT_RATIO[1]:
        return None
    rough = cv2.absdiff(ratio, cv2.blur(ratio, (5, 5)))
    edge = cv2.morphologyEx(whole, cv2.MORPH_GRADIENT, _RING) > 0
    if quantile(rough[inside], 0.5) > _LIGHT_ROUGHNESS or quantile(rough[edge], 0.5) > _LIGHT_EDGE:
        return None
    apart = inside & (np.abs(ratio - middle) > _LIGHT_SPREAD)
    top, left = region[0].start - around[0].start, region[1].start - around[1].start
    return apart[top : top + mask.shape[0], left : left + mask.shape[1]]


def _is_explained(scene: _Scene, region: Region, mask: NDArray[np.bool_]) -> bool:
    return _has_left(scene, region, mask) or _has_swayed(scene, region, mask)


def _has_left(scene: _Scene, region: Region, mask: NDArray[np.bool_]) -> bool:
    """Compare sharpness along the outline: a background sharper than the picture still holds what has gone."""
    around, whole = _framed(region, mask, scene.thumb.shape)
    outline = cv2.morphologyEx(whole, cv2.MORPH_GRADIENT, _RING) > 0
    then, now = _edges(scene.slow[around])[outline], _edges(scene.thumb[around])[outline]
    return float(then.mean()) > _GHOST_EDGE_RATIO * float(now.mean())


def _has_swayed(scene: _Scene, region: Region, mask: NDArray[np.bool_]) -> bool:
    """True when nearly all of a patch is found in the background a little aside: kerbs and lines of a shaken camera."""
    around, whole = _framed(region, mask, scene.thumb.shape)
    slow, thumb, inside = scene.slow[around], scene.thumb[around], whole > 0
    high, low = cv2.dilate(slow, _SWAY), cv2.erode(slow, _SWAY)
    found = (thumb <= high + _SWAY_STEP) & (thumb >= low - _SWAY_STEP)
    return float(found[inside].mean()) >= _SWAY_SHARE


def _framed(region: Region, mask: NDArray[np.bool_], shape: tuple[int, ...]) -> tuple[Region, Mask]:
    """Return the region with a margin, cut at the picture's edge, and the mask placed in it as 0 or 1."""
    rows, columns = (_grown(span, limit) for span, limit in zip(region, shape, strict=True))
    whole = np.zeros((rows.stop - rows.start, columns.stop - columns.start), np.uint8)
    top, left = region[0].start - rows.start, region[1].start - columns.start
    whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return (rows, columns), whole


def _edges(plane: Plane) -> Plane:
    across, down = cv2.Sobel(plane, cv2.CV_32F, 1, 0), cv2.Sobel(plane, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(across, down), np.float32)


def _grown(span: slice, limit: int) -> slice:
    return slice(max(0, span.start - _MARGIN), min(limit, span.stop + _MARGIN))
