"""The table of counted lines; rules as in `tables`, whose metadata it shares."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text

from storage.column_types import EpochSecond
from storage.mapping import Mapped
from storage.records_counts import LineCount
from storage.tables import metadata

line_counts = Table(
    "line_counts",
    metadata,
    Column("camera_id", Text, primary_key=True),
    Column("hour", EpochSecond, primary_key=True),
    Column("zone_id", Text, primary_key=True),
    Column("label", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("along", Integer, nullable=False),
    Column("against", Integer, nullable=False),
    sqlite_with_rowid=False,  # one tree, in the order of the key
)
Index("ix_line_counts_hour", line_counts.c.hour)

LINE_COUNTS = Mapped(line_counts, LineCount)
