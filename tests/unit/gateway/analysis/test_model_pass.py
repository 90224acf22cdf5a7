from __future__ import annotations

import numpy as np
import pytest

from detectors.base import Detections
from gateway.analysis.model_pass import Found, ModelPass, found_in
from gateway.analysis.zones import box_centre, foot_point
from gateway.types import Box
from tests.unit.gateway.analysis.making import IN_ZONE, OUTSIDE, FakeDetector, camera, frame

TREE = {"id": "tree", "name": "tree", "kind": "ignore", "polygon": [[0.6, 0.4], [0.9, 0.4], [0.9, 0.5], [0.6, 0.5]]}


def test_a_failing_model_is_counted_and_survived() -> None:
    """Nothing is known of such a frame, which is another answer than that nothing is there."""
    detector, passes = FakeDetector(), ModelPass(camera([]))
    detector.broken = True
    assert passes.look(detector, frame(0)) is None
    detector.broken = False
    assert passes.look(detector, frame(1)) == []
    assert (passes.inferences, passes.failed_inferences) == (2, 1)


def test_boxes_come_in_shares_of_the_picture() -> None:
    """Pixels of the image become 0-1, whatever its proportions."""
    found = Detections(np.array([[32, 18, 64, 90]], np.float32), np.array([0.5], np.float32), np.array([1], np.int64))
    (one,) = found_in(found, ("fire", "smoke"), 320, 180)
    assert (one.label, one.confidence) == ("smoke", 0.5)
    assert one.box == pytest.approx(Box(0.1, 0.1, 0.2, 0.5))


def test_a_model_sees_the_picture_it_asks_for() -> None:
    """Of a snapshot luma and colour differ in size; the box is where the object is all the same."""
    detector, passes = FakeDetector(), ModelPass(camera([]))
    detector.sees = [("car", IN_ZONE, 0.9)]
    snapshot = frame(0)
    snapshot.to_bgr = lambda: np.zeros((360, 640, 3), np.uint8)
    for detector.wants_luma in (False, True):
        [one] = passes.look(detector, snapshot) or []
        np.testing.assert_allclose(one.box, IN_ZONE, rtol=1e-5)


def test_what_is_left_alone_is_judged_by_its_own_place() -> None:
    """A flame by its middle, somebody by his feet: the area hides the one and not the other."""
    passes, found = ModelPass(camera([], [TREE])), [Found("a", OUTSIDE, 0.9), Found("b", IN_ZONE, 0.2)]
    assert [f.label for f in passes.heeded(found, lambda f: box_centre(f.box))] == ["b"]
    assert [f.label for f in passes.heeded(found, lambda f: foot_point(f.box))] == ["a", "b"]
