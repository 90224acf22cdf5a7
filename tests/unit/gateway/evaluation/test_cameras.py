"""Tests of gateway.evaluation.cameras."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from camera_configs.models import RuleConfig
from gateway.evaluation.cameras import camera_with, dwell_of, with_faults
from tests.unit.gateway.evaluation.making import RULE, SQUARE

FILE = Path("clip.mp4")


def test_each_rule_has_a_zone_of_its_own() -> None:
    """Two rules on one polygon are two statements, and neither keeps silent after an event."""
    camera = camera_with([RULE, {**RULE, "id": "r2"}], FILE)
    assert [(r.id, r.zone, r.cool_down_s) for r in camera.rules] == [("r1", "z-r1", 0), ("r2", "z-r2", 0)]


def test_a_cool_down_that_is_asked_for_is_kept() -> None:
    """A clip may be about it."""
    assert camera_with([{**RULE, "cool_down_s": 9}], FILE).rules[0].cool_down_s == 9


def test_two_points_are_a_line_and_none_is_the_whole_picture() -> None:
    """As rules need them."""
    rules = [{**RULE, "zone": SQUARE[:2]}, {"id": "r2", "type": "zone_intrusion"}]
    camera = camera_with(rules, FILE)
    assert [zone.kind for zone in camera.zones] == ["line"]
    assert camera.rules[1].zone is None


def test_masks_are_privacy_masks() -> None:
    """They are painted before anything looks."""
    assert camera_with([RULE], FILE, [SQUARE]).privacy_masks[0].kind == "privacy_mask"


def test_what_cannot_be_used_is_refused() -> None:
    """The loader says where."""
    with pytest.raises(ValidationError):
        camera_with([{**RULE, "min_count": 0}], FILE)


def test_faults_that_are_armed_everywhere_become_impatient() -> None:
    """Never more patient than usual; looked for as often as they must last."""
    rules = {rule.type: rule for rule in with_faults(camera_with([RULE], FILE), (), 5.0).rules}
    black = rules["camera_fault.black"]
    assert (black.dwell_s, black.cadence_s, black.cool_down_s, black.enabled) == (5.0, 5.0, 0, True)
    patient = with_faults(camera_with([], FILE), (), 1e6).rules
    assert next(r for r in patient if r.type == "camera_fault.black").dwell_s == 10


def test_a_fault_that_the_clip_arms_stays_as_it_is() -> None:
    """No second rule for it."""
    own = {"id": "dark", "type": "camera_fault.black", "dwell_s": 2}
    rules = with_faults(camera_with([own], FILE), ()).rules
    assert [(r.id, r.dwell_s) for r in rules if r.type == "camera_fault.black"] == [("dark", 2)]


def test_a_rule_without_dwell_has_that_of_its_type() -> None:
    """A type that nobody knows is due at once; it is never raised."""
    assert dwell_of(RuleConfig(id="r", type="camera_fault.black", dwell_s=3)) == 3
    assert dwell_of(RuleConfig(id="r", type="camera_fault.black")) == 10
    assert dwell_of(RuleConfig(id="r", type="rain_of_frogs")) == 0
