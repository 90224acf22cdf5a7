"""Clock and loss: told from the state alone, and never where something else is to blame."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from camera_configs.taxonomy import event_type
from gateway.analysis.condition import Condition
from gateway.analysis.health import fault_types as fault
from gateway.analysis.health.arming import state_rules
from gateway.analysis.health.state_faults import ClockRule, LossRule, Watched
from gateway.types import Phase
from storage.records import CameraState, CameraStateName
from tests.unit.gateway.analysis.making import camera, condition, phases, seconds

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ONLINE = CameraState("cam", CameraStateName.ONLINE, since=NOW, updated_at=NOW)
GONE = replace(ONLINE, state=CameraStateName.UNREACHABLE)


def off_by(offset_s: float | None) -> Watched:
    """Return a camera whose clock is off by so much."""
    return Watched(replace(ONLINE, clock_offset_s=offset_s), overdue=False)


@pytest.mark.parametrize("offset_s", [None, 0.0, -4.0, 29.0])
def test_a_clock_that_will_do_is_no_fault(offset_s: float | None) -> None:
    """Or one of which nothing is known."""
    rule = ClockRule(condition(dwell_s=5))
    assert [s for at_s in seconds(0, 20, 1) for s in rule.update(off_by(offset_s), at_s)] == []


@pytest.mark.parametrize("offset_s", [31.0, -3_600.0])
def test_a_wrong_clock_is_told_until_it_is_right(offset_s: float) -> None:
    """Half right is not right."""
    rule = ClockRule(condition(dwell_s=5, clear_s=1))
    told = [s for at_s in seconds(0, 10, 1) for s in rule.update(off_by(offset_s), at_s)]
    assert phases(told) == [(Phase.CANDIDATE, 0.0), (Phase.RAISED, 5.0)]
    [rule.update(off_by(10.0), at_s) for at_s in seconds(11, 20, 1)]
    assert rule.condition.raised
    [rule.update(off_by(1.0), at_s) for at_s in seconds(21, 25, 1)]
    assert not rule.condition.active


def test_a_camera_that_is_away_keeps_its_wrong_clock() -> None:
    """What cannot be read has not been put right."""
    rule = ClockRule(Condition(condition().subject, condition(dwell_s=5).patience, gaps_matter=False))
    [rule.update(off_by(100.0), at_s) for at_s in seconds(0, 10, 1)]
    assert rule.update(Watched(GONE, overdue=True), 5_000.0) == []
    assert rule.condition.raised


def unreadable(count: int) -> Watched:
    """Return a camera of which so many keyframes could not be decoded, and none since."""
    return Watched(ONLINE, overdue=True, undecodable=count)


def test_no_picture_though_the_camera_is_there() -> None:
    """Keyframes come every 5 s and none can be decoded; the first picture ends it."""
    rule = LossRule(condition(dwell_s=10))
    told = [s for at_s in seconds(0, 12, 1) for s in rule.update(unreadable(1 + int(at_s) // 5), at_s)]
    assert phases(told) == [(Phase.CANDIDATE, 0.0), (Phase.RAISED, 10.0)]
    assert phases(rule.update(Watched(ONLINE, overdue=False, undecodable=3), 13.0)) == [(Phase.CLEARED, 13.0)]


def test_a_camera_that_is_away_has_lost_no_picture() -> None:
    """Another rule tells of it."""
    rule = LossRule(condition(dwell_s=1))
    assert [
        s for at_s in seconds(0, 12, 1) for s in rule.update(Watched(GONE, overdue=True, undecodable=int(at_s)), at_s)
    ] == []


def test_looks_that_come_late_are_our_own_fault() -> None:
    """The machine has no time for them; one damaged keyframe is no loss."""
    rule = LossRule(condition(dwell_s=3))
    told = [s for at_s in seconds(0, 60, 1) for s in rule.update(unreadable(1), at_s)]
    assert phases(told) == [(Phase.CANDIDATE, 0.0)]


def test_both_are_armed_unless_switched_off() -> None:
    """With the dwell of the table, or the rule's own."""
    assert [r.condition.patience.dwell_s for r in state_rules(camera([]), event_type)] == [600, 10]
    own = camera([{"id": "r1", "type": fault.CLOCK, "dwell_s": 7}, {"id": "r2", "type": fault.LOSS, "enabled": False}])
    (clock,) = state_rules(own, event_type)
    assert (clock.condition.subject.rule_id, clock.condition.patience.dwell_s) == ("r1", 7)
