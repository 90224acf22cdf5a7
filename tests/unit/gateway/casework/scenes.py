"""A confirmed event for tests: a blocked fire lane on the example site."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import camera_configs
from camera_configs.loader import load_site
from gateway.casework.open_case import Scene
from storage.records import Event, EventState, Evidence, EvidenceKind

SITE = load_site(Path(camera_configs.__file__).parent / "examples" / "site")
# A Monday, 10:00 in Shanghai.
NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


def numbered() -> Callable[[str], str]:
    """Return a maker of ids that can be foretold: case_1, step_2 ..."""
    count = itertools.count(1)
    return lambda prefix: f"{prefix}_{next(count)}"


def fire_lane_event(label: str = "vehicle") -> Event:
    """Return a closed event of the camera east-street-3."""
    moment = datetime(2026, 3, 2, 1, 58, tzinfo=UTC)
    return Event(
        id="evt_1",
        camera_id="east-street-3",
        grid_id="dongjie-1",
        region_code="620702199001",
        event_type="fire_lane_blocked",
        rule_id="fire-lane",
        zone_id="fire-lane",
        severity="S2",
        state=EventState.CLOSED,
        started_at=moment,
        raised_at=moment.replace(second=10),
        last_seen_at=moment.replace(second=40),
        ended_at=moment.replace(second=43),
        confidence=0.9,
        label=label,
        count=1,
        boxes=((0.4, 0.5, 0.6, 0.8),),
        zone_polygon=(),
        detector="motion",
        run_id="run_1",
    )


def clip() -> Evidence:
    """Return the event's clip."""
    return Evidence("evd_1", "evt_1", EvidenceKind.CLIP, "2026/03/02/x.mp4", "video/mp4", 1234, "ab" * 32, NOW)


def scene(event: Event | None = None) -> Scene:
    """Return the event with all that is known of its place."""
    event = event or fire_lane_event()
    camera, grid = SITE.camera(event.camera_id), SITE.grid(event.grid_id)
    return Scene(event, (clip(),), camera, grid, SITE.event_type(event.event_type))
