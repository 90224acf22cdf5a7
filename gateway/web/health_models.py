"""The JSON shapes of the health board and of the map."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gateway.web.models import Answer, Cursor, Key, Query
from storage.records import CameraStateName

Code = Annotated[str, StringConstraints(pattern=r"^\d{0,12}$")]
BBOX = r"^-?\d{1,3}(\.\d{1,15})?(,-?\d{1,3}(\.\d{1,15})?){3}$"


class AreaQuery(Query):
    """Which part of the site."""

    grid_id: Key | None = None
    region_code: Code = ""


class TrendDayView(Answer):
    """A day's rates; None where nothing is known of it."""

    day: str
    online_rate: float | None
    intact_rate: float | None


class SiteDownView(Answer):
    """A recorder, a host or a grid whose cameras went away together."""

    key: str
    name: str
    cameras: int
    since: datetime


class HealthSummaryView(Answer):
    """How the cameras in use are now, and how they were.

    `online_rate` 在线率: cameras that are there. `intact_rate` 完好率: those without a fault besides. `recording_rate`:
    the share of the last 30 days' scene events whose clip is there, for nothing is recorded without an event; None,
    with `recording_events` 0, where there were none. A trend day counts seconds instead of cameras.
    """

    cameras: int
    online_rate: float | None
    intact_rate: float | None
    recording_rate: float | None
    recording_basis: Literal["evidence_clips"] = "evidence_clips"
    recording_events: int
    trend: list[TrendDayView]
    faults: dict[str, int]
    sites_down: list[SiteDownView]


class HealthQuery(AreaQuery):
    """Which cameras the board shows; `fault` is an event type or the beginning of one."""

    fault: Key = ""
    needs_technician: bool = False
    q: Annotated[str, StringConstraints(max_length=120)] = ""
    cursor: Cursor | None = None
    limit: int = Field(default=100, ge=1, le=500)


class WorkOrderQuery(HealthQuery):
    """The same list, as what."""

    format: Literal["xlsx", "csv"] = "xlsx"


class FaultView(Answer):
    """What is wrong with a camera; `event_id` None: the state alone shows it."""

    type: str
    since: datetime
    severity: str
    event_id: str | None


class HealthCameraView(Answer):
    """A camera on the board. `coverage`: shares of today's seconds by state; empty: nothing is known of today."""

    camera_id: str
    name: str
    place: str
    grid_name: str
    state: CameraStateName
    since: datetime | None
    faults: list[FaultView]
    needs_technician: bool
    site_down: str | None
    clock_offset_s: float | None
    coverage: dict[str, float]


class HealthPageView(Answer):
    """A page of the board; `found` is how many cameras the filter leaves."""

    items: list[HealthCameraView]
    next_cursor: str | None
    found: int


class MapQuery(AreaQuery):
    """A window of the map: west, south, east, north in degrees, and the zoom level of web maps."""

    bbox: Annotated[str, StringConstraints(pattern=BBOX)]
    zoom: float = Field(ge=0, le=24)
    q: Annotated[str, StringConstraints(max_length=120)] = ""


class ClusterView(Answer):
    """Cameras too near to each other to be told apart."""

    lon: float
    lat: float
    count: int
    offline: int
    faulty: int


class MapCameraView(Answer):
    """A camera that stands alone."""

    id: str
    name: str
    lon: float
    lat: float
    state: CameraStateName
    faulty: bool


class MapAnswerView(Answer):
    """What a map shows of its window."""

    clusters: list[ClusterView]
    cameras: list[MapCameraView]
