"""How many things crossed the lines of a camera, by the hour."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """How many things crossed the lines of a camera, by the hour."""
    op.create_table(
        "line_counts",
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("zone_id", sa.Text(), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("along", sa.Integer(), nullable=False),
        sa.Column("against", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "hour", "zone_id", "label", "source", name="pk_line_counts"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_line_counts_hour", "line_counts", ["hour"])
