"""The arithmetic that all families share, on numbers small enough to do by hand."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.family import best_class, cells, corners, grid
from detectors.preprocess import Size


def test_no_row_sure_enough_leaves_nothing() -> None:
    """The shapes stay those of a list of boxes, of length 0."""
    rows, confidence, class_id = best_class(np.full((4, 3), 0.1, np.float32), 0.25)
    assert (len(rows), confidence.shape, class_id.shape) == (0, (0,), (0,))


def test_no_rows_at_all_are_no_error() -> None:
    """A level without cells has no boxes."""
    rows, _, _ = best_class(np.zeros((0, 3), np.float32), 0.25)
    assert len(rows) == 0


def test_the_surest_class_of_each_row_counts() -> None:
    """Exactly at the bar is sure enough; rows below it go."""
    scores = np.array([[0.1, 0.5, 0.3], [0.2, 0.1, 0.1], [0.9, 0.0, 0.8]], np.float32)
    rows, confidence, class_id = best_class(scores, 0.5)
    assert rows.tolist() == [0, 2]
    assert confidence.tolist() == pytest.approx([0.5, 0.9])
    assert class_id.tolist() == [1, 0]
    assert [str(x.dtype) for x in (confidence, class_id)] == ["float32", "int64"]


def test_cells_cut_by_the_edge_count() -> None:
    """416 px at stride 64 are six and a half cells, so seven."""
    assert cells(Size(416, 416), (64,)) == 49
    assert cells(Size(64, 96), (8, 16, 32)) == 96 + 24 + 6
    assert len(grid(Size(416, 416), 64)) == 49


def test_the_grid_runs_along_the_rows() -> None:
    """X changes first; the second row begins after as many cells as the picture is wide."""
    assert grid(Size(64, 96), 32).tolist() == [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]]


def test_centre_and_size_become_corners() -> None:
    """Half the size to each side, x before y."""
    found = corners(np.array([[28, 20]], np.float32), np.array([[32, 16]], np.float32))
    assert found.tolist() == [[12, 12, 44, 28]]
    assert found.dtype == np.float32
