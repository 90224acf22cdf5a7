"""The JSON shapes of what was patrolled: the log of a day, its coverage, and numbers."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field

from gateway.web.coverage_models import Day
from gateway.web.models import Answer, Key, Query
from storage.records_patrol import TaskKind, TaskState

LogWord = Literal[
    "round_begun",
    "round_done",
    "round_late",
    "round_missed",
    "finding",
    "not_viewable",
    "task_made",
    "arrived",
    "task_done",
    "task_cancelled",
    "task_missed",
]


class DayOfGridQuery(Query):
    """Which day of which grid, today unless told."""

    grid_id: Key
    day: Day | None = None


class LogEntry(Answer):
    """One line of the log of both kinds of patrol."""

    at: dt.datetime
    kind: Literal["video", "foot"]
    what: LogWord
    ref_id: str  # of the round or task
    name: str
    by_name: str | None
    camera_id: str | None = None
    event_id: str | None = None
    seen: int | None = None
    points: int | None = None
    distance_m: float | None = None
    result: str | None = None
    note: str = ""


class PatrolLog(Answer):
    """A day's patrols of a grid, in order of time; `cut`: there was more than is shown."""

    day: dt.date
    items: list[LogEntry]
    cut: bool


class CameraPatrolled(Answer):
    """A camera on the day's map. `video_share`: of the time it should have been watched by the gateway."""

    id: str
    name: str
    lon: float
    lat: float
    video_share: float | None
    planned: bool
    seen_in_round: bool
    findings: int


class PointPatrolled(Answer):
    """A point on the day's map."""

    id: str
    name: str
    lon: float
    lat: float
    checked: bool


class TaskPatrolled(Answer):
    """A task on the day's map."""

    id: str
    kind: TaskKind
    title: str
    lon: float | None
    lat: float | None
    state: TaskState
    arrived: bool


class PatrolCoverage(Answer):
    """What of a grid was seen on a day, by video and on foot."""

    day: dt.date
    grid_id: str
    polygon: list[tuple[float, float]]
    cameras: list[CameraPatrolled]
    points: list[PointPatrolled]
    tasks: list[TaskPatrolled]


class NumbersQuery(Query):
    """Of how many days, today included."""

    days: int = Field(default=7, ge=1, le=92)


class Figures(Answer):
    """Sums of a span. Shares are None where there was nothing to have a share of.

    `patrol_completion`: views with a verdict / views planned, of rounds that were due or are ended.
    `false_alarm_rate`: rejected / (confirmed + rejected), findings of patrols left out.
    """

    judged: int
    median_time_to_verdict_s: float | None
    rounds_due: int
    rounds_done: int
    rounds_late: int
    rounds_missed: int
    patrol_completion: float | None
    tasks_open: int
    tasks_overdue: int
    tasks_done: int
    tasks_in_time: int


class MyNumbers(Figures):
    """My own figures, shown to me; the false alarms are those of my grids, not mine."""

    start: dt.datetime
    end: dt.datetime
    grid_false_alarm_rate: float | None


class GridNumbers(Figures):
    """A grid's figures."""

    grid_id: str
    grid_name: str
    false_alarm_rate: float | None


class GridNumbersList(Answer):
    """Figures per grid in scope, in order of their names: a list, not a ranking."""

    start: dt.datetime
    end: dt.datetime
    items: list[GridNumbers]
