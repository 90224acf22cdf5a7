"""The stage draws far things first and everything that was put on it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

import numpy as np

from gateway.simulator.scenery.lens import Lens, Picture
from gateway.simulator.scenery.things import Bag, Stage
from gateway.simulator.scenery.weather import Caption, LensCover, Rain, Sensor

LENS = Lens(320, 180, height_m=6.0, pitch_deg=15)


class Flat:
    """A layer that fills the picture."""

    def __init__(self, distance_m: float, grey: int) -> None:
        self._distance_m, self._grey = distance_m, grey

    def distance_m(self, at_s: float) -> float:
        return self._distance_m

    def draw(self, picture: Picture, at_s: float) -> None:
        picture[:] = self._grey


def stage(*layers: Flat) -> Stage:
    rng = np.random.default_rng(11)
    caption = Caption("", datetime(2026, 1, 1), 40)  # noqa: DTZ001
    return Stage(np.full((180, 320, 3), 100, np.uint8), layers, Sensor(rng, (320, 180), 0.0, 0.0), caption)


def centre(made: Stage) -> int:
    return int(made.paint(0, 1.0)[90, 160, 0])


def test_absent_layers_are_not_drawn() -> None:
    """Infinitely far means not there."""
    assert centre(stage(Flat(math.inf, 0))) == 100


def test_near_covers_far() -> None:
    """Whatever the order in which they were put on the stage."""
    assert centre(stage(Flat(5, 200), Flat(50, 30))) == 200
    assert centre(stage(Flat(50, 30), Flat(5, 200))) == 200


def test_the_backdrop_is_not_painted_over() -> None:
    """A picture is a copy."""
    made = stage(Flat(5, 0))
    made.paint(0, 1.0)
    assert (made.backdrop == 100).all()


def test_light_glare_rain_and_cover() -> None:
    """Each changes the picture in its way: darker, brighter again, streaked, gone."""
    made = stage()
    night = replace(made, light=np.full((180, 320, 3), 0.5, np.float32))
    assert centre(night) == 50
    assert centre(replace(night, glare=Flat(1, 180))) == 180
    assert replace(made, rain=Rain(1, 1.0)).paint(0, 1.0)[90:].std() > 0
    cover = LensCover(np.random.default_rng(12), (320, 180), (0.0, 10.0))
    assert centre(replace(made, cover=cover)) > -1
    assert int(replace(made, cover=cover).paint(0, 5.0)[90, 160, 0]) < 70


def test_bag_appears_and_stays() -> None:
    """Not before its time; then always the same, at its place."""
    bag = Bag(LENS, (1.0, 16.0), from_s=3.0)
    pictures = [np.full((180, 320, 3), 150, np.uint8) for _ in range(3)]
    for picture, at_s in zip(pictures, (2.9, 3.0, 50.0), strict=True):
        bag.draw(picture, at_s)
    assert (pictures[0] == 150).all()
    assert (pictures[1] == pictures[2]).all()
    seen = np.argwhere(pictures[1].max(axis=2) < 90).mean(axis=0)
    at = LENS.project(np.array([[1.0, 16.0, 0.2]]))[0]
    assert np.abs(seen - at[::-1]).max() < 6
    assert bag.distance_m(0) == 16
