"""The JSON shapes of the review desk."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from camera_configs.models import Severity
from gateway.web.models import (
    Answer,
    CaseView,
    ClientId,
    Cursor,
    EventView,
    EvidenceView,
    ItemView,
    Key,
    Query,
    Request,
    Text,
)
from storage.records import Verdict
from storage.records_review import NoteKind

ItemId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,80}$")]
# Judged together in one request: a group of one camera is rarely larger, and the answer must come within seconds.
MAX_BATCH = 50


class ReviewEntry(Answer):
    """An item with what a list shows of it.

    `similar`: waiting items of this camera and type, this one left out. `held_by_name`: somebody else looks at it now.
    `mine`: it lies in one of the reader's own grids.
    """

    item: ItemView
    event: EventView
    place: str
    camera_name: str
    grid_name: str
    thumbnail_id: str | None
    clip_id: str | None
    reference_id: str | None
    similar: int
    held_by_name: str | None = None
    mine: bool = False


class ReviewNoteView(Answer):
    """A photo or a voice note that somebody added to an item."""

    id: str
    kind: NoteKind
    content_type: str
    size_bytes: int
    width: int
    height: int
    at: datetime
    by_name: str
    url: str


class ReviewDetail(ReviewEntry):
    """An item with everything needed to judge it."""

    evidence: list[EvidenceView]
    notes: list[ReviewNoteView]
    case: CaseView | None
    recent: list[EventView]


class SeverityCounts(Answer):
    """Waiting items per severity."""

    S1: int = 0
    S2: int = 0
    S3: int = 0
    S4: int = 0


class ReviewPage(Answer):
    """A page of the queue."""

    items: list[ReviewEntry]
    next_cursor: str | None
    counts: SeverityCounts


class ReviewQuery(Query):
    """Which items to list; `event_type` and `severity` may be given more than once.

    `mine`: all items of the reader's own grids come first; the rest of the scope follows.
    """

    state: Literal["waiting", "judged"] = "waiting"
    event_type: list[Key] = Field(default=[])
    severity: list[Severity] = Field(default=[])
    camera_id: Key | None = None
    grid_id: Key | None = None
    mine: bool = False
    cursor: Cursor | None = None
    limit: int = Field(default=50, ge=1, le=200)


class VerdictRequest(Request):
    """What a person says of an event. The same `client_id` again is the same verdict, and changes nothing."""

    verdict: Verdict
    reason: Literal["", "light", "rain_snow", "headlights", "permitted", "other"] = ""
    note: Text = ""
    client_id: ClientId | None = None

    @field_validator("reason", "note", mode="before")
    @classmethod
    def _absent(cls, value: object) -> object:
        return "" if value is None else value


class HoldView(Answer):
    """Who looks at an item now; asked for again before `until`, it goes on."""

    held_by: str
    held_by_name: str
    until: datetime


class SimilarPage(Answer):
    """Other waiting items of the same camera and type, oldest first, at most as many as can be judged together."""

    items: list[ReviewEntry]


class BatchRequest(VerdictRequest):
    """One verdict on several items; each is judged for itself."""

    item_ids: Annotated[list[ItemId], Field(min_length=1, max_length=MAX_BATCH)]
    client_id: ClientId


class BatchResult(Answer):
    """What became of one item; `code` as in a problem document: held, already_judged, not_found, unavailable."""

    id: str
    ok: bool
    code: str | None = None


class BatchAnswer(Answer):
    """What became of each item, in the order asked."""

    items: list[BatchResult]


class NoteQuery(Query):
    """The sender's own id of a note: the same one again is the same note."""

    client_id: ClientId


class NoteAnswer(Answer):
    """The note as it is kept."""

    note_id: str
