"""Figures are drawn large on a patch with a matte, then shrunk into the picture: soft edges without a visible brush."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from gateway.simulator.scenery.lens import Lens, Picture, Plane, Points, picture_of, plane
from gateway.simulator.scenery.texture import Colour, blend, fill

OVERSAMPLING = 4
SUN = np.array([-0.55, -0.45, 0.70])  # unit-length direction towards the sun: from the left, behind the camera
_MAX_PATCH_PX = 1200  # a figure nearer than this would fill the picture; it is cut


class Layer(Protocol):
    """Something drawn over the backdrop in every picture."""

    def distance_m(self, at_s: float) -> float:
        """How far away it is: farther layers are drawn first."""

    def draw(self, picture: Picture, at_s: float) -> None:
        """Draw the state of this moment in place."""


class Patch:
    """A piece of the picture, enlarged, on which a figure is painted with `fill_world`."""

    def __init__(self, lens: Lens, outline: Points) -> None:
        """Cover the world points `outline` (n, 3)."""
        at = lens.project(outline)
        low = np.floor(at.min(axis=0)).astype(int) - 3
        high = np.ceil(at.max(axis=0)).astype(int) + 3
        low = np.maximum(low, -_MAX_PATCH_PX)
        high = np.minimum(high, low + _MAX_PATCH_PX)
        self.corner = low
        self.lens = lens
        width, height = (np.maximum(high - low, 1) * OVERSAMPLING).tolist()
        self.colour: Picture = np.zeros((height, width, 3), np.uint8)
        self.matte = np.zeros((height, width), np.uint8)

    def place(self, world: Points) -> Points:
        """Return positions on the patch of world points."""
        return np.asarray((self.lens.project(world) - self.corner) * OVERSAMPLING)

    def fill(self, points: Points, colour: Colour) -> None:
        """Fill a polygon given in patch pixels."""
        fill(self.colour, points, colour)
        fixed = np.round(points * 16).astype(np.int32)
        cv2.fillPoly(self.matte, [fixed], 255, cv2.LINE_AA, 4)

    def fill_world(self, world: Points, colour: Colour) -> None:
        """Fill a polygon given in world points (n, 3)."""
        self.fill(self.place(world), colour)

    def taper(self, ends: Points, radii_m: tuple[float, float], colour: Colour, scale: float) -> None:
        """Fill a limb: the hull of two discs around world points (2, 3); `scale` is patch pixels per metre."""
        turn = np.linspace(0, 2 * np.pi, 14, endpoint=False)
        ring = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        at = self.place(ends)
        discs = np.concatenate([at[i] + ring * radii_m[i] * scale for i in range(2)]).astype(np.float32)
        self.fill(cv2.convexHull(discs)[:, 0, :].astype(np.float64), colour)

    def cut_out(self) -> Cutout:
        """Shrink to picture size."""
        height, width = self.matte.shape
        size = (width // OVERSAMPLING, height // OVERSAMPLING)
        matte = cv2.resize(self.matte, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        # Weighted by the matte, so that the black around the figure does not darken its edge.
        inside = self.matte.astype(np.float32)[..., None] / 255
        colour = cv2.resize(self.colour * inside, size, interpolation=cv2.INTER_AREA)
        colour = colour.reshape(size[1], size[0], 3) / np.maximum(matte, 1e-3)[..., None]
        return Cutout(int(self.corner[0]), int(self.corner[1]), picture_of(colour), plane(matte))


@dataclass(frozen=True, slots=True)
class Cutout:
    """A figure at picture size, with its matte (float32, 0-1), and where its top left corner lies."""

    left: int
    top: int
    colour: Picture
    matte: Plane

    def lay_on(self, picture: Picture, opacity: float = 1.0) -> None:
        """Blend into a picture, cut at its borders."""
        x1, y1 = max(self.left, 0), max(self.top, 0)
        x2 = min(self.left + self.matte.shape[1], picture.shape[1])
        y2 = min(self.top + self.matte.shape[0], picture.shape[0])
        if x1 >= x2 or y1 >= y2:
            return
        own = np.s_[y1 - self.top : y2 - self.top, x1 - self.left : x2 - self.left]
        blend(picture[y1:y2, x1:x2], self.colour[own], self.matte[own] * opacity)


def shadow(lens: Lens, body: Points, strength: float, softness_px: float = 2.0) -> Cutout:
    """Return the shadow that the hull of a body (n, 3) throws on the ground."""
    ground = body - SUN * (body[:, 2] / SUN[2])[:, None]
    ground[:, 2] = 0.0
    at = lens.project(ground)
    corner = np.floor(at.min(axis=0)).astype(int) - 8
    size = np.clip(np.ceil(at.max(axis=0)).astype(int) + 8 - corner, 1, _MAX_PATCH_PX)
    mask = np.zeros((int(size[1]), int(size[0])), np.uint8)
    hull = cv2.convexHull((at - corner).astype(np.float32))[:, 0, :]
    cv2.fillPoly(mask, [np.round(hull * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    soft = cv2.GaussianBlur(mask, (0, 0), softness_px).astype(np.float32) / 255 * strength
    dark = np.full((*mask.shape, 3), (38, 32, 30), np.uint8)
    return Cutout(int(corner[0]), int(corner[1]), dark, np.asarray(soft, np.float32))


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Where somebody is at a time; in between they move evenly, or gently (`eased`) when they start or stop."""

    at_s: float
    x: float
    y: float
    eased: bool = False  # of the way that begins here


@dataclass(frozen=True, slots=True)
class Pose:
    """Place, heading (radians from +X towards +Y), and metres gone since the start."""

    x: float
    y: float
    heading: float
    gone_m: float
    moving: bool


class Route:
    """A way through the scene in time; outside its first and last waypoint nobody is there."""

    def __init__(self, waypoints: Sequence[Waypoint]) -> None:
        self._points = tuple(waypoints)

    @property
    def begins_s(self) -> float:
        """When it begins."""
        return self._points[0].at_s

    @property
    def ends_s(self) -> float:
        """When it ends."""
        return self._points[-1].at_s

    def pose(self, at_s: float) -> Pose | None:
        """Return the pose, or None while there is none."""
        if not self.begins_s <= at_s <= self.ends_s:
            return None
        gone, heading = 0.0, 0.0
        for here, there in zip(self._points, self._points[1:], strict=False):
            step = np.array([there.x - here.x, there.y - here.y])
            length = float(np.hypot(*step))
            heading = float(np.arctan2(step[1], step[0])) if length > 0.01 else heading
            if at_s <= there.at_s:
                share = _share(here, there, at_s)
                place = np.array([here.x, here.y]) + step * share
                return Pose(float(place[0]), float(place[1]), heading, gone + length * share, length > 0.01)
            gone += length
        return None


def _share(here: Waypoint, there: Waypoint, at_s: float) -> float:
    linear = (at_s - here.at_s) / max(there.at_s - here.at_s, 1e-6)
    return linear * linear * (3 - 2 * linear) if here.eased else linear


def shade(colour: Colour, light: float) -> Colour:
    """Return a colour lit by a factor, towards white above 1."""
    if light <= 1:
        return (colour[0] * light, colour[1] * light, colour[2] * light)
    white = min(light - 1, 1.0)
    return (
        colour[0] + (255 - colour[0]) * white,
        colour[1] + (255 - colour[1]) * white,
        colour[2] + (255 - colour[2]) * white,
    )
