"""What moves by itself: leaves in the wind, water, falling water."""

from __future__ import annotations

import math

import cv2
import numpy as np

from gateway.simulator.scenery.lens import Lens, Picture, Plane, Points, picture_of, plane
from gateway.simulator.scenery.texture import Colour, cloud, tile

_TILE_PX = 512


class Tree:
    """A broad-leaved tree whose crown sways; drawn once, bent anew in every picture."""

    def __init__(
        self, lens: Lens, rng: np.random.Generator, foot: tuple[float, float], size_m: tuple[float, float],
        leaf: Colour = (48, 92, 70),
    ) -> None:  # fmt: skip
        """`size_m` is the height of the tree and the width of its crown."""
        self._y = foot[1]
        self._phase = float(rng.uniform(0, 6.28))
        scale = lens.pixels_per_m(foot[0], foot[1], size_m[0] / 2)
        self._tall, wide = size_m[0] * scale, size_m[1] * scale
        pad = 8
        self._matte: Plane = np.zeros((int(self._tall) + 2 * pad, int(wide * 1.1) + 2 * pad), np.float32)
        self._colour = np.zeros((*self._matte.shape, 3), np.float32)
        base = lens.project(np.array([[foot[0], foot[1], 0.0]]))[0]
        self._corner = (int(base[0] - self._matte.shape[1] / 2), int(base[1] - self._matte.shape[0] + pad))
        self._grow(rng, wide, leaf)
        rows, columns = np.mgrid[: self._matte.shape[0], : self._matte.shape[1]].astype(np.float32)
        self._rows, self._columns = rows, columns
        self._give = (1 - rows / self._matte.shape[0]) ** 1.2 * max(self._tall * 0.008, 0.7)

    def distance_m(self, at_s: float) -> float:  # noqa: ARG002  rooted
        """As far as the trunk."""
        return self._y

    def draw(self, picture: Picture, at_s: float) -> None:
        """Bend the crown and lay it on."""
        gust = 0.6 + 0.4 * math.sin(at_s * 0.31 + self._phase)
        flutter = np.sin(at_s * 2.1 + self._columns * 0.09 + self._rows * 0.05 + self._phase)
        bend = self._give * gust * (math.sin(at_s * 1.15 + self._phase) + 0.7 * flutter)
        lift = self._give * 0.35 * np.sin(at_s * 2.7 + self._rows * 0.11 + self._columns * 0.03)
        where = (plane(self._columns + bend), plane(self._rows + lift))
        matte = cv2.remap(self._matte, where[0], where[1], cv2.INTER_LINEAR)
        colour = cv2.remap(self._colour, where[0], where[1], cv2.INTER_LINEAR)
        self._lay(picture, np.asarray(colour, np.float32), np.asarray(matte, np.float32))

    def _lay(self, picture: Picture, colour: Plane, matte: Plane) -> None:
        x1, y1 = max(self._corner[0], 0), max(self._corner[1], 0)
        x2 = min(self._corner[0] + matte.shape[1], picture.shape[1])
        y2 = min(self._corner[1] + matte.shape[0], picture.shape[0])
        if x1 >= x2 or y1 >= y2:
            return
        own = np.s_[y1 - self._corner[1] : y2 - self._corner[1], x1 - self._corner[0] : x2 - self._corner[0]]
        part = picture[y1:y2, x1:x2]
        part[:] = picture_of(part * (1 - matte[own][..., None]) + colour[own])

    def _grow(self, rng: np.random.Generator, wide: float, leaf: Colour) -> None:
        """Paint trunk and leaves on a canvas twice as large; colours are kept premultiplied by the matte."""
        rows, columns = self._matte.shape
        canvas = np.zeros((rows * 2, columns * 2, 4), np.uint8)
        centre, ground = columns, rows * 2 - 16
        trunk = max(wide * 0.05, 2.0)
        top = ground - self._tall * 1.1
        shape = np.array(
            [
                (centre - trunk, ground),
                (centre + trunk, ground),
                (centre + trunk * 0.5, top),
                (centre - trunk * 0.5, top),
            ]
        )
        cv2.fillPoly(canvas, [shape.astype(np.int32)], (58, 68, 78, 255), cv2.LINE_AA)
        crowns = self._crowns(rng, centre, ground, wide)
        self._leaves(rng, canvas, crowns, leaf)
        small = cv2.resize(canvas, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
        self._matte = np.asarray(small[..., 3] / 255, np.float32)
        self._colour = np.asarray(small[..., :3], np.float32)  # the canvas is black where it is clear

    def _crowns(self, rng: np.random.Generator, centre: int, ground: int, wide: float) -> Points:
        """Clumps as (x, y, radius) on the canvas, filling an ellipse."""
        middle, half = ground - self._tall * 1.28, np.array([wide * 0.78, self._tall * 0.50])
        clumps = []
        for _ in range(26):
            turn, reach = rng.uniform(0, 6.28), math.sqrt(rng.uniform(0, 1)) * 0.85
            at = np.array([centre, middle]) + half * reach * np.array([math.cos(turn), math.sin(turn)])
            clumps.append((at[0], at[1], wide * rng.uniform(0.22, 0.36)))
        return np.array(sorted(clumps, key=lambda c: -c[1]))

    def _leaves(self, rng: np.random.Generator, canvas: Picture, clumps: Points, leaf: Colour) -> None:
        size = max(self._tall * 0.014, 1.6)
        for x, y, radius in clumps:
            count = int(np.clip((radius / size) ** 2 * 0.9, 40, 420))
            turn, reach = rng.uniform(0, 6.28, count), np.sqrt(rng.uniform(0, 1, count)) * radius
            dx, dy = np.cos(turn) * reach, np.sin(turn) * reach * 0.85
            order = np.argsort(dx * 0.5 + -dy)  # the lit side last
            light = 0.66 + 0.36 * (-dx * 0.55 - dy * 0.8) / radius + rng.normal(0, 0.13, count)
            for i in order:
                tint = np.clip(np.array(leaf) * (light[i] + 0.35), 0, 255)
                axes = (int(size * rng.uniform(0.9, 1.7)) + 1, int(size * rng.uniform(0.5, 1.0)) + 1)
                at = (int(x + dx[i]), int(y + dy[i]))
                cv2.ellipse(canvas, at, axes, float(rng.uniform(0, 180)), 0, 360, (*tint.tolist(), 255), -1)


class Water:
    """A water surface: ripples drift over a colour that mirrors the sky with distance."""

    def __init__(
        self, lens: Lens, rng: np.random.Generator, outline: Points, drift_m_s: tuple[float, float],
        colours: tuple[Colour, Colour] = ((92, 96, 78), (190, 184, 170)),
    ) -> None:  # fmt: skip
        """`outline` is (n, 2) metres on the ground; `colours` near and far."""
        world = np.column_stack([outline, np.zeros(len(outline))])
        at = lens.project(world)
        mask = np.zeros((lens.height, lens.width), np.uint8)
        cv2.fillPoly(mask, [np.round(at * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        rows, columns = np.nonzero(mask)
        self._part = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        self._mask = plane(mask[self._part][..., None] / 255)
        x, y = (plane[self._part] for plane in lens.ground())
        self._x, self._y = x, y
        far = np.clip((y - y.min()) / max(float(np.ptp(np.minimum(y, 60))), 1.0), 0, 1)[..., None] ** 0.7
        self._tone = np.asarray(np.array(colours[0]) + (np.array(colours[1]) - np.array(colours[0])) * far, np.float32)
        self._calm = (8.0 / (1 + y / 22))[..., None]  # ripples melt together with distance
        self._tiles = (tile(rng, _TILE_PX, 46), tile(rng, _TILE_PX, 22))
        self._drift = drift_m_s

    def distance_m(self, at_s: float) -> float:  # noqa: ARG002
        """Behind everything that stands on the ground."""
        return 1e6

    def draw(self, picture: Picture, at_s: float) -> None:
        """Draw the surface as it is now."""
        waves = self._ripples(0, 60.0, 1.0, at_s) + 0.8 * self._ripples(1, 96.0, -0.6, at_s)
        shine = np.maximum(waves - 2.6, 0)[..., None] * 14
        surface = self._tone + waves[..., None] * self._calm + shine
        part = picture[self._part]
        part[:] = picture_of(part + (surface - part) * self._mask)

    def _ripples(self, index: int, px_per_m: float, way: float, at_s: float) -> Plane:
        u = (self._x - self._drift[0] * at_s * way) * px_per_m
        v = (self._y - self._drift[1] * at_s) * px_per_m * 1.7
        found = cv2.remap(
            self._tiles[index],
            plane(u % _TILE_PX),
            plane(v % _TILE_PX),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_WRAP,
        )
        return np.asarray(found, np.float32)


class Fall:
    """White water running down a weir: streaks on a quadrilateral, given by world corners from top left clockwise."""

    def __init__(self, lens: Lens, rng: np.random.Generator, corners: Points, y_m: float) -> None:
        self._y_m = y_m
        self._size = (900, 160)
        target = lens.project(corners).astype(np.float32)
        width, height = self._size
        source = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
        self._matrix = cv2.getPerspectiveTransform(source, target)
        streaks = cv2.resize(cloud(rng, 40, 450, 5, 3), (width, 480), interpolation=cv2.INTER_CUBIC)
        self._streaks = np.concatenate([streaks, streaks])
        low, high = np.floor(target.min(axis=0)).astype(int), np.ceil(target.max(axis=0)).astype(int)
        low, high = np.maximum(low, 0), np.minimum(high + 1, [lens.width, lens.height])
        self._part = np.s_[low[1] : high[1], low[0] : high[0]]
        self._shift = np.array([[1, 0, -low[0]], [0, 1, -low[1]], [0, 0, 1]], float)
        self._out = (int(high[0] - low[0]), int(high[1] - low[1]))

    def distance_m(self, at_s: float) -> float:  # noqa: ARG002
        """Where it stands."""
        return self._y_m

    def draw(self, picture: Picture, at_s: float) -> None:
        """Draw the streaks as they are now."""
        start = 480 - int(at_s * 220) % 480
        part = self._streaks[start : start + self._size[1]]
        foam = np.linspace(0.30, 0.95, self._size[1])[:, None]
        alpha = np.clip(foam + 0.30 * part, 0.05, 1)
        sheet = np.dstack([208 + 20 * part, 212 + 20 * part, 206 + 20 * part, alpha * 255])
        warped = cv2.warpPerspective(picture_of(sheet), self._shift @ self._matrix, self._out)
        target = picture[self._part]
        opacity = warped[..., 3:].astype(np.float32) / 255
        target[:] = picture_of(target + (warped[..., :3] - target.astype(np.float32)) * opacity)
