"""The detectors on real pictures, against the truth that comes with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.coco import scene_label
from detectors.foreground import ForegroundModel, ForegroundReading
from detectors.onnx_model import DetectionOptions, OnnxDetector
from detectors.picture import is_black, read_picture
from tests.unit.detectors.clips import labelled, looks, map50, picture_at
from tests.unit.detectors.scenes import overlap

pytestmark = pytest.mark.media

MIN_AREA = 0.002  # as a rule has it by default
PRESENT_S = [(6.0, 19.7), (22.7, 44.9), (50.2, 69.9), (74.5, 86.8), (92.1, 119.9), (123.4, 136.0)]
PARKED = (0.11, 0.41, 0.39, 1.0)  # with its shadow, as foreground has it
CAR = (0.15, 0.42, 0.38, 0.94)


def _watch(clip: Path, every_s: float) -> list[tuple[float, ForegroundReading]]:
    model = ForegroundModel()
    return [(at_s, model.update(luma, at_s)) for at_s, luma in looks(clip, every_s)]


def _occupied(reading: ForegroundReading) -> bool:
    return any(blob.area >= MIN_AREA for blob in (*reading.moving, *reading.still))


def _distance_s(at_s: float, spans: list[tuple[float, float]]) -> float:
    """Return how far a moment lies from the nearest edge of a span."""
    return min(abs(at_s - edge) for span in spans for edge in span)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [("yolox_nano", 0.767), ("picodet_s_416_coco", 0.730), ("picodet_s_320_coco", 0.616), ("yolov8n_int8", 0.821)],
)
def test_real_weights_see_what_they_should(media: Path, weights: str, expected: float) -> None:
    """Within 0.04 of what was measured when the weights were chosen."""
    detector = OnnxDetector(
        media / "weights" / f"{weights}.onnx", options=DetectionOptions(min_confidence=0.01, max_iou=0.65)
    )
    pairs = labelled(media / "open" / "images_coco8")
    found = detector.detect([image for image, _ in pairs])
    assert map50(found, [truth for _, truth in pairs]) == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("weights", ["yolox_nano", "picodet_s_416_coco", "yolov8n_int8"])
def test_a_person_in_a_room_is_found(media: Path, weights: str) -> None:
    """At 12 s; at 21 s the room is empty."""
    detector = OnnxDetector(media / "weights" / f"{weights}.onnx", options=DetectionOptions(min_confidence=0.35))
    clip = media / "open" / "one_by_one_person.mp4"
    with_person, empty = detector.detect([picture_at(clip, 12.0), picture_at(clip, 21.0)])
    seen = [scene_label(detector.labels[c]) for c in with_person.class_id]
    assert seen.count("person") == 1
    assert "person" not in [scene_label(detector.labels[c]) for c in empty.class_id]


@pytest.mark.parametrize("weights", ["picodet_s_416_coco", "yolov8n_int8"])
def test_the_parked_car_is_a_vehicle(media: Path, weights: str) -> None:
    """Whatever of car, bus and truck it is taken for; its box is where the car stands."""
    detector = OnnxDetector(media / "weights" / f"{weights}.onnx", options=DetectionOptions(min_confidence=0.3))
    image = picture_at(media / "open" / "derived_illegal_parking.mp4", 40.0)
    (found,) = detector.detect([image])
    boxes = [
        box / [image.shape[1], image.shape[0], image.shape[1], image.shape[0]]
        for box, c in zip(found.xyxy, found.class_id, strict=True)
        if scene_label(detector.labels[c]) == "vehicle"
    ]
    assert any(overlap([float(v) for v in box], CAR) > 0.8 for box in boxes)


@pytest.mark.parametrize(("every_s", "slack_s"), [(0.2, 1.0), (2.0, 2.1)])
def test_presence_follows_the_people_who_come_and_go(media: Path, every_s: float, slack_s: float) -> None:
    """Foreground is there when somebody is, and not otherwise, but for the edges."""
    wrong = []
    for at_s, reading in _watch(media / "open" / "one_by_one_person.mp4", every_s):
        present = any(start <= at_s <= end for start, end in PRESENT_S)
        if _occupied(reading) != present and _distance_s(at_s, PRESENT_S) > slack_s:
            wrong.append(at_s)
    assert wrong == []


@pytest.mark.parametrize("every_s", [0.2, 2.0])
def test_a_parked_car_is_still_from_when_it_stopped(media: Path, every_s: float) -> None:
    """It stands from 16 to 76 s; the box is the car's."""
    told = [
        (at_s, blob)
        for at_s, reading in _watch(media / "open" / "derived_illegal_parking.mp4", every_s)
        for blob in reading.still
        if overlap(blob.box, PARKED) > 0.8
    ]
    assert told[0][0] == pytest.approx(16 + 3, abs=1.1)
    assert told[-1][0] == pytest.approx(76, abs=2.1)
    assert all(blob.since_s == pytest.approx(16.0, abs=0.6) for _, blob in told)


@pytest.mark.parametrize("every_s", [0.2, 2.0])
def test_dimmed_light_leaves_no_foreground(media: Path, every_s: float) -> None:
    """Light goes at 15 s and comes back at 30 s, both times with a person in view."""
    readings = _watch(media / "open" / "derived_light_change_negative.mp4", every_s)
    assert not any(reading.global_change for _, reading in readings)
    assert not any(_occupied(reading) for at_s, reading in readings if at_s < 5.8 or 20.3 < at_s < 22.5)


def test_a_square_of_screens_has_no_lasting_foreground(media: Path) -> None:
    """LED walls change all the time; nothing that stands is told of them."""
    for every_s in (0.2, 1.0, 2.0):
        for at_s, reading in _watch(media / "open" / "night_led_square.mp4", every_s):
            assert not any(b.area >= MIN_AREA and at_s - (b.since_s or at_s) >= 8 for b in reading.still)


def test_a_left_suitcase_is_told_with_its_time(media: Path) -> None:
    """It appears at 17 s beside a person, who leaves at 19.7 s."""
    readings = _watch(media / "open" / "derived_abandoned_suitcase.mp4", 0.2)
    left = [b for at_s, r in readings if at_s > 25 for b in r.still if b.area >= MIN_AREA]
    assert len(left) >= len([1 for at_s, _ in readings if at_s > 25])
    assert all(overlap(b.box, (0.685, 0.66, 0.781, 0.882)) > 0.5 for b in left)
    assert all(b.since_s == pytest.approx(18.0, abs=1.6) for b in left)


def test_a_moved_camera_is_a_global_change(media: Path) -> None:
    """It pans at 15 s and stays; nothing of the old view is told afterwards."""
    readings = _watch(media / "open" / "derived_tamper_moved.mp4", 0.2)
    changes = [at_s for at_s, reading in readings if reading.global_change]
    assert changes[0] == pytest.approx(15.5, abs=0.6)
    assert changes[-1] < 18


def test_only_the_black_span_is_black(media: Path) -> None:
    """15 to 30 s in one clip; never in the others, the night square included."""
    for clip in sorted((media / "open").glob("*.mp4")):
        black = [at_s for at_s, luma in looks(clip, 2.0) if is_black(read_picture(luma))]
        expected = [16, 18, 20, 22, 24, 26, 28] if clip.name == "derived_tamper_black.mp4" else []
        assert [round(at_s) for at_s in black] == expected, clip.name
