"""Leaves and water move, and stay where they are."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.simulator.scenery.lens import Lens, Picture
from gateway.simulator.scenery.nature import Fall, Tree, Water

LENS = Lens(320, 180, height_m=6.0, pitch_deg=15)
POOL = np.array([(-5.0, 14.0), (5.0, 14.0), (5.0, 25.0), (-5.0, 25.0)])
FACE = np.array([(-5, 26, 1.5), (5, 26, 1.5), (5, 25, 0), (-5, 25, 0)], float)


def at(layer: Tree | Water | Fall, seconds: float) -> Picture:
    picture = np.full((180, 320, 3), 90, np.uint8)
    layer.draw(picture, seconds)
    return picture


def make(kind: str) -> Tree | Water | Fall:
    rng = np.random.default_rng(6)
    if kind == "tree":
        return Tree(LENS, rng, (2.0, 20.0), (5.0, 4.0))
    return Water(LENS, rng, POOL, (0.1, -0.5)) if kind == "water" else Fall(LENS, rng, FACE, 25.0)


@pytest.mark.parametrize("kind", ["tree", "water", "fall"])
def test_it_moves_within_its_bounds(kind: str) -> None:
    """A second later it looks a little different; what surrounds it is untouched."""
    layer = make(kind)
    now, later = at(layer, 10.0).astype(int), at(layer, 11.0).astype(int)
    moved = np.abs(now - later).max(axis=2) > 3
    assert 0.001 < moved.mean() < 0.5
    assert (now[175:, :20] == 90).all()
    assert (at(layer, 10.0) == now).all()


def test_a_tree_beyond_the_edge_is_fine() -> None:
    """Half a tree is drawn, or none."""
    rng = np.random.default_rng(7)
    assert (at(Tree(LENS, rng, (300.0, 20.0), (5.0, 4.0)), 1.0) == 90).all()
    assert (at(Tree(LENS, rng, (8.4, 20.0), (5.0, 4.0)), 1.0) != 90).any()


def test_distances() -> None:
    """Trees and weirs stand at their place, water lies behind all that stands."""
    assert make("tree").distance_m(0) == 20
    assert make("fall").distance_m(0) == 25
    assert make("water").distance_m(0) > 1e5
