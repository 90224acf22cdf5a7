"""Distances between positions, and how near is near."""

from __future__ import annotations

import pytest

from gateway.patrol.places import distance_m, is_near


@pytest.mark.parametrize(
    ("here", "there", "metres"),
    [
        ((117.0, 36.6), (117.0, 36.6), 0),
        ((117.0, 36.6), (117.0, 36.601), 111.2),
        ((117.0, 36.6), (117.001, 36.6), 89.3),
        ((179.9999, 0.0), (-179.9999, 0.0), 22.2),
        ((0.0, -90.0), (180.0, 90.0), 20_015_114),
    ],
)
def test_distance(here: tuple[float, float], there: tuple[float, float], metres: float) -> None:
    """Along meridians and parallels, over the date line, from pole to pole."""
    assert distance_m(*here, *there) == pytest.approx(metres, rel=0.002, abs=0.1)
    assert distance_m(*there, *here) == pytest.approx(distance_m(*here, *there))


def test_poor_accuracy_helps_only_so_far() -> None:
    """A phone that knows only its town cannot check in anywhere in it; no position is no answer."""
    assert is_near(99.0, None)
    assert not is_near(101.0, 0.0)
    assert is_near(290.0, 200.0)
    assert not is_near(301.0, 50_000.0)
    assert is_near(None, 5.0) is None
