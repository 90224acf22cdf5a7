"""Figures stand where their route says, cut cleanly at the picture's edge."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.simulator.scenery.figures import Cutout, Patch, Route, Waypoint, shade, shadow
from gateway.simulator.scenery.lens import Lens

LENS = Lens(320, 180, height_m=6.0, pitch_deg=15)
CUBE = np.array([(x, y, z) for x in (-1.0, 1.0) for y in (19.0, 21.0) for z in (0.0, 2.0)])


@pytest.mark.parametrize("at", [(-4, -4), (18, 18), (-50, 5), (5, 400)])
def test_cutouts_are_cut_at_the_border(at: tuple[int, int]) -> None:
    """What lies outside is not drawn and does not hurt."""
    picture = np.zeros((20, 20, 3), np.uint8)
    cutout = Cutout(*at, np.full((6, 6, 3), 200, np.uint8), np.ones((6, 6), np.float32))
    cutout.lay_on(picture)
    inside = max(min(at[0] + 6, 20) - max(at[0], 0), 0) * max(min(at[1] + 6, 20) - max(at[1], 0), 0)
    assert (picture[..., 0] > 0).sum() == inside


def test_patch_paints_at_the_right_place() -> None:
    """A face filled in world coordinates appears where the lens projects it, in its own colour up to the edge."""
    patch = Patch(LENS, CUBE)
    face = np.array([(-1.0, 19, 0), (1.0, 19, 0), (1.0, 19, 2), (-1.0, 19, 2)])
    patch.fill_world(face, (10, 200, 90))
    picture = np.zeros((180, 320, 3), np.uint8)
    patch.cut_out().lay_on(picture)
    seen = np.argwhere(picture[..., 1] > 100)
    expected = LENS.project(face)
    assert seen.min(axis=0) == pytest.approx(expected.min(axis=0)[::-1], abs=1.1)
    assert seen.max(axis=0) == pytest.approx(expected.max(axis=0)[::-1], abs=1.1)
    assert picture[tuple(seen.mean(axis=0).astype(int))].tolist() == [10, 200, 90]


def test_shadow_falls_away_from_the_sun() -> None:
    """To the right and behind, on the ground, and soft."""
    cast = shadow(LENS, CUBE, 0.5)
    middle = cast.left + np.average(np.arange(cast.matte.shape[1]), weights=cast.matte.sum(axis=0))
    assert middle > LENS.project(np.array([[0.0, 20.0, 0.0]]))[0, 0]
    assert 0.3 < cast.matte.max() <= 0.5


ROUTE = Route(
    [Waypoint(2, 0, 10), Waypoint(4, 0, 20, eased=True), Waypoint(6, 0, 10), Waypoint(8, 0, 10), Waypoint(9, 3, 10)]
)


@pytest.mark.parametrize("at_s", [1.99, 9.01])
def test_nobody_outside_the_route(at_s: float) -> None:
    """Before the first and after the last waypoint."""
    assert ROUTE.pose(at_s) is None


def test_route() -> None:
    """Even and eased ways, standing still with the last heading, metres gone."""
    poses = {s: ROUTE.pose(s) for s in (3.0, 4.5, 5.0, 7.0, 9.0)}
    assert all(p is not None for p in poses.values())
    even, slow, half, still, end = (p for p in poses.values() if p is not None)
    assert [even.y, even.heading] == pytest.approx([15, np.pi / 2])
    assert slow.y > 17.5  # it starts gently
    assert half.y == pytest.approx(15)
    assert not still.moving
    assert [still.y, still.heading] == pytest.approx([10, -np.pi / 2])
    assert [end.gone_m, end.x] == pytest.approx([23, 3])


def test_shade() -> None:
    """Below 1 darker, above 1 towards white."""
    assert shade((100, 50, 20), 0.5) == (50, 25, 10)
    assert shade((155, 55, 255), 1.5) == (205, 155, 255)
