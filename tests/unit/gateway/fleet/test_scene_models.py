"""Which trained models are asked: real model files, tables beside them, and rules that wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.base import Detector
from detectors.registry import ModelRegistry, open_detector
from gateway.fleet.scene_models import asked_models, scene_models, seen_types
from tests.unit.detectors import graphs
from tests.unit.gateway.analysis.making import camera

BIN = {"id": "bin", "type": "bin_overflow"}
FIRE = {"id": "fire", "type": "smoke_fire"}
STALL = {"id": "stall", "type": "street_vending"}


@pytest.fixture
def registry(tmp_path: Path) -> ModelRegistry:
    """Hold two models that know bins, of which one knows stalls too, and one that claims fire."""
    registry = ModelRegistry(tmp_path / "models")
    for name, labels in {"alpha": ("bin", "stall"), "beta": ("bin",), "gamma": ("smoke_fire",)}.items():
        file = graphs.save(
            tmp_path / f"{name}.onnx",
            [graphs.yolov8_answer([(28.0, 20.0, 32.0, 16.0, 0, 0.8)], len(labels))],
            metadata=graphs.names(*labels),
        )
        registry.add(file)
    table = tmp_path / "types.yaml"
    table.write_text("bin: bin_overflow\n")
    registry.set_types("beta", table)
    table.write_text("bin: bin_overflow\nstall: street_vending\n")
    registry.set_types("alpha", table)
    return registry


def test_nothing_is_asked_where_no_rule_waits(registry: ModelRegistry) -> None:
    """No rule, a switched-off rule, or one with a detector of its own."""
    assert asked_models(registry.known_types(), []) == {}
    assert asked_models(registry.known_types(), [camera([FIRE, {**BIN, "enabled": False}])]) == {}


def test_each_type_is_asked_of_the_first_model_that_knows_it(registry: ModelRegistry) -> None:
    """And of no other; a model whose types are all taken is not opened."""
    asked = asked_models(registry.known_types(), [camera([BIN]), camera([STALL])])
    assert asked == {"onnx:alpha": {"bin": "bin_overflow", "stall": "street_vending"}}


def test_a_camera_asks_for_its_own_types_only(registry: ModelRegistry) -> None:
    """Of the models that are open."""
    detectors: dict[str, Detector | None] = {"onnx:alpha": open_detector("onnx:alpha", registry), "motion": None}
    [model] = scene_models(registry.known_types(), camera([BIN]), detectors)
    assert model.types == {"bin": "bin_overflow"}
    assert seen_types([model]) == {"bin_overflow"}
    assert scene_models(registry.known_types(), camera([BIN]), {"motion": None}) == []
