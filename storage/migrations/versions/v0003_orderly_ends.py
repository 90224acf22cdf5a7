"""Orderly ends in the coverage ledger, and what workers count."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # The defaults are for the rows that are there; later ones bring every value along. An orderly end of before is not
    # known from an offline camera's last row: ten seconds of the update may count as unknown.
    op.add_column("coverage", sa.Column("closing", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("workers", sa.Column("counters", sa.JSON(), nullable=False, server_default="{}"))
