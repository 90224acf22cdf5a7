"""Every fault that pictures tell is armed once, by default or as a rule of the camera has it."""

from __future__ import annotations

from typing import Any

from camera_configs.taxonomy import event_type
from gateway.analysis.health import fault_types as fault
from gateway.analysis.health.arming import FAULT_CLEAR_S, picture_rules
from tests.unit.gateway.analysis.making import camera


def test_all_are_armed_with_the_patience_of_the_table() -> None:
    """On a camera without rules; darkness is for those who ask."""
    rules = picture_rules(camera([]), event_type)
    patience = {r.condition.subject.event_type: r.condition.patience for r, _ in rules}
    assert tuple(patience) == fault.ALWAYS_FROM_PICTURES
    assert all(p.dwell_s == event_type(t).dwell_s and p.clear_s == FAULT_CLEAR_S for t, p in patience.items())
    assert all(config is None for _, config in rules)


def test_a_rule_changes_patience_or_switches_off() -> None:
    """One fault at a time, the others stay."""
    own: list[dict[str, Any]] = [
        {"id": "r1", "type": fault.MOVED, "enabled": False},
        {"id": "r2", "type": fault.COVERED, "dwell_s": 5, "clear_s": 9},
        {"id": "r3", "type": fault.TOO_DARK},
    ]
    rules = {r.condition.subject.event_type: (r.condition, c) for r, c in picture_rules(camera(own), event_type)}
    assert set(rules) == {*fault.ALWAYS_FROM_PICTURES, fault.TOO_DARK} - {fault.MOVED}
    condition, config = rules[fault.COVERED]
    assert (condition.subject.rule_id, condition.patience.dwell_s, condition.patience.clear_s) == ("r2", 5, 9)
    assert config is not None
