"""What does not move: sky, ground plans, houses, ridges, walls, lamp posts."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from gateway.simulator.scenery.figures import shade
from gateway.simulator.scenery.lens import Lens, Picture, Plane, Points, picture_of, plane
from gateway.simulator.scenery.texture import Colour, blend, cloud, fill, gradient, matter

_HAZE: Colour = (214, 205, 196)


class Plan:
    """The ground drawn from above, in metres, before it is laid into the view."""

    PX_PER_M = 30

    def __init__(
        self, rng: np.random.Generator, left_m: float, near_m: float, size_m: tuple[float, float], colour: Colour
    ) -> None:
        self._left_m, self._near_m = left_m, near_m
        rows, columns = round(size_m[1] * self.PX_PER_M), round(size_m[0] * self.PX_PER_M)
        self._rng = rng
        self.picture = matter(rng, (rows, columns), colour, 5, 6)

    def area(self, outline: list[tuple[float, float]], colour: Colour, grain: float = 5.0, wear: float = 6.0) -> None:
        """Cover a polygon (X, Y in metres) with a surface of its own."""
        part, mask = self._part(outline)
        if part.size == 0:
            return
        surface = matter(self._rng, part.shape[:2], colour, grain, wear)
        blend(part, surface, mask)

    def paint(self, outline: list[tuple[float, float]], colour: Colour, cover: float = 0.85) -> None:
        """Put road paint on a polygon; worn through here and there."""
        part, mask = self._part(outline)
        if part.size == 0:
            return
        worn = np.clip(cover + 0.22 * cloud(self._rng, part.shape[0], part.shape[1], 14, 3), 0, 1)
        blend(part, colour, plane(mask * worn))

    def stripe(self, start: tuple[float, float], end: tuple[float, float], width_m: float, colour: Colour) -> None:
        """Paint a straight line."""
        a, b = np.array(start), np.array(end)
        side = np.array([a[1] - b[1], b[0] - a[0]]) / np.hypot(*(b - a)) * width_m / 2
        self.paint([tuple(a + side), tuple(b + side), tuple(b - side), tuple(a - side)], colour)

    def dashes(self, x: float, span: tuple[float, float], pattern: tuple[float, float], colour: Colour) -> None:
        """Paint a broken line along Y: dash and gap in metres."""
        for y in np.arange(span[0], span[1], sum(pattern)):
            self.stripe((x, float(y)), (x, float(y) + pattern[0]), 0.13, colour)

    def slabs(self, outline: list[tuple[float, float]], side_m: float, depth: float) -> None:
        """Cut joints between paving slabs into a polygon, and vary their tone."""
        part, mask = self._part(outline)
        step = side_m * self.PX_PER_M
        rows, columns = np.arange(part.shape[0]) / step, np.arange(part.shape[1]) / step
        tone = self._rng.normal(0, 5, (int(rows[-1]) + 2, int(columns[-1]) + 2))
        values = tone[rows.astype(int)[:, None], columns.astype(int)[None, :]]
        joint = np.minimum(rows % 1, 1)[:, None] < 2.2 / step
        joint = joint | ((columns % 1)[None, :] < 2.2 / step)
        part[:] = picture_of(part + ((values - depth * joint) * mask)[..., None])

    def shadow(self, centre: tuple[float, float], radius_m: float, strength: float = 0.5) -> None:
        """Darken the ground under a tree crown, with gaps of light."""
        (x, y), (wide, tall) = centre, (radius_m * 1.9, radius_m * 1.3)
        part, _ = self._part([(x - wide, y - tall), (x + wide, y - tall), (x + wide, y + tall), (x - wide, y + tall)])
        rows, columns = np.ogrid[-tall : tall : part.shape[0] * 1j, -wide : wide : part.shape[1] * 1j]
        reach = np.hypot(columns / 1.5, rows) / radius_m
        gaps = cloud(self._rng, part.shape[0], part.shape[1], 26, 4) * 0.22
        blend(part, (40, 36, 34), plane(np.clip((1.0 - reach + gaps) * 2.2, 0, 1) * strength))

    def lay(self, lens: Lens) -> tuple[Picture, Plane]:
        """Return the plan seen through the lens, and where it covers the picture (0-1)."""
        args = (self._left_m, self._near_m, float(self.PX_PER_M))
        cover = plane(lens.warp_plan(np.full_like(self.picture, 255), *args)[..., 0] / 255)
        return lens.warp_plan(self.picture, *args), cover

    def _part(self, outline: list[tuple[float, float]]) -> tuple[Picture, Plane]:
        """Return the part of the plan around a polygon, and the polygon's mask on it (0-1)."""
        points = self._pixels(outline)
        low = np.maximum(np.floor(points.min(axis=0)).astype(int), 0)
        high = np.maximum(np.ceil(points.max(axis=0)).astype(int) + 1, low)
        part = self.picture[low[1] : high[1], low[0] : high[0]]
        mask = np.zeros(part.shape[:2], np.uint8)
        if part.size:
            cv2.fillPoly(mask, [np.round((points - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return part, plane(mask / 255)

    def _pixels(self, outline: list[tuple[float, float]]) -> Points:
        points = np.array(outline, float)
        x = (points[:, 0] - self._left_m) * self.PX_PER_M
        y = self.picture.shape[0] - (points[:, 1] - self._near_m) * self.PX_PER_M
        return np.stack([x, y], axis=1)


@dataclass(frozen=True, slots=True)
class House:
    """A block of flats: corner nearest to the origin, size along X, Y and Z, storeys and looks."""

    x: float
    y: float
    size_m: tuple[float, float, float]
    storeys: int
    colour: Colour
    bays: tuple[int, int] = (6, 6)  # windows per storey on the face along X, and on that along Y


def sky(rng: np.random.Generator, lens: Lens, top: Colour, low: Colour, cover: float = 0.5) -> Picture:
    """Return a whole picture of sky with soft clouds; what is below the horizon is haze."""
    base = gradient(lens.height, lens.width, ((0, top), (max(lens.horizon_px / lens.height, 0.02), low), (1, low)))
    noise = cv2.resize(cloud(rng, lens.height // 2, lens.width // 4, 90, 5), (lens.width, lens.height))
    blend(base, (238, 234, 230), plane(np.clip(noise * 0.28 + cover - 0.35, 0, 0.8)))
    return base


def build(picture: Picture, lens: Lens, rng: np.random.Generator, house: House) -> None:
    """Draw a house: the front towards us, and the side that can be seen."""
    x2, y2, height = house.x + house.size_m[0], house.y + house.size_m[1], house.size_m[2]
    if house.x > 0 or x2 < 0:
        side = house.x if house.x > 0 else x2
        wall = np.array([(side, y2, height), (side, house.y, height), (side, house.y, 0), (side, y2, 0)], float)
        if side < 0:
            wall = wall[[1, 0, 3, 2]]
        _face(picture, lens, _facade(rng, house, house.bays[1], 0.78 if house.x > 0 else 1.0), wall)
    front = np.array(
        [(house.x, house.y, height), (x2, house.y, height), (x2, house.y, 0), (house.x, house.y, 0)], float
    )
    _face(picture, lens, _facade(rng, house, house.bays[0], 0.92), front)
    roof = np.array([(house.x, house.y, height), (x2, house.y, height), (x2, y2, height), (house.x, y2, height)], float)
    if lens.height_m > height:
        fill(picture, lens.project(roof), shade(house.colour, 0.7))


def _face(picture: Picture, lens: Lens, facade: Picture, corners: Points) -> None:
    """Lay a facade on the wall with these corners: top left, top right, bottom right, bottom left."""
    rows, columns = facade.shape[:2]
    target = lens.project(corners)
    low = np.maximum(np.floor(target.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(target.max(axis=0)).astype(int) + 1, (lens.width, lens.height))
    part = picture[low[1] : high[1], low[0] : high[0]]
    if part.size == 0:
        return
    source = np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float32)
    matrix = cv2.getPerspectiveTransform(source, (target - low).astype(np.float32))
    small = cv2.GaussianBlur(facade, (0, 0), 0.8)
    warped = cv2.warpPerspective(small, matrix, part.shape[1::-1], flags=cv2.INTER_LINEAR)
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round((target - low) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    blend(part, np.asarray(warped, np.uint8), mask.astype(np.float32) / 255)


def _facade(rng: np.random.Generator, house: House, bays: int, light: float) -> Picture:
    cell = 64
    rows, columns = house.storeys * cell, bays * cell
    wall = matter(rng, (rows, columns), shade(house.colour, light), 4, 6)
    for storey in range(house.storeys):
        top = storey * cell
        cv2.rectangle(wall, (0, top), (columns, top + 4), shade(house.colour, light * 0.86), -1)
        for bay in range(bays):
            _window(rng, wall, (bay * cell, top), light, balcony=bay % 3 == 1 and storey < house.storeys - 1)
    streaks = cv2.resize(cloud(rng, max(rows // 60, 3), columns // 3, 4, 3), (columns, rows))
    return picture_of(wall + np.minimum(streaks, 0)[..., None] * 7)


def _window(rng: np.random.Generator, wall: Picture, corner: tuple[int, int], light: float, *, balcony: bool) -> None:
    x, y = corner[0] + 14, corner[1] + 16
    glass = float(rng.uniform(0.55, 1.25)) * light
    cv2.rectangle(wall, (x - 3, y - 3), (x + 39, y + 37), shade((215, 215, 214), light * 0.9), -1)
    cv2.rectangle(wall, (x, y), (x + 36, y + 34), shade((88, 78, 66), glass), -1)
    cv2.rectangle(wall, (x, y), (x + 36, y + 10), shade((120, 108, 94), glass), -1)
    if rng.random() < 0.45:
        drawn = int(rng.integers(8, 30))
        cv2.rectangle(wall, (x, y), (x + drawn, y + 34), shade((168, 176, 184), light * 0.85), -1)
    cv2.line(wall, (x + 18, y), (x + 18, y + 34), shade((205, 205, 204), light * 0.9), 2)
    cv2.rectangle(wall, (x - 5, y + 36), (x + 41, y + 39), shade((120, 120, 122), light), -1)
    if balcony:
        cv2.rectangle(wall, (x - 8, y + 20), (x + 44, y + 40), shade((172, 170, 166), light * 0.9), -1)
        for bar in range(x - 6, x + 44, 5):
            cv2.line(wall, (bar, y + 21), (bar, y + 39), shade((110, 108, 106), light), 1)
    elif rng.random() < 0.35:  # an air conditioner below the sill
        cv2.rectangle(wall, (x + 4, y + 41), (x + 22, y + 47), shade((196, 196, 194), light * 0.9), -1)


@dataclass(frozen=True, slots=True)
class Ridge:
    """A wooded ridge across the picture: all heights as shares of the picture's, from its top."""

    crest: tuple[float, float]  # highest and lowest point of the skyline
    foot: float
    tree_px: float  # height of a tree at the crest
    colour: Colour
    haze: float  # 0-1, at the crest


def ridge(picture: Picture, rng: np.random.Generator, form: Ridge) -> None:
    """Draw a ridge: the ground, then trees row by row down to its foot."""
    rows, columns = picture.shape[:2]
    line = cloud(rng, 2, columns, columns / 2.5, 4)[0]
    line = (line - line.min()) / (np.ptp(line) + 1e-6)
    top = (form.crest[0] + (form.crest[1] - form.crest[0]) * line) * rows
    foot = np.full_like(top, form.foot * rows)
    outline = np.concatenate([np.stack([np.arange(columns), y], axis=1) for y in (top, foot)])
    outline[columns:] = outline[columns:][::-1]
    fill(picture, outline, _hazy(shade(form.colour, 0.72), form.haze))
    depth = float(np.mean(foot - top))
    down = 0.0
    while down < depth:
        size = form.tree_px * (1 + 1.5 * down / depth)
        fade = form.haze * (1 - 0.7 * down / depth)
        _conifers(picture, rng, top + (foot - top) * (down / depth), size, (form.colour, fade))
        down += size * 0.34


def _conifers(picture: Picture, rng: np.random.Generator, base: Plane, size: float, tone: tuple[Colour, float]) -> None:
    for x in np.arange(-size, len(base) + size, size * 0.42):
        at = float(x + rng.uniform(-0.4, 0.4) * size)
        foot = float(base[int(np.clip(at, 0, len(base) - 1))]) + rng.uniform(-0.1, 0.5) * size
        _conifer(picture, rng, (at, foot), size * rng.uniform(0.75, 1.45), tone)


def _conifer(
    picture: Picture,
    rng: np.random.Generator,
    foot: tuple[float, float],
    tall: float,
    tone: tuple[Colour, float],
) -> None:
    x, y = foot
    wide, light = tall * rng.uniform(0.20, 0.27), rng.uniform(0.70, 1.08)
    tiers = np.arange(4)
    low, half = y - tall * tiers * 0.22, wide * (1 - tiers * 0.2)
    for side, gain in ((-1, 1.06), (1, 0.80)):  # the sun stands on the left
        tips = np.stack([x + side * half, low], axis=1)
        notches = np.stack([x + side * half * 0.45, low - tall * 0.17], axis=1)
        edge = np.stack([tips, notches], axis=1).reshape(-1, 2)
        outline = np.concatenate([[(x, y)], edge, [(x, low[-1] - tall * 0.36)]])
        fill(picture, outline, _hazy(shade(tone[0], light * gain), tone[1]))


def _hazy(colour: Colour, share: float) -> Colour:
    b, g, r = (c + (h - c) * share for c, h in zip(colour, _HAZE, strict=True))
    return (b, g, r)


def post(picture: Picture, lens: Lens, foot: tuple[float, float], height_m: float, *, lamp: bool = True) -> None:
    """Draw a lamp post."""
    x, y = foot
    at = lens.project(np.array([(x, y, 0), (x, y, height_m), (x - 0.9, y, height_m + 0.15)], float))
    thick = max(lens.pixels_per_m(x, y) * 0.12, 1.5)
    side = np.array([thick / 2, 0])
    fill(picture, np.array([at[0] - side, at[0] + side, at[1] + side * 0.6, at[1] - side * 0.6]), (92, 90, 88))
    fill(picture, np.array([at[0] - side, at[0], at[1], at[1] - side * 0.6]), (132, 130, 128))
    if lamp:
        drop = np.array([0, thick * 0.8])
        fill(picture, np.array([at[1], at[2], at[2] + drop, at[1] + drop]), (120, 120, 118))


def block(
    picture: Picture, lens: Lens, low: tuple[float, float, float], high: tuple[float, float, float], colour: Colour
) -> None:
    """Draw a plain box between two corners: top, front and the side that can be seen."""
    (x1, y1, z1), (x2, y2, z2) = low, high
    if x1 > 0:
        fill(
            picture,
            lens.project(np.array([(x1, y1, z1), (x1, y2, z1), (x1, y2, z2), (x1, y1, z2)], float)),
            shade(colour, 0.72),
        )
    if x2 < 0:
        fill(
            picture,
            lens.project(np.array([(x2, y1, z1), (x2, y2, z1), (x2, y2, z2), (x2, y1, z2)], float)),
            shade(colour, 0.62),
        )
    fill(
        picture,
        lens.project(np.array([(x1, y1, z1), (x2, y1, z1), (x2, y1, z2), (x1, y1, z2)], float)),
        shade(colour, 0.84),
    )
    if lens.height_m > z2:
        fill(
            picture,
            lens.project(np.array([(x1, y1, z2), (x2, y1, z2), (x2, y2, z2), (x1, y2, z2)], float)),
            shade(colour, 1.04),
        )


def haze(picture: Picture, lens: Lens, full_at_m: float, strength: float, colour: Colour = _HAZE) -> None:
    """Let the ground fade with distance."""
    _, y = lens.ground()
    blend(picture, colour, plane(np.clip(y / full_at_m, 0, 1) ** 1.5 * strength))
