"""Holds, receipts, notes and push subscriptions of the review desk; counts kept by triggers; longer indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

TIME = sa.DateTime(timezone=True)

WAITING = {
    "ix_review_waiting": ["severity", "created_at", "id", "grid_id"],
    "ix_review_waiting_type": ["event_type", "severity", "created_at", "id", "grid_id"],
    "ix_review_waiting_grid": ["grid_id", "severity", "created_at", "id", "event_type"],
    "ix_review_waiting_camera": ["camera_id", "severity", "created_at", "id", "event_type"],
}
JUDGED = {
    "ix_review_judged": ["judged_at", "id", "grid_id"],
    "ix_review_judged_type": ["event_type", "judged_at", "id", "grid_id", "severity"],
    "ix_review_judged_severity": ["severity", "judged_at", "id", "grid_id"],
    "ix_review_judged_grid": ["grid_id", "judged_at", "id", "event_type", "severity"],
    "ix_review_judged_camera": ["camera_id", "judged_at", "id"],
}

_MORE = """
INSERT INTO review_counts (grid_id, severity, waiting) VALUES (NEW.grid_id, NEW.severity, 1)
ON CONFLICT (grid_id, severity) DO UPDATE SET waiting = review_counts.waiting + 1;
"""
_LESS = """
UPDATE review_counts SET waiting = waiting - 1 WHERE grid_id = OLD.grid_id AND severity = OLD.severity;
"""
_CHANGED = "UPDATE OF verdict, grid_id, severity"


def upgrade() -> None:
    _holds()
    _receipts()
    _notes()
    _push_subscriptions()
    _counts()
    _longer_indexes()


def _holds() -> None:
    op.create_table(
        "review_holds",
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("until", TIME, nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name="fk_review_holds_item_id"),
        sa.PrimaryKeyConstraint("item_id", name="pk_review_holds"),
    )
    op.create_index("ix_review_holds_until", "review_holds", ["until"])


def _receipts() -> None:
    op.create_table(
        "verdict_receipts",
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "client_id", "item_id", name="pk_verdict_receipts"),
    )
    op.create_index("ix_verdict_receipts_at", "verdict_receipts", ["at"])


def _notes() -> None:
    op.create_table(
        "review_notes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_key", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name="fk_review_notes_item_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review_notes"),
        sa.UniqueConstraint("media_key", name="uq_review_notes_media_key"),
        sa.UniqueConstraint("account_id", "client_id", name="uq_review_notes_account_id_client_id"),
    )
    op.create_index("ix_review_notes_item_id", "review_notes", ["item_id"])


def _push_subscriptions() -> None:
    op.create_table(
        "push_subscriptions",
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_push_subscriptions_account_id"),
        sa.PrimaryKeyConstraint("endpoint", name="pk_push_subscriptions"),
    )
    op.create_index("ix_push_subscriptions_account_id", "push_subscriptions", ["account_id"])


def _counts() -> None:
    op.create_table(
        "review_counts",
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("grid_id", "severity", name="pk_review_counts"),
    )
    op.execute(
        "INSERT INTO review_counts (grid_id, severity, waiting) "
        "SELECT grid_id, severity, count(*) FROM review_items WHERE verdict IS NULL GROUP BY grid_id, severity"
    )
    if op.get_bind().dialect.name == "postgresql":
        _postgresql_triggers()
    else:
        _sqlite_triggers()


def _sqlite_triggers() -> None:
    for name, moment, row, body in (
        ("inserted", "INSERT", "NEW", _MORE),
        ("left", _CHANGED, "OLD", _LESS),
        ("returned", _CHANGED, "NEW", _MORE),
        ("deleted", "DELETE", "OLD", _LESS),
    ):
        op.execute(
            f"CREATE TRIGGER review_counts_{name} AFTER {moment} ON review_items "
            f"WHEN {row}.verdict IS NULL BEGIN {body} END"
        )


def _postgresql_triggers() -> None:
    op.execute(
        f"""
        CREATE FUNCTION count_review_items() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP <> 'INSERT' THEN
            IF OLD.verdict IS NULL THEN {_LESS} END IF;
          END IF;
          IF TG_OP <> 'DELETE' THEN
            IF NEW.verdict IS NULL THEN {_MORE} END IF;
          END IF;
          RETURN NULL;
        END $$
        """
    )
    op.execute(
        f"CREATE TRIGGER review_counts_kept AFTER INSERT OR DELETE OR {_CHANGED} ON review_items "
        "FOR EACH ROW EXECUTE FUNCTION count_review_items()"
    )


def _longer_indexes() -> None:
    for names, words in ((WAITING, "verdict IS NULL"), (JUDGED, "verdict IS NOT NULL")):
        for name, columns in names.items():
            where = sa.text(words)
            op.drop_index(name, "review_items")
            op.create_index(name, "review_items", [*columns, "verdict"], sqlite_where=where, postgresql_where=where)
