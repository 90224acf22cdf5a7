"""From a labelled picture to what a camera could have made of it: framing, weather, night, blur, compression."""

from __future__ import annotations

import cv2
import numpy as np

from detectors.base import Image
from detectors.preprocess import PAD_GREY, Size
from detectors.training.labelled import Boxes, Sample

_LEAST_SHOWN = 0.3  # share of a box that must remain in the frame for its label to remain
_LEAST_PX = 3.0  # of the shorter side of a box
_ZOOM = (np.log(0.8), np.log(2.2))  # of the size at which the whole picture just fits


def reframe(sample: Sample, size: Size, rng: np.random.Generator) -> tuple[Image, Boxes]:
    """Return the picture as another lens would frame it: other proportions, nearer or farther, mirrored or not."""
    height, width = sample.image.shape[:2]
    # The data sets squeezed every picture into a square; which proportions it had nobody knows.
    aspect = width / height * (rng.uniform(0.9, 1.1) if sample.real_aspect else rng.uniform(0.9, 1.9))
    fit_w = min(size.width, size.height * aspect)
    zoom = float(np.exp(rng.uniform(*_ZOOM)))
    w, h = fit_w * zoom, fit_w * zoom / aspect
    x, y = _place(size.width, w, rng), _place(size.height, h, rng)
    mirrored = rng.random() < 0.5
    sx, dx = (-w / width, x + w) if mirrored else (w / width, x)
    matrix = np.array([[sx, 0, dx], [0, h / height, y]])
    canvas = cv2.warpAffine(
        sample.image, matrix, (size.width, size.height), flags=cv2.INTER_LINEAR, borderValue=(PAD_GREY,) * 3
    )
    return np.asarray(canvas, np.uint8), _move(sample.boxes, matrix, (width, height), size)


def _place(room: float, length: float, rng: np.random.Generator) -> float:
    """Return where the picture starts so that it lies in the frame, or covers it when it is larger."""
    low, high = sorted((0.0, room - length))
    return float(rng.uniform(low, high))


def _move(
    boxes: Boxes, matrix: np.ndarray[tuple[int, ...], np.dtype[np.float64]], was: tuple[int, int], size: Size
) -> Boxes:
    xs = boxes[:, [1, 3]] * was[0] * matrix[0, 0] + matrix[0, 2]
    ys = boxes[:, [2, 4]] * was[1] * matrix[1, 1] + matrix[1, 2]
    moved = np.stack([xs.min(1), ys.min(1), xs.max(1), ys.max(1)], 1) if len(boxes) else np.zeros((0, 4))
    return clip_boxes(np.concatenate([boxes[:, :1], moved], 1).astype(np.float32), size)


def clip_boxes(boxes: Boxes, size: Size) -> Boxes:
    """Return class and corners in pixels as class and 0-1, cut at the frame; what hardly shows any more is dropped."""
    edge = np.array([size.width, size.height] * 2, np.float32)
    shown = np.clip(boxes[:, 1:], 0, edge)
    sides, full = shown[:, 2:] - shown[:, :2], boxes[:, 3:] - boxes[:, 1:3]
    enough = sides.prod(1) >= _LEAST_SHOWN * full.prod(1)
    kept = enough & (sides.min(1, initial=1e9) >= _LEAST_PX)
    return np.asarray(np.concatenate([boxes[:, :1], shown / edge], 1)[kept], np.float32)


def mosaic(parts: list[tuple[Image, Boxes]], size: Size) -> tuple[Image, Boxes]:
    """Return four pictures of half the size each, side by side and above each other, as one."""
    half = (size.width // 2, size.height // 2)
    canvas = np.zeros((size.height, size.width, 3), np.uint8)
    rows = []
    for i, (image, boxes) in enumerate(parts):
        x, y = i % 2 * half[0], i // 2 * half[1]
        canvas[y : y + half[1], x : x + half[0]] = cv2.resize(image, half, interpolation=cv2.INTER_AREA)
        moved = boxes.copy()
        moved[:, 1:] = boxes[:, 1:] / 2 + np.array([i % 2, i // 2] * 2, np.float32) / 2
        rows.append(moved)
    merged = np.concatenate(rows)
    edge = np.array([1, *[size.width, size.height] * 2], np.float32)
    return canvas, clip_boxes(merged * edge, size)


def weather(image: Image, rng: np.random.Generator) -> Image:
    """Return the picture in another light, weather and at another quality; boxes stay as they are."""
    image = _light(image, rng)
    if rng.random() < 0.12:
        image = _night(image, rng)
    if rng.random() < 0.06:
        image = np.asarray(cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8)
    if rng.random() < 0.08:
        image = _rain(image, rng)
    if rng.random() < 0.06:
        image = np.asarray(cv2.addWeighted(image, 0.8, np.full_like(image, rng.integers(120, 230)), 0.2, 0), np.uint8)
    if rng.random() < 0.25:
        image = _blur(image, rng)
    if rng.random() < 0.2:
        image = _noise(image, rng.uniform(2, 12), rng)
    if rng.random() < 0.4:
        image = _compress(image, rng)
    return image


def _light(image: Image, rng: np.random.Generator) -> Image:
    """Exposure, contrast, white balance and gamma in one look-up; colour strength on top."""
    ramp = (np.arange(256) / 255.0)[:, None] ** float(np.exp(rng.uniform(-0.4, 0.4)))
    gains = rng.uniform(0.75, 1.2) * rng.uniform(0.9, 1.1, 3)
    table = np.clip(ramp * gains * 255 + rng.uniform(-18, 18), 0, 255).astype(np.uint8)
    image = np.asarray(cv2.LUT(image, np.ascontiguousarray(table[:, None, :])), np.uint8)
    grey = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    strength = rng.uniform(0.4, 1.35)
    return np.asarray(cv2.addWeighted(image, strength, grey, 1 - strength, 0), np.uint8)


def _night(image: Image, rng: np.random.Generator) -> Image:
    """Dark and noisy; what shines keeps shining."""
    ramp = np.arange(256) / 255.0
    table = (255 * (ramp ** rng.uniform(1.5, 2.8))).astype(np.uint8)
    return _noise(np.asarray(cv2.LUT(image, table), np.uint8), rng.uniform(3, 14), rng)


def _noise(image: Image, strength: float, rng: np.random.Generator) -> Image:
    grain = rng.standard_normal(image.shape, np.float32) * np.float32(strength)
    return np.clip(image + grain, 0, 255).astype(np.uint8)


def _rain(image: Image, rng: np.random.Generator) -> Image:
    height, width = image.shape[:2]
    streaks = np.zeros((height, width), np.uint8)
    lean, length = rng.integers(-6, 7), int(rng.integers(6, 18))
    for _ in range(int(rng.integers(40, 160))):
        x, y = int(rng.integers(0, width)), int(rng.integers(0, height))
        cv2.line(streaks, (x, y), (x + int(lean), y + length), int(rng.integers(60, 160)), 1)
    soft = cv2.blur(streaks, (2, 3))[..., None]
    return np.clip(image * 0.92 + soft * 0.6, 0, 255).astype(np.uint8)


def _blur(image: Image, rng: np.random.Generator) -> Image:
    if rng.random() < 0.5:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.8)), np.uint8)
    length = int(rng.integers(2, 8))
    return np.asarray(cv2.blur(image, (length, 1) if rng.random() < 0.7 else (1, length)), np.uint8)


def _compress(image: Image, rng: np.random.Generator) -> Image:
    """Shrunk by half and back, as a substream is, or not; then squeezed hard."""
    height, width = image.shape[:2]
    if rng.random() < 0.3:
        image = np.asarray(cv2.resize(cv2.resize(image, (width // 2, height // 2)), (width, height)), np.uint8)
    _, packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 60))])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
