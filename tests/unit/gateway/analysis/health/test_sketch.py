"""Edges of a view, and how a picture lies upon them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors.health import Plane, edge_field
from gateway.analysis.health.sketch import Sketch, best_shift, weight_of
from gateway.types import Bgr
from tests.unit.gateway.analysis.health.street import street


def edges(picture: Bgr) -> Plane:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return edge_field(np.asarray(cv2.resize(grey, (240, 135), interpolation=cv2.INTER_AREA), np.uint8))


def test_another_street_is_like_this_one_by_chance_alone() -> None:
    """Likeness is about 0 for another place, about 1 for the same, dim or bright."""
    sketch = Sketch(edges(street()))
    assert abs(sketch.likeness(edges(street(seed=2)))) < 0.2
    assert sketch.intact(edges(street(seed=2))) < 0.1
    assert sketch.likeness(edges(street(1, light=0.3))) > 0.9


@pytest.mark.parametrize(("right", "down"), [(0, 0), (24, 0), (-36, 9), (48, -18)])
def test_a_shift_is_measured_to_half_a_per_cent(right: int, down: int) -> None:
    """Right and down are positive, in shares of the picture."""
    moved = np.roll(street(1), (down, right), (0, 1))
    found = Sketch(edges(street())).shifted(edges(moved))
    assert found.right == pytest.approx(right / 480, abs=0.005)
    assert found.down == pytest.approx(down / 270, abs=0.008)
    assert found.score > 0.7


def test_what_something_large_hides_leaves_the_rest_intact() -> None:
    """A lorry over half of the picture is no other place."""
    hidden = street(1).copy()
    hidden[:, :240] = 90
    sketch = Sketch(edges(street()))
    assert 0.3 < sketch.intact(edges(hidden)) < 0.7


def test_an_even_picture_has_no_edges_to_divide_by() -> None:
    """A black picture is like nothing, and asking is no error."""
    blank = edges(np.zeros((270, 480, 3), np.uint8))
    assert Sketch(edges(street())).likeness(blank) == pytest.approx(0.0)
    assert weight_of(blank) > 0
    assert best_shift(blank, blank).score == pytest.approx(0.0)


def test_a_sketch_follows_what_stays() -> None:
    """After minutes of another picture it is that picture; one look does not turn it."""
    sketch = Sketch(edges(street()), 0.0)
    sketch.learn(edges(street(seed=2)), 2.0)
    assert sketch.likeness(edges(street(1))) > 0.6
    for second in range(10, 2_000, 10):
        sketch.learn(edges(street(seed=2)), float(second))
    assert sketch.likeness(edges(street(1, seed=2))) > 0.9
