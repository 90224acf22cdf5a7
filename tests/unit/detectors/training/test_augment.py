from __future__ import annotations

import numpy as np
import pytest

from detectors.preprocess import Size
from detectors.training.augment import clip_boxes, mosaic, reframe, weather
from detectors.training.labelled import Sample
from tests.unit.detectors.training.making import boxes, picture, sample

SIZE = Size(96, 160)


def test_a_box_of_which_little_is_left_loses_its_label() -> None:
    """Cut to a fifth: gone. Cut to half: cut at the edge. A sliver: gone."""
    rows = boxes((0, -80, 10, 20, 50), (0, -40, 10, 40, 50), (1, 10, 10, 12, 60))
    assert clip_boxes(rows, SIZE) == pytest.approx(boxes((0, 0, 10 / 96, 40 / 160, 50 / 96)), abs=1e-6)
    assert clip_boxes(boxes(), SIZE).shape == (0, 5)


def test_the_label_goes_where_the_picture_goes() -> None:
    """A white square is found again inside its box however the picture is framed."""
    image = np.zeros((60, 80, 3), np.uint8)
    image[20:40, 20:50] = 255
    marked = Sample("s", image, boxes((0, 20 / 80, 20 / 60, 50 / 80, 40 / 60)), smoke_known=True)
    framed = 0
    for seed in range(30):
        canvas, rows = reframe(marked, SIZE, np.random.default_rng(seed))
        ys, xs = np.nonzero(canvas[..., 0] > 200)
        if len(rows):
            framed += 1
            extent = [xs.min() / 160, ys.min() / 96, (xs.max() + 1) / 160, (ys.max() + 1) / 96]
            assert rows[0, 1:] == pytest.approx(extent, abs=0.03)
    assert framed >= 20


def test_four_pictures_become_one_with_all_their_boxes() -> None:
    """The box of the lower right picture lies in the lower right quarter."""
    empty = (picture(1, 96, 160), boxes())
    canvas, rows = mosaic([empty, empty, empty, (picture(2, 96, 160), boxes((1, 0, 0, 1, 1)))], SIZE)
    assert canvas.shape == (96, 160, 3)
    assert rows == pytest.approx(boxes((1, 0.5, 0.5, 1, 1)))


def test_weather_is_a_function_of_the_generator() -> None:
    """Another seed, another day; the same seed, the same picture, and always uint8 of the same shape."""
    image = sample(3, (0, 0.2, 0.2, 0.8, 0.8)).image
    days = [weather(image, np.random.default_rng(seed)) for seed in range(40)]
    again = [weather(image, np.random.default_rng(seed)) for seed in range(40)]
    assert all((a == b).all() for a, b in zip(days, again, strict=True))
    assert {(d.shape, d.dtype) for d in days} == {(image.shape, np.dtype(np.uint8))}
    assert len({d.tobytes() for d in days}) == 40
