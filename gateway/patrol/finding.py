"""What a worker marks in a view of a round becomes an event like any other, judged by the one who marked it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from camera_configs.models import CameraConfig, GridConfig
from camera_configs.taxonomy import EventTypeSpec
from storage.ids import new_id
from storage.records import Event, EventState, ReviewItem, Verdict

# Stands in `Event.detector` and `Event.rule_id`: no rule and no model, a person saw it.
PATROL = "patrol"


@dataclass(frozen=True, slots=True)
class Marked:
    """What was marked by hand, where."""

    camera: CameraConfig
    grid: GridConfig
    spec: EventTypeSpec
    box: tuple[float, float, float, float]  # 0-1 of the picture
    round_id: str


def finding_event(marked: Marked, at: datetime) -> Event:
    """Return the event of a finding: over as soon as it began, for nobody watches how long it goes on."""
    return Event(
        id=new_id("evt"),
        camera_id=marked.camera.id,
        grid_id=marked.grid.id,
        region_code=marked.grid.region_code,
        event_type=marked.spec.id,
        rule_id=PATROL,
        zone_id=None,
        severity=marked.spec.severity,
        state=EventState.CLOSED,
        started_at=at,
        raised_at=at,
        last_seen_at=at,
        ended_at=at,
        confidence=1.0,
        label="",
        count=1,
        boxes=(marked.box,),
        zone_polygon=(),
        detector=PATROL,
        run_id=marked.round_id,
    )


def confirmed_item(event: Event, account_id: str, note: str, case_id: str) -> ReviewItem:
    """Return the review item of a finding: confirmed in the moment it was made, so it never waits."""
    return ReviewItem(
        id=new_id("rev"),
        event_id=event.id,
        camera_id=event.camera_id,
        grid_id=event.grid_id,
        event_type=event.event_type,
        severity=event.severity,
        created_at=event.raised_at,
        verdict=Verdict.CONFIRMED,
        note=note,
        judged_by=account_id,
        judged_at=event.raised_at,
        case_id=case_id,
    )
