"""A camera, an event that was kept of it, and a clip of that event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from camera_configs.models import CameraConfig, SiteConfig
from gateway.evaluation.cameras import CAMERA_ID, camera_with
from gateway.evaluation.dry_run import Kept
from gateway.evaluation.pipeline import GRID_ID, site_of
from storage.records import ClipSegment, Event, Verdict
from tests.contract.store_samples import an_event
from tests.unit.gateway.evaluation.making import CROSSINGS_S, LENGTH_S, RULE

CLIP_START = datetime(2026, 11, 22, 3, tzinfo=UTC)
SEGMENTS = (ClipSegment(0.0, LENGTH_S, CLIP_START),)


def at(seconds: float) -> datetime:
    """A moment of the clip."""
    return CLIP_START + timedelta(seconds=seconds)


def camera(**changes: Any) -> CameraConfig:
    """A camera with one rule."""
    return camera_with([{**RULE, **changes}], Path("clip.mp4"))


def site() -> SiteConfig:
    """The site of that camera."""
    return site_of(camera())


def event(**changes: Any) -> Event:
    """The first crossing, as it was flagged."""
    start_s, end_s = CROSSINGS_S[0]
    given = {
        "camera_id": CAMERA_ID,
        "grid_id": GRID_ID,
        "event_type": "zone_intrusion",
        "rule_id": "r1",
        "zone_id": "z-r1",
        "started_at": at(start_s),
        "raised_at": at(start_s + 1),
        "last_seen_at": at(end_s),
    }
    return an_event(**{**given, **changes})


def kept(clip: Path | None, verdict: Verdict | None = None, **changes: Any) -> Kept:
    """The event with its clip and what was said of it."""
    return Kept(event(**changes), clip, SEGMENTS if clip else (), verdict)
