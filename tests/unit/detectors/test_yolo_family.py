"""The three layouts of the YOLO line, on an input of 96 x 64 px: 126 cells, 378 anchors."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.family import Probe, Tensor
from detectors.preprocess import Size
from detectors.yolo_family import Layout, YoloFamily, recognise_yolo

SIZE = Size(64, 96)
CELLS = 126
P6_CELLS = CELLS + 2  # one row of two cells at stride 64
BOX = [28, 20, 32, 16]  # centre, size
CORNERS = [12, 12, 44, 28]


def _probe(*shapes: tuple[int, ...]) -> Probe:
    return Probe(SIZE, ("images",), tuple(np.zeros(s, np.float32) for s in shapes), {})


def _one(layout: Layout, batch: int = 1, index: int = 0) -> Tensor:
    """Return that layout's answer with one box in one image: class 1 of 3, confidence 0.4."""
    columns = 8 if layout is Layout.V5 else 7
    answer = np.zeros((batch, CELLS, columns), np.float32)
    answer[index, 100, :4] = BOX
    answer[index, 100, 4:] = [0.5, 0.1, 0.8, 0] if layout is Layout.V5 else [0.1, 0.4, 0]
    return answer if layout is Layout.V5 else answer.transpose(0, 2, 1)


@pytest.mark.parametrize(
    "shape",
    [
        (1, 7),
        (1, 7, CELLS - 1),
        (1, 4, CELLS),
        (1, 3 * CELLS, 5),
        (1, CELLS, 7),
        (1, 1_001, 6),
        (1, CELLS, 6),
        (1, 7, CELLS, 1),
    ],
)
def test_other_shapes_are_not_taken(shape: tuple[int, ...]) -> None:
    """A cell too few, no room for a class, YOLOX's rows, or far more rows than suppression leaves."""
    assert recognise_yolo(_probe(shape)) is None


def test_several_answers_are_not_taken() -> None:
    """Segmenters give a second one, with the masks."""
    assert recognise_yolo(_probe((1, 7, CELLS), (1, 32, 16, 24))) is None
    assert recognise_yolo(_probe()) is None


@pytest.mark.parametrize(
    ("shape", "family"),
    [
        ((1, 7, CELLS), YoloFamily(Layout.V8, 3)),
        ((1, 5, P6_CELLS), YoloFamily(Layout.V8, 1)),
        ((1, 3 * CELLS, 8), YoloFamily(Layout.V5, 3)),
        ((1, 3 * P6_CELLS, 6), YoloFamily(Layout.V5, 1)),
        ((1, 300, 6), YoloFamily(Layout.FINAL, None)),
        ((1, 0, 6), YoloFamily(Layout.FINAL, None)),
    ],
)
def test_a_layout_is_known_by_its_shape(shape: tuple[int, ...], family: YoloFamily) -> None:
    """With three strides or four; a grey picture may leave a final answer without rows."""
    assert recognise_yolo(_probe(shape)) == family


@pytest.mark.parametrize("layout", [Layout.V5, Layout.V8])
def test_a_known_box_comes_out(layout: Layout) -> None:
    """V5's confidence is objectness times class, v8's is the class's alone."""
    found = YoloFamily(layout, 3).decode([_one(layout)], 0, 0.25)
    assert found.xyxy.tolist() == [CORNERS]
    assert found.confidence.tolist() == pytest.approx([0.4])
    assert found.class_id.tolist() == [1]
    assert not found.suppressed


@pytest.mark.parametrize("layout", [Layout.V5, Layout.V8])
def test_unsure_boxes_are_left_out(layout: Layout) -> None:
    """The bar is for the product, not for either factor."""
    assert len(YoloFamily(layout, 3).decode([_one(layout)], 0, 0.45).confidence) == 0


@pytest.mark.parametrize("layout", [Layout.V5, Layout.V8])
def test_images_of_a_batch_are_kept_apart(layout: Layout) -> None:
    """The second image's box is not the first one's."""
    answer = _one(layout, batch=2, index=1)
    assert [len(YoloFamily(layout, 3).decode([answer], i, 0.25).confidence) for i in (0, 1)] == [0, 1]


def test_final_rows_are_corners_already() -> None:
    """Empty rows go, and nothing is to be suppressed again."""
    answer = np.zeros((1, 300, 6), np.float32)
    answer[0, 1] = [*CORNERS, 0.8, 2]
    found = YoloFamily(Layout.FINAL, None).decode([answer], 0, 0.25)
    assert found.xyxy.tolist() == [CORNERS]
    assert (found.confidence.tolist(), found.class_id.tolist()) == (pytest.approx([0.8]), [2])
    assert found.suppressed


def test_half_precision_answers_become_float32() -> None:
    """Later arithmetic in half precision would move boxes by pixels."""
    found = YoloFamily(Layout.V8, 3).decode([_one(Layout.V8).astype(np.float16)], 0, 0.25)
    assert [str(x.dtype) for x in (found.xyxy, found.confidence)] == ["float32", "float32"]


def test_the_picture_stands_in_the_middle() -> None:
    """Equal margins of grey 114 above and below; values 0-1."""
    tensor, placement = YoloFamily(Layout.V8, 3).prepare(np.full((32, 96, 3), 255, np.uint8), SIZE)
    assert tensor.shape == (3, 64, 96)
    assert (tensor[:, 16:48] == 1).all()
    np.testing.assert_allclose(tensor[:, [0, 15, 48, 63]], 114 / 255)
    assert (placement.left, placement.top) == (0, 16)
