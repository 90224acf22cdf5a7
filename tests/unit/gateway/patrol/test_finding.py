"""A finding is an event like any other, and says that a person saw it."""

from __future__ import annotations

from camera_configs.models import GridConfig
from camera_configs.taxonomy import EVENT_TYPES
from gateway.patrol.finding import PATROL, Marked, confirmed_item, finding_event
from storage.records import EventState, Verdict
from tests.unit.gateway.patrol.samples import NOON, a_camera

GRID = GridConfig(id="west", code="W", name="西", region_code="370100000000")
MARKED = Marked(a_camera(), GRID, EVENT_TYPES["litter"], (0.1, 0.2, 0.3, 0.4), "rnd-1")


def test_event_belongs_to_the_grid_that_was_patrolled() -> None:
    """Not to the camera's first; severity from the taxonomy; over as it begins."""
    event = finding_event(MARKED, NOON)
    assert (event.grid_id, event.region_code, event.severity) == ("west", "370100000000", "S3")
    assert (event.detector, event.rule_id, event.run_id) == (PATROL, PATROL, "rnd-1")
    assert (event.state, event.started_at, event.ended_at) == (EventState.CLOSED, NOON, NOON)
    assert event.boxes == ((0.1, 0.2, 0.3, 0.4),)


def test_item_never_waits() -> None:
    """Made and judged in one moment: that is how statistics know that nobody had to wait for it."""
    item = confirmed_item(finding_event(MARKED, NOON), "acc-li", "一堆垃圾", "case-1")
    assert (item.verdict, item.judged_by, item.case_id) == (Verdict.CONFIRMED, "acc-li", "case-1")
    assert item.judged_at == item.created_at
