"""A car is seen where it is, with its shadow, and its lamps shine."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gateway.simulator.scenery.car import Car, Headlights
from gateway.simulator.scenery.figures import Route, Waypoint
from gateway.simulator.scenery.lens import Lens, Picture

LENS = Lens(480, 270, height_m=6.0, pitch_deg=16)
WAYS = {"to us": (0, 30, 0, 12), "away": (0, 12, 0, 30), "right": (-4, 18, 4, 18), "slant": (-4, 26, 4, 14)}


def ground() -> Picture:
    return np.full((270, 480, 3), 110, np.uint8)


def route(way: str) -> Route:
    x1, y1, x2, y2 = WAYS[way]
    return Route([Waypoint(0, x1, y1), Waypoint(4, x2, y2)])


def test_no_car_outside_its_route() -> None:
    """Nothing is drawn, and it is infinitely far."""
    car, lights = Car(LENS, route("to us"), (60, 60, 160)), Headlights(LENS, route("to us"))
    picture = ground()
    car.draw(picture, 5.0)
    lights.draw(picture, 5.0)
    assert (picture == 110).all()
    assert car.distance_m(5.0) == lights.distance_m(5.0) == math.inf


@pytest.mark.parametrize("way", WAYS)
def test_car_from_all_sides(way: str) -> None:
    """Paint, glass and shadow around the place where it stands, on no more than its own room."""
    car = Car(LENS, route(way), (40, 40, 200))
    picture = ground()
    car.draw(picture, 2.0)
    pose = route(way).pose(2.0)
    assert pose is not None
    at = LENS.project(np.array([[pose.x, pose.y, 0.7]]))[0]
    changed = np.argwhere((picture != 110).any(axis=2))
    assert np.abs(changed.mean(axis=0) - at[::-1]).max() < 2.0 * LENS.pixels_per_m(pose.x, pose.y)
    red = (picture[..., 2].astype(int) - picture[..., 0] > 60).sum()
    dark = (picture.max(axis=2) < 70).sum()
    assert red > 100
    assert dark > 60


def test_standing_car_is_drawn_once() -> None:
    """A parked car costs a blend, not a painting."""
    way = Route([Waypoint(0, 0, 20), Waypoint(1, 0, 16), Waypoint(9, 0, 16)])
    car = Car(LENS, way, (40, 40, 200))
    car.draw(ground(), 3.0)
    kept = car._kept
    car.draw(ground(), 7.0)
    assert kept is not None
    assert car._kept is kept


def test_headlights_add_light_before_the_car() -> None:
    """Two glaring spots, and the road ahead is brighter than behind."""
    picture = np.full((270, 480, 3), 20, np.uint8)
    Headlights(LENS, route("to us")).draw(picture, 2.0)
    assert (picture.min(axis=2) > 180).sum() > 8
    ahead, behind = (LENS.project(np.array([[0.0, y, 0.0]]))[0].astype(int) for y in (15.0, 30.0))
    assert picture[ahead[1], ahead[0], 2] > picture[behind[1], behind[0], 2] + 20
