"""The tables of the review desk, beside that of the items."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text, UniqueConstraint

from storage.column_types import UtcTime, Word
from storage.records_review import NoteKind
from storage.tables import metadata

# A row is left behind when its time is up; the next who asks takes it over, and a verdict removes it.
review_holds = Table(
    "review_holds",
    metadata,
    Column("item_id", Text, ForeignKey("review_items.id"), primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("until", UtcTime, nullable=False),
)
Index("ix_review_holds_until", review_holds.c.until)

# Which verdicts have arrived, by the id that the sender gave them: one sent again after an undo must not count again.
verdict_receipts = Table(
    "verdict_receipts",
    metadata,
    Column("account_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    PrimaryKeyConstraint("account_id", "client_id", "item_id"),
)
Index("ix_verdict_receipts_at", verdict_receipts.c.at)

# Kept by triggers on review_items (see version 0006): whoever writes an item, by whatever way, cannot forget it.
review_counts = Table(
    "review_counts",
    metadata,
    Column("grid_id", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("waiting", Integer, nullable=False),
    PrimaryKeyConstraint("grid_id", "severity"),
)

review_notes = Table(
    "review_notes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("item_id", Text, ForeignKey("review_items.id"), nullable=False, index=True),
    Column("account_id", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("kind", Word(NoteKind), nullable=False),
    Column("media_key", Text, nullable=False, unique=True),
    Column("content_type", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    UniqueConstraint("account_id", "client_id"),
)

push_subscriptions = Table(
    "push_subscriptions",
    metadata,
    Column("endpoint", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("failures", Integer, nullable=False),
)
