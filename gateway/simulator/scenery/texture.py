"""Noise that looks like matter: clouds, asphalt, grass, smoke."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from gateway.simulator.scenery.lens import Picture, Plane, Values, picture_of, plane

Colour = tuple[float, float, float]  # blue, green, red, 0-255


def cloud(rng: np.random.Generator, height: int, width: int, cell_px: float, octaves: int = 4) -> Plane:
    """Return fractal noise, float32 (height, width), mean 0 and standard deviation 1; the coarsest cell as given."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        cell = max(cell_px / 2**octave, 1.0)
        grid = rng.standard_normal((int(height / cell) + 3, int(width / cell) + 3)).astype(np.float32)
        grown = cv2.resize(grid, None, fx=cell, fy=cell, interpolation=cv2.INTER_CUBIC)
        total += grown[:height, :width] * 0.5**octave
    return plane((total - total.mean()) / (total.std() + 1e-6))


def tile(rng: np.random.Generator, size: int, cell_px: float, octaves: int = 4) -> Plane:
    """Return square noise that repeats without a seam, mean 0 and standard deviation 1."""
    noise = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        white = rng.standard_normal((size, size)).astype(np.float32)
        sigma = max(cell_px / 2**octave / 2, 0.5)
        pad = min(int(sigma * 4), size)
        soft = cv2.GaussianBlur(np.pad(white, pad, mode="wrap"), (0, 0), sigma)[pad:-pad, pad:-pad]
        noise += plane(soft / (soft.std() + 1e-6) * 0.5**octave)
    return plane((noise - noise.mean()) / (noise.std() + 1e-6))


def matter(rng: np.random.Generator, size: tuple[int, int], colour: Colour, grain: float, patches: float) -> Picture:
    """Return a surface (height, width) of one colour with fine grain and large patches, in grey levels."""
    height, width = size
    fine = cloud(rng, height, width, 3, 2) * grain
    rough = cloud(rng, height // 4 + 2, width // 4 + 2, max(height, width) / 24, 4) * patches
    fine += cv2.resize(rough, (width, height), interpolation=cv2.INTER_LINEAR)
    return picture_of(np.array(colour, np.float32) + fine[..., None])


def gradient(height: int, width: int, stops: Sequence[tuple[float, Colour]]) -> Picture:
    """Return a vertical gradient; stops are (share of the height, colour) from top to bottom."""
    at = np.linspace(0, 1, height)
    places = [s for s, _ in stops]
    rows = np.stack([np.interp(at, places, [c[i] for _, c in stops]) for i in range(3)], axis=1)
    return picture_of(np.repeat(rows[:, None, :], width, axis=1))


def blend(picture: Picture, colour: Picture | Colour, alpha: Values) -> None:
    """Lay a colour or picture over another in place; `alpha` is (h, w), 0-1."""
    over = np.asarray(colour, np.float32)
    base = picture.astype(np.float32)
    base += (over - base) * alpha[..., None]
    picture[:] = picture_of(base + 0.5)


def fill(picture: Picture, points: Values, colour: Colour) -> None:
    """Fill a polygon with smooth edges, placed to a sixteenth of a pixel."""
    fixed = np.round(np.asarray(points, np.float64) * 16).astype(np.int32)
    cv2.fillPoly(picture, [fixed], colour, cv2.LINE_AA, 4)
