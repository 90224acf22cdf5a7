"""YOLOX's grid arithmetic: an input of 96 x 64 px has 96 + 24 + 6 cells at strides 8, 16 and 32."""

from __future__ import annotations

import math

import numpy as np
import pytest

from detectors.family import Probe, Tensor
from detectors.preprocess import Size
from detectors.yolox import YoloxFamily, recognise_yolox

SIZE = Size(64, 96)
CELLS = 126
FIRST_ROW = {8: 0, 16: 96, 32: 120}


def _probe(*outputs: Tensor) -> Probe:
    return Probe(SIZE, ("images",), outputs, {})


def _answer(row: int, values: list[float], *, batch: int = 1, index: int = 0) -> Tensor:
    """Return (batch, cells, 5 + 2) that holds one box in one row of one image."""
    answer = np.zeros((batch, CELLS, 7), np.float32)
    answer[index, row] = values
    return answer


@pytest.mark.parametrize("shape", [(1, CELLS), (1, CELLS - 1, 7), (1, 7, CELLS), (1, CELLS, 5), (1, CELLS, 7, 1)])
def test_other_shapes_are_not_taken(shape: tuple[int, ...]) -> None:
    """A row too few, rows and columns swapped, or no room for a class: another family's answer."""
    assert recognise_yolox(_probe(np.zeros(shape, np.float32))) is None


def test_several_answers_are_not_taken() -> None:
    """YOLOX gives exactly one."""
    answer = np.zeros((1, CELLS, 7), np.float32)
    assert recognise_yolox(_probe(answer, answer)) is None
    assert recognise_yolox(_probe()) is None


def test_broken_weights_do_not_overflow() -> None:
    """An absurd size stays finite, for NumPy's overflow warning would stop the worker's batch."""
    family = YoloxFamily(SIZE, 2, decoded=False)
    found = family.decode([_answer(0, [0, 0, 5_000, 5_000, 1, 1, 0])], 0, 0.25)
    assert np.isfinite(found.xyxy).all()


@pytest.mark.parametrize(("centre", "decoded"), [(1.5, False), (80.0, True)])
def test_pixels_are_told_from_grid_offsets(centre: float, *, decoded: bool) -> None:
    """Relative centres stay within a cell or two; pixels reach across the picture."""
    family = recognise_yolox(_probe(_answer(3, [centre, 1, 1, 1, 1, 1, 0])))
    assert family == YoloxFamily(SIZE, 2, decoded)


@pytest.mark.parametrize("stride", [8, 16, 32])
def test_a_known_box_comes_out_at_each_stride(stride: int) -> None:
    """A quarter into cell (2, 1), three strides wide and half a stride high."""
    row = FIRST_ROW[stride] + 1 * (SIZE.width // stride) + 2
    answer = _answer(row, [0.25, 0.5, math.log(3), math.log(0.5), 0.5, 0.2, 0.8])
    found = YoloxFamily(SIZE, 2, decoded=False).decode([answer], 0, 0.25)
    expected = np.array([[0.75, 1.25, 3.75, 1.75]]) * stride
    np.testing.assert_allclose(found.xyxy, expected, atol=1e-4)
    assert found.confidence.tolist() == pytest.approx([0.5 * 0.8])
    assert found.class_id.tolist() == [1]
    assert not found.suppressed


def test_decoded_answers_are_pixels_already() -> None:
    """Whatever row a box stands in."""
    found = YoloxFamily(SIZE, 2, decoded=True).decode([_answer(125, [28, 20, 32, 16, 1, 0.9, 0])], 0, 0.25)
    assert found.xyxy.tolist() == [[12, 12, 44, 28]]


def test_sure_of_the_class_but_not_of_an_object_is_unsure() -> None:
    """Both factors count."""
    family = YoloxFamily(SIZE, 2, decoded=True)
    assert len(family.decode([_answer(0, [28, 20, 32, 16, 0.2, 1, 0])], 0, 0.25).confidence) == 0


def test_images_of_a_batch_are_kept_apart() -> None:
    """The second image's box is not the first one's."""
    answer = _answer(0, [28, 20, 32, 16, 1, 1, 0], batch=2, index=1)
    family = YoloxFamily(SIZE, 2, decoded=True)
    assert [len(family.decode([answer], i, 0.25).confidence) for i in (0, 1)] == [0, 1]


def test_the_picture_stands_in_the_top_left_corner() -> None:
    """Grey 114 fills the rest; values stay 0-255."""
    tensor, placement = YoloxFamily(SIZE, 2, decoded=False).prepare(np.full((32, 96, 3), 200, np.uint8), SIZE)
    assert tensor.shape == (3, 64, 96)
    assert (tensor[:, :32] == 200).all()
    assert (tensor[:, 32:] == 114).all()
    assert (placement.left, placement.top) == (0, 0)
