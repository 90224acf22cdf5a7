"""A walker walks, wades, carries, and stays a figure."""

from __future__ import annotations

import math

import numpy as np

from gateway.simulator.scenery.figures import Route, Waypoint
from gateway.simulator.scenery.lens import Lens, Picture
from gateway.simulator.scenery.person import Look, Walker

LENS = Lens(480, 270, height_m=6.0, pitch_deg=16)
WAY = Route([Waypoint(0, -3, 18), Waypoint(6, 3, 18), Waypoint(8, 3, 18)])
COAT = Look(coat=(30, 30, 210))


def seen(walker: Walker, at_s: float) -> Picture:
    picture = np.full((270, 480, 3), 130, np.uint8)
    walker.draw(picture, at_s)
    return picture


def rows_of(picture: Picture) -> tuple[int, int]:
    """First and last row that is neither ground nor shadow."""
    rows = np.flatnonzero(((picture.astype(int) - 130).__abs__().max(axis=2) > 75).any(axis=1))
    return int(rows[0]), int(rows[-1])


def test_nobody_before_and_after() -> None:
    """Nothing is drawn outside the route."""
    walker = Walker(LENS, WAY, COAT)
    assert (seen(walker, 9.0) == 130).all()
    assert walker.distance_m(9.0) == math.inf
    assert walker.distance_m(1.0) == 18


def test_size_and_place() -> None:
    """Feet on the ground at the pose, 1.7 m tall, give or take a limb's thickness."""
    top, bottom = rows_of(seen(Walker(LENS, WAY, COAT), 3.0))
    foot, head = LENS.project(np.array([[0.0, 18.0, 0.0], [0.0, 18.0, 1.75]]))[:, 1]
    assert abs(bottom - foot) < 5
    assert abs(top - head) < 5


def test_legs_move_while_walking_only() -> None:
    """Two moments of walking differ in shape, two of standing hardly."""
    walker = Walker(LENS, WAY, COAT)
    shapes = [np.argwhere((seen(walker, s) != 130).any(axis=2)).std(axis=0)[1] for s in (3.0, 3.18, 3.36)]
    assert np.ptp(shapes) > 0.5
    standing = [seen(walker, s).astype(int) for s in (7.0, 7.2)]
    assert np.abs(standing[0] - standing[1]).mean() < 0.2


def test_wading_hides_the_legs() -> None:
    """In the water the figure is shorter and its shadow is gone; at the edge it is not in yet."""
    dry, wet = Walker(LENS, WAY, COAT), Walker(LENS, WAY, COAT).wading((14.0, 40.0), 0.8)
    on_edge = Walker(LENS, WAY, COAT).wading((18.0, 40.0), 0.8)
    (top, _), (wet_top, _) = rows_of(seen(dry, 3.0)), rows_of(seen(wet, 3.0))
    assert wet_top > top + 8
    assert (seen(on_edge, 3.0) == seen(dry, 3.0)).all()


def test_a_bag_is_carried_until_it_is_put_down() -> None:
    """More of the picture is covered while it is carried."""
    walker = Walker(LENS, WAY, COAT, carries_until_s=4.0)
    plain = Walker(LENS, WAY, COAT)
    assert (seen(walker, 3.0) != seen(plain, 3.0)).any()
    assert (seen(walker, 5.0) == seen(plain, 5.0)).all()
