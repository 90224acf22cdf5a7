"""The detector asked again: still there, nothing found, and when it says that it cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from camera_configs.models import RuleConfig
from detectors import fire_smoke
from detectors.base import Detections, Detector, Image, InferenceError
from detectors.registry import ModelRegistry
from gateway.patrol.recheck import Again, OpenDetector, detector_of, examine
from gateway.settings import Settings
from gateway.types import Bgr
from storage.records_patrol import LookResult
from tests.unit.detectors import graphs
from tests.unit.gateway.patrol.samples import a_camera, an_event

STREET: Bgr = np.random.default_rng(1).integers(60, 200, (120, 160, 3), np.uint8)
Found = tuple[float, float, float, float, float, int]  # box in pixels, confidence, class
CAR_IN_LANE: Found = (40, 70, 60, 100, 0.8, 1)


class _Model:
    """Finds what it is told to."""

    name = "nano"
    labels: tuple[str, ...] = ("person", "car")
    per_camera = False
    wants_luma = False

    def __init__(self, *found: Found) -> None:
        self.found = found

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        assert [image.shape for image in images] == [STREET.shape]
        rows = np.array(self.found, np.float32).reshape(-1, 6)
        return [Detections(rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int64))]


class _Broken(_Model):
    def detect(self, images: Sequence[Image]) -> list[Detections]:
        raise InferenceError("out of memory")


def _again(detector: Detector, *labels: str) -> Again:
    return Again(detector, frozenset(labels or ("car",)))


def _says(again: Again | None, picture: Bgr = STREET, **event: object) -> tuple[LookResult, str]:
    said = examine(an_event(**event), a_camera(), picture, lambda *_: again)
    return said.result, said.detail


@pytest.mark.parametrize(
    ("found", "result"),
    [
        ((), LookResult.GONE),
        ((CAR_IN_LANE,), LookResult.STILL_THERE),
        (((40, 10, 60, 40, 0.8, 1),), LookResult.GONE),  # outside the zone
        (((40, 70, 60, 100, 0.8, 0),), LookResult.GONE),  # a person, not a vehicle
        (((40, 70, 60, 100, 0.2, 1),), LookResult.GONE),  # less sure than the rule asks for
    ],
)
def test_detector_looks_for_the_same_thing_in_the_same_place(found: tuple[Found, ...], result: LookResult) -> None:
    """What counts is its kind, its place and the rule's confidence."""
    assert _says(_again(_Model(*found))) == (result, "")


def test_rule_that_wants_several_is_not_met_by_one() -> None:
    """As when the event was raised."""
    camera = a_camera(rules=(RuleConfig(id="blocked", type="fire_lane_blocked", zone="lane", min_count=2),))
    said = examine(an_event(), camera, STREET, lambda *_: _again(_Model(CAR_IN_LANE)))
    assert said.result is LookResult.GONE


def test_event_without_a_zone_is_looked_for_at_its_box() -> None:
    """Where the boxes were; without any, anywhere."""
    assert _says(_again(_Model(CAR_IN_LANE)), zone_polygon=())[0] is LookResult.STILL_THERE
    assert _says(_again(_Model(CAR_IN_LANE)), zone_polygon=(), boxes=((0.8, 0.0, 1.0, 0.2),))[0] is LookResult.GONE
    assert _says(_again(_Model(CAR_IN_LANE)), zone_polygon=(), boxes=())[0] is LookResult.STILL_THERE


def test_detector_says_when_it_cannot_tell() -> None:
    """No detector, one of another kind, a black picture, a failure: none of them is "nothing found"."""
    learns = _Model()
    learns.per_camera = True
    black = np.zeros((120, 160, 3), np.uint8)
    assert _says(None) == (LookResult.CANNOT_TELL, "no_detector")
    assert _says(_again(learns)) == (LookResult.CANNOT_TELL, "no_detector")
    assert _says(_again(_Model(), "truck")) == (LookResult.CANNOT_TELL, "not_its_kind")
    assert _says(_again(_Model()), black) == (LookResult.CANNOT_TELL, "dark")
    assert _says(_again(_Broken())) == (LookResult.CANNOT_TELL, "failed")


def _installed(folder: Path, name: str, labels: tuple[str, ...], types: str = "") -> OpenDetector:
    """Add a model to an installation; return how its detectors are opened again."""
    answer = graphs.yolov8_answer([(28.0, 20.0, 32.0, 16.0, 0, 0.8)], len(labels))
    file = graphs.save(folder / f"{name}.onnx", [answer], metadata=graphs.names(*labels))
    settings = Settings(data_dir=folder)
    registry = ModelRegistry(settings.models_path)
    registry.add(file, name)
    if types:
        table = folder / "types.yaml"
        table.write_text(types)
        registry.set_types(name, table)
    return detector_of(settings)


def test_detector_that_raised_it_is_opened_again(tmp_path: Path) -> None:
    """By the name in the event; another one, motion and a hand-marked finding have none."""
    reopen, camera = _installed(tmp_path, "nano", ("person", "car")), a_camera(detector="onnx:nano")
    again = reopen(an_event(detector="nano"), camera)
    assert again is not None
    assert (again.detector.name, again.labels) == ("nano", frozenset({"car"}))
    assert reopen(an_event(detector="other"), camera) is None
    assert reopen(an_event(detector="motion"), a_camera()) is None
    assert reopen(an_event(detector="patrol", label=""), camera) is None
    assert examine(an_event(), a_camera(detector="onnx:gone"), STREET, reopen).detail == "failed"


def test_model_trained_for_the_type_is_asked_first(tmp_path: Path) -> None:
    """Whoever saw it, a rule or a person."""
    reopen = _installed(tmp_path, "bins", ("full bin", "bin"), "full bin: bin_overflow")
    for seen_by in ("motion", "patrol"):
        again = reopen(an_event(event_type="bin_overflow", detector=seen_by, label=""), a_camera())
        assert again is not None
        assert (again.detector.name, again.labels) == ("bins", frozenset({"full bin"}))


def test_fire_and_smoke_are_looked_for_by_their_own_detector(tmp_path: Path) -> None:
    """The one that comes with the package, also for what a person saw."""
    event = an_event(detector="patrol", label="", event_type="smoke_fire")
    said = examine(event, a_camera(), STREET, detector_of(Settings(data_dir=tmp_path)))
    assert said.result in {LookResult.GONE, LookResult.STILL_THERE}
    assert said.detector == fire_smoke.NAME
