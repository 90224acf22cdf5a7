"""The JSON shapes of video patrols."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from gateway.web.coverage_models import Day
from gateway.web.models import Answer, Box, ClientId, Cursor, Key, Query, Request, Text
from storage.records_patrol import RoundState, ViewVerdict

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80, pattern=r"^[^\x00]*$")]
LocalTime = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
MAX_VIEWS = 40
# A frame of 2 MiB in base64, and the rest of the request.
MAX_FRAME_CHARS = 4 * (2 << 20) // 3 + 4
MAX_VIEW_BODY_BYTES = MAX_FRAME_CHARS + 16 * 1024


def _box(box: Box) -> Box:
    x1, y1, x2, y2 = box
    if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
        raise ValueError("must be left, top, right, bottom in 0-1")
    return box


MarkedBox = Annotated[Box, AfterValidator(_box)]


class PointDraft(Request):
    """One view; without an id it is a new one."""

    id: Key | None = None
    camera_id: Key
    name: Text = ""
    preset: Text | None = None
    dwell_s: float = Field(default=20, ge=5, le=300)


class WindowModel(Request):
    """A part of the day in the gateway's time zone; an end before the start lies on the next day."""

    start: LocalTime
    end: LocalTime


class PlanDraft(Request):
    """A plan as somebody writes it; `version` is the one that was edited, 0 for a new plan."""

    name: Title
    grid_id: Key
    points: list[PointDraft] = Field(min_length=1, max_length=MAX_VIEWS)
    windows: list[WindowModel] = Field(min_length=1, max_length=12)
    weekdays: list[Weekday] = Field(default=[])
    assignees: list[Key] = Field(default=[], max_length=50)
    enabled: bool = True
    version: int = Field(default=0, ge=0)


class PlanQuery(Query):
    """Which plans."""

    grid_id: Key | None = None


class PointView(Answer):
    """One view of a plan, with what its camera is called now."""

    id: str
    camera_id: str
    camera_name: str
    name: str
    preset: str | None
    dwell_s: float


class WindowView(Answer):
    """A part of the day, local."""

    start: str
    end: str


class PlanBody(Answer):
    """What a plan says."""

    name: str
    grid_id: str
    grid_name: str
    points: list[PointView]
    windows: list[WindowView]
    weekdays: list[Weekday]
    assignees: list[str]
    enabled: bool
    look_s: float  # how long a round takes at least


class PlanView(PlanBody):
    """A plan."""

    id: str
    version: int
    assignee_names: list[str]
    updated_at: dt.datetime
    updated_by_name: str


class PlanList(Answer):
    """Plans by grid and name."""

    items: list[PlanView]


class SuggestRequest(Request):
    """For which grid."""

    grid_id: Key


class Suggestion(PlanBody):
    """A plan to begin with; `left_out` cameras of the grid would make the round too long."""

    left_out: int


class WorkerView(Answer):
    """Somebody who may patrol a grid; `named`: the grid's configuration names them."""

    id: str
    name: str
    named: bool


class WorkerQuery(Query):
    """Of which grid."""

    grid_id: Key


class RoundQuery(Query):
    """Which rounds: those that open on a local day, today unless told."""

    day: Day | None = None
    grid_id: Key | None = None
    state: list[RoundState] = Field(default=[])
    mine: bool = False
    cursor: Cursor | None = None
    limit: int = Field(default=100, ge=1, le=500)


class RoundView(Answer):
    """A round. `points`: planned views; `overdue`: due, and nobody has ended it; `may_start`: the reader may."""

    id: str
    plan_id: str
    name: str
    grid_id: str
    grid_name: str
    day: dt.date
    opens_at: dt.datetime
    due_at: dt.datetime
    closes_at: dt.datetime
    state: RoundState
    overdue: bool
    may_start: bool
    assignee: str | None
    assignee_name: str | None
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    points: int
    seen: int
    not_viewable: int
    findings: int
    short: int


class RoundPage(Answer):
    """Rounds in order of opening."""

    items: list[RoundView]
    next_cursor: str | None


class ViewView(Answer):
    """One view of a round. `event_types`: what this camera's purpose allows to be reported."""

    point_id: str
    camera_id: str
    camera_name: str
    name: str
    place: str
    preset: str | None
    dwell_due_s: float
    live: bool
    picture_at: dt.datetime | None
    event_types: list[str]
    verdict: ViewVerdict | None = None
    shown: str | None = None
    dwell_s: float | None = None
    judged_at: dt.datetime | None = None
    event_id: str | None = None
    note: str = ""


class RoundDetail(RoundView):
    """A round with its views in order."""

    marked_at: dt.datetime | None  # since when the present view may have been looked at
    views: list[ViewView]


class FindingRequest(Request):
    """What was seen, marked by hand in the very picture that was shown."""

    event_type: Key
    box: MarkedBox
    frame_jpeg: Annotated[str, StringConstraints(min_length=4, max_length=MAX_FRAME_CHARS)]  # base64
    note: Text = ""


class ViewRequest(Request):
    """What a person says of a view; `dwell_s` counts only while it was visible."""

    verdict: ViewVerdict
    dwell_s: float = Field(ge=0, le=86_400)
    shown: Literal["live", "last_look", "none"]
    client_id: ClientId
    judged_at: AwareDatetime | None = Field(default=None, description="By the phone, where it was sent later.")
    note: Text = ""
    finding: FindingRequest | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.verdict is ViewVerdict.FINDING) != (self.finding is not None):
            raise ValueError("finding: goes with the verdict `finding`, and only with it")
        return self


class FinishRequest(Request):
    """The end of a round; `at`: by the phone, where it was sent later."""

    at: AwareDatetime | None = None


class RoundSummary(Answer):
    """What became of a round."""

    id: str
    state: RoundState
    seen: int
    missed: int
    not_viewable: int
    findings: int
    short: int
    took_s: float
