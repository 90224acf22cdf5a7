"""The JSON shapes of plans of tasks on foot, and of a day's routine tasks."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from gateway.web.coverage_models import Day
from gateway.web.models import Answer, Key, Query, Request, Text
from gateway.web.patrol_models import Title, Weekday, WindowModel, WindowView
from gateway.web.task_models import TaskView

MAX_POINTS = 40


class FootPlanDraft(Request):
    """A plan as somebody writes it; `version` is the one that was edited, 0 for a new plan.

    `workdays`: only on working days; `assignee` None: the grid's worker with the fewest open tasks.
    """

    name: Title
    grid_id: Key
    point_ids: list[Key] = Field(min_length=1, max_length=MAX_POINTS)
    windows: list[WindowModel] = Field(min_length=1, max_length=12)
    weekdays: list[Weekday] = Field(default=[])
    workdays: bool = False
    assignee: Key | None = None
    note: Text = ""
    enabled: bool = True
    version: int = Field(default=0, ge=0)


class FootPlanQuery(Query):
    """Which plans."""

    grid_id: Key | None = None


class FootPlanPoint(Answer):
    """A point of a plan, as it is called now."""

    id: str
    name: str


class FootPlanView(Answer):
    """A plan; `gone`: how many of its points were removed since, and are left out."""

    id: str
    name: str
    grid_id: str
    grid_name: str
    points: list[FootPlanPoint]
    gone: int
    windows: list[WindowView]
    weekdays: list[Weekday]
    workdays: bool
    assignee: str | None
    assignee_name: str | None
    note: str
    enabled: bool
    version: int
    updated_at: dt.datetime
    updated_by_name: str


class FootPlanList(Answer):
    """Plans by grid and name."""

    items: list[FootPlanView]


class FootDayQuery(Query):
    """Which day, today unless told, and which grid, all in scope unless told."""

    day: Day | None = None
    grid_id: Key | None = None


class FootDay(Answer):
    """A day's routine tasks in order of their due times; `cut`: there were more than are shown."""

    day: dt.date
    items: list[TaskView]
    cut: bool
