"""The JSON shapes of the API. Times are UTC; boxes and polygons are 0-1 of the picture."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from camera_configs.models import Severity
from storage.records import CameraStateName, CaseState, DeliveryState, EventState, EvidenceKind, Role, Verdict

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")]
Key = Annotated[str, StringConstraints(max_length=120, pattern=r"^[A-Za-z0-9_.:-]*$")]
Cursor = Annotated[str, StringConstraints(max_length=500, pattern=r"^[\x21-\x7e]*$")]
ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,80}$")]  # made by the sender, such as a UUID
Box = tuple[float, float, float, float]
Point = tuple[float, float]


class Answer(BaseModel):
    """Base of what is sent."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class Request(BaseModel):
    """Base of what is received: unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Query(BaseModel):
    """Base of query strings: unknown keys are ignored, empty values count as absent."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class FieldProblem(Answer):
    """What is wrong with one field of a request."""

    field: str
    message: str


class Finding(FieldProblem):
    """What is wrong or dubious in a document; `field` as in `rules[0].zone`, `code` a stable word."""

    code: str


class Problem(Answer):
    """RFC 9457; `code` is a stable word for the user interface to translate."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    errors: list[FieldProblem] = []
    problems: list[Finding] | None = None  # of a document that was refused
    version: int | None = None  # the present one, where somebody else was first


class AccountView(Answer):
    """The signed-in account."""

    id: str
    name: str
    display_name: str
    role: Role
    grid_ids: list[str]
    locale: str


class Session(Answer):
    """A signed-in browser, what it may do, and the token that every change must carry."""

    account: AccountView
    rights: list[str]
    csrf_token: str
    expires_at: datetime
    undo_window_s: float


class SignIn(Request):
    """Name and password."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00]*$")]
    password: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(repr=False)


class SessionChange(Request):
    """What a person may change about their session."""

    locale: Literal["zh-CN", "en"]


class SetupState(Answer):
    """Whether the first administrator is still to be made."""

    needed: bool


class Setup(Request):
    """The first administrator, by the one-time token printed in the terminal."""

    token: Annotated[str, StringConstraints(min_length=1, max_length=200)] = Field(repr=False)
    name: Annotated[str, StringConstraints(min_length=1, max_length=120, pattern=r"^[^\x00]*$")]
    display_name: Annotated[str, StringConstraints(strip_whitespace=True, max_length=120, pattern=r"^[^\x00]*$")] = ""
    password: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(repr=False)


class EventView(Answer):
    """A flagged scene event."""

    id: str
    camera_id: str
    grid_id: str
    region_code: str
    event_type: str
    rule_id: str
    zone_id: str | None
    zone_name: str | None
    severity: Severity
    state: EventState
    started_at: datetime
    raised_at: datetime
    last_seen_at: datetime
    ended_at: datetime | None
    confidence: float
    label: str
    count: int
    boxes: list[Box]
    zone_polygon: list[Point]
    detector: str


class ItemView(Answer):
    """An event's place in the review queue, and its verdict once there is one."""

    id: str
    event_id: str
    camera_id: str
    grid_id: str
    event_type: str
    severity: Severity
    created_at: datetime
    verdict: Verdict | None
    reason: str
    note: str
    judged_by: str | None
    judged_by_name: str | None
    judged_at: datetime | None
    case_id: str | None


class SegmentView(Answer):
    """A stretch of a clip and the wall time it shows; of a picture the moment it was taken, with no length."""

    clip_start_s: float
    duration_s: float
    wall_start: datetime


class EvidenceView(Answer):
    """A file that shows an event.

    `reference` comes with faults of a camera: what it showed when all was well, to be seen beside the `snapshot`.
    """

    id: str
    kind: EvidenceKind
    content_type: str
    size_bytes: int
    sha256: str
    width: int
    height: int
    duration_s: float
    codec: str
    masked: bool
    segments: list[SegmentView]
    url: str


class CaseView(Answer):
    """A confirmed event handed to the governance platform."""

    id: str
    event_id: str
    camera_id: str
    grid_id: str
    event_type: str
    severity: Severity
    place: str
    lon: float
    lat: float
    state: CaseState
    number: str | None
    opened_at: datetime
    opened_by_name: str
    deadline_at: datetime | None
    updated_at: datetime
    note: str


class CameraStateView(Answer):
    """The latest health of a camera."""

    state: CameraStateName
    since: datetime
    updated_at: datetime
    detail: str
    attempts: int
    next_try_at: datetime | None
    last_picture_at: datetime | None
    codec: str
    width: int
    height: int
    fps: float | None
    looks: int
    dropped_gops: int
    tier: str
    clock_offset_s: float | None
    gop_s: float | None
    notes: list[str]
    audited: int
    audit_active: int
    audit_missed: int
    refused_looks: int
    refused_bursts: int
    lost_packets: int


class CameraView(Answer):
    """A camera as the list shows it. `coverage_today`: share watched since midnight, None when that cannot be told."""

    id: str
    name: str
    place: str
    lon: float
    lat: float
    grid_ids: list[str]
    grid_names: list[str]
    state: CameraStateView
    rule_count: int
    event_types: list[str]
    enabled: bool
    masked: bool
    coverage_today: float | None


class ZoneView(Answer):
    """A part of the picture."""

    id: str
    name: str
    kind: str
    polygon: list[Point]
    grid: str | None


class RuleView(Answer):
    """What is flagged in a zone. `detector_ready` False: nothing here can recognise this type yet."""

    id: str
    type: str
    zone: str | None
    objects: list[str]
    dwell_s: float
    clear_s: float
    severity: Severity
    auto_report: bool
    enabled: bool
    detector_ready: bool


class LegalView(Answer):
    """Why this camera may be used, for what."""

    purpose: str
    legal_basis: str
    installer_unit: str
    placement_class: str
    signage_confirmed: bool


class StreamView(Answer):
    """A stream, without its address's path or credentials."""

    role: str
    transport: str
    codec: str | None
    host: str


class CameraDetail(CameraView):
    """A camera with its rules, zones, legal card and history."""

    zones: list[ZoneView]
    rules: list[RuleView]
    legal: LegalView
    streams: list[StreamView]
    recent: list[EventView]


class CameraTotals(Answer):
    """Cameras in scope."""

    online: int
    total: int


class CameraPage(Answer):
    """A page of cameras; `totals` are of the whole scope, `found` is how many the filter leaves."""

    items: list[CameraView]
    next_cursor: str | None
    totals: CameraTotals
    found: int


CameraSort = Literal[
    "id", "-id", "name", "-name", "place", "-place", "grid", "-grid", "state", "-state", "since", "-since"
]


class CameraQuery(Query):
    """Which cameras to list.

    `q`: words, all of which stand in id, name, place or tags. `region_code`: the region, or the beginning of its code.
    `state`, as an order: the worst first.
    """

    q: Annotated[str, StringConstraints(max_length=120)] = ""
    grid_id: Key | None = None
    region_code: Annotated[str, StringConstraints(pattern=r"^\d{0,12}$")] = ""
    state: list[CameraStateName] = []
    tag: Key | None = None
    sort: CameraSort = "id"
    cursor: Cursor | None = None
    limit: int = Field(default=100, ge=1, le=500)


class PictureQuery(Query):
    """How old a picture may be; past that, 404."""

    max_age_s: float | None = Field(default=None, gt=0, le=86_400)


class StepView(Answer):
    """One entry of a case's timeline."""

    id: str
    state: CaseState
    at: datetime
    actor_name: str
    note: str


class DeliveryView(Answer):
    """One message to one endpoint."""

    id: str
    endpoint_id: str
    message_type: str
    state: DeliveryState
    attempts: int
    not_before: datetime
    delivered_at: datetime | None
    last_status: int | None
    last_error: str


class CaseDetail(CaseView):
    """A case with its timeline and its messages."""

    steps: list[StepView]
    deliveries: list[DeliveryView]
    item_id: str | None


class CasePage(Answer):
    """A page of cases, newest first."""

    items: list[CaseView]
    next_cursor: str | None


class CaseQuery(Query):
    """Which cases to list; `state` may be given more than once."""

    state: list[CaseState] = []
    cursor: Cursor | None = None
    limit: int = Field(default=50, ge=1, le=200)


class CallbackAnswer(Answer):
    """Whether a callback changed anything; False for a repeat."""

    applied: bool


class DeadlineView(Answer):
    """Time allowed, in words."""

    zh: str
    en: str


class EventTypeView(Answer):
    """One kind of scene event. `available` False: no model here recognises it."""

    id: str
    zh: str
    en: str
    severity: Severity
    dwell_s: float
    deadline: DeadlineView
    needs_model: bool
    available: bool


class GridView(Answer):
    """A grid; the outline as longitude and latitude."""

    id: str
    code: str
    name: str
    kind: str
    region_code: str
    polygon: list[Point]


class StreamQuery(Query):
    """Where to go on, for clients that cannot set `Last-Event-ID`."""

    last_event_id: int | None = Field(default=None, ge=0)
