"""Model labels group into what scene rules ask for."""

from __future__ import annotations

import pytest

from detectors.coco import COCO_80, scene_label


def test_there_are_eighty_distinct_names() -> None:
    """The order is the detectors' class number."""
    assert len(COCO_80) == len(set(COCO_80)) == 80
    assert (COCO_80[0], COCO_80[24], COCO_80[79]) == ("person", "backpack", "toothbrush")


@pytest.mark.parametrize("name", ["car", "bus", "truck", "train", "Car ", "TRUCK"])
def test_vehicles_are_one_class(name: str) -> None:
    """Detectors flip between them on one and the same vehicle."""
    assert scene_label(name) == "vehicle"


@pytest.mark.parametrize(
    ("name", "group"),
    [("person", "person"), ("bicycle", "nonmotor"), ("motorcycle", "nonmotor"), ("dog", "animal"), ("cow", "animal")],
)
def test_other_groups(name: str, group: str) -> None:
    """The three other things a rule may ask for."""
    assert scene_label(name) == group


@pytest.mark.parametrize("name", ["chair", "boat", "airplane", "", "fire", "handbag"])
def test_everything_else_is_no_scene_label(name: str) -> None:
    """Fire and the like are asked for by their own name, not by a group."""
    assert scene_label(name) is None
