from __future__ import annotations

import numpy as np
import pytest

from detectors.training.labelled import FIRE, SMOKE
from detectors.training.synthetic import Flame, add_flame, add_lamps, add_smoke, cut_flames
from tests.unit.detectors.training.making import boxes, picture, sample

NOTHING = boxes()


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_nothing_is_cut_where_flames_cannot_be_told_from_the_wall() -> None:
    """A box as dark as its surroundings, one of a few pixels and one that fills the picture give no flame."""
    dull = sample(1, (1, 0.2, 0.2, 0.8, 0.8))
    dull.boxes[0, 0] = FIRE
    tiny = sample(2, (0, 0.2, 0.2, 0.3, 0.3))
    filling = sample(3, (0, 0.0, 0.0, 1.0, 1.0))
    assert cut_flames([dull, tiny, filling], 10, generator()) == []


def test_flames_are_opaque_where_they_are_bright() -> None:
    """The painted middle is kept, the dark rim goes."""
    (flame,) = cut_flames([sample(4, (0, 0.2, 0.2, 0.8, 0.8))], 10, generator())
    height, width = flame.alpha.shape
    assert flame.alpha[height * 2 // 3, width // 2] > 0.9
    assert flame.alpha[0].max() == 0.0


def test_a_lit_flame_is_labelled_where_it_is() -> None:
    """The box holds the pixels that became brighter."""
    flame = Flame(np.full((40, 20, 3), 250, np.uint8), np.ones((40, 20), np.float32))
    before = picture(5, 192, 320)
    for seed in range(20):
        after, labelled = add_flame(before, NOTHING, flame, generator(seed))
        rows, columns = np.nonzero((after != before).any(2))
        (kind, *corners), (height, width) = labelled[0], before.shape[:2]
        assert kind == FIRE
        extent = [columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height]
        assert corners == pytest.approx(extent, abs=0.01)


def test_drawn_smoke_is_labelled_unless_it_hardly_shows() -> None:
    """Most plumes end up in the picture, and their box holds most of what changed."""
    before = picture(6, 192, 320)
    drawn = [add_smoke(before, NOTHING, generator(seed)) for seed in range(20)]
    with_box = [(image, rows[0]) for image, rows in drawn if len(rows)]
    assert len(with_box) >= 15
    for image, (kind, x1, y1, x2, y2) in with_box:
        changed = np.abs(image.astype(int) - before).max(2) > 20
        inside = changed[int(y1 * 192) : int(y2 * 192) + 1, int(x1 * 320) : int(x2 * 320) + 1]
        assert kind == SMOKE
        assert inside.sum() >= 0.7 * changed.sum()


def test_what_is_there_stays_labelled() -> None:
    """Smoke over a fire adds a box and takes none away."""
    rows = boxes((0, 0.1, 0.1, 0.2, 0.2))
    kept = [add_smoke(picture(7, 96, 160), rows, generator(seed))[1][0] for seed in range(5)]
    assert all((row == rows[0]).all() for row in kept)


def test_lamps_change_the_picture_and_nothing_else() -> None:
    """The same generator hangs the same lamps; the given picture is not written to."""
    before = picture(8, 96, 160)
    copy = before.copy()
    after = [add_lamps(before, generator(3)) for _ in range(2)]
    assert (after[0] == after[1]).all()
    assert (after[0] != before).any()
    assert (before == copy).all()
    assert after[0].dtype == np.uint8
