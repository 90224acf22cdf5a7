"""Textures have the grain they were asked for."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.simulator.scenery.texture import blend, cloud, fill, gradient, matter, tile


@pytest.mark.parametrize("make", [lambda r: cloud(r, 64, 96, 20), lambda r: tile(r, 64, 12)])
def test_noise_is_normed_and_repeatable(make: object) -> None:
    """Mean 0, deviation 1, and the same for the same seed."""
    assert callable(make)
    first, again = (make(np.random.default_rng(3)) for _ in range(2))
    assert first.mean() == pytest.approx(0, abs=1e-4)
    assert first.std() == pytest.approx(1, abs=1e-2)
    assert (first == again).all()


def test_tile_has_no_seam() -> None:
    """The step over the edge is no larger than steps inside."""
    noise = tile(np.random.default_rng(4), 128, 24)
    inside = np.abs(np.diff(noise, axis=1)).mean()
    assert np.abs(noise[:, 0] - noise[:, -1]).mean() < 1.5 * inside


def test_matter_keeps_its_colour() -> None:
    """Grain goes around the colour, not away from it."""
    surface = matter(np.random.default_rng(5), (80, 120), (50, 100, 150), 4, 5)
    assert surface.mean(axis=(0, 1)) == pytest.approx([50, 100, 150], abs=4)
    assert surface.std(axis=(0, 1)).min() > 3


def test_gradient_runs_from_top_to_bottom() -> None:
    """And holds beyond its last stop."""
    picture = gradient(11, 2, ((0, (0, 0, 0)), (0.5, (100, 200, 50))))
    assert picture[0, 0].tolist() == [0, 0, 0]
    assert picture[10, 1].tolist() == picture[5, 0].tolist() == [100, 200, 50]


def test_blend_and_fill() -> None:
    """Half of white over black is grey; polygons have soft edges and full insides."""
    picture = np.zeros((20, 20, 3), np.uint8)
    blend(picture, (255, 255, 255), np.full((20, 20), 0.5))
    assert np.unique(picture).tolist() == [128]
    fill(picture, np.array([(4.5, 4.5), (15.5, 4.5), (15.5, 15.5), (4.5, 15.5)]), (0, 0, 0))
    assert picture[10, 10].tolist() == [0, 0, 0]
    assert picture[0, 0].tolist() == [128, 128, 128]
