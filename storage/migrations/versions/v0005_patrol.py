"""Patrol plans, rounds and views; tasks on foot; looks at places after handling."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _plans()
    _rounds()
    _views()
    _tasks()
    _photos()
    _check_points()
    _looks()


def _plans() -> None:
    op.create_table(
        "patrol_plans",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("assignees", sa.JSON(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("rounds_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_patrol_plans"),
    )
    op.create_index("ix_patrol_plans_grid_id", "patrol_plans", ["grid_id"])
    _partial("ix_patrol_plans_due", "patrol_plans", ["rounds_until"], "enabled")


def _rounds() -> None:
    op.create_table(
        "patrol_rounds",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("opens_at", TIME, nullable=False),
        sa.Column("due_at", TIME, nullable=False),
        sa.Column("closes_at", TIME, nullable=False),
        sa.Column("views", sa.JSON(), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.Column("assignees", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("marked_at", TIME, nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("not_viewable", sa.Integer(), nullable=False),
        sa.Column("findings", sa.Integer(), nullable=False),
        sa.Column("short", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_patrol_rounds"),
    )
    op.create_index("uq_patrol_rounds_plan", "patrol_rounds", ["plan_id", "opens_at"], unique=True)
    op.create_index("ix_patrol_rounds_opens", "patrol_rounds", ["opens_at", "id"])
    op.create_index("ix_patrol_rounds_grid", "patrol_rounds", ["grid_id", "opens_at", "id"])
    op.create_index("ix_patrol_rounds_due_grid", "patrol_rounds", ["grid_id", "due_at"])
    op.create_index("ix_patrol_rounds_due_assignee", "patrol_rounds", ["assignee", "due_at"])
    _partial("ix_patrol_rounds_closes", "patrol_rounds", ["closes_at"], "state IN ('waiting', 'running')")


def _views() -> None:
    op.create_table(
        "patrol_views",
        sa.Column("round_id", sa.Text(), nullable=False),
        sa.Column("point_id", sa.Text(), nullable=False),
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("dwell_s", sa.Float(), nullable=False),
        sa.Column("dwell_due_s", sa.Float(), nullable=False),
        sa.Column("judged_at", TIME, nullable=False),
        sa.Column("judged_by", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("round_id", "point_id", name="pk_patrol_views"),
        sa.ForeignKeyConstraint(["round_id"], ["patrol_rounds.id"], name="fk_patrol_views_round_id"),
    )
    op.create_index("ix_patrol_views_grid", "patrol_views", ["grid_id", "judged_at"])


def _tasks() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("item_id", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("point_id", sa.Text(), nullable=True),
        sa.Column("arrival", sa.JSON(), nullable=True),
        sa.Column("arrived_at", TIME, nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("finished_by", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tasks"),
    )
    _partial("uq_tasks_item_live", "tasks", ["item_id"], "state IN ('open', 'arrived', 'returned')", unique=True)
    op.create_index("ix_tasks_newest", "tasks", ["created_at", "id"])
    op.create_index("ix_tasks_grid", "tasks", ["grid_id", "created_at", "id"])
    op.create_index("ix_tasks_case_id", "tasks", ["case_id"])
    _partial("ix_tasks_live", "tasks", ["grid_id", "assignee"], "state IN ('open', 'arrived', 'returned')")
    op.create_index("ix_tasks_finished_grid", "tasks", ["grid_id", "finished_at"])
    op.create_index("ix_tasks_finished_by", "tasks", ["finished_by", "finished_at"])


def _photos() -> None:
    op.create_table(
        "task_photos",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("moment", sa.Text(), nullable=False),
        sa.Column("media_key", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_task_photos"),
        sa.UniqueConstraint("media_key", name="uq_task_photos_media_key"),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name="fk_task_photos_task_id"),
    )
    op.create_index("ix_task_photos_task_id", "task_photos", ["task_id"])


def _check_points() -> None:
    op.create_table(
        "check_points",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_check_points"),
        sa.UniqueConstraint("code", name="uq_check_points_code"),
    )
    op.create_index("ix_check_points_grid_id", "check_points", ["grid_id"])


def _looks() -> None:
    op.create_table(
        "case_looks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("evidence_id", sa.Text(), nullable=True),
        sa.Column("detector", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_case_looks"),
        sa.UniqueConstraint("step_id", name="uq_case_looks_step_id"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_case_looks_case_id"),
    )
    op.create_index("ix_case_looks_case_id", "case_looks", ["case_id"])


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
