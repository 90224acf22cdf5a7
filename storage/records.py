"""The facts that are kept: frozen records, the same on every backend.

All times are aware UTC. Boxes and polygons are normalised (0-1 of the picture). Ids are sortable by creation time
(see `storage.ids`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from storage.ids import new_id

T = TypeVar("T")


class EventState(StrEnum):
    """Where an event stands."""

    OPEN = "open"  # the condition is still there
    CLOSED = "closed"  # the condition is gone; `ended_at` is known
    INTERRUPTED = "interrupted"  # the watcher died; when it ended is unknown


@dataclass(frozen=True, slots=True)
class Event:
    """A flagged scene event of one camera, zone and type."""

    id: str
    camera_id: str
    grid_id: str
    region_code: str
    event_type: str  # taxonomy id
    rule_id: str
    zone_id: str | None
    severity: str  # "S1".."S4"
    state: EventState
    started_at: datetime  # when the condition began, dwell included
    raised_at: datetime  # when dwell was fulfilled
    last_seen_at: datetime
    ended_at: datetime | None
    confidence: float
    label: str
    count: int
    boxes: tuple[tuple[float, float, float, float], ...]
    zone_polygon: tuple[tuple[float, float], ...]  # as it was when flagged; empty: whole picture
    detector: str
    run_id: str  # which run of which worker raised it; a dead run's open events become interrupted
    auto_report: bool = False


class EvidenceKind(StrEnum):
    """What a file shows."""

    CLIP = "clip"  # video/mp4
    SNAPSHOT = "snapshot"  # image/jpeg with box and zone drawn
    THUMBNAIL = "thumbnail"  # image/jpeg, small
    REFERENCE = "reference"  # image/jpeg; of a camera fault: what the camera showed when all was well
    AFTER = "after"  # image/jpeg; the place after its case came back as handled


@dataclass(frozen=True, slots=True)
class ClipSegment:
    """A stretch of a file's own timeline and the wall time it shows; a clip may leave out a dull middle.

    A still picture is one stretch of no length: the moment it was taken.
    """

    clip_start_s: float
    duration_s: float
    wall_start: datetime


@dataclass(frozen=True, slots=True)
class Evidence:
    """A durable file that shows an event."""

    id: str
    event_id: str
    kind: EvidenceKind
    media_key: str  # key in the MediaStore
    content_type: str
    size_bytes: int
    sha256: str  # hex
    created_at: datetime
    width: int = 0
    height: int = 0
    duration_s: float = 0.0  # clips only
    codec: str = ""  # clips only: "h264", "hevc"
    masked: bool = False  # privacy masks were burned in
    segments: tuple[ClipSegment, ...] = ()  # of a picture at most one; none where its moment is not known


class Verdict(StrEnum):
    """What a person says of a flagged event."""

    CONFIRMED = "confirmed"  # 属实
    REJECTED = "rejected"  # 误报
    ON_SITE = "on_site"  # 需现场核实
    UNCLEAR = "unclear"  # 看不清


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """An event that waits for, or has, a person's verdict."""

    id: str
    event_id: str
    camera_id: str
    grid_id: str
    event_type: str
    severity: str
    created_at: datetime
    verdict: Verdict | None = None
    reason: str = ""  # why it was a false alarm: "light", "rain_snow", "headlights", "permitted", "other"
    note: str = ""
    judged_by: str | None = None  # account id
    judged_at: datetime | None = None
    case_id: str | None = None

    @classmethod
    def waiting_for(cls, event: Event, at: datetime) -> ReviewItem:
        """Return a new item that puts the event into its grid's queue from `at` on."""
        return cls(
            id=new_id("rev"),
            event_id=event.id,
            camera_id=event.camera_id,
            grid_id=event.grid_id,
            event_type=event.event_type,
            severity=event.severity,
            created_at=at,
        )


class CaseState(StrEnum):
    """The life of a case; see `docs/` for the arrows."""

    OPENED = "opened"  # confirmed here, not yet taken by the platform
    ACCEPTED = "accepted"  # 受理
    DECLINED = "declined"  # 不予受理
    FILED = "filed"  # 立案
    DISPATCHED = "dispatched"  # 派遣
    HANDLING = "handling"  # 处置中
    FED_BACK = "fed_back"  # 反馈
    VERIFIED = "verified"  # 核查通过
    REWORK = "rework"  # 返工
    CLOSED = "closed"  # 结案
    CANCELLED = "cancelled"  # 作废


@dataclass(frozen=True, slots=True)
class Case:
    """A confirmed event handed to the governance platform."""

    id: str
    event_id: str
    camera_id: str
    grid_id: str
    region_code: str
    event_type: str
    severity: str
    place: str
    lon: float
    lat: float
    state: CaseState
    number: str | None  # the platform's own case number
    opened_at: datetime
    opened_by: str  # account id, or "auto" for auto_report
    deadline_at: datetime | None
    updated_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class CaseStep:
    """One entry of a case's timeline."""

    id: str
    case_id: str
    state: CaseState
    at: datetime
    actor: str  # account id, or "platform:<endpoint id>"
    note: str = ""
    source_id: str | None = None  # id of the callback that caused it; unique, so that a repeat changes nothing


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    LEASED = "leased"  # an attempt is under way until `lease_until`; afterwards anybody may claim it again
    DELIVERED = "delivered"
    DEAD = "dead"  # refused for good, or out of attempts: a person must look


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one endpoint. `id` is the webhook id and stays the same over all attempts."""

    id: str
    case_id: str
    endpoint_id: str
    message_type: str  # CloudEvents type
    body: str  # exact text to be signed and sent; never rebuilt
    state: DeliveryState
    attempts: int
    not_before: datetime
    lease_until: datetime | None
    created_at: datetime
    delivered_at: datetime | None = None
    last_status: int | None = None
    last_error: str = ""


class Role(StrEnum):
    """What an account is for."""

    GRID_WORKER = "grid_worker"  # 网格员
    GRID_LEADER = "grid_leader"  # 网格长
    OPERATOR = "operator"  # 综治中心值守
    MAINTAINER = "maintainer"  # 运维: health, no footage (Order 799 art. 19)
    AUDITOR = "auditor"  # 审计
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who can sign in."""

    id: str
    name: str  # sign-in name, unique, lower case
    display_name: str
    role: Role
    grid_ids: tuple[str, ...]  # the grids in scope
    region_codes: tuple[str, ...]  # prefixes of region codes in scope; "" means everything
    password_hash: str = field(repr=False)
    created_at: datetime
    disabled: bool = False
    locale: str = "zh-CN"


@dataclass(frozen=True, slots=True)
class WebSession:
    """A signed-in browser. Only a hash of the cookie's token is kept."""

    token_hash: str
    account_id: str
    csrf_token: str = field(repr=False)
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime


class CameraStateName(StrEnum):
    """What is known of a camera right now; each has its own words in the interface."""

    CONNECTING = "connecting"
    ONLINE = "online"
    WAITING = "waiting"  # the recorder's stream limit is used up
    UNREACHABLE = "unreachable"
    RESET = "reset"
    SILENT = "silent"
    AUTH_FAILED = "auth_failed"
    NOT_VIDEO = "not_video"
    ENDED = "ended"
    STALLED = "stalled"
    CORRUPT = "corrupt"
    OFFLINE = "offline"  # none of the above, or its worker is gone
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class CameraState:
    """The latest health of one camera, written by the worker that watches it."""

    camera_id: str
    state: CameraStateName
    since: datetime
    updated_at: datetime
    detail: str = ""  # words for a technician, no credentials
    attempts: int = 0  # failed tries since the last success
    next_try_at: datetime | None = None
    last_picture_at: datetime | None = None
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float | None = None
    worker_id: str = ""
    looks: int = 0  # pictures analysed since the worker started
    dropped_gops: int = 0
    tier: str = ""  # what it is watched by now: "main" or "sub" stream, "poll" (snapshots); "" while nothing is known
    clock_offset_s: float | None = None  # the camera's clock minus ours; None: it does not tell its time
    gop_s: float | None = None  # from keyframe to keyframe, None until two were seen
    notes: tuple[str, ...] = ()  # codes of what limits the watching; see `CAMERA_NOTES`
    audited: int = 0  # stretches analysed in full whatever the gate said, since the worker started, as all below
    audit_active: int = 0  # of these: something happened
    audit_missed: int = 0  # of these: the gate had let it pass
    refused_looks: int = 0  # looks that were due and for which the worker had no time
    refused_bursts: int = 0
    lost_packets: int = 0  # gaps in the numbering of RTP packets


# What a worker may say in `CameraState.notes`; the interface has words for each.
CAMERA_NOTES = (
    "long_gop",  # keyframes are rarer than the rules need: decoding more than keyframes, or the substream
    "evidence_from_sub",  # the main stream cannot be had: clips are of the substream
    "sub_unavailable",  # the substream cannot be had: the main stream is analysed
    "sub_long_gop",  # the substream's keyframes are rarer than those of the main stream, which is analysed instead
    "streams_apart",  # the clocks of the two streams differ by seconds: clips are not shifted to match
    "poll_stale",  # snapshots repeat an old picture: watched by stream instead
    "poll_slow",  # snapshots take too long: watched by stream instead
    "poll_different",  # snapshots show another view than the stream: watched by stream instead
    "poll_failed",  # no snapshots: watched by stream instead
    "view_unknown",  # shows none of its presets: what belongs to presets is silent
    "burst_fatigue",  # something moves without end and leads to nothing: looked at less closely
    "device_tamper",  # the camera itself believes that it is covered, turned or blinded
    "device_signal_loss",  # the camera, or its recorder, believes that its picture is lost
)
# A camera's clock this far from ours deserves a word, or makes its own times useless.
CLOCK_WARN_S = 5.0
CLOCK_FAIL_S = 30.0


class CoverageState(StrEnum):
    """What was done with one second of one camera: exactly one of these."""

    ANALYSED = "analysed"  # decoded closely, as something moved
    LOOKED = "looked"  # its stream was read and every look that was due was taken
    POLLED = "polled"  # watched by snapshots
    OVERLOADED = "overloaded"  # the camera was there, and a look that was due was refused
    OFFLINE = "offline"  # nothing came from the camera, or nobody watched it
    PAUSED = "paused"  # on purpose: no rule was in force
    MASKED = "masked"  # on purpose: everything that is armed lies under privacy masks
    UNKNOWN = "unknown"  # the watcher died before it could say, or the clock jumped


# Seconds in which the camera was really watched, and those in which nobody wanted it to be.
WATCHED = frozenset({CoverageState.ANALYSED, CoverageState.LOOKED, CoverageState.POLLED})
EXEMPT = frozenset({CoverageState.PAUSED, CoverageState.MASKED})


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A stretch of a camera's time in one state: UTC, whole seconds, half-open (`end` is not part of it)."""

    camera_id: str
    grid_id: str
    state: CoverageState
    start: datetime
    end: datetime
    closing: bool = False  # its watcher stopped in good order then: what follows is offline, and nothing unknown


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A running worker process and where its own small HTTP interface listens (loopback or cluster network)."""

    worker_id: str
    run_id: str
    pid: int
    base_url: str
    token: str = field(repr=False)
    camera_ids: tuple[str, ...]
    started_at: datetime
    heartbeat_at: datetime
    # By part of the worker ("polling", "inference:MODEL"), then by name; as of the heartbeat, since the run's start.
    counters: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, chained by hash: each entry's `hash` covers its content and the hash before it."""

    id: int
    at: datetime
    actor: str  # account id or "system"
    action: str  # "sign_in", "verdict", "view_clip", ...
    subject: str  # id of what it was done to
    detail: dict[str, Any]
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Change:
    """A note that something is new, written in the same transaction as the thing itself."""

    id: int  # grows; readers remember the last one seen
    at: datetime
    kind: str  # "review", "event", "case", "delivery", "camera"
    ref_id: str
    grid_id: str | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list, and where the next begins."""

    items: tuple[T, ...]
    next_cursor: str | None  # opaque; None at the end
