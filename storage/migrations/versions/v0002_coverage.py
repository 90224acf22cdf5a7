"""The coverage ledger, and more facts of a camera."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

COUNTERS = ("audited", "audit_active", "audit_missed", "refused_looks", "refused_bursts", "lost_packets")


def upgrade() -> None:
    _coverage()
    _camera_facts()


def _coverage() -> None:
    op.create_table(
        "coverage",
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id", "start", name="pk_coverage"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_coverage_start", "coverage", ["start"])
    op.create_index("ix_coverage_grid", "coverage", ["grid_id", "start"])


def _camera_facts() -> None:
    # The defaults are for the rows that are there; later ones bring every value along.
    op.add_column("camera_states", sa.Column("tier", sa.Text(), nullable=False, server_default=""))
    op.add_column("camera_states", sa.Column("clock_offset_s", sa.Float(), nullable=True))
    op.add_column("camera_states", sa.Column("gop_s", sa.Float(), nullable=True))
    op.add_column("camera_states", sa.Column("notes", sa.JSON(), nullable=False, server_default="[]"))
    for name in COUNTERS:
        op.add_column("camera_states", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
