"""The JSON shapes of the configuration's endpoints."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from camera_configs.models import GridWorker, RegionConfig, Severity
from gateway.web.models import Answer, Cursor, Finding, Key, Query, Request

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Document = dict[str, Any]  # checked by the configuration's own rules, which say more than a schema
BaseVersion = Annotated[int, Field(ge=0, lt=2**31)]
MAX_BATCH_IDS = 20_000


class Save(Request):
    """A whole entry as it is to be; `base_version` is the version it was read at, 0 for a new one."""

    document: Document
    base_version: BaseVersion
    reason: Reason


class Remove(Request):
    """Why an entry goes."""

    base_version: BaseVersion
    reason: Reason


class Check(Request):
    """A camera as it might be."""

    document: Document


class CheckAnswer(Answer):
    """What speaks against it, and what is dubious."""

    problems: list[Finding]
    warnings: list[Finding]


class EntryView(Answer):
    """A camera or grid as it is configured. Passwords are never in it; a sealed one shows as `true`."""

    id: str
    version: int
    document: Document
    problems: list[Finding] = Field(default_factory=list)
    warnings: list[Finding] = Field(default_factory=list)


class Select(Request):
    """Cameras for which all that is given holds."""

    region_code: Key | None = None
    grid_id: Key | None = None
    tag: Key | None = None
    camera_ids: Annotated[list[Key], Field(max_length=MAX_BATCH_IDS)] | None = None


class Change(Request):
    """What is done to each; what is left out stays as it is."""

    add_rules: Annotated[list[Document], Field(max_length=50)] = Field(default_factory=list)
    remove_rule_types: list[Key] = Field(default_factory=list)
    schedule: Document | None = None
    rule_types: list[Key] = Field(default_factory=list, description="Whose schedule is set; empty: of all rules.")
    enabled: bool | None = None
    analyse: Literal["auto", "main", "sub"] | None = None
    add_tags: list[Key] = Field(default_factory=list)
    remove_tags: list[Key] = Field(default_factory=list)


class Batch(Request):
    """One change to many cameras: all of it or nothing."""

    select: Select
    change: Change
    reason: Reason
    preview: bool = Field(description="Only say what would change.")


class DifferenceView(Answer):
    """One value that is another; `path` names entries of lists by id: `rules[fall].dwell_s`."""

    path: str
    before: Any
    after: Any


class ChangedCamera(Answer):
    """What a batch does to a camera."""

    id: str
    diff: list[DifferenceView]


class CameraProblem(Finding):
    """What is wrong with what a camera would become."""

    camera_id: str


class BatchAnswer(Answer):
    """How many cameras were meant, and the first of those that change."""

    matched: int
    changed_total: int
    changed: list[ChangedCamera]
    problems: list[CameraProblem]
    version: int | None = Field(default=None, description="The version made; none by a preview, or by no change.")


class VersionQuery(Query):
    """Which versions."""

    camera_id: Key | None = None
    cursor: Cursor | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


Action = Literal["added", "changed", "removed"]


class TouchedEntry(Answer):
    """An entry that a version changed."""

    kind: str
    id: str
    action: Action


class VersionView(Answer):
    """Who changed what, and why."""

    id: int
    at: datetime
    author: str
    reason: str
    digest: str
    cameras: int
    entries_total: int
    entries: list[TouchedEntry]


class VersionPage(Answer):
    """Versions, newest first."""

    items: list[VersionView]
    next_cursor: str | None


class ChangedEntry(TouchedEntry):
    """What a version did to an entry."""

    changes: list[DifferenceView]


class VersionDetail(VersionView):
    """A version with the first of its differences."""

    diff: list[ChangedEntry]


class RollBack(Request):
    """Why things go back to what they were; one camera, or everything."""

    reason: Reason
    camera_id: Key | None = None


class SiteGrid(Answer):
    """A grid with its outline and its people."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    code: str
    name: str
    kind: str
    region_code: str
    polygon: list[tuple[float, float]]
    workers: list[GridWorker]
    version: int


class RuleDefaults(BaseModel):
    """What a rule of this type has where it says nothing itself."""

    dwell_s: float
    cadence_s: float
    clear_s: float
    cool_down_s: float
    min_count: int
    min_confidence: float
    min_area: float


class SiteEventType(Answer):
    """An event type and how a rule of it begins."""

    id: str
    zh: str
    en: str
    severity: Severity
    technique: str
    parent: str | None
    available: bool
    default_rule: RuleDefaults


class SiteAnswer(Answer):
    """What cameras are configured with."""

    version: int
    regions: list[RegionConfig]
    grids: list[SiteGrid]
    event_types: list[SiteEventType]
    tags: list[str]
    fields: list[str] = Field(
        default_factory=list, description="Fields of cameras that this gateway knows beyond the first."
    )
