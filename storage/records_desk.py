"""The facts of the camera desk: cameras in brief, open faults, days added up, sites that are down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from storage.records import CameraStateName


@dataclass(frozen=True, slots=True)
class StateBrief:
    """As much of a camera's state as lists of thousands need."""

    camera_id: str
    state: CameraStateName
    since: datetime
    last_picture_at: datetime | None
    clock_offset_s: float | None


@dataclass(frozen=True, slots=True)
class OpenFault:
    """A fault of a camera that is still there."""

    event_id: str
    camera_id: str
    event_type: str
    severity: str
    started_at: datetime
    concluded: bool  # shown to people: its event can be opened


@dataclass(frozen=True, slots=True)
class FaultSpan:
    """A stretch in which a camera had some fault of its picture or clock."""

    camera_id: str
    event_type: str
    started_at: datetime
    ended_at: datetime | None  # None: it is still there, or its end is not known


@dataclass(frozen=True, slots=True)
class EvidenceCount:
    """How many events of a span have their clip."""

    grid_id: str
    events: int
    with_clip: int


@dataclass(frozen=True, slots=True)
class HealthDay:
    """What a day was like in a grid: seconds over all its cameras, and events with and without their clips.

    Attributes:
        day: In the deployment's time zone.
        cameras: That have any second.
        wanted_s: Seconds in which the camera was either there or not; neither paused nor unknown.
        online_s: Of these: it was there.
        intact_s: Of these: and had no fault of picture or clock.
    """

    day: date
    grid_id: str
    cameras: int
    wanted_s: int
    online_s: int
    intact_s: int
    events: int
    with_clip: int


@dataclass(frozen=True, slots=True)
class SiteOutage:
    """A recorder, a host or a grid whose cameras went away together.

    Attributes:
        key: `recorder:ID`, `host:NAME` or `grid:ID`.
        since: When the first of them went.
        ended_at: None while it lasts.
    """

    id: str
    key: str
    name: str
    grid_id: str | None
    cameras: int
    since: datetime
    noticed_at: datetime
    ended_at: datetime | None = None
