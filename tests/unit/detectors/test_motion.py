"""Foreground as plain detections."""

from __future__ import annotations

import numpy as np

from detectors.motion import MotionDetector
from tests.unit.detectors.scenes import HEIGHT, WIDTH, Place, overlap, pixels


def test_an_empty_place_gives_nothing() -> None:
    """One empty answer per image."""
    place = Place()
    found = MotionDetector().detect([place.picture() for _ in range(8)])
    assert [len(d) for d in found] == [0] * 8


def test_a_thing_is_told_in_pixels() -> None:
    """With the only class and a confidence of 0-1."""
    place = Place()
    detector = MotionDetector(interval_s=2.0)
    rect = (0.4, 0.5, 0.6, 0.75)
    *_, last = detector.detect([*(place.picture() for _ in range(6)), place.picture([(rect, 20)])])
    assert overlap([float(v) for v in last.xyxy[0]], pixels(rect)) > 0.6
    assert detector.labels[int(last.class_id[0])] == "foreground"
    assert 0 < last.confidence[0] <= 1


def test_each_detector_learns_its_own_camera() -> None:
    """Two of them share nothing."""
    one, two = MotionDetector(), MotionDetector()
    place = Place()
    one.detect([place.picture() for _ in range(6)])
    changed = place.picture([((0.2, 0.2, 0.5, 0.5), 20)])
    assert len(one.detect([changed])[0]) == 1
    assert len(two.detect([changed])[0]) == 0
    assert changed.shape == (HEIGHT, WIDTH)
    assert changed.dtype == np.uint8
