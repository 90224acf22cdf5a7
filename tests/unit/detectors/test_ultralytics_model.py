"""The optional backend, with a stand-in for the package: loading, answers and errors."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from detectors.base import Image, InferenceError, ModelLoadError
from detectors.ultralytics_model import UltralyticsDetector, export_onnx, fetch_weights

IMAGE = np.zeros((40, 60, 3), np.uint8)


class FakeTensor:
    """The little of a tensor that is used."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = np.array(values)

    def cpu(self) -> FakeTensor:
        return self

    def numpy(self) -> np.ndarray[Any, Any]:
        return self._values


class FakeYolo:
    """Answers with one box per image; fails on demand."""

    names: dict[int, str] = {0: "fire", 1: "smoke"}  # noqa: RUF012

    def __init__(self, path: str, task: str) -> None:
        self.path = Path(path)
        assert task == "detect"
        if self.path.read_bytes() == b"broken":
            raise RuntimeError("invalid load key")

    def predict(self, images: Sequence[Image], **options: Any) -> list[Any]:
        if self.path.stem == "fails":
            raise RuntimeError("out of memory")
        box = types.SimpleNamespace(xyxy=FakeTensor([[1, 2, 30, 40]]), conf=FakeTensor([0.5]), cls=FakeTensor([1.0]))
        return [types.SimpleNamespace(boxes=box) for _ in images]

    def export(self, **options: Any) -> str:
        if self.path.stem == "fails":
            raise RuntimeError("unsupported operator")
        target = self.path.with_suffix(".onnx")
        target.write_bytes(b"onnx")
        return str(target)


@pytest.fixture(autouse=True)
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the stand-in where the package would be imported from."""
    modules = {
        name: types.ModuleType(name)
        for name in ("ultralytics", "ultralytics.utils", "ultralytics.utils.nms", "ultralytics.utils.downloads")
    }
    vars(modules["ultralytics"])["YOLO"] = FakeYolo
    vars(modules["ultralytics.utils.nms"])["TorchNMS"] = types.SimpleNamespace(nms=None)
    vars(modules["ultralytics.utils.downloads"])["attempt_download_asset"] = lambda _path: None
    for name, module in modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("torchvision", "torchvision.ops"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delenv("YOLO_OFFLINE", raising=False)
    monkeypatch.delenv("YOLO_AUTOINSTALL", raising=False)


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """Return a weights file that the stand-in takes."""
    file = tmp_path / "yolo11n.pt"
    file.write_bytes(b"good")
    return file


def test_missing_and_broken_weights_are_named(tmp_path: Path) -> None:
    """PyTorch's own words follow the file's name."""
    with pytest.raises(ModelLoadError, match=r"gone\.pt: no such weights"):
        UltralyticsDetector(tmp_path / "gone.pt")
    (tmp_path / "half.pt").write_bytes(b"broken")
    with pytest.raises(ModelLoadError, match=r"half\.pt: Ultralytics cannot load it"):
        UltralyticsDetector(tmp_path / "half.pt")


def test_a_failing_pass_is_an_inference_error(tmp_path: Path) -> None:
    """The batch is lost, the detector is not."""
    (tmp_path / "fails.pt").write_bytes(b"good")
    with pytest.raises(InferenceError, match="out of memory"):
        UltralyticsDetector(tmp_path / "fails.pt").detect([IMAGE])


def test_a_failing_export_is_told(tmp_path: Path) -> None:
    """With the reason."""
    (tmp_path / "fails.pt").write_bytes(b"good")
    with pytest.raises(ModelLoadError, match="unsupported operator"):
        export_onnx(tmp_path / "fails.pt")


def test_a_download_that_brings_nothing_says_what_to_do(tmp_path: Path) -> None:
    """Most installations have no way out to the network."""
    with pytest.raises(ModelLoadError, match=r"copy yolo11n\.pt into .* by hand"):
        fetch_weights("yolo11n", tmp_path / "models")


def test_labels_out_of_bounds_are_refused(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here as everywhere."""
    monkeypatch.setattr(FakeYolo, "names", {0: "face"})
    with pytest.raises(ModelLoadError, match="never who someone is"):
        UltralyticsDetector(weights)


def test_answers_become_detections(weights: Path) -> None:
    """One per image, in order."""
    detector = UltralyticsDetector(weights)
    first, second = detector.detect([IMAGE, IMAGE])
    assert detector.labels == ("fire", "smoke")
    assert first.xyxy.tolist() == second.xyxy.tolist() == [[1, 2, 30, 40]]
    assert [str(x.dtype) for x in (first.xyxy, first.confidence, first.class_id)] == ["float32", "float32", "int64"]
    assert detector.detect([]) == []


def test_running_never_reaches_for_the_network(weights: Path) -> None:
    """The package reads both switches when it is imported."""
    UltralyticsDetector(weights)
    assert os.environ["YOLO_OFFLINE"] == "true"
    assert os.environ["YOLO_AUTOINSTALL"] == "false"


def test_fetching_does(tmp_path: Path, weights: Path) -> None:
    """And takes a file that is there already."""
    assert fetch_weights("yolo11n", tmp_path) == weights
    assert "YOLO_OFFLINE" not in os.environ


def test_a_torchvision_that_does_not_load_is_stood_in_for(weights: Path) -> None:
    """Its operators do not load beside a CPU build of torch."""
    UltralyticsDetector(weights)
    assert hasattr(sys.modules["torchvision"].ops, "nms")


def test_export_returns_the_new_file(weights: Path) -> None:
    """Beside the weights."""
    assert export_onnx(weights) == weights.with_suffix(".onnx")
