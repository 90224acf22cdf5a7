"""PicoDet's distributions, on an input of 128 x 64 px: 128, 32, 8 and 2 cells at strides 8 to 64."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.family import Probe, Tensor
from detectors.picodet import PicodetFamily, PicodetFinalFamily, recognise_picodet
from detectors.preprocess import Size

SIZE = Size(64, 128)
STRIDES = (8, 16, 32, 64)
CELLS = (128, 32, 8, 2)
CLASSES, BINS = 3, 8
FAMILY = PicodetFamily(SIZE, CLASSES, (0, 1, 2, 3), (4, 5, 6, 7))
SURE_LOGIT = 50.0  # a distribution that is one bin only


def _blank(batch: int = 1) -> list[Tensor]:
    scores = [np.zeros((batch, n, CLASSES), np.float32) for n in CELLS]
    return [*scores, *(np.zeros((batch, n, 4 * BINS), np.float32) for n in CELLS)]


def _probe(*outputs: Tensor, names: tuple[str, ...] = ("image",)) -> Probe:
    return Probe(SIZE, names, outputs, {})


def _put(outputs: list[Tensor], level: int, row: int, bins: tuple[int, int, int, int], index: int = 0) -> None:
    """Put a box of class 2 with those distances, in cells, to its left, top, right, bottom."""
    outputs[level][index, row, 2] = 0.7
    for side, distance in enumerate(bins):
        outputs[4 + level][index, row, side * BINS + distance] = SURE_LOGIT


def test_a_missing_level_is_not_taken() -> None:
    """Seven answers, or a level with a cell too few, belong to something else."""
    assert recognise_picodet(_probe(*_blank()[:7])) is None
    outputs = _blank()
    outputs[7] = outputs[7][:, :1]
    assert recognise_picodet(_probe(*outputs)) is None


def test_flat_answers_are_not_taken() -> None:
    """Two dimensions are not one list of cells per image."""
    outputs = _blank()
    assert recognise_picodet(_probe(*outputs[:7], outputs[7][0])) is None


@pytest.mark.parametrize("widths", [(33, 33, 33, 33), (32, 32, 32, 28)])
def test_distances_that_are_not_four_distributions_are_not_taken(widths: tuple[int, ...]) -> None:
    """Four equal parts per box, and the same number of bins at each stride."""
    distances = [np.zeros((1, n, w), np.float32) for n, w in zip(CELLS, widths, strict=True)]
    assert recognise_picodet(_probe(*_blank()[:4], *distances)) is None


def test_a_scale_input_without_rows_of_six_is_not_taken() -> None:
    """The name of an input alone proves nothing."""
    probe = _probe(np.zeros((1, 8400, 85), np.float32), names=("image", "scale_factor"))
    assert recognise_picodet(probe) is None


def test_nothing_sure_gives_no_boxes() -> None:
    """All four levels empty."""
    found = FAMILY.decode(_blank(), 0, 0.25)
    assert (found.xyxy.shape, found.confidence.shape, found.class_id.shape) == ((0, 4), (0,), (0,))


def test_levels_are_paired_by_their_cells() -> None:
    """Exports that put scores and distances of each stride side by side are read alike."""
    outputs = _blank()
    woven = [outputs[i] for level in range(4) for i in (level, 4 + level)]
    assert recognise_picodet(_probe(*outputs)) == FAMILY
    assert recognise_picodet(_probe(*woven)) == PicodetFamily(SIZE, CLASSES, (0, 2, 4, 6), (1, 3, 5, 7))


@pytest.mark.parametrize("level", range(4))
def test_a_known_box_comes_out_at_each_stride(level: int) -> None:
    """From the middle of the second cell of the first row: 1, 0, 2 and 3 cells outwards."""
    outputs = _blank()
    _put(outputs, level, 1, (1, 0, 2, 3))
    found = FAMILY.decode(outputs, 0, 0.25)
    expected = np.array([[0.5, 0.5, 3.5, 3.5]]) * STRIDES[level]
    np.testing.assert_allclose(found.xyxy, expected, atol=1e-3)
    assert (found.confidence.tolist(), found.class_id.tolist()) == (pytest.approx([0.7]), [2])
    assert not found.suppressed


def test_rows_of_the_grid_are_as_long_as_the_picture_is_wide() -> None:
    """Cell 17 at stride 8 is the second one of the second row."""
    outputs = _blank()
    _put(outputs, 0, 17, (1, 1, 1, 1))
    np.testing.assert_allclose(FAMILY.decode(outputs, 0, 0.25).xyxy, [[4, 4, 20, 20]], atol=1e-3)


def test_a_distance_is_the_mean_of_its_distribution() -> None:
    """Torn between one and two cells is one and a half; huge logits do not overflow."""
    outputs = _blank()
    _put(outputs, 0, 17, (1, 1, 1, 1))
    outputs[4][0, 17] *= 20
    outputs[4][0, 17, 2] = 20 * SURE_LOGIT
    np.testing.assert_allclose(FAMILY.decode(outputs, 0, 0.25).xyxy, [[0, 4, 20, 20]], atol=1e-3)


def test_boxes_of_all_strides_come_together() -> None:
    """And only those of the image asked for."""
    outputs = _blank(batch=2)
    for level in range(4):
        _put(outputs, level, 0, (0, 0, 1, 1), index=1)
    assert len(FAMILY.decode(outputs, 0, 0.25).confidence) == 0
    widths = np.diff(FAMILY.decode(outputs, 1, 0.25).xyxy[:, ::2])[:, 0]
    np.testing.assert_allclose(widths, STRIDES, atol=1e-3)


def test_rows_suppressed_inside_are_read_as_they_are() -> None:
    """Class, confidence, corners; the count of boxes that such graphs answer beside them is passed over."""
    rows = np.array([[1, 0.8, 12, 12, 44, 28], [0, 0.1, 0, 0, 9, 9]], np.float32)
    outputs = [np.array([2], np.float32), rows]
    family = recognise_picodet(_probe(*outputs, names=("image", "scale_factor")))
    assert family == PicodetFinalFamily()
    found = PicodetFinalFamily().decode(outputs, 0, 0.25)
    assert found.xyxy.tolist() == [[12, 12, 44, 28]]
    assert (found.confidence.tolist(), found.class_id.tolist()) == (pytest.approx([0.8]), [1])
    assert found.suppressed


def test_the_scale_is_one_for_each_image() -> None:
    """So that boxes stay in pixels of the input."""
    (name, scale), *more = PicodetFinalFamily().extra_inputs(3).items()
    assert (name, scale.tolist(), more) == ("scale_factor", [[1, 1]] * 3, [])


@pytest.mark.parametrize("family", [FAMILY, PicodetFinalFamily()])
def test_the_picture_is_stretched_and_normalised(family: PicodetFamily | PicodetFinalFamily) -> None:
    """Blue's own mean on channel 0; no margins, each direction its own scale."""
    tensor, placement = family.prepare(np.zeros((64, 64, 3), np.uint8), SIZE)
    assert tensor.shape == (3, 64, 128)
    np.testing.assert_allclose(tensor[:, 5, 5], [-103.53 / 57.375, -116.28 / 57.12, -123.675 / 58.395], rtol=1e-5)
    assert (placement.scale_x, placement.scale_y) == (2, 1)
