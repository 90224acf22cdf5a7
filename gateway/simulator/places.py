"""The places of the painted scenes: lane, weir, square and forest, each with its lens and backdrop.

A place is painted at twice the size and shrunk, so that distant windows and joints do not flicker in the encoder.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from gateway.simulator.scenery.figures import Layer
from gateway.simulator.scenery.lens import Lens, Picture, picture_of, plane
from gateway.simulator.scenery.nature import Fall, Tree, Water
from gateway.simulator.scenery.structures import House, Plan, Ridge, block, build, haze, post, ridge, sky
from gateway.simulator.scenery.texture import Colour, blend, cloud

Size = tuple[int, int]  # width, height
_WHITE: Colour = (206, 208, 208)
_YELLOW: Colour = (62, 168, 206)
_ASPHALT: Colour = (98, 100, 102)
_PAVING: Colour = (150, 154, 160)
_GRASS: Colour = (58, 104, 86)


@dataclass(frozen=True, slots=True)
class Place:
    """A backdrop with the layers that always belong to it."""

    lens: Lens
    backdrop: Picture
    layers: tuple[Layer, ...]


def lane_lens(size: Size) -> Lens:
    """A camera on a lamp post in a housing estate."""
    return Lens(*size, height_m=6.2, pitch_deg=16)


def weir_lens(size: Size) -> Lens:
    """A camera on a mast at the river."""
    return Lens(*size, height_m=7.0, pitch_deg=15)


def square_lens(size: Size) -> Lens:
    """A camera at the second floor of a house on the square."""
    return Lens(*size, height_m=7.0, pitch_deg=19)


def forest_lens(size: Size) -> Lens:
    """A camera on a watch tower; only its size matters, the ridges are not on the ground."""
    return Lens(*size, height_m=40.0, pitch_deg=4)


def lane(size: Size, rng: np.random.Generator) -> Place:
    """A lane between blocks of flats, with a yellow fire lane on its left half."""
    lens, large = lane_lens(size), lane_lens(size).scaled(2)
    picture = sky(rng, large, (206, 178, 150), (226, 218, 208))
    build(picture, large, rng, House(-30, 84, (60, 12, 30), 10, (158, 168, 178), (14, 3)))
    _lay(picture, _lane_plan(rng), large)
    haze(picture, large, 150, 0.55)
    for y in (58, 32, 6):
        build(picture, large, rng, House(-27, y, (15.5, 22, 18), 6, (140, 158, 176), (5, 8)))
    for y in (60, 34):
        build(picture, large, rng, House(14.5, y, (15, 22, 18), 6, (164, 170, 172), (5, 8)))
    for at in (52.0, 30.0):
        post(picture, large, (-5.6, at), 6.5)
    block(picture, large, (10.6, 13.2, 0), (14.0, 14.2, 1.1), (70, 96, 78))
    trees = [
        ((-8.3, 41.0), (6.0, 4.6)),
        ((-8.6, 24.0), (5.4, 4.2)),
        ((10.4, 44.0), (6.6, 5.0)),
        ((11.2, 27.0), (5.8, 4.6)),
    ]
    return Place(lens, _shrunk(picture, rng, size), tuple(Tree(lens, rng, foot, form) for foot, form in trees))


def weir(size: Size, rng: np.random.Generator) -> Place:
    """A weir across a river, a pool below it, a path on the near bank."""
    lens, large = weir_lens(size), weir_lens(size).scaled(2)
    picture = sky(rng, large, (208, 184, 158), (228, 222, 214))
    line = large.horizon_px / large.height
    ridge(picture, rng, Ridge((line - 0.09, line - 0.03), line + 0.17, size[1] / 26, (60, 88, 66), 0.55))
    _lay(picture, _bank_plan(rng), large)
    haze(picture, large, 170, 0.35)
    block(picture, large, (-15.2, 29.2, 0), (-12.0, 33.0, 2.6), (150, 154, 158))
    block(picture, large, (9.6, 29.2, 0), (12.6, 33.0, 2.6), (150, 154, 158))
    block(picture, large, (10.2, 30.0, 2.6), (12.0, 32.2, 5.2), (168, 176, 186))
    river = np.array([(-12.0, 13.9), (9.6, 13.9), (9.6, 30.0), (-12.0, 30.0)])
    upper = np.array([(-14.6, 36.5), (11.7, 36.5), (17.0, 60.0), (20.0, 82.0), (4.0, 82.0), (-12.0, 62.0)])
    face = np.array([(-12.0, 30.6, 1.25), (9.6, 30.6, 1.25), (9.6, 29.9, 0.0), (-12.0, 29.9, 0.0)])
    layers: list[Layer] = [
        Water(lens, rng, upper, (0.0, -0.25), ((118, 124, 108), (206, 202, 192))),
        Water(lens, rng, river, (0.1, -0.55)),
        Fall(lens, rng, face, 30.0),
    ]
    trees = [
        ((-18.5, 44.0), (7.0, 6.0)),
        ((16.5, 40.0), (6.4, 5.6)),
        ((-15.5, 21.0), (4.6, 4.2)),
        ((14.6, 24.0), (5.2, 4.4)),
    ]
    layers += [Tree(lens, rng, foot, form) for foot, form in trees]
    return Place(lens, _shrunk(picture, rng, size), tuple(layers))


def square(size: Size, rng: np.random.Generator) -> Place:
    """A paved square before shops, with benches and trees in planters."""
    lens, large = square_lens(size), square_lens(size).scaled(2)
    picture = sky(rng, large, (206, 180, 152), (226, 218, 208))
    build(picture, large, rng, House(-36, 52, (34, 14, 20), 6, (150, 164, 180), (12, 4)))
    build(picture, large, rng, House(4, 56, (36, 14, 26), 8, (170, 172, 170), (12, 4)))
    _lay(picture, _square_plan(rng), large)
    haze(picture, large, 160, 0.45)
    for left in np.arange(-34.0, 36.0, 7.0):
        _shop(picture, large, rng, float(left))
    for x, y in ((-9.0, 27.0), (9.5, 29.0), (-11.5, 17.0), (12.5, 18.5)):
        block(picture, large, (x - 1.3, y - 1.3, 0), (x + 1.3, y + 1.3, 0.55), (140, 148, 156))
    for x, y in ((-4.5, 27.0), (4.6, 29.0)):
        block(picture, large, (x - 1.1, y - 0.25, 0.3), (x + 1.1, y + 0.25, 0.46), (70, 96, 126))
    post(picture, large, (0.4, 36.0), 7.0)
    trees = [
        ((-9.0, 27.0), (5.0, 4.0)),
        ((9.5, 29.0), (5.2, 4.2)),
        ((-11.5, 17.0), (4.6, 3.8)),
        ((12.5, 18.5), (4.8, 4.0)),
    ]
    return Place(lens, _shrunk(picture, rng, size), tuple(Tree(lens, rng, foot, form) for foot, form in trees))


def forest(size: Size, rng: np.random.Generator) -> Place:
    """Wooded ridges, one behind the other, to the haze."""
    lens, large = forest_lens(size), forest_lens(size).scaled(2)
    picture = sky(rng, large, (210, 180, 146), (230, 224, 214))
    unit = size[1] / 60
    for form in (
        Ridge((0.24, 0.36), 0.55, unit, (112, 112, 88), 0.80),
        Ridge((0.36, 0.48), 0.70, unit * 2, (78, 92, 64), 0.56),
        Ridge((0.50, 0.62), 0.92, unit * 3, (54, 80, 52), 0.30),
        Ridge((0.80, 0.90), 1.10, unit * 5.5, (36, 62, 42), 0.08),
    ):
        ridge(picture, rng, form)
    return Place(lens, _shrunk(picture, rng, size), ())


def _lane_plan(rng: np.random.Generator) -> Plan:
    plan = Plan(rng, -30, 7.5, (60, 90), _GRASS)
    plan.area([(-6.4, 7), (6.8, 7), (6.8, 98), (-6.4, 98)], _PAVING)
    plan.slabs([(-6.4, 7), (-4.6, 7), (-4.6, 98), (-6.4, 98)], 0.5, 22)
    plan.area([(-4.4, 7), (3.6, 7), (3.6, 98), (-4.4, 98)], _ASPHALT, 7, 5)
    plan.area([(3.8, 7), (6.6, 7), (6.6, 98), (3.8, 98)], (118, 122, 126), 6, 5)
    plan.stripe((-4.3, 8), (-4.3, 98), 0.16, (170, 172, 172))
    plan.dashes(0.35, (8, 98), (2.0, 3.0), _WHITE)
    for y in np.arange(9.0, 92.0, 5.6):
        plan.stripe((3.75, float(y)), (6.5, float(y)), 0.10, _WHITE)
    for a, b in (
        ((-4.0, 11.5), (-4.0, 25.5)),
        ((-0.1, 11.5), (-0.1, 25.5)),
        ((-4.0, 11.5), (-0.1, 11.5)),
        ((-4.0, 25.5), (-0.1, 25.5)),
    ):
        plan.stripe(a, b, 0.16, _YELLOW)
    for y in np.arange(11.5, 23.4, 1.9):
        plan.stripe((-4.0, float(y)), (-0.1, float(y) + 2.1), 0.13, _YELLOW)
    for place, radius in (((-6.4, 42.0), 2.6), ((-6.6, 25.0), 2.3), ((12.0, 45.0), 2.8), ((12.6, 28.0), 2.5)):
        plan.shadow(place, radius)
    return plan


def _bank_plan(rng: np.random.Generator) -> Plan:
    plan = Plan(rng, -36, 8.0, (72, 80), (70, 112, 98))
    plan.area([(-36, 8), (36, 8), (36, 13.0), (-36, 13.0)], (160, 164, 168), 5, 7)
    plan.slabs([(-36, 8), (36, 8), (36, 13.0), (-36, 13.0)], 1.2, 16)
    plan.area([(-36, 13.0), (36, 13.0), (36, 13.9), (-36, 13.9)], (126, 130, 134), 6, 8)
    plan.area([(-12.8, 13.0), (-12.0, 13.0), (-12.0, 30), (-12.8, 30)], (138, 142, 146))
    plan.area([(9.6, 13.0), (10.4, 13.0), (10.4, 30), (9.6, 30)], (138, 142, 146))
    for place, radius in (((-13.9, 21.6), 2.2), ((16.0, 24.6), 2.3)):
        plan.shadow(place, radius)
    return plan


def _square_plan(rng: np.random.Generator) -> Plan:
    plan = Plan(rng, -36, 8.0, (72, 50), (158, 160, 164))
    plan.slabs([(-36, 8), (36, 8), (36, 58), (-36, 58)], 0.8, 18)
    for y in (16.0, 32.0):
        plan.area([(-36, y), (36, y), (36, y + 0.8), (-36, y + 0.8)], (112, 120, 134), 5, 5)
    for x in (-16.0, -0.4, 15.2):
        plan.area([(x, 8), (x + 0.8, 8), (x + 0.8, 58), (x, 58)], (112, 120, 134), 5, 5)
    for place, radius in (((-7.4, 27.6), 2.2), ((11.2, 29.6), 2.3), ((-9.8, 17.6), 2.1), ((14.2, 19.2), 2.2)):
        plan.shadow(place, radius)
    return plan


def _shop(picture: Picture, lens: Lens, rng: np.random.Generator, x: float) -> None:
    """A shop front with a sign without words."""
    if -2.0 < x < 4.0:
        return
    y = 51.8 if x < 0 else 55.8
    sign = tuple(float(v) for v in rng.choice(np.array([(60, 60, 170), (130, 90, 50), (60, 120, 60), (70, 130, 190)])))
    block(picture, lens, (x, y, 0), (x + 6.6, y + 0.2, 3.0), (92, 84, 76))
    block(picture, lens, (x, y - 0.4, 3.0), (x + 6.6, y, 4.0), (sign[0], sign[1], sign[2]))
    for at in (0.4, 2.3, 4.4):
        block(picture, lens, (x + at, y - 0.05, 0.3), (x + at + 1.7, y, 2.7), (128, 118, 106))


def _lay(picture: Picture, plan: Plan, lens: Lens) -> None:
    ground, cover = plan.lay(lens)
    blend(picture, ground, cover)


def _shrunk(picture: Picture, rng: np.random.Generator, size: Size) -> Picture:
    """Shrink to `size`; add the fine unevenness that the plan is too coarse for, and the lens's darker corners."""
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    width, height = size
    small += cloud(rng, height, width, 3, 2)[..., None] * 2.2
    across, down = np.linspace(-1, 1, width)[None, :], np.linspace(-1, 1, height)[:, None]
    corners = plane(1 - 0.14 * np.clip(across**2 * 0.7 + down**2 * 0.5, 0, 1))
    return picture_of(small * corners[..., None])
