"""Small things: a bag, benches, planters, and the stage that puts all layers together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from gateway.simulator.scenery.figures import OVERSAMPLING, Cutout, Layer, Patch, shade, shadow
from gateway.simulator.scenery.lens import Lens, Picture, Plane, Points
from gateway.simulator.scenery.texture import Colour
from gateway.simulator.scenery.weather import Caption, LensCover, Rain, Sensor


class Bag:
    """A travel bag that stands on the ground from a time on."""

    def __init__(self, lens: Lens, place: tuple[float, float], from_s: float, colour: Colour = (34, 34, 46)) -> None:
        self._y = place[1]
        self._from_s = from_s
        x, y = place
        low, high = np.array([x - 0.34, y - 0.15, 0.0]), np.array([x + 0.34, y + 0.15, 0.46])
        self._shadow = shadow(lens, _box(low, high), 0.6, 1.3)
        self._body = self._paint(lens, low, high, colour)

    def distance_m(self, at_s: float) -> float:  # noqa: ARG002
        """Where it stands."""
        return self._y

    def draw(self, picture: Picture, at_s: float) -> None:
        """Draw it once it is there."""
        if at_s >= self._from_s:
            self._shadow.lay_on(picture)
            self._body.lay_on(picture)

    def _paint(self, lens: Lens, low: Points, high: Points, colour: Colour) -> Cutout:
        patch = Patch(lens, _box(low, high + np.array([0, 0, 0.12])))
        (x1, y1, z1), (x2, y2, z2) = low, high
        scale = lens.pixels_per_m(x1, y1) * OVERSAMPLING
        handle = np.array([(x1 + 0.2, y1 + 0.1, z2 + 0.07), (x2 - 0.2, y1 + 0.1, z2 + 0.07)])
        patch.taper(handle, (0.03, 0.03), shade(colour, 0.8), scale)
        front = np.array([(x1, y1, z1), (x2, y1, z1), (x2, y1, z2), (x1, y1, z2)])
        top = np.array([(x1, y1, z2), (x2, y1, z2), (x2 - 0.05, y2, z2), (x1 + 0.05, y2, z2)])
        patch.fill_world(front, colour)
        patch.fill_world(top, shade(colour, 1.16))
        for at in (0.30, 0.66):
            strap = x1 + (x2 - x1) * at
            quad = np.array([(strap, y1, z1), (strap + 0.05, y1, z1), (strap + 0.05, y1, z2), (strap, y1, z2)])
            patch.fill_world(quad, shade(colour, 0.6))
        zip_line = np.array([(x1, y1, 0.34), (x2, y1, 0.34), (x2, y1, 0.36), (x1, y1, 0.36)])
        patch.fill_world(zip_line, (120, 122, 124))
        patch.colour[:] = cv2.GaussianBlur(patch.colour, (0, 0), OVERSAMPLING * 0.3)
        return patch.cut_out()


def _box(low: Points, high: Points) -> Points:
    return np.array([(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything of a scene, ready to be painted at any moment.

    Attributes:
        backdrop: What never changes.
        light: Multiplies the picture before the sensor sees it (float32, (h, w, 3)); None by day.
        glare: Light added after that, by a car's lamps.
    """

    backdrop: Picture
    layers: Sequence[Layer]
    sensor: Sensor
    caption: Caption
    light: Plane | None = None
    rain: Rain | None = None
    cover: LensCover | None = None
    glare: Layer | None = None

    def paint(self, number: int, at_s: float) -> Picture:
        """Return the picture of this number and time, uint8 BGR."""
        picture = self.backdrop.copy()
        present = [(layer.distance_m(at_s), layer) for layer in self.layers]
        for distance, layer in sorted(present, key=lambda p: -p[0]):
            if distance < math.inf:
                layer.draw(picture, at_s)
        if self.rain is not None:
            self.rain.fall(picture, number)
        if self.light is not None:
            picture = np.asarray(cv2.multiply(picture, self.light, dtype=cv2.CV_8U), np.uint8)
        if self.glare is not None:
            self.glare.draw(picture, at_s)
        if self.cover is not None:
            self.cover.draw(picture, at_s)
        picture = self.sensor.expose(np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.5), np.uint8), number, at_s)
        self.caption.draw(picture, at_s)
        return picture
