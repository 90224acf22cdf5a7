"""What a trained model's classes stand for: named label by label, and never persons."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.base import ModelLoadError
from detectors.scene_types import read_types

LABELS = ("overflowing bin", "litter", "tree")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[bin_overflow]", "must be a table"),
        ("{", "cannot be read"),
        ("bin: bin_overflow", "the model has no class 'bin'; it has: overflowing bin, litter, tree"),
        ("tree: Big Tree", "is not the id of an event type"),
        ("tree: 3", "is not the id of an event type"),
        ("tree: face_seen", "never at who somebody is"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    """File and label are named."""
    table = tmp_path / "bins.types.yaml"
    table.write_text(text)
    with pytest.raises(ModelLoadError, match=r"bins\.types\.yaml") as refused:
        read_types(table, LABELS)
    assert words in str(refused.value)


def test_binary_rubbish_is_refused(tmp_path: Path) -> None:
    """Not UTF-8."""
    table = tmp_path / "bins.types.yaml"
    table.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelLoadError, match="cannot be read"):
        read_types(table, LABELS)


def test_labels_that_are_event_types_need_no_table(tmp_path: Path) -> None:
    """And a table adds to them, or says otherwise."""
    assert read_types(None, LABELS) == read_types(tmp_path / "none.yaml", LABELS) == {"litter": "litter"}
    table = tmp_path / "bins.types.yaml"
    table.write_text("overflowing bin: bin_overflow\nlitter: dirty_road\n")
    assert read_types(table, LABELS) == {"overflowing bin": "bin_overflow", "litter": "dirty_road"}


def test_a_model_of_people_and_vehicles_stands_for_nothing() -> None:
    """Its classes are asked for by rules of another kind."""
    assert read_types(None, ("person", "car")) == {}
