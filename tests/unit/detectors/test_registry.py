"""Models are checked once when added; half of one never shows."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from detectors.base import Detector, ModelLoadError
from detectors.commands import add_model, describe_all, list_models, remove_model
from detectors.motion import MotionDetector
from detectors.onnx_model import OnnxDetector
from detectors.registry import MOTION, ModelRegistry, open_detector
from tests.unit.detectors import graphs

BOX = [(28.0, 20.0, 32.0, 16.0, 0, 0.8)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a small model outside the registry."""
    metadata = {**graphs.names("fire", "smoke"), "license": "MIT"}
    return graphs.save(tmp_path / "Fire_Smoke.onnx", [graphs.yolov8_answer(BOX, 2)], metadata=metadata)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the registry's folder, which does not exist yet."""
    return tmp_path / "state" / "models"


@pytest.fixture
def without_ultralytics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the optional part absent, whatever this machine has."""
    for name in ("ultralytics", "torchvision"):
        monkeypatch.setitem(sys.modules, name, None)


def test_a_broken_model_leaves_nothing_behind(folder: Path, tmp_path: Path) -> None:
    """The folder is not even made."""
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"rubbish")
    with pytest.raises(ModelLoadError):
        ModelRegistry(folder).add(broken)
    assert not folder.exists()


def test_a_failed_replacement_keeps_the_old_model(folder: Path, file: Path) -> None:
    """Checked before anything is written."""
    registry = ModelRegistry(folder)
    card = registry.add(file, "fire")
    file.write_bytes(b"rubbish")
    with pytest.raises(ModelLoadError):
        registry.add(file, "fire")
    assert registry.list() == [card]
    assert isinstance(open_detector("onnx:fire", registry), OnnxDetector)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, file: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(ModelLoadError, match="cannot be written"):
        ModelRegistry(tmp_path / "state" / "models").add(file, "fire")


@pytest.mark.parametrize("name", ["../up", "A", "", "a/b", ".hidden", "x" * 64])
def test_names_that_leave_the_folder_are_refused(folder: Path, file: Path, name: str) -> None:
    """A name becomes a file name."""
    registry = ModelRegistry(folder)
    with pytest.raises(ModelLoadError, match="not a model name"):
        registry.path(name)
    if name:
        with pytest.raises(ModelLoadError, match="not a model name"):
            registry.add(file, name)


def test_an_unknown_name_lists_the_known_ones(folder: Path, file: Path) -> None:
    """The usual slip is a typing error."""
    registry = ModelRegistry(folder)
    with pytest.raises(ModelLoadError, match="there are: none"):
        registry.path("fyre")
    registry.add(file, "fire")
    with pytest.raises(ModelLoadError, match="there are: fire"):
        registry.remove("fyre")


def test_a_model_without_a_card_and_a_card_without_a_model_are_not_listed(folder: Path, file: Path) -> None:
    """Whatever an interrupted copy left."""
    registry = ModelRegistry(folder)
    registry.add(file, "fire")
    (folder / "half.onnx").write_bytes(b"...")
    (folder / "ghost.json").write_text((folder / "fire.json").read_text().replace('"fire"', '"ghost"', 1))
    (folder / "torn.json").write_text('{"name": "to')
    assert [card.name for card in registry.list()] == ["fire"]


@pytest.mark.usefixtures("without_ultralytics")
def test_without_the_optional_part_yolo_says_how_to_install_it(folder: Path, tmp_path: Path) -> None:
    """Fetching, exporting and running all need it."""
    registry = ModelRegistry(folder)
    weights = tmp_path / "yolo11n.pt"
    weights.write_bytes(b"")
    for attempt in (
        lambda: registry.fetch("yolo11n"),
        lambda: registry.export(weights),
        lambda: open_detector("yolo:yolo11n", registry),
        lambda: open_detector(str(weights), registry),
    ):
        with pytest.raises(ModelLoadError, match=r"pip install gridpatrol\[yolo\]"):
            attempt()


@pytest.mark.parametrize("spec", ["", "onnx:", "tflite:x", "model.bin", "yolo:"])
def test_a_spec_of_no_known_kind_is_refused(folder: Path, spec: str) -> None:
    """The error lists what can be given."""
    with pytest.raises(ModelLoadError, match="give motion, onnx:NAME"):
        open_detector(spec, ModelRegistry(folder))


def test_the_card_tells_what_the_model_is(folder: Path, file: Path) -> None:
    """And the hash is that of the copied file."""
    card = ModelRegistry(folder).add(file)
    assert (card.name, card.family, card.input_width, card.licence) == ("fire_smoke", "yolov8", 64, "MIT")
    assert card.labels == ("fire", "smoke")
    assert card.sha256 == hashlib.sha256((folder / "fire_smoke.onnx").read_bytes()).hexdigest()
    assert json.loads((folder / "fire_smoke.json").read_text())["sha256"] == card.sha256
    assert sorted(p.name for p in folder.iterdir()) == ["fire_smoke.json", "fire_smoke.onnx"]


def test_labels_beside_the_file_come_along_and_go_with_their_model(folder: Path, tmp_path: Path, file: Path) -> None:
    """A replaced model must not inherit the names of the old one."""
    nameless = graphs.save(tmp_path / "raw.onnx", [graphs.yolov8_answer(BOX, 2)])
    nameless.with_name("raw.labels.yaml").write_text("names: [flame, haze]")
    registry = ModelRegistry(folder)
    registry.add(nameless, "fire")
    assert open_detector("onnx:fire", registry).labels == ("flame", "haze")
    registry.add(file, "fire")
    assert open_detector("onnx:fire", registry).labels == ("fire", "smoke")


def test_specs_open_what_they_name(folder: Path, file: Path) -> None:
    """By name, by path, and without any weights."""
    registry = ModelRegistry(folder)
    registry.add(file, "fire")
    assert isinstance(open_detector("motion", registry), MotionDetector)
    for spec in ("onnx:fire", str(file)):
        detector: Detector = open_detector(spec, registry)
        assert len(detector.detect([np.zeros((64, 64, 3), np.uint8)])[0]) == 1


def test_settings_are_tried_without_opening_anything(folder: Path, file: Path) -> None:
    """What could be opened is fine; for the rest there is a reason in words."""
    registry = ModelRegistry(folder)
    registry.add(file, "fire")
    assert {registry.why_unusable(spec) for spec in (MOTION, "onnx:fire", str(file), "yolo:yolo26n")} == {None}
    for spec in ("onnx:smoke", "yolo:../x", "nowhere.onnx", "onnx:", "eyes"):
        assert spec.removeprefix("onnx:").removeprefix("yolo:") in str(registry.why_unusable(spec))


def test_commands_speak_to_the_person_at_the_terminal(folder: Path, file: Path) -> None:
    """List, add, remove."""
    assert "No models yet" in describe_all(list_models(folder))
    card = add_model(folder, file)
    text = describe_all(list_models(folder))
    assert text == f"fire_smoke  yolov8  64x64  [fire, smoke]  MIT  {card.sha256[:12]}"
    remove_model(folder, "fire_smoke")
    assert list(folder.iterdir()) == []
