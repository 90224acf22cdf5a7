"""Places look the same in every size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gateway.simulator import places
from gateway.simulator.places import Place, Size
from gateway.simulator.scenery.lens import Lens


@pytest.mark.parametrize("lens", [places.lane_lens, places.weir_lens, places.square_lens, places.forest_lens])
def test_a_lens_is_the_same_view_at_any_size(lens: Callable[[Size], Lens]) -> None:
    """A point of the ground keeps its place in 0-1 of the picture."""
    point = np.array([[1.5, 20.0, 0.0]])
    small, large = lens((320, 180)), lens((1280, 720))
    assert small.project(point) / (320, 180) == pytest.approx(large.project(point) / (1280, 720))


@pytest.mark.parametrize("build", [places.lane, places.weir, places.square, places.forest])
def test_backdrops(build: Callable[[Size, np.random.Generator], Place]) -> None:
    """The backdrop has the size asked for, is no flat colour anywhere large, and is neither black nor burnt out."""
    place = build((160, 90), np.random.default_rng(1))
    assert place.backdrop.shape == (90, 160, 3)
    assert place.backdrop.dtype == np.uint8
    assert 60 < place.backdrop.mean() < 200
    blocks = place.backdrop.mean(axis=2)[:80].reshape(8, 10, 16, 10)
    assert (blocks.std(axis=(1, 3)) > 0.5).all()
