"""Views are learnt by time, found in place or beside it, and compared tile by tile."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.health import TILES, HealthReading, read_health
from detectors.preprocess import shrink
from gateway.analysis.health.reference import MATURE_LOOKS, View, is_grey, similarity
from gateway.types import Bgr
from tests.unit.gateway.analysis.health.street import WIDTH, frame_of, street


def reading(picture: Bgr) -> HealthReading:
    """Read a picture."""
    luma = frame_of(picture, 0.0).luma
    return read_health(luma, shrink(luma, 240))


def view(looks: int = 6, every_s: float = 10.0) -> View:
    """Return the street as learnt."""
    made = View(reading(street(0)), 0.0, known=True)
    for n in range(1, looks):
        made.learn(reading(street(n)), n * every_s)
    return made


def test_one_look_is_not_enough() -> None:
    """Nor are many within a second."""
    assert not view(looks=1).mature
    assert not view(looks=10, every_s=0.1).mature
    assert view(looks=MATURE_LOOKS).mature


def test_a_long_pause_teaches_no_more_than_a_slow_look() -> None:
    """Nobody knows what was between."""
    made = view(looks=2)
    made.learn(reading(street(2)), 10_000.0)
    assert made.learned_s == 20.0


def test_the_same_scene_is_recalled_and_another_is_not() -> None:
    """Whatever the light."""
    made = view()
    assert made.recall(reading(street(50)).edges) > 0.9
    assert made.recall(reading(street(50, light=0.5)).edges) > 0.5
    assert abs(made.recall(reading(street(50, seed=9)).edges)) < 0.2


@pytest.mark.parametrize(("across", "down"), [(24, 0), (-48, 0), (0, 20), (24, -20)])
def test_a_shift_is_found(across: int, down: int) -> None:
    """In any direction, as a share of the width."""
    shifted = np.roll(street(50), (down, across), axis=(0, 1))
    recall, shift = view().shift_of(reading(shifted).edges)
    assert recall > 0.8
    assert shift == pytest.approx(np.hypot(across, down) / WIDTH, abs=0.01)


def test_tiles_that_are_hidden_are_lost() -> None:
    """The others are not, and within them all is found."""
    hidden = street(50)
    hidden[:, : WIDTH // 2] = 128
    made = view()
    edges = reading(hidden).edges
    lost = made.lost(edges)
    assert lost.shape == TILES
    assert not lost[:, 5:].any()
    assert (lost | ~made.telling)[:, :3].all()
    assert made.recall_within(edges, ~lost) > made.recall(edges)
    assert made.recall_within(edges, np.zeros(TILES, bool)) == 0.0


def test_likeness_at_large_is_blind_to_brightness() -> None:
    """And to contrast, but not to another scene."""
    coarse, dim, other = (reading(p).coarse for p in (street(0), street(1, light=0.5), street(2, seed=9)))
    assert similarity(coarse, dim) > 0.95
    assert similarity(coarse, other) < 0.5
    assert similarity(coarse, np.zeros_like(coarse)) == 0.0


def test_colours_are_averaged() -> None:
    """The first reading counts fully, the second half."""
    made = view()
    made.learn_chroma(np.full((*TILES, 2), 4.0, np.float32))
    made.learn_chroma(np.full((*TILES, 2), 8.0, np.float32))
    assert made.chroma is not None
    assert made.chroma.mean() == pytest.approx(6.0)
    assert not is_grey(made.chroma)
    assert is_grey(np.asarray(made.chroma / 10, np.float32))
