"""The tables of patrols and tasks; rules as in `tables`, whose metadata they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Dialect, Float, ForeignKey, Index, Integer, Table, Text
from sqlalchemy import text as sql
from sqlalchemy.types import TypeDecorator

from storage.column_types import Tuples, UtcTime, Word
from storage.mapping import Mapped
from storage.records_patrol import (
    Arrival,
    CaseLook,
    CheckPoint,
    FootPlan,
    LookResult,
    PatrolPlan,
    PatrolPoint,
    PatrolRound,
    PatrolView,
    PatrolWindow,
    RoundState,
    Task,
    TaskKind,
    TaskPhoto,
    TaskResult,
    TaskState,
    ViewVerdict,
)
from storage.tables import metadata

P = TypeVar("P", bound=PatrolPoint | PatrolWindow)


class Parts(TypeDecorator[tuple[P, ...]], Generic[P]):
    """A tuple of small records of plain values, kept as a JSON array of objects."""

    impl = JSON
    cache_ok = True

    def __init__(self, part: type[P]) -> None:
        super().__init__()
        self.part = part

    def process_bind_param(self, value: Sequence[P] | None, _dialect: Dialect) -> list[dict[str, Any]] | None:
        """Write fields by name."""
        return None if value is None else [asdict(part) for part in value]

    def process_result_value(self, value: list[dict[str, Any]] | None, _dialect: Dialect) -> tuple[P, ...] | None:
        """Read them back."""
        return None if value is None else tuple(self.part(**fields) for fields in value)


class ArrivalFields(TypeDecorator[Arrival]):
    """A check-in, kept as a JSON object; its moment in ISO 8601."""

    impl = JSON(none_as_null=True)
    cache_ok = True

    def process_bind_param(self, value: Arrival | None, _dialect: Dialect) -> dict[str, Any] | None:
        """Write fields by name."""
        return None if value is None else {**asdict(value), "at": value.at.isoformat()}

    def process_result_value(self, value: dict[str, Any] | None, _dialect: Dialect) -> Arrival | None:
        """Read it back."""
        return None if value is None else Arrival(**{**value, "at": datetime.fromisoformat(value["at"])})


patrol_plans = Table(
    "patrol_plans",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("grid_id", Text, nullable=False, index=True),
    Column("points", Parts(PatrolPoint), nullable=False),
    Column("windows", Parts(PatrolWindow), nullable=False),
    Column("weekdays", Tuples, nullable=False),
    Column("assignees", Tuples, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("rounds_until", UtcTime),  # rounds that open before are made; not part of the record
)
_enabled = sql("enabled")
Index("ix_patrol_plans_due", patrol_plans.c.rounds_until, sqlite_where=_enabled, postgresql_where=_enabled)

patrol_rounds = Table(
    "patrol_rounds",
    metadata,
    Column("id", Text, primary_key=True),
    Column("plan_id", Text, nullable=False),  # plans may go, what was patrolled stays
    Column("name", Text, nullable=False),
    Column("grid_id", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("opens_at", UtcTime, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("closes_at", UtcTime, nullable=False),
    Column("views", Parts(PatrolPoint), nullable=False),
    Column("planned", Integer, nullable=False),
    Column("assignees", Tuples, nullable=False),
    Column("state", Word(RoundState), nullable=False),
    Column("assignee", Text),
    Column("started_at", UtcTime),
    Column("marked_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("seen", Integer, nullable=False),
    Column("not_viewable", Integer, nullable=False),
    Column("findings", Integer, nullable=False),
    Column("short", Integer, nullable=False),
)
_r = patrol_rounds.c
_open_round = sql("state IN ('waiting', 'running')")
# One round per plan and opening: making rounds twice changes nothing.
Index("uq_patrol_rounds_plan", _r.plan_id, _r.opens_at, unique=True)
Index("ix_patrol_rounds_opens", _r.opens_at, _r.id)
Index("ix_patrol_rounds_grid", _r.grid_id, _r.opens_at, _r.id)
Index("ix_patrol_rounds_due_grid", _r.grid_id, _r.due_at)
Index("ix_patrol_rounds_due_assignee", _r.assignee, _r.due_at)
Index("ix_patrol_rounds_closes", _r.closes_at, sqlite_where=_open_round, postgresql_where=_open_round)

patrol_views = Table(
    "patrol_views",
    metadata,
    Column("round_id", Text, ForeignKey("patrol_rounds.id"), primary_key=True),
    Column("point_id", Text, primary_key=True),
    Column("camera_id", Text, nullable=False),
    Column("grid_id", Text, nullable=False),
    Column("verdict", Word(ViewVerdict), nullable=False),
    Column("shown", Text, nullable=False),
    Column("dwell_s", Float, nullable=False),
    Column("dwell_due_s", Float, nullable=False),
    Column("judged_at", UtcTime, nullable=False),
    Column("judged_by", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("event_id", Text),
)
Index("ix_patrol_views_grid", patrol_views.c.grid_id, patrol_views.c.judged_at)

tasks = Table(
    "tasks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Word(TaskKind), nullable=False),
    Column("grid_id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("lon", Float),
    Column("lat", Float),
    Column("created_at", UtcTime, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("due_at", UtcTime),
    Column("state", Word(TaskState), nullable=False),
    Column("assignee", Text),
    # No foreign keys: a case that an undone verdict had opened is removed, and a task must not hold it.
    Column("item_id", Text),
    Column("case_id", Text, index=True),
    Column("event_id", Text),
    Column("point_id", Text),
    Column("arrival", ArrivalFields),
    Column("arrived_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("finished_by", Text),
    Column("result", Word(TaskResult)),
    Column("note", Text, nullable=False),
    Column("client_id", Text),
    Column("plan_id", Text),
    Column("closes_at", UtcTime),
)
_t = tasks.c
_live = sql("state IN ('open', 'arrived', 'returned')")
# One task per look that a reviewer asks for: asking twice makes no second one.
Index("uq_tasks_item_live", _t.item_id, unique=True, sqlite_where=_live, postgresql_where=_live)
Index("ix_tasks_newest", _t.created_at, _t.id)
Index("ix_tasks_grid", _t.grid_id, _t.created_at, _t.id)
Index("ix_tasks_live", _t.grid_id, _t.assignee, sqlite_where=_live, postgresql_where=_live)
Index("ix_tasks_finished_grid", _t.grid_id, _t.finished_at)
Index("ix_tasks_finished_by", _t.finished_by, _t.finished_at)
_planned = sql("plan_id IS NOT NULL")
# One task per plan, point and opening (its `created_at`): making tasks twice changes nothing.
Index(
    "uq_tasks_plan",
    _t.plan_id,
    _t.point_id,
    _t.created_at,
    unique=True,
    sqlite_where=_planned,
    postgresql_where=_planned,
)
_closing = sql("closes_at IS NOT NULL")
Index("ix_tasks_closes", _t.state, _t.closes_at, sqlite_where=_closing, postgresql_where=_closing)
_at_point = sql("point_id IS NOT NULL")
Index("ix_tasks_point", _t.point_id, _t.finished_at, sqlite_where=_at_point, postgresql_where=_at_point)

foot_plans = Table(
    "foot_plans",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("grid_id", Text, nullable=False, index=True),
    Column("point_ids", Tuples, nullable=False),
    Column("windows", Parts(PatrolWindow), nullable=False),
    Column("weekdays", Tuples, nullable=False),
    Column("workdays", Boolean, nullable=False),
    Column("assignee", Text),
    Column("note", Text, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
    Column("updated_by", Text, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("made_until", UtcTime),  # tasks that open before are made; not part of the record
)
Index("ix_foot_plans_due", foot_plans.c.made_until, sqlite_where=_enabled, postgresql_where=_enabled)

task_photos = Table(
    "task_photos",
    metadata,
    Column("id", Text, primary_key=True),
    Column("task_id", Text, ForeignKey("tasks.id"), nullable=False, index=True),
    Column("moment", Text, nullable=False),
    Column("media_key", Text, nullable=False, unique=True),
    Column("content_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("taken_by", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

check_points = Table(
    "check_points",
    metadata,
    Column("id", Text, primary_key=True),
    Column("grid_id", Text, nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("code", Text, nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
)

case_looks = Table(
    "case_looks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False, index=True),
    Column("step_id", Text, nullable=False, unique=True),
    Column("at", UtcTime, nullable=False),
    Column("result", Word(LookResult), nullable=False),
    Column("evidence_id", Text),
    Column("detector", Text, nullable=False),
    Column("detail", Text, nullable=False),
)

PLANS = Mapped(patrol_plans, PatrolPlan)
ROUNDS = Mapped(patrol_rounds, PatrolRound)
VIEWS = Mapped(patrol_views, PatrolView)
TASKS = Mapped(tasks, Task)
TASK_PHOTOS = Mapped(task_photos, TaskPhoto)
CHECK_POINTS = Mapped(check_points, CheckPoint)
FOOT_PLANS = Mapped(foot_plans, FootPlan)
CASE_LOOKS = Mapped(case_looks, CaseLook)
