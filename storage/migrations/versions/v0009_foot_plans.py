"""Tasks on foot that recur, the last check of a point, and sums of verdicts that read no rows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Tasks on foot that recur, when they are missed, and the last check of a point; sums without rows."""
    judged = ["judged_at", "id", "grid_id", "verdict", "created_at"]
    op.drop_index("ix_review_judged", "review_items")
    _partial("ix_review_judged", "review_items", judged, "verdict IS NOT NULL")
    op.create_table(
        "foot_plans",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("point_ids", sa.JSON(), nullable=False),
        sa.Column("windows", sa.JSON(), nullable=False),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("workdays", sa.Boolean(), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("made_until", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_foot_plans"),
    )
    op.create_index("ix_foot_plans_grid_id", "foot_plans", ["grid_id"])
    _partial("ix_foot_plans_due", "foot_plans", ["made_until"], "enabled")
    op.add_column("tasks", sa.Column("plan_id", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("closes_at", TIME, nullable=True))
    _partial("uq_tasks_plan", "tasks", ["plan_id", "point_id", "created_at"], "plan_id IS NOT NULL", unique=True)
    _partial("ix_tasks_closes", "tasks", ["state", "closes_at"], "closes_at IS NOT NULL")
    _partial("ix_tasks_point", "tasks", ["point_id", "finished_at"], "point_id IS NOT NULL")


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
