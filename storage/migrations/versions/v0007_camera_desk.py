"""Remembered column mappings, health by days, and sites that are down."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Remembered column mappings, health by days, and sites that are down."""
    op.create_table(
        "ledger_headings",
        sa.Column("heading", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("used_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("heading", name="pk_ledger_headings"),
    )
    op.create_table(
        "health_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("cameras", sa.Integer(), nullable=False),
        sa.Column("wanted_s", sa.BigInteger(), nullable=False),
        sa.Column("online_s", sa.BigInteger(), nullable=False),
        sa.Column("intact_s", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("with_clip", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "grid_id", name="pk_health_days"),
    )
    _site_outages()


def _site_outages() -> None:
    op.create_table(
        "site_outages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=True),
        sa.Column("cameras", sa.Integer(), nullable=False),
        sa.Column("since", TIME, nullable=False),
        sa.Column("noticed_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_site_outages"),
    )
    lasting = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_site_outages_open", "site_outages", ["key"], unique=True, sqlite_where=lasting, postgresql_where=lasting
    )
