from __future__ import annotations

from typing import Any

import pytest

from camera_configs.taxonomy import event_type
from detectors.foreground import ForegroundModel
from gateway.analysis.fire import SmokeFireRule
from gateway.analysis.left_behind import LeftBehindRule
from gateway.analysis.rules import StoppedRule, ZoneIntrusionRule
from gateway.analysis.ruleset import RuleSet, foreground_for, make_rules
from tests.unit.gateway.analysis.making import camera

MODEL = ("person", "vehicle", "nonmotor", "animal")


def made(rule: dict[str, Any], labels: tuple[str, ...] = MODEL) -> RuleSet:
    return make_rules(camera([{"id": "r1", "zone": "z1"} | rule]), labels)


@pytest.mark.parametrize(
    ("rule", "labels", "reason"),
    [
        ({"type": "smoke_fire"}, MODEL, "not loaded"),
        ({"type": "bin_overflow"}, MODEL, "no detector"),
        ({"type": "zone_intrusion", "objects": ["vehicle"]}, ("person",), "does not see: vehicle"),
        ({"type": "stray_livestock"}, (), "needs an object model"),
        ({"type": "piled_goods"}, (), "needs an object model"),
        ({"type": "piled_goods"}, ("person",), "does not see: vehicle"),
        ({"type": "crowding", "min_count": 5}, (), "needs an object model"),
        ({"type": "crowding"}, MODEL, "min_count"),
    ],
)
def test_what_cannot_run_is_told(rule: dict[str, Any], labels: tuple[str, ...], reason: str) -> None:
    """A rule without what it needs is not armed, and says why."""
    rules = made(rule, labels)
    assert all(a.is_fault for a in rules.armed)
    ((rule_id, why),) = rules.unarmed
    assert rule_id == "r1"
    assert reason in why


def test_a_line_is_no_area() -> None:
    """A rule about what stands somewhere is told, not guessed at, on a line."""
    line = {"id": "line", "name": "line", "kind": "line", "polygon": [[0, 0], [1, 1]]}
    rules = make_rules(camera([{"id": "r1", "type": "illegal_parking", "zone": "line"}], [line]), MODEL)
    assert rules.unarmed == (("r1", "zone line is not an area"),)


def test_a_disabled_rule_is_neither_armed_nor_told() -> None:
    """What somebody switched off is not a fault."""
    rules = made({"type": "smoke_fire", "enabled": False})
    assert rules.unarmed == ()


@pytest.mark.parametrize(
    ("kind", "expected", "objects"),
    [
        ("zone_intrusion", ZoneIntrusionRule, {"person"}),
        ("water_intrusion", ZoneIntrusionRule, {"person"}),
        ("stray_livestock", ZoneIntrusionRule, {"animal"}),
        ("illegal_parking", StoppedRule, {"vehicle"}),
        ("fire_lane_blocked", StoppedRule, {"vehicle"}),
        ("nonmotor_parking", StoppedRule, {"nonmotor"}),
        ("abandoned_object", LeftBehindRule, set()),
        ("litter", LeftBehindRule, set()),
        ("piled_goods", LeftBehindRule, set()),
    ],
)
def test_each_type_gets_its_rule(kind: str, expected: type, objects: set[str]) -> None:
    """Types share what they mean; objects and dwell come from the table when the rule leaves them open."""
    rule = made({"type": kind}).rules[0]
    assert type(rule) is expected
    assert rule.objects - {"foreground"} == objects
    assert rule.condition.patience.dwell_s == event_type(kind).dwell_s
    assert rule.zone.id == "z1"


@pytest.mark.parametrize("kind", ["smoke_fire", "open_burning"])
def test_fire_is_looked_for_at_the_cadence_of_its_type(kind: str) -> None:
    """With the detector loaded the rule is armed, needs no movement in its zone, and keeps its own cadence."""
    armed = make_rules(camera([{"id": "r1", "type": kind, "zone": "z1"}]), fire=True).armed[0]
    assert isinstance(armed.rule, SmokeFireRule)
    assert (armed.rule.cadence_s, armed.follows) == (event_type(kind).cadence_s, False)
    own = make_rules(camera([{"id": "r1", "type": kind, "cadence_s": 7}]), fire=True).rules[0]
    assert isinstance(own, SmokeFireRule)
    assert own.cadence_s == 7


def test_a_rules_own_words_win() -> None:
    """Dwell, objects and the rest are the rule's, where it gives them."""
    patient = {"dwell_s": 7, "clear_s": 2, "cool_down_s": 9}
    config = {"type": "zone_intrusion", "objects": ["vehicle"], "zone": None} | patient
    rule = made(config).rules[0]
    patience = rule.condition.patience
    assert (patience.dwell_s, patience.clear_s, patience.cool_down_s) == (7, 2, 9)
    assert "vehicle" in rule.objects
    assert rule.zone.polygon == ()


def test_parking_runs_without_a_model() -> None:
    """Still patches stand for vehicles where no model is in use."""
    assert type(made({"type": "illegal_parking"}, ()).rules[0]) is StoppedRule


def test_faults_are_always_armed() -> None:
    """Every camera is watched for a black picture and for being away."""
    rules = make_rules(camera([]))
    assert "camera_fault.black" in {r.condition.subject.rule_id for r in rules.rules}
    assert rules.offline is not None


def test_faults_can_be_tuned_and_switched_off() -> None:
    """A rule of that type replaces the built-in one; disabled, it silences it."""
    tuned = make_rules(camera([{"id": "b", "type": "camera_fault.black", "dwell_s": 99}]))
    assert [r.condition.patience.dwell_s for r in tuned.rules if r.condition.subject.rule_id == "b"] == [99]
    assert "camera_fault.black" not in {r.condition.subject.rule_id for r in tuned.rules}
    off = [
        {"id": "b", "type": "camera_fault.black", "enabled": False},
        {"id": "o", "type": "camera_fault.offline", "enabled": False},
    ]
    silent = make_rules(camera(off))
    assert "camera_fault.black" not in {r.condition.subject.event_type for r in silent.rules}
    assert silent.offline is None
    assert make_rules(camera([{"id": "o", "type": "camera_fault.offline", "dwell_s": 5}])).offline is not None


def test_foreground_outlasts_the_longest_dwell() -> None:
    """A car must not melt into the background before it is flagged."""
    config = camera([{"id": "r1", "type": "illegal_parking", "zone": "z1", "dwell_s": 1800}])
    model = foreground_for(config, make_rules(config))
    assert isinstance(model, ForegroundModel)
    assert model._options.absorb_s > 1800
    assert len(model._options.watched) == 1
