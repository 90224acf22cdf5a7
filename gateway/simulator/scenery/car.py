"""A saloon car as a body of lit faces, with glass, wheels, lamps and a shadow."""

from __future__ import annotations

import math

import cv2
import numpy as np

from gateway.simulator.scenery.figures import OVERSAMPLING, SUN, Cutout, Patch, Pose, Route, shade, shadow
from gateway.simulator.scenery.lens import Lens, Picture, Points, Values, picture_of
from gateway.simulator.scenery.texture import Colour

# The outline from the side, rear to front over the top: along the car, height (metres), and what the strip that
# begins here is made of.
_PROFILE: tuple[tuple[float, float, str], ...] = (
    (-2.18, 0.30, "bumper"),
    (-2.26, 0.52, "paint"),
    (-2.24, 0.80, "paint"),
    (-2.16, 0.95, "paint"),
    (-1.95, 1.00, "paint"),
    (-1.55, 1.03, "glass"),
    (-0.98, 1.36, "paint"),
    (-0.70, 1.43, "paint"),
    (-0.20, 1.46, "paint"),
    (0.18, 1.44, "paint"),
    (0.36, 1.40, "glass"),
    (1.06, 1.00, "paint"),
    (1.35, 0.94, "paint"),
    (1.85, 0.86, "paint"),
    (2.12, 0.76, "paint"),
    (2.25, 0.62, "bumper"),
    (2.27, 0.45, "bumper"),
    (2.18, 0.26, "bumper"),
)
_SIDE_GLASS = (
    ((-1.38, 1.04), (-0.92, 1.32), (-0.62, 1.38), (-0.28, 1.39), (-0.28, 1.03)),
    ((-0.20, 1.03), (-0.20, 1.39), (0.14, 1.37), (0.34, 1.32), (0.88, 1.02)),
)
_SIDE_BANDS = (0.26, 0.42, 0.58, 0.72, 0.86, 0.98, 1.05)  # heights between which the flank is lit alike
_BAND_LIGHT = (0.52, 0.66, 0.80, 0.92, 1.02, 1.16)
_AXLES = (-1.36, 1.38)
_TYRE_M = 0.33
_GLASS: Colour = (62, 54, 46)
_TYRE: Colour = (30, 29, 29)
_RIM: Colour = (150, 148, 146)
_DARK: Colour = (26, 24, 24)
_BLANK_PLATE: Colour = (150, 110, 60)


class Car:
    """A car on a route. A standing car is drawn once and kept."""

    def __init__(self, lens: Lens, route: Route, paint: Colour, *, lamps_on: bool = False) -> None:
        self._lens = lens
        self._route = route
        self._paint = paint
        self._lamps_on = lamps_on
        self._kept: tuple[Pose, tuple[Cutout, Cutout]] | None = None

    def distance_m(self, at_s: float) -> float:
        """As far as its middle."""
        pose = self._route.pose(at_s)
        return pose.y if pose else math.inf

    def draw(self, picture: Picture, at_s: float) -> None:
        """Lay shadow and body."""
        pose = self._route.pose(at_s)
        if pose is None:
            return
        if self._kept is None or self._kept[0] != pose:
            self._kept = (pose, self._paint_at(pose))
        for cutout in self._kept[1]:
            cutout.lay_on(picture)

    def _paint_at(self, pose: Pose) -> tuple[Cutout, Cutout]:
        body = _Body(self._lens, pose, self._paint)
        dark = shadow(self._lens, body.hull, 0.62, 2.5)
        return dark, body.paint(lamps_on=self._lamps_on)


class Headlights:
    """What a car's lamps light up at night: two glaring spots, and the road before them. Adds light, so drawn last."""

    def __init__(self, lens: Lens, route: Route) -> None:
        self._lens = lens
        self._route = route

    def distance_m(self, at_s: float) -> float:
        """As far as the car."""
        pose = self._route.pose(at_s)
        return pose.y if pose else math.inf

    def draw(self, picture: Picture, at_s: float) -> None:
        """Add the light of this moment."""
        pose = self._route.pose(at_s)
        if pose is None:
            return
        ahead = np.array([math.cos(pose.heading), math.sin(pose.heading), 0.0])
        aside = np.array([-ahead[1], ahead[0], 0.0])
        nose = np.array([pose.x, pose.y, 0.68]) + ahead * 2.3
        scale = self._lens.pixels_per_m(pose.x, pose.y)
        for side in (-0.68, 0.68):
            self._add(picture, nose + aside * side, (0.75 * scale, 0.75 * scale), 190)
            self._add(picture, nose + aside * side, (0.22 * scale, 0.22 * scale), 255)
        self._add(picture, nose + ahead * 4.5 - [0, 0, 0.68], (2.6 * scale, 1.2 * scale), 80)

    def _add(self, picture: Picture, world: Points, radii_px: tuple[float, float], strength: float) -> None:
        x, y = self._lens.project(world[None, :])[0]
        reach = (int(radii_px[0] * 2.5) + 2, int(radii_px[1] * 2.5) + 2)
        x1, x2 = max(int(x) - reach[0], 0), min(int(x) + reach[0], picture.shape[1])
        y1, y2 = max(int(y) - reach[1], 0), min(int(y) + reach[1], picture.shape[0])
        if x1 >= x2 or y1 >= y2:
            return
        rows, columns = np.ogrid[y1:y2, x1:x2]
        fall = np.exp(-(((columns - x) / radii_px[0]) ** 2 + ((rows - y) / radii_px[1]) ** 2))
        light = fall[..., None] * np.array([0.86, 0.96, 1.0]) * strength
        part = picture[y1:y2, x1:x2]
        part[:] = picture_of(part + light)


class _Body:
    def __init__(self, lens: Lens, pose: Pose, colour: Colour) -> None:
        self._turn = np.array(
            [(math.cos(pose.heading), math.sin(pose.heading)), (-math.sin(pose.heading), math.cos(pose.heading))]
        )
        self._place = np.array([pose.x, pose.y])
        self._rolled = pose.gone_m / _TYRE_M
        self._colour = colour
        self._lens = lens
        flank = np.array([(a, z) for a, z, _ in _PROFILE])
        self.hull = np.concatenate([self._world(flank[:, 0], side * 0.95, flank[:, 1]) for side in (-1, 1)])
        low = self._world(np.array([-2.2, 2.2]), 0.9, np.zeros(2))
        self.hull = np.concatenate([self.hull, low, self._world(np.array([-2.2, 2.2]), -0.9, np.zeros(2))])
        self._patch = Patch(lens, self.hull)

    def paint(self, *, lamps_on: bool) -> Cutout:
        sides = sorted((-1, 1), key=self._side_distance, reverse=True)
        self._floor()
        self._wheels(sides[0])
        for strip in sorted(range(len(_PROFILE) - 1), key=self._strip_distance, reverse=True):
            self._strip(strip)
        if self._faces_us(self._side_normal(sides[1]), self._world(np.zeros(1), sides[1] * 0.9, np.full(1, 0.7))):
            self._flank(sides[1])
            self._wheels(sides[1])
        self._ends(lamps_on=lamps_on)
        self._patch.colour[:] = cv2.GaussianBlur(self._patch.colour, (0, 0), OVERSAMPLING * 0.35)
        return self._patch.cut_out()

    def _world(self, along: Values, across: Values | float, up: Values) -> Points:
        flat = np.stack([along, np.broadcast_to(across, along.shape)], axis=1) @ self._turn + self._place
        return np.column_stack([flat, up])

    def _half_width(self, up: Values) -> Values:
        """Bulging at the belt, drawn in towards the roof and the sills."""
        return np.interp(up, [0.2, 0.5, 0.8, 1.0, 1.46], [0.84, 0.90, 0.91, 0.87, 0.60])

    def _side_normal(self, side: int) -> Points:
        return np.append(np.array([0.0, side]) @ self._turn, 0.15)

    def _side_distance(self, side: int) -> float:
        return float(self._lens.depth(self._world(np.zeros(1), side * 0.9, np.ones(1)))[0])

    def _strip_distance(self, index: int) -> float:
        ends = np.array([(a, z) for a, z, _ in _PROFILE[index : index + 2]])
        return float(self._lens.depth(self._world(ends[:, 0], 0.0, ends[:, 1])).mean())

    def _faces_us(self, normal: Points, at: Points) -> bool:
        return float(self._lens.toward(at)[0] @ normal) > 0.0

    def _light(self, normal: Points) -> float:
        unit = normal / np.linalg.norm(normal)
        return 0.50 + 0.42 * max(float(unit @ SUN), 0.0) + 0.30 * max(float(unit[2]), 0.0)

    def _floor(self) -> None:
        along, across = np.array([-2.1, 2.1, 2.1, -2.1]), np.array([-0.85, -0.85, 0.85, 0.85])
        self._patch.fill_world(self._world(along, across, np.full(4, 0.24)), _DARK)

    def _strip(self, index: int) -> None:
        (a, low, made_of), (b, high, _) = _PROFILE[index], _PROFILE[index + 1]
        along, up = np.array([a, b, b, a]), np.array([low, high, high, low])
        width = self._half_width(up) * np.array([1, 1, -1, -1])
        quad = self._world(along, width, up)
        normal = np.append(np.array([low - high, 0.0]) @ self._turn, b - a)
        if not self._faces_us(normal, quad.mean(axis=0, keepdims=True)):
            return
        light = self._light(normal)
        self._patch.fill_world(quad, shade(self._colour if made_of == "paint" else _DARK, light))
        if made_of == "glass":
            self._screen(along, up, light)
        elif made_of == "bumper":
            self._patch.fill_world(quad, shade(self._colour, light * 0.8))

    def _screen(self, along: Values, up: Values, light: float) -> None:
        """A windscreen in three bands, the sky mirrored in the upper ones."""
        for at, gloss in ((0.0, 0.9), (0.35, 1.05), (0.68, 1.22)):
            share = np.array([at, min(at + 0.36, 0.97), min(at + 0.36, 0.97), at])
            a = along[0] + (along[1] - along[0]) * share
            z = up[0] + (up[1] - up[0]) * share
            width = (self._half_width(z) - 0.07) * np.array([1, 1, -1, -1])
            self._patch.fill_world(self._world(a, width, z), shade(_GLASS, gloss * (0.7 + 0.4 * light)))

    def _flank(self, side: int) -> None:
        profile = np.array([(a, z) for a, z, _ in _PROFILE])
        light = 0.62 + 0.55 * self._light(self._side_normal(side)) - 0.2
        for low, high, band in zip(_SIDE_BANDS, _SIDE_BANDS[1:], _BAND_LIGHT, strict=False):
            self._band(side, profile, (low, high), light * band)
        roof = profile[profile[:, 1] >= 1.0]
        self._patch.fill_world(
            self._world(roof[:, 0], side * self._half_width(roof[:, 1]), roof[:, 1]), shade(self._colour, light)
        )
        for pane in _SIDE_GLASS:
            self._pane(side, np.array(pane), light)
        self._seams(side, light)

    def _band(self, side: int, profile: Points, heights: tuple[float, float], light: float) -> None:
        rear, front = profile[: len(profile) // 2], profile[len(profile) // 2 :][::-1]
        z = np.array([heights[0], heights[1], heights[1], heights[0]])
        a = np.array([np.interp(v, p[:, 1], p[:, 0]) for v, p in zip(z, (rear, rear, front, front), strict=True)])
        self._patch.fill_world(self._world(a, side * self._half_width(z), z), shade(self._colour, light))

    def _pane(self, side: int, pane: Points, light: float) -> None:
        width = side * (self._half_width(pane[:, 1]) + 0.005)
        self._patch.fill_world(self._world(pane[:, 0], width, pane[:, 1]), shade(_GLASS, 0.75 + 0.3 * light))
        top = pane.copy()
        top[:, 1] = np.maximum(top[:, 1], 1.22)
        top[:, 0] = np.where(pane[:, 1] < 1.22, np.clip(top[:, 0], -1.1, 0.55), top[:, 0])
        self._patch.fill_world(
            self._world(top[:, 0], side * (self._half_width(top[:, 1]) + 0.006), top[:, 1]),
            shade(_GLASS, 1.08 + 0.25 * light),
        )

    def _seams(self, side: int, light: float) -> None:
        """Door gaps, handles, and the mirror."""
        for at in (-0.98, -0.24, 0.92):
            quad = np.array([(at, 0.36), (at + 0.012, 0.36), (at + 0.012, 0.98), (at, 0.98)])
            self._patch.fill_world(
                self._world(quad[:, 0], side * (self._half_width(quad[:, 1]) + 0.006), quad[:, 1]),
                shade(self._colour, light * 0.55),
            )
        for at in (-0.86, -0.06):
            quad = np.array([(at, 0.86), (at + 0.17, 0.86), (at + 0.17, 0.89), (at, 0.89)])
            self._patch.fill_world(
                self._world(quad[:, 0], np.full(4, side * 0.93), quad[:, 1]), shade(self._colour, light * 0.7)
            )
        mirror = np.array([(0.72, 0.98), (0.92, 0.98), (0.90, 1.12), (0.74, 1.12)])
        self._patch.fill_world(
            self._world(mirror[:, 0], np.full(4, side * 1.02), mirror[:, 1]), shade(self._colour, light * 0.85)
        )

    def _wheels(self, side: int) -> None:
        turn = np.linspace(0, 2 * np.pi, 28, endpoint=False)
        for axle in _AXLES:
            for radius, out, colour in (
                (0.39, 0.905, _DARK),
                (_TYRE_M, 0.915, _TYRE),
                (0.225, 0.925, _RIM),
                (0.06, 0.93, _TYRE),
            ):
                along, up = axle + radius * np.cos(turn), _TYRE_M + radius * np.sin(turn)
                if radius > _TYRE_M:  # the arch is cut off above the sill
                    up = np.maximum(up, 0.24)
                self._patch.fill_world(self._world(along, side * out, up), colour)
            self._spokes(side, axle)

    def _spokes(self, side: int, axle: float) -> None:
        for spoke in range(5):
            angle = self._rolled + spoke * 2 * np.pi / 5
            spread = np.array([angle - 0.22, angle + 0.22])
            along = np.append(axle + 0.20 * np.cos(spread), axle + 0.07 * np.cos(angle))
            up = np.append(_TYRE_M + 0.20 * np.sin(spread), _TYRE_M + 0.07 * np.sin(angle))
            self._patch.fill_world(self._world(along, side * 0.928, up), (70, 68, 66))

    def _ends(self, *, lamps_on: bool) -> None:
        """Lamps, grille or bumper, and the blank plate, on whichever end faces us."""
        nose = np.append(np.array([1.0, 0.0]) @ self._turn, 0.0)
        if self._faces_us(nose, self._world(np.full(1, 2.2), 0.0, np.full(1, 0.6))):
            self._front((235, 245, 250) if lamps_on else (186, 184, 176))
        else:
            self._rear((70, 70, 235) if lamps_on else (42, 38, 140))

    def _front(self, lamp: Colour) -> None:
        for side in (-1, 1):
            self._plate(2.285, (side * 0.47, side * 0.88), (0.60, 0.77), _DARK)
            self._plate(2.29, (side * 0.52, side * 0.84), (0.63, 0.745), lamp)
            self._plate(2.29, (side * 0.58, side * 0.80), (0.34, 0.43), (52, 50, 50))
        self._plate(2.285, (-0.44, 0.44), (0.57, 0.73), _DARK)
        for bar in (0.61, 0.655, 0.70):
            self._plate(2.29, (-0.42, 0.42), (bar, bar + 0.014), (120, 120, 120))
        self._plate(2.285, (-0.54, 0.54), (0.27, 0.40), _DARK)
        self._plate(2.29, (-0.24, 0.24), (0.42, 0.54), _BLANK_PLATE)

    def _rear(self, lamp: Colour) -> None:
        for side in (-1, 1):
            self._plate(-2.275, (side * 0.52, side * 0.84), (0.68, 0.86), lamp)
        self._plate(-2.28, (-0.24, 0.24), (0.42, 0.54), _BLANK_PLATE)

    def _plate(self, along: float, across: tuple[float, float], up: tuple[float, float], colour: Colour) -> None:
        y = np.array([across[0], across[1], across[1], across[0]])
        z = np.array([up[0], up[0], up[1], up[1]])
        self._patch.fill_world(self._world(np.full(4, along), y, z), colour)
