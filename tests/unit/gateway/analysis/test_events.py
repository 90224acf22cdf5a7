from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from camera_configs.models import SiteConfig
from gateway.analysis.condition import MAX_GAP_S
from gateway.analysis.events import EXTEND_EVERY_S, Closed, EventBuilder, Extended, Opened
from gateway.clock import FakeClock
from gateway.types import Box, Phase, Signal
from storage.records import EventState
from tests.unit.gateway.analysis.making import camera

T0 = datetime(2026, 1, 1, tzinfo=UTC)
RULE = {"id": "r1", "type": "zone_intrusion", "zone": "z1"}
SIGNAL = Signal(Phase.RAISED, "cam", "r1", "zone_intrusion", "z1", 10, 15, 0.6, "person", 1, (Box(0.1, 0.2, 0.3, 0.4),))


def builder(*rules: dict[str, Any]) -> EventBuilder:
    zones = [
        {"id": "z2", "name": "right", "grid": "g2", "polygon": [[0.6, 0], [1, 0], [1, 1]]},
    ]
    site = SiteConfig.model_validate(
        {
            "regions": [{"code": "110101001001", "name": "Village"}, {"code": "110101001002", "name": "Other"}],
            "grids": [
                {"id": "g1", "code": "1", "name": "One", "region_code": "110101001001"},
                {"id": "g2", "code": "2", "name": "Two", "region_code": "110101001002"},
            ],
            "cameras": [camera(rules or [RULE], zones)],
        }
    )
    return EventBuilder(FakeClock(), site, "run_1", "picodet")


def at(phase: Phase, at_s: float, **changed: Any) -> Signal:
    return replace(SIGNAL, phase=phase, at_s=at_s, **changed)


def opened(events: EventBuilder, signal: Signal = SIGNAL) -> Opened:
    (change,) = events.take([signal])
    assert isinstance(change, Opened)
    return change


def test_candidates_and_unknown_ends_change_nothing() -> None:
    """A candidate is not an event, and an end without a beginning is nothing."""
    events = builder()
    assert events.take([at(Phase.CANDIDATE, 10), at(Phase.CLEARED, 12)]) == []
    assert events.open_ids == ()


def test_a_raise_opens_an_event_with_everything_known() -> None:
    """Times in UTC from the condition's own, place from camera, zone and grid, severity from the table."""
    change = opened(builder())
    event = change.event
    assert (change.since_s, change.raised_s) == (10, 15)
    assert event.started_at == T0 + timedelta(seconds=10)
    assert event.raised_at == event.last_seen_at == T0 + timedelta(seconds=15)
    assert (event.grid_id, event.region_code, event.severity) == ("g1", "110101001001", "S2")
    assert (event.state, event.ended_at, event.run_id, event.detector) == (EventState.OPEN, None, "run_1", "picodet")
    assert (event.boxes, len(event.zone_polygon)) == (((0.1, 0.2, 0.3, 0.4),), 4)


def test_the_zones_grid_and_the_rules_severity_win() -> None:
    """A zone may belong to another grid than the camera, a rule may be more urgent than its type."""
    events = builder({"id": "r1", "type": "zone_intrusion", "zone": "z2", "severity": "S1", "auto_report": True})
    event = opened(events, replace(SIGNAL, zone_id="z2")).event
    assert (event.grid_id, event.region_code, event.severity, event.auto_report) == ("g2", "110101001002", "S1", True)


def test_ongoing_is_told_now_and_then() -> None:
    """A word a second becomes a write every few; the surest sight is kept."""
    events = builder()
    event = opened(events).event
    changes = events.take([at(Phase.ONGOING, 15 + i, confidence=0.9 if i == 2 else 0.5) for i in range(1, 13)])
    assert changes == [
        Extended(event.id, T0 + timedelta(seconds=15 + EXTEND_EVERY_S), 0.9),
        Extended(event.id, T0 + timedelta(seconds=15 + 2 * EXTEND_EVERY_S), 0.9),
    ]


def test_the_end_is_when_it_was_last_seen() -> None:
    """Noticed 4 s later, it ended when it was seen last; then the next one is another event."""
    events = builder()
    first = opened(events).event
    events.take([at(Phase.ONGOING, 16)])
    assert events.take([at(Phase.CLEARED, 20)]) == [Closed(first.id, T0 + timedelta(seconds=16))]
    assert opened(events, at(Phase.RAISED, 60)).event.id != first.id


def test_two_rules_of_one_kind_on_one_zone_make_one_event() -> None:
    """The second raise extends the first event, which ends when both conditions are gone."""
    events = builder(RULE, {**RULE, "id": "r2", "dwell_s": 60})
    event = opened(events).event
    events.take([at(Phase.RAISED, 60, rule_id="r2")])
    assert events.take([at(Phase.CLEARED, 70)]) == []
    assert events.take([at(Phase.CLEARED, 71, rule_id="r2")]) == [Closed(event.id, T0 + timedelta(seconds=60))]


def test_a_mere_candidate_of_the_other_rule_does_not_end_it() -> None:
    """The patient rule gives up its candidate; the event of the impatient one goes on."""
    events = builder(RULE, {**RULE, "id": "r2", "dwell_s": 60})
    opened(events)
    assert events.take([at(Phase.CLEARED, 20, rule_id="r2")]) == []
    assert len(events.open_ids) == 1


def test_different_statements_are_different_events() -> None:
    """People and vehicles, four and ten, another zone: each its own event."""
    for other in ({"objects": ["vehicle"]}, {"min_count": 10, "objects": ["person"]}, {"zone": "z2"}):
        events = builder({**RULE, "objects": ["person"]}, {**RULE, "id": "r2", **other})
        opened(events)
        opened(events, at(Phase.RAISED, 16, rule_id="r2", zone_id=other.get("zone", "z1")))
        assert len(events.open_ids) == 2


def test_a_fault_needs_no_rule() -> None:
    """Faults armed by themselves take grid and severity from camera and table, and are found by no model."""
    fault = at(Phase.RAISED, 15, rule_id="camera_fault.black", event_type="camera_fault.black", zone_id=None)
    event = opened(builder(), fault).event
    assert (event.grid_id, event.severity, event.detector, event.zone_polygon) == ("g1", "S3", "picture", ())


@pytest.mark.parametrize(
    ("kind", "seen_by"), [("smoke_fire", "fire_smoke"), ("open_burning", "fire_smoke"), ("waterlogging", "picture")]
)
def test_the_record_names_what_saw_it(kind: str, seen_by: str) -> None:
    """Fire is seen by its own detector, water by comparing pictures, whatever finds objects on that camera."""
    event = opened(builder({**RULE, "type": kind}), at(Phase.RAISED, 15, event_type=kind)).event
    assert event.detector == seen_by


def test_a_short_gap_closes_nothing_a_long_one_all_but_faults() -> None:
    """Two minutes without a frame: the scene's events end where they were last seen, the fault goes on."""
    events = builder()
    event = opened(events).event
    fault = at(Phase.RAISED, 50, rule_id="camera_fault.offline", event_type="camera_fault.offline", zone_id=None)
    away = opened(events, fault).event
    assert events.expire("cam", 20, 20 + MAX_GAP_S) == []
    assert events.expire("other", 20, 21 + MAX_GAP_S) == []
    assert events.expire("cam", 20, 21 + MAX_GAP_S) == [Closed(event.id, T0 + timedelta(seconds=15))]
    assert events.open_ids == (away.id,)


def test_drain_closes_what_is_open() -> None:
    """An orderly end leaves no event open; each ends when it was last seen."""
    events = builder()
    event = opened(events).event
    events.take([at(Phase.ONGOING, 18)])
    assert events.drain() == [Closed(event.id, T0 + timedelta(seconds=18))]
    assert events.drain() == []
