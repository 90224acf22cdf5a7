"""What is said to be recognised is what really runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from camera_configs.models import RuleConfig
from camera_configs.taxonomy import is_camera_fault
from detectors.base import ModelLoadError
from gateway.fleet.readiness import ready_types
from gateway.settings import Settings
from tests.unit.gateway.fleet.cameras import camera, site

PARKING = RuleConfig(id="park", type="illegal_parking", zone="yard")
CROWD = RuleConfig(id="crowd", type="crowding", zone="yard")
ALWAYS = {"camera_fault.black", "camera_fault.offline"}


def scenes(found: frozenset[str]) -> set[str]:
    return {kind for kind in found if not is_camera_fault(kind)}


def test_wrong_model_is_noticed_before_any_camera_is_watched(tmp_path: Path) -> None:
    """One camera with a model that is not there is enough."""
    wrong = camera("b").model_copy(update={"detector": "nowhere"})
    with pytest.raises(ModelLoadError):
        ready_types(site(camera("a"), wrong), Settings(data_dir=tmp_path))


def test_rule_that_needs_a_model_is_not_ready_without_one(tmp_path: Path) -> None:
    """Motion tells a thing that has stopped, and cannot count people."""
    found = ready_types(site(camera("a", rules=(PARKING, CROWD))), Settings(data_dir=tmp_path))
    assert scenes(found) == {"illegal_parking"}
    assert found >= ALWAYS


def test_smoke_and_fire_are_ready_without_adding_a_model(tmp_path: Path) -> None:
    """Their detector comes with the package."""
    fire = RuleConfig(id="fire", type="smoke_fire")
    assert "smoke_fire" in ready_types(site(camera("a", rules=(fire,))), Settings(data_dir=tmp_path))


def test_camera_that_is_switched_off_makes_nothing_ready(tmp_path: Path) -> None:
    """Neither its rules nor its model count; with no camera at all nothing is ready."""
    off = camera("a", enabled=False, rules=(PARKING,)).model_copy(update={"detector": "nowhere"})
    assert ready_types(site(off), Settings(data_dir=tmp_path)) == frozenset()


def test_faults_that_are_switched_off_are_not_ready(tmp_path: Path) -> None:
    """A fault that is armed by itself can be disabled by a rule."""
    off = RuleConfig(id="away", type="camera_fault.offline", enabled=False)
    found = ready_types(site(camera("a", rules=(off,))), Settings(data_dir=tmp_path))
    assert "camera_fault.black" in found
    assert "camera_fault.offline" not in found
