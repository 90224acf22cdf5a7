"""The JSON shapes of tasks on foot, of the points that are visited, and of checking handled cases."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from gateway.web.models import Answer, CaseView, ClientId, Cursor, EvidenceView, Key, Query, Request, Text
from storage.records_patrol import LookResult, TaskKind, TaskResult, TaskState

Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00]*$")]
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Code = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=4, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
]
MAX_PHOTOS = 20


class TaskQuery(Query):
    """Which tasks; `mine`: those given to me, and those of my grids that nobody has."""

    mine: bool = False
    state: list[TaskState] = Field(default=[])
    grid_id: Key | None = None
    cursor: Cursor | None = None
    limit: int = Field(default=50, ge=1, le=200)


class ArrivalView(Answer):
    """A check-in. `near`: it can have been at the place; None where the place has no position."""

    at: dt.datetime
    by: Literal["position", "code"]
    by_name: str
    distance_m: float | None
    near: bool | None
    lon: float | None
    lat: float | None
    accuracy_m: float | None
    point_id: str | None


class TaskView(Answer):
    """Something to be looked at on foot.

    `mine`: the reader may act on it. `overdue`: due, and nobody has done it. `late`: done after it was due.
    """

    id: str
    kind: TaskKind
    grid_id: str
    grid_name: str
    item_id: str | None
    case_id: str | None
    event_id: str | None
    point_id: str | None
    plan_id: str | None
    title: str
    what: str
    place: str
    lon: float | None
    lat: float | None
    assignee: str | None
    assignee_name: str | None
    mine: bool
    state: TaskState
    overdue: bool
    late: bool
    created_at: dt.datetime
    created_by_name: str
    due_at: dt.datetime | None
    arrived_at: dt.datetime | None
    finished_at: dt.datetime | None
    result: TaskResult | None
    note: str


class TaskPage(Answer):
    """Tasks, newest first."""

    items: list[TaskView]
    next_cursor: str | None


class PhotoView(Answer):
    """A picture taken on site."""

    id: str
    moment: Literal["before", "after"]
    width: int
    height: int
    size_bytes: int
    at: dt.datetime
    by_name: str
    url: str


class TaskDetail(TaskView):
    """A task with what was seen by video and on site."""

    arrival: ArrivalView | None
    photos: list[PhotoView]
    evidence: list[EvidenceView]
    looks: list[LookView]


class TaskDraft(Request):
    """A task by hand: at a point, at a position, or at a place in words."""

    grid_id: Key
    title: Title
    note: Text = ""
    point_id: Key | None = None
    place: Text = ""
    lon: Lon | None = None
    lat: Lat | None = None
    assignee: Key | None = None
    due_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.lon is None) != (self.lat is None):
            raise ValueError("lon, lat: both or none")
        return self


class Assignment(Request):
    """Whose task it is from now on; None: whoever of the grid takes it."""

    account_id: Key | None


class Arriving(Request):
    """A check-in by position or by the code of a point."""

    lon: Lon | None = None
    lat: Lat | None = None
    accuracy_m: float | None = Field(default=None, ge=0, le=100_000)
    at: AwareDatetime | None = Field(default=None, description="Not used for the record: the gateway's clock counts.")
    code: Code | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        position = (self.lon, self.lat, self.accuracy_m)
        if self.code is not None and any(value is not None for value in position):
            raise ValueError("give a position or a code, not both")
        if self.code is None and any(value is None for value in position):
            raise ValueError("lon, lat and accuracy_m, or code")
        return self


class GivingBack(Request):
    """Why a task is given back."""

    note: Annotated[Text, Field(min_length=1)]


class PhotoQuery(Query):
    """When it was taken: before anything was done, or after."""

    moment: Literal["before", "after"]
    client_id: ClientId | None = None  # the same one twice is one photo


class PhotoAnswer(Answer):
    """The photo that was kept."""

    photo_id: str


class Finishing(Request):
    """What was found on site."""

    result: TaskResult
    note: Text = ""
    client_id: ClientId


class PointQuery(Query):
    """Which points; `q`: only those whose name has these words."""

    grid_id: Key | None = None
    q: Text = ""


class CheckPointDraft(Request):
    """A place that is visited on foot."""

    grid_id: Key
    name: Title
    lon: Lon
    lat: Lat


class LastCheck(Answer):
    """The last task that was done at a point; `arrived_by`: how that person checked in."""

    task_id: str
    at: dt.datetime
    by_name: str
    result: TaskResult | None
    arrived_by: Literal["position", "code"] | None


class CodeRead(Answer):
    """The code in a picture; None where none can be read."""

    code: str | None


class CheckPointView(Answer):
    """A point; its code is shown to those who plan patrols, who print and post it."""

    id: str
    grid_id: str
    name: str
    lon: float
    lat: float
    code: str | None
    last_check: LastCheck | None


class LookView(Answer):
    """Before and after handling, side by side. `detail`: why there is no picture or no answer."""

    id: str
    at: dt.datetime
    result: LookResult
    detector: str
    detail: str
    before: EvidenceView | None
    after: EvidenceView | None


class CaseLooks(Answer):
    """The looks at the place of a case, oldest first; `checkable`: it waits for a person to verify or return it."""

    checkable: bool
    looks: list[LookView]


class CheckRequest(Request):
    """What a person says of a case that came back as handled."""

    result: Literal["verified", "rework"]
    note: Text = ""


class CheckAnswer(Answer):
    """The case as it stands then; `applied`: False when the same had been said already."""

    case: CaseView
    applied: bool


TaskDetail.model_rebuild()
