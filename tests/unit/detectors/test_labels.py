"""Class names come from where the operator put them, and never name what is out of bounds."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.base import ModelLoadError
from detectors.coco import COCO_80
from detectors.labels import labels_of

NAMES = {"names": "{0: 'fire', 1: 'smoke'}"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return where a model would lie."""
    return tmp_path / "fire.onnx"


def test_unknown_names_say_what_to_do(model: Path) -> None:
    """The error names the file to write."""
    with pytest.raises(ModelLoadError, match=r"fire\.labels\.txt"):
        labels_of(model, {}, 2)


def test_a_count_that_does_not_fit_is_refused(model: Path) -> None:
    """Wrong names would raise wrong alarms."""
    with pytest.raises(ModelLoadError, match="2 class names for 3 classes"):
        labels_of(model, NAMES, 3)


@pytest.mark.parametrize("text", ["{0: ", "7", "{0: 'a', 2: 'b'}", "__import__('os')"])
def test_broken_metadata_is_refused(model: Path, text: str) -> None:
    """Metadata is read as a literal, never run."""
    with pytest.raises(ModelLoadError, match="names"):
        labels_of(model, {"names": text}, 2)


@pytest.mark.parametrize("text", ["[", "names: {1: a}", "just words"])
def test_a_broken_labels_file_is_refused(model: Path, text: str) -> None:
    """Its own name stands in the error."""
    model.with_name("fire.labels.yaml").write_text(text)
    with pytest.raises(ModelLoadError, match=r"fire\.labels\.yaml"):
        labels_of(model, {}, 2)


@pytest.mark.parametrize(
    "label", ["face", "Faces", "license plate", "number_plate", "car-plates", "人脸", "车牌", "gait"]
)
def test_models_that_look_for_people_or_plates_are_refused(model: Path, label: str) -> None:
    """The boundary of the product holds for models too."""
    with pytest.raises(ModelLoadError, match="never who someone is"):
        labels_of(model, {"names": str([label, "smoke"])}, 2)


@pytest.mark.parametrize("label", ["surface water", "plate", "interface"])
def test_harmless_words_pass(model: Path, label: str) -> None:
    """Only whole words count."""
    assert labels_of(model, {"names": str([label])}, 1) == (label,)


def test_metadata_is_read(model: Path) -> None:
    """As Ultralytics writes it."""
    assert labels_of(model, NAMES, 2) == ("fire", "smoke")
    assert labels_of(model, NAMES, None) == ("fire", "smoke")


def test_a_file_beside_the_model_wins(model: Path) -> None:
    """So that an operator can correct names."""
    model.with_name("fire.labels.txt").write_text("flame\n\nhaze\n")
    assert labels_of(model, NAMES, 2) == ("flame", "haze")


@pytest.mark.parametrize("text", ["[a, b]", "names: [a, b]", "names: {0: a, 1: b}", "{1: b, 0: a}"])
def test_yaml_in_its_usual_shapes(model: Path, text: str) -> None:
    """Data set files of the YOLO world hold any of these."""
    model.with_name("fire.labels.yaml").write_text(text)
    assert labels_of(model, {}, 2) == ("a", "b")


def test_eighty_classes_are_coco(model: Path) -> None:
    """YOLOX and PicoDet files carry no names."""
    assert labels_of(model, {}, 80) == COCO_80
