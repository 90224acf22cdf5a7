"""Suppression keeps the surest of each heap, class by class."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from detectors.nms import iou, nms


def _f(values: list[list[float]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def test_nothing_in_nothing_out() -> None:
    """No boxes is a common frame, not an error."""
    assert len(nms(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64), 0.5, 10)) == 0


def test_boxes_without_area_overlap_nothing() -> None:
    """A degenerate box must not divide by zero."""
    assert iou(_f([[5, 5, 5, 5]])[0], _f([[5, 5, 5, 5], [0, 0, 10, 10]])).tolist() == [0.0, 0.0]


def test_the_surest_of_overlapping_boxes_stays() -> None:
    """Order of input does not matter."""
    xyxy = _f([[0, 0, 10, 10], [1, 1, 11, 11], [50, 50, 60, 60]])
    kept = nms(xyxy, np.array([0.5, 0.9, 0.4], np.float32), np.zeros(3, np.int64), 0.5, 10)
    assert kept.tolist() == [1, 2]


def test_classes_do_not_suppress_one_another() -> None:
    """A rider and a bicycle share a box."""
    xyxy = _f([[0, 0, 10, 10], [0, 0, 10, 10]])
    kept = nms(xyxy, np.array([0.5, 0.9], np.float32), np.array([0, 1]), 0.5, 10)
    assert sorted(kept.tolist()) == [0, 1]


def test_the_limit_takes_the_surest() -> None:
    """The limit bounds the work after the network."""
    xyxy = _f([[i * 20.0, 0, i * 20.0 + 10, 10] for i in range(6)])
    kept = nms(xyxy, np.linspace(0.1, 0.6, 6).astype(np.float32), np.zeros(6, np.int64), 0.5, 2)
    assert kept.tolist() == [5, 4]


@given(st.lists(st.tuples(*[st.integers(0, 100)] * 4, st.integers(0, 2), st.integers(1, 99)), max_size=30))
def test_what_stays_does_not_overlap_and_what_went_was_overlapped(
    rows: list[tuple[int, int, int, int, int, int]],
) -> None:
    """The definition of suppression, for any boxes."""
    xyxy = _f([[x, y, x + w, y + h] for x, y, w, h, _, _ in rows]).reshape(-1, 4)
    class_id = np.array([r[4] for r in rows], np.int64)
    confidence = np.array([r[5] / 100 for r in rows], np.float32)
    kept = nms(xyxy, confidence, class_id, 0.5, 100).tolist()
    for i in range(len(rows)):
        surer = [k for k in kept if k != i and class_id[k] == class_id[i] and confidence[k] >= confidence[i]]
        overlapped = any(iou(xyxy[i], xyxy[[k]])[0] > 0.49 for k in surer)
        assert (i in kept) or overlapped
        if i in kept:
            assert not any(iou(xyxy[i], xyxy[[k]])[0] > 0.51 for k in surer)
