from __future__ import annotations

import numpy as np
import pytest

from detectors.preprocess import Size
from detectors.training.batches import MAX_BOXES, Draw, Draws, collate
from detectors.training.labelled import FIRE, SMOKE
from tests.unit.detectors.training.making import boxes, picture, sample

SIZE = Size(64, 96)
SAMPLES = [
    *(sample(i, (0, 0.2, 0.2, 0.8, 0.8), smoke_known=False, scene="fire") for i in range(4)),
    sample(9, (1, 0.1, 0.1, 0.9, 0.9)),
    *(sample(20 + i, scene="empty") for i in range(3)),
]


def test_a_number_past_the_end_ends_the_run() -> None:
    """Loaders stop at an IndexError."""
    draws = Draws(SAMPLES, SIZE, count=2, seed=0)
    assert len(draws) == 2
    with pytest.raises(IndexError):
        draws[2]


def test_a_draw_depends_on_seed_and_number_only() -> None:
    """Two processes prepare the same pictures in any order."""
    a, b, other = (Draws(SAMPLES, SIZE, 20, seed) for seed in (1, 1, 2))
    assert all((a[i].image == b[i].image).all() and (a[i].boxes == b[i].boxes).all() for i in reversed(range(20)))
    assert any((a[i].image != other[i].image).any() for i in range(20))


def test_fire_smoke_and_nothing_are_all_drawn() -> None:
    """A hundred draws hold both kinds, pictures without any, and pictures in which smoke is not labelled."""
    draws = [Draws(SAMPLES, SIZE, 100, seed=3)[i] for i in range(100)]
    kinds = [set(d.boxes[:, 0].tolist()) for d in draws]
    assert {FIRE, SMOKE} <= set().union(*kinds)
    assert 10 < sum(not k for k in kinds) < 70
    assert {d.smoke_known for d in draws} == {True, False}
    assert {d.image.shape for d in draws} == {(64, 96, 3)}


def test_a_mosaic_knows_smoke_only_if_all_its_parts_do() -> None:
    """With every second picture unlabelled for smoke, no draw with fb_ flames claims to know."""
    only_unknown = [s for s in SAMPLES if not s.smoke_known] + [sample(30)]
    draws = Draws(only_unknown, SIZE, 60, seed=4)
    assert any(not draws[i].smoke_known for i in range(60))


def test_a_batch_is_rgb_and_padded() -> None:
    """Channels are turned round, boxes padded with class -1."""
    image = picture(1, 60, 80)
    images, rows, known = collate([Draw(image, boxes((0, 0.1, 0.2, 0.3, 0.4)), True), Draw(image, boxes(), False)])
    assert images.shape == (2, 3, 60, 80)
    assert (images[0, 0].numpy() == image[..., 2]).all()
    assert rows.shape == (2, MAX_BOXES, 5)
    assert (rows[..., 0] >= 0).sum(1).tolist() == [1, 0]
    assert np.asarray(known).tolist() == [True, False]


def test_smoke_can_be_asked_for() -> None:
    """With a share of one, every draw from labelled pictures starts from smoke; a share of none changes nothing."""
    plain, none, all_smoke = (
        Draws(SAMPLES, SIZE, 60, 5, **share) for share in ({}, {"smoky_share": 0.0}, {"smoky_share": 1.0})
    )
    assert all((plain[i].image == none[i].image).all() for i in range(20))
    smoky = [sum((d[i].boxes[:, 0] == SMOKE).any() for i in range(60)) for d in (plain, all_smoke)]
    assert smoky[1] > 1.5 * smoky[0]
    assert all(all_smoke[i].smoke_known for i in range(60))
