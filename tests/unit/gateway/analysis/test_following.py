from __future__ import annotations

import numpy as np
import pytest

from detectors.base import Detections
from gateway.analysis.following import (
    LEAST_TO_BEGIN,
    MODEL_GAP_S,
    PRESSED_GAP_S,
    WITNESSED,
    Follower,
    joined,
    sightings_of,
    witnessed,
)
from gateway.analysis.model_pass import found_in
from gateway.analysis.tracker import Sighting
from gateway.types import Box, FrameOrigin
from tests.unit.gateway.analysis.making import IN_ZONE, OUTSIDE, FakeDetector, Patch, Reading, camera, frame, seconds

IGNORED = {
    "id": "tree",
    "name": "tree",
    "kind": "ignore",
    "polygon": [[0.6, 0.5], [0.9, 0.5], [0.9, 0.9], [0.6, 0.9]],
}


def test_a_failing_model_is_counted_and_survived() -> None:
    """A failed inference means that nothing is known of the frame, and the next one is tried."""
    detector = FakeDetector()
    follower = Follower(camera([]), detector, 0.0)
    detector.broken = True
    assert not follower.look(frame(0), Reading(), steady=True)
    detector.broken = False
    assert follower.look(frame(1), Reading(), steady=True)
    assert (follower.passes.inferences, follower.passes.failed_inferences) == (2, 1)


def test_labels_that_no_rule_asks_for_are_left_out() -> None:
    """Kites are not followed; a car read twice is one vehicle, the surer reading's box."""
    labels = ("car", "truck", "kite", "person")
    boxes = np.array([[10, 10, 50, 50], [11, 10, 51, 50], [60, 60, 70, 70], [12, 12, 48, 48]], np.float32)
    detections = Detections(boxes, np.array([0.5, 0.8, 0.9, 0.6], np.float32), np.array([0, 1, 2, 3]))
    found = sightings_of(found_in(detections, labels, 100, 100))
    assert [(s.label, round(s.box.x1, 2)) for s in found] == [("vehicle", 0.11), ("person", 0.12)]


@pytest.mark.parametrize(
    ("second", "count"),
    [
        ((10, 10, 30, 60), 1),  # the same one without legs
        ((10, 60, 20, 80), 2),  # a child before an adult
        ((20, 10, 40, 90), 2),  # a neighbour
    ],
)
def test_a_large_part_of_somebody_is_nobody_else(second: tuple[float, float, float, float], count: int) -> None:
    """Or five people would be told as six; those who stand close are people all the same."""
    boxes = np.array([(10, 10, 30, 90), second], np.float32)
    detections = Detections(boxes, np.array([0.8, 0.5], np.float32), np.array([0, 0]))
    assert len(sightings_of(found_in(detections, ("person",), 100, 100))) == count


def test_ignored_zones_are_blind() -> None:
    """What stands in an ignore zone is not followed."""
    detector = FakeDetector()
    detector.sees = [("person", IN_ZONE, 0.9), ("person", OUTSIDE, 0.9)]
    follower = Follower(camera([], [IGNORED]), detector, 0.0)
    follower.look(frame(0), Reading(), steady=True)
    assert [t.box.x1 for t in follower.tracks] == [np.float32(IN_ZONE.x1)]


def test_boxes_are_read_in_the_picture_that_the_model_saw() -> None:
    """Of a snapshot luma and colour differ in size; the box is where the object is all the same."""
    for wants_luma in (False, True):
        detector = FakeDetector()
        detector.wants_luma = wants_luma
        detector.sees = [("person", IN_ZONE, 0.9)]
        snapshot = frame(0)
        snapshot.to_bgr = lambda: np.zeros((360, 640, 3), np.uint8)
        follower = Follower(camera([]), detector, 0.0)
        follower.look(snapshot, Reading(), steady=True)
        [track] = follower.tracks
        np.testing.assert_allclose(track.box, IN_ZONE, rtol=1e-5)


def test_the_model_is_due_when_it_may_learn_something() -> None:
    """At the start and with motion soon again, otherwise when the interval is over."""
    follower = Follower(camera([]), FakeDetector(), 0.0)
    assert follower.due(0, near=False, every_s=60)
    follower.look(frame(0), Reading(), steady=True)
    assert not follower.due(MODEL_GAP_S / 2, near=True, every_s=60)
    follower.look(frame(2), Reading(), steady=True)
    assert not follower.due(4, near=False, every_s=60)
    assert follower.due(4, near=True, every_s=60)
    assert follower.due(62, near=False, every_s=60)
    follower.start_over()
    assert follower.due(4, near=False, every_s=60)


def test_a_model_without_time_is_asked_more_seldom() -> None:
    """What moves waits longer, but not for ever; looks that are due, and the first ones, do not wait."""
    detector = FakeDetector()
    detector.may_hurry = lambda: False  # type: ignore[attr-defined]
    follower = Follower(camera([]), detector, 0.0)
    assert follower.due(0, near=True, every_s=60)
    follower.look(frame(0), Reading(), steady=True)
    follower.look(frame(1), Reading(), steady=True)
    assert not follower.due(1 + PRESSED_GAP_S / 2, near=True, every_s=60)
    assert follower.due(1 + PRESSED_GAP_S, near=True, every_s=60)
    assert follower.due(1 + PRESSED_GAP_S / 2, near=True, every_s=PRESSED_GAP_S / 2)


def test_motion_between_two_looks_is_remembered() -> None:
    """A parked car drives off while the model is not running: it is not taken for overlooked."""
    detector = FakeDetector()
    detector.sees = [("car", IN_ZONE, 0.9)]
    follower = Follower(camera([]), detector, 0.0)
    for at_s in seconds(0, 5, 1):
        follower.look(frame(at_s), Reading(), steady=True)
    detector.sees = []
    follower.note_motion(Reading(moving=(Patch(IN_ZONE),)))
    for at_s in seconds(6, 10, 1):
        follower.look(frame(at_s), Reading(), steady=True)
    assert follower.tracks == ()


def test_nothing_stays_in_a_black_picture() -> None:
    """A still object cannot be held for there when nothing can be seen."""
    detector = FakeDetector()
    detector.sees = [("car", IN_ZONE, 0.9)]
    follower = Follower(camera([]), detector, 0.0)
    for at_s in seconds(0, 5, 1):
        follower.look(frame(at_s), Reading(), steady=True)
    for at_s in seconds(6, 10, 1):
        follower.lose_sight(at_s)
    assert follower.tracks == ()


def test_without_a_model_moving_patches_are_followed() -> None:
    """A patch that crosses the picture and stops is one track; a speck is none."""
    follower = Follower(camera([]), None, 0.01)
    assert not follower.look(frame(0), Reading(), steady=False)
    for i in range(5):
        box = (0.1 + i * 0.05, 0.3, 0.2 + i * 0.05, 0.6)
        reading = Reading(moving=(Patch(box), Patch(OUTSIDE, 0.001)))
        follower.look(frame(i * 0.2, origin=FrameOrigin.BURST), reading, steady=True)
    still = Reading(still=(Patch((0.3, 0.3, 0.4, 0.6), since_s=1.0),))
    for at_s in seconds(1, 9, 1):
        follower.look(frame(at_s), still, steady=True)
    (track,) = follower.tracks
    assert (track.label, track.last_seen_s) == ("foreground", 9)


def test_neighbouring_patches_are_one_thing() -> None:
    """Head and body seen apart become one box; a third far away stays its own, empty ones go."""
    head, body = Patch((0.2, 0.2, 0.25, 0.3), 0.004, strength=1), Patch((0.18, 0.31, 0.27, 0.6), strength=3)
    far, line = Patch((0.7, 0.7, 0.8, 0.8)), Patch((0.5, 0.1, 0.5, 0.2))
    boxes = sorted(joined([head, far, body, line]))
    assert boxes == [(Box(0.18, 0.2, 0.27, 0.6), 0.75), (Box(0.7, 0.7, 0.8, 0.8), 0.75)]


def test_a_weak_sighting_is_believed_where_the_foreground_has_its_outline() -> None:
    """It is worth what a rule asks for by default; without the foreground, or beside a surer reading, it is not."""
    weak = Sighting(IN_ZONE, "vehicle", 0.15)
    sure = Sighting(IN_ZONE, "person", 0.8)
    assert witnessed([weak], []) == [weak]
    assert witnessed([weak], [Box(0.0, 0.0, 1.0, 1.0)]) == [weak]
    assert witnessed([sure, weak], [IN_ZONE]) == [sure, weak]
    assert witnessed([weak], [IN_ZONE]) == [Sighting(IN_ZONE, "vehicle", WITNESSED, witnessed=True)]


def test_weak_sightings_need_the_foreground() -> None:
    """What the model hardly makes out becomes a track where it comes in as foreground, and not elsewhere."""
    for came in (False, True):
        detector = FakeDetector()
        follower = Follower(camera([]), detector, 0.0)
        for n in range(3):
            place = Box(0.1 + n * 0.1, 0.4, 0.3 + n * 0.1, 0.6)
            detector.sees = [("car", place, LEAST_TO_BEGIN / 2)]
            reading = Reading(moving=(Patch((*place,)),) if came else ())
            follower.look(frame(n * 0.4, origin=FrameOrigin.BURST), reading, steady=True)
        assert len(follower.tracks) == came
