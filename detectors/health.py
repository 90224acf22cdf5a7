"""Measures of a picture that tell a sound camera from a faulty one; what they mean is judged against the camera's past.

All are taken on the 240 px luma plane, except noise and repetition, which averaging would hide: those take samples of
the full plane. One reading costs about a millisecond, at any size of the full plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.base import Image

Plane = NDArray[np.float32]
AnyPlane = TypeVar("AnyPlane", Image, Plane)

TILES = (6, 8)  # rows and columns into which the picture is parted
OSD_BAND = 0.12  # of the height, above and below: lettering stays sharp and moves on whatever becomes of the lens
_EDGE_HALF = 10.0  # grey levels per pixel; a gradient of this strength counts half, a strong one at most fully
_OUTLINE_QUANTILE = 0.99
_ROUGH_FLOOR = 0.5  # grey levels per pixel; in an even tile there is nothing that could be fine
_SATURATED = 232.0  # grey levels; limited-range video ends at 235
_FLAT = 6.0  # grey levels; less deviation than this within a tile: nothing is drawn in it
_BLOCK_PX = 16  # of the full plane; one block at the middle of each tile tells the noise
_NOISE_QUANTILE = 0.3  # of the blocks: the flattest, in which texture does not pass for noise
_SAMPLE_WIDTH_PX = 160  # every n-th pixel of the full plane, not averaged
_STRIPS = 4  # a stripe runs through all of them, a thing through one or two
_NOISE_KERNEL = np.array([1, -2, 1], np.float32)  # across and down
# 0 where the kernel reaches into the next block, else what makes a block's mean that of the rest.
_WHOLE = np.tile(np.pad(np.ones((_BLOCK_PX - 2, _BLOCK_PX - 2), np.float32), 1), TILES) * np.float32(
    (_BLOCK_PX / (_BLOCK_PX - 2)) ** 2
)
_NOISE_SCALE = float(np.sqrt(np.pi / 2) / 6)  # from mean magnitude behind that kernel to standard deviation


@dataclass(frozen=True, slots=True)
class HealthReading:
    """What one picture gives to judge its camera by.

    Attributes:
        edges: Orientation of edges, float32 (2, h, w) at half the size, 120 px: cosine and sine of twice the angle
            times a strength of 0-1; light that turns an edge from bright-dark to dark-bright leaves it as it is.
        texture: Mean gradient of each tile at 120 px, float32 of shape `TILES`, grey levels per pixel.
        outline: Gradient that the strongest hundredth of pixels exceeds, without the lettering bands. A scene has
            outlines; cloth and noise have none, however rough they are.
        fineness: Curvature of each tile at 240 px over its gradient at 60 px, both between the lettering bands;
            float32 of shape `TILES`. Falls when the lens goes out of focus, but not with the light.
        coarse: Grey levels, float32 at 30 px: light and shade at large.
        noise: Standard deviation of what pixels differ by from their neighbours in the flattest blocks, grey levels.
        rows: Mean grey level of each row in each of 4 strips side by side, slow change taken out; float32 (4, h).
        columns: The same of each column in 4 strips above one another.
        saturated: Share of tiles that are white and empty.
        sample: Every n-th pixel between the lettering bands, uint8.
    """

    edges: Plane
    texture: Plane
    outline: float
    fineness: Plane
    coarse: Plane
    noise: float
    rows: Plane
    columns: Plane
    saturated: float
    sample: Image


def read_health(luma: Image, small: Image) -> HealthReading:
    """Measure a picture.

    Args:
        luma: The whole plane, uint8 (h, w).
        small: The same at 240 px.
    """
    middle = _halved(small)
    plane = middle.astype(np.float32)
    edges, gradient = _edges(plane)
    return HealthReading(
        edges=edges,
        texture=tile_means(gradient),
        outline=_outline(gradient),
        fineness=_fineness(small, middle),
        coarse=_halved(_halved(middle)).astype(np.float32),
        noise=_noise(luma),
        rows=_profiles(small),
        columns=_profiles(np.ascontiguousarray(_inner(small).T)),
        saturated=_saturated(plane),
        sample=_sample(luma),
    )


def edge_field(small: Image) -> Plane:
    """Return `HealthReading.edges` of a 240 px luma plane alone, in a fifth of a millisecond."""
    return _edges(_halved(small).astype(np.float32))[0]


def tile_means(plane: Plane) -> Plane:
    """Return the mean of each tile, float32 of shape `TILES`."""
    return _resized(plane, TILES[1], TILES[0])


def change_by_tile(before: Image, now: Image) -> Plane:
    """Return the mean difference of two samples in each tile, grey levels."""
    return tile_means(np.asarray(cv2.absdiff(before, now), np.float32))


def chroma_of(bgr: Image) -> Image:
    """Return the colour differences of every n-th pixel, uint8 (h, w, 2): Cb and Cr."""
    step = max(1, bgr.shape[1] // _SAMPLE_WIDTH_PX)
    sampled = np.ascontiguousarray(bgr[::step, ::step])
    return np.ascontiguousarray(cv2.cvtColor(sampled, cv2.COLOR_BGR2YCrCb)[:, :, [2, 1]], np.uint8)


def read_chroma(chroma: Image) -> Plane:
    """Return each tile's distance from grey, levels, float32 (6, 8, 2); `chroma` is uint8 (h, w, 2), Cb and Cr."""
    return _resized(np.asarray(chroma, np.float32), TILES[1], TILES[0]) - np.float32(128)


def _resized(plane: Plane, width: int, height: int) -> Plane:
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def _halved(plane: Image) -> Image:
    """Return the plane at exactly half its size, an odd row or column left out: far cheaper than any other size."""
    height, width = plane.shape[0] // 2, plane.shape[1] // 2
    even = plane[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _inner(plane: AnyPlane) -> AnyPlane:
    band = int(len(plane) * OSD_BAND)
    return plane[band : len(plane) - band]


def _gradient(plane: Plane) -> tuple[Plane, Plane]:
    across = cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=1 / 8)
    down = cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=1 / 8)
    return np.asarray(across, np.float32), np.asarray(down, np.float32)


def _edges(plane: Plane) -> tuple[Plane, Plane]:
    """Return the field of edges and the plain gradient."""
    across, down = _gradient(plane)
    squared = across * across + down * down
    gradient = np.sqrt(squared)
    # Unit vector of the doubled angle, times g / (g + half); one division does both.
    scale = gradient / (np.maximum(squared, 1e-6) * (gradient + _EDGE_HALF))
    return np.stack([(across * across - down * down) * scale, 2 * across * down * scale]), gradient


def _outline(gradient: Plane) -> float:
    every_fourth = np.ascontiguousarray(_inner(gradient)[::2, ::2]).ravel()
    at = int(_OUTLINE_QUANTILE * (len(every_fourth) - 1))
    return float(np.partition(every_fourth, at)[at])


def _fineness(small: Image, middle: Image) -> Plane:
    curved = cv2.convertScaleAbs(cv2.Laplacian(_inner(small), cv2.CV_16S))
    curvature = tile_means(_halved(np.asarray(curved, np.uint8)).astype(np.float32))
    rough = cv2.magnitude(*_gradient(_halved(_inner(middle)).astype(np.float32)))
    return np.asarray(curvature / (tile_means(np.asarray(rough, np.float32)) + _ROUGH_FLOOR), np.float32)


def _noise(luma: Image) -> float:
    height, width = luma.shape
    if height < TILES[0] * _BLOCK_PX or width < TILES[1] * _BLOCK_PX:
        return 0.0
    tops = [int((row + 0.5) * height / TILES[0]) - _BLOCK_PX // 2 for row in range(TILES[0])]
    lefts = [int((column + 0.5) * width / TILES[1]) - _BLOCK_PX // 2 for column in range(TILES[1])]
    strips = np.concatenate([luma[t : t + _BLOCK_PX] for t in tops]) if tops else luma
    blocks = np.hstack([strips[:, x : x + _BLOCK_PX] for x in lefts])
    rough = np.abs(cv2.sepFilter2D(blocks, cv2.CV_32F, _NOISE_KERNEL, _NOISE_KERNEL))
    flattest_first = np.sort(tile_means(rough * _WHOLE), axis=None)
    return float(flattest_first[int(_NOISE_QUANTILE * len(flattest_first))]) * _NOISE_SCALE


def _profiles(plane: Image) -> Plane:
    height, width = plane.shape
    inner = plane[:, : width // _STRIPS * _STRIPS].reshape(height * _STRIPS, -1)
    means = cv2.reduce(inner, 1, cv2.REDUCE_AVG, dtype=cv2.CV_32F)
    rows = np.asarray(means, np.float32).reshape(height, _STRIPS)
    slow = cv2.blur(rows, (1, max(3, height // 6 | 1)), borderType=cv2.BORDER_REFLECT)
    return np.asarray((rows - slow).T, np.float32)


def _saturated(plane: Plane) -> float:
    means = tile_means(plane)
    if float(means.max()) < _SATURATED:
        return 0.0
    spread = np.sqrt(np.maximum(tile_means(plane * plane) - means * means, 0))
    return float(np.mean((means >= _SATURATED) & (spread < _FLAT)))


def _sample(luma: Image) -> Image:
    step = max(1, luma.shape[1] // _SAMPLE_WIDTH_PX)
    band = int(len(luma) * OSD_BAND)
    return np.ascontiguousarray(luma[band : len(luma) - band : step, ::step])
