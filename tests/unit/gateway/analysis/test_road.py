from __future__ import annotations

from typing import Any

import pytest

from camera_configs.taxonomy import EVENT_TYPES, WRONG_WAY, EventTypeSpec, event_type
from gateway.analysis.congestion import CongestionRule
from gateway.analysis.lamp import LampRule
from gateway.analysis.lines import LineCounter, LineRule
from gateway.analysis.ruleset import RuleSet, make_rules
from gateway.analysis.wrong_way import WrongWayRule
from tests.unit.gateway.analysis.making import LEFT_HALF, camera

MODEL = ("person", "vehicle", "nonmotor", "animal")
ARROW = [[0.5, 0.4], [0.5, 0.6]]
LINE = {"id": "gate", "name": "gate", "kind": "line", "polygon": [[0.2, 0.5], [0.8, 0.5]], "arrow": ARROW}
LANE = {"id": "lane", "name": "lane", "polygon": LEFT_HALF, "arrow": ARROW}
OWN_TYPE = EVENT_TYPES["congestion"].model_copy(update={"id": WRONG_WAY, "dwell_s": 2.0, "ga_code": "07"})


def of_the_site(type_id: str) -> EventTypeSpec:
    """The table of a site that has added the type."""
    return OWN_TYPE if type_id == WRONG_WAY else event_type(type_id)


def made(rule: dict[str, Any], labels: tuple[str, ...] = MODEL, **line: Any) -> RuleSet:
    return make_rules(camera([{"id": "r1", **rule}], [LINE | line, LANE]), labels, of_the_site)


@pytest.mark.parametrize(
    ("rule", "labels", "reason"),
    [
        ({"type": "congestion", "zone": "z1"}, (), "needs an object model"),
        ({"type": "congestion", "zone": "z1"}, ("person",), "does not see: vehicle"),
        ({"type": "congestion"}, MODEL, "needs a zone of its own"),
        ({"type": "congestion", "zone": "gate"}, MODEL, "zone gate is not an area"),
        ({"type": "crowding", "zone": "gate", "min_count": 3}, MODEL, "zone gate is not an area"),
        ({"type": "light_out"}, (), "needs a zone of its own"),
        ({"type": "light_out", "zone": "gate"}, (), "zone gate is not an area"),
        ({"type": "wrong_way", "zone": "z1"}, MODEL, "zone z1 has no arrow"),
        ({"type": "wrong_way", "zone": "lane"}, (), "needs an object model"),
        ({"type": "zone_intrusion", "zone": "gate"}, (), "needs an object model"),
        ({"type": "stray_livestock", "zone": "gate"}, ("person",), "does not see: animal"),
    ],
)
def test_what_cannot_run_is_told(rule: dict[str, Any], labels: tuple[str, ...], reason: str) -> None:
    """A rule without what it needs is not armed, and says why."""
    rules = made(rule, labels)
    assert all(a.is_fault for a in rules.armed)
    assert [(i, reason in why) for i, why in rules.unarmed] == [("r1", True)]


def test_a_type_that_the_site_does_not_have_is_unknown() -> None:
    """The shipped table has no `wrong_way`; whoever wants it adds it, with a severity and a deadline of his own."""
    rules = make_rules(camera([{"id": "r1", "type": "wrong_way", "zone": "lane"}], [LANE]), MODEL)
    assert rules.unarmed == (("r1", "unknown event type"),)


@pytest.mark.parametrize(
    ("rule", "expected", "objects", "dwell_s"),
    [
        ({"type": "congestion", "zone": "z1"}, CongestionRule, {"vehicle"}, 300.0),
        ({"type": "wrong_way", "zone": "lane"}, WrongWayRule, {"vehicle"}, 2.0),
        ({"type": "wrong_way", "zone": "lane", "objects": ["nonmotor"]}, WrongWayRule, {"nonmotor"}, 2.0),
        ({"type": "light_out", "zone": "z1"}, LampRule, set(), 1800.0),
        ({"type": "stray_livestock", "zone": "gate"}, LineRule, {"animal"}, 0.0),
        ({"type": "zone_intrusion", "zone": "gate", "objects": ["vehicle"]}, LineRule, {"vehicle"}, 0.0),
        ({"type": "zone_intrusion", "zone": "gate", "dwell_s": 3}, LineRule, {"person"}, 3.0),
        ({"type": "wrong_way", "zone": "gate"}, LineRule, {"vehicle"}, 0.0),
    ],
)
def test_each_zone_gets_its_rule(rule: dict[str, Any], expected: type, objects: set[str], dwell_s: float) -> None:
    """On a line a crossing counts at once; a dwell made for areas holds only where the rule itself says so."""
    made_rule = made(rule).rules[0]
    assert type(made_rule) is expected
    assert made_rule.objects == objects
    assert made_rule.condition.patience.dwell_s == dwell_s


def test_a_lamp_needs_no_decoding_and_no_model() -> None:
    """It shows in single looks; vehicles that go over a line do not."""
    assert [a.follows for a in made({"type": "light_out", "zone": "z1"}, ()).armed if not a.is_fault] == [False]
    assert [a.follows for a in made({"type": "zone_intrusion", "zone": "gate"}).armed if not a.is_fault] == [True]


def test_a_line_is_counted_whatever_rules_there_are() -> None:
    """Where the model knows the kinds; otherwise it says why not."""
    rules = make_rules(camera([], [LINE | {"count": ["vehicle", "person"]}]), MODEL)
    [counter] = [a.rule for a in rules.armed if isinstance(a.rule, LineCounter)]
    assert counter.objects == {"vehicle", "person"}
    blind = make_rules(camera([], [LINE | {"count": ["vehicle"]}]), ())
    assert blind.unarmed == (("count-gate", "needs an object model"),)
    half = make_rules(camera([], [LINE | {"count": ["vehicle", "animal"]}]), ("vehicle",))
    assert half.unarmed == (("count-gate", "the model in use does not see: animal"),)


def test_the_share_of_a_lane_can_be_asked_for() -> None:
    """The rule's own, or the usual one."""
    for asked, expected in ((None, 0.35), (0.6, 0.6)):
        rule = made({"type": "congestion", "zone": "z1", "min_share": asked}).rules[0]
        assert isinstance(rule, CongestionRule)
        assert rule._share == expected
        assert rule._wanted.min_count == 2


def test_a_rule_may_call_one_vehicle_a_jam() -> None:
    """Two are asked for unless it says so itself."""
    rule = made({"type": "congestion", "zone": "z1", "min_count": 1}).rules[0]
    assert isinstance(rule, CongestionRule)
    assert rule._wanted.min_count == 1
