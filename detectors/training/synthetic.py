"""Smoke, flames and lamps drawn into pictures: what the few recordings with true labels do not show often enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.base import Image
from detectors.training.labelled import FIRE, SMOKE, Boxes, Sample

Mask = NDArray[np.float32]  # shape (h, w), 0-1

# BGR of what people take for fire: sodium lamps, tail lights, warm shop signs, LED red, sunset.
_LAMP_COLOURS = ((60, 140, 255), (40, 60, 255), (120, 200, 255), (30, 30, 230), (90, 120, 250), (230, 250, 255))
_LEAST_PX = 4  # of a drawn object's shorter side; smaller ones teach nothing


@dataclass(frozen=True, slots=True)
class Flame:
    """Flames cut out of a picture: uint8 BGR (h, w, 3) with their opacity (h, w)."""

    image: Image
    alpha: Mask


def cut_flames(samples: list[Sample], limit: int, rng: np.random.Generator) -> list[Flame]:
    """Return flames from labelled pictures, at most `limit`, in an order that depends on the generator only."""
    flames: list[Flame] = []
    for index in rng.permutation(len(samples)):
        sample = samples[index]
        for row in sample.boxes[sample.boxes[:, 0] == FIRE]:
            flame = _cut(sample.image, row[1:])
            flames += [flame] if flame is not None else []
        if len(flames) >= limit:
            break
    return flames[:limit]


def _cut(image: Image, box: NDArray[np.float32]) -> Flame | None:
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (box * np.array([width, height] * 2)).astype(int)
    if x2 - x1 < 10 or y2 - y1 < 10 or (x2 - x1) * (y2 - y1) > 0.4 * width * height:
        return None
    crop = image[y1:y2, x1:x2]
    red = cv2.GaussianBlur(crop[..., 2], (3, 3), 0).astype(np.float32)
    dark, bright = np.percentile(red, 25), np.percentile(red, 97)
    # Flames are told from their surroundings by brightness; where there is no such difference nothing can be cut.
    if bright < 170 or bright - dark < 70:
        return None
    alpha = np.clip((red - dark - 20) / (bright - dark - 30), 0, 1) * _feather(crop.shape[0], crop.shape[1])
    return Flame(crop.copy(), alpha.astype(np.float32))


def _feather(height: int, width: int) -> Mask:
    ys = np.minimum(np.arange(height), np.arange(height)[::-1]) / (0.12 * height)
    xs = np.minimum(np.arange(width), np.arange(width)[::-1]) / (0.12 * width)
    return np.minimum(np.minimum(ys[:, None], xs[None, :]), 1).astype(np.float32)


def add_flame(image: Image, boxes: Boxes, flame: Flame, rng: np.random.Generator) -> tuple[Image, Boxes]:
    """Return the picture with flames lit somewhere in it, and its boxes with theirs."""
    height, width = image.shape[:2]
    tall = height * rng.uniform(0.06, 0.5)
    wide = tall * flame.alpha.shape[1] / flame.alpha.shape[0] * rng.uniform(0.7, 1.3)
    h, w = min(int(tall), height - 2), min(int(wide), width - 2)
    if min(h, w) < _LEAST_PX:
        return image, boxes
    alpha = cv2.resize(flame.alpha, (w, h), interpolation=cv2.INTER_AREA)[..., None]
    fire = cv2.resize(flame.image, (w, h), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        alpha, fire = alpha[:, ::-1], fire[:, ::-1]
    x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
    out = image.copy()
    under = out[y : y + h, x : x + w]
    out[y : y + h, x : x + w] = np.maximum(under, fire) * alpha + under * (1 - alpha)
    box = _extent(alpha[..., 0] > 0.35)
    return (out, boxes) if box is None else (out, _with(boxes, FIRE, box + np.array([x, y, x, y]), image))


def add_smoke(image: Image, boxes: Boxes, rng: np.random.Generator) -> tuple[Image, Boxes]:
    """Return the picture with a drifting plume of grey, white or black smoke, and its boxes with the plume's."""
    height, width = image.shape[:2]
    noise = _clouds(height, width, rng)
    alpha = _plume(height, width, rng) + 0.55 * (noise - 0.5)
    alpha = np.clip((alpha - 0.25) / 0.4, 0, 1) * rng.uniform(0.4, 0.97)
    box = _extent(alpha > 0.25)
    if box is None or min(box[2] - box[0], box[3] - box[1]) < 2 * _LEAST_PX:
        return image, boxes
    shade = rng.uniform(25, 110) if rng.random() < 0.3 else rng.uniform(130, 240)
    tint = rng.uniform(0.94, 1.06, 3)
    light = _clouds(height, width, rng) * rng.uniform(30, 90) - 30
    grey = np.clip((shade + light)[..., None] * tint, 0, 255)
    out = image * (1 - alpha[..., None]) + grey * alpha[..., None]
    return out.astype(np.uint8), _with(boxes, SMOKE, box, image)


def _clouds(height: int, width: int, rng: np.random.Generator) -> Mask:
    """Noise in four octaves, 0-1."""
    total = np.zeros((height, width), np.float32)
    cells, weight = int(rng.integers(2, 5)), 1.0
    for _ in range(4):
        small = rng.random((cells, max(2, cells * width // height)), np.float32)
        total += weight * cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
        cells, weight = cells * 2, weight * 0.55
    low, high = float(total.min()), float(total.max())
    return np.asarray((total - low) / max(high - low, 1e-6), np.float32)


def _plume(height: int, width: int, rng: np.random.Generator) -> Mask:
    """An opening, leaning plume, or a cloud: 1 on its axis, falling to 0 outside."""
    ys, xs = np.mgrid[0:height, 0:width].astype(np.float32)
    size = height * rng.uniform(0.15, 0.9)
    foot_x, foot_y = rng.uniform(0.1, 0.9) * width, rng.uniform(0.25, 1.05) * height
    up = np.clip((foot_y - ys) / size, -0.5, 1.6)
    lean, opening = rng.uniform(-0.8, 0.8), rng.uniform(0.15, 0.6)
    radius = size * (0.12 + opening * np.clip(up, 0, None))
    across = np.abs(xs - foot_x - lean * up * size) / radius
    along = np.clip(np.minimum((up + 0.15) * 4, (1.3 - up) * 2.2), 0, 1)
    return np.asarray(np.clip(1.25 - across, 0, 1) * along, np.float32)


def add_lamps(image: Image, rng: np.random.Generator) -> Image:
    """Return the picture with things that only look like fire: glowing lamps, lit signs, screens, an evening sky."""
    out = image.astype(np.float32)
    kinds = (_glow, _sign, _screen, _evening)
    for _ in range(int(rng.integers(1, 5))):
        kinds[int(rng.choice(4, p=(0.5, 0.2, 0.2, 0.1)))](out, rng)
    return np.clip(out, 0, 255).astype(np.uint8)


def _colour(rng: np.random.Generator) -> NDArray[np.float64]:
    return np.clip(np.array(_LAMP_COLOURS[int(rng.integers(len(_LAMP_COLOURS)))]) + rng.normal(0, 15, 3), 0, 255)


def _glow(out: NDArray[np.float32], rng: np.random.Generator) -> None:
    height, width = out.shape[:2]
    x, y, radius = rng.uniform(0, width), rng.uniform(0, height), height * rng.uniform(0.01, 0.08)
    ys, xs = np.ogrid[0:height, 0:width]
    distance = np.sqrt((xs - x) ** 2 + ((ys - y) * rng.uniform(0.7, 1.4)) ** 2) / radius
    halo = np.exp(-((distance / rng.uniform(1.5, 4)) ** 2)) * rng.uniform(0.2, 0.8)
    out += halo[..., None] * _colour(rng)
    out += (distance < 1)[..., None] * rng.uniform(100, 255)


def _sign(out: NDArray[np.float32], rng: np.random.Generator) -> None:
    part = _rectangle(out, rng)
    part[:] = part * 0.15 + _colour(rng) * rng.uniform(0.6, 1.1)
    tall, wide = part.shape[:2]
    for _ in range(int(rng.integers(0, 5))):
        x, y = int(rng.integers(0, wide)), int(rng.integers(0, tall))
        part[y : y + max(1, tall // 4), x : x + max(1, wide // 6)] = rng.uniform(150, 255)


def _screen(out: NDArray[np.float32], rng: np.random.Generator) -> None:
    """An advertising screen: soft patches of warm colour within hard edges."""
    part = _rectangle(out, rng)
    patches = np.stack([_colour(rng) for _ in range(6)]).reshape(2, 3, 3).astype(np.float32)
    part[:] = cv2.resize(patches, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_CUBIC)


def _rectangle(out: NDArray[np.float32], rng: np.random.Generator) -> Any:
    height, width = out.shape[:2]
    h, w = int(height * rng.uniform(0.04, 0.4)) + 2, int(width * rng.uniform(0.03, 0.3)) + 2
    y, x = int(rng.integers(0, height - h)), int(rng.integers(0, width - w))
    return out[y : y + h, x : x + w]


def _evening(out: NDArray[np.float32], rng: np.random.Generator) -> None:
    height = out.shape[0]
    fade = np.clip(1 - np.arange(height) / (height * rng.uniform(0.3, 0.7)), 0, 1)[:, None, None]
    out *= 1 - 0.6 * fade
    out += 0.6 * fade * _colour(rng)


def _extent(mask: NDArray[np.bool_]) -> NDArray[np.float64] | None:
    columns, rows = np.flatnonzero(mask.any(0)), np.flatnonzero(mask.any(1))
    if len(columns) < _LEAST_PX or len(rows) < _LEAST_PX:
        return None
    return np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float64)


def _with(boxes: Boxes, kind: int, box_px: NDArray[np.float64], image: Image) -> Boxes:
    height, width = image.shape[:2]
    row = np.concatenate([[kind], box_px / np.array([width, height] * 2)])[None]
    return np.concatenate([boxes, row]).astype(np.float32)
