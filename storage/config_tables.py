"""The tables of the configuration: entries in force, versions, what each changed, the folder last read."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from storage.column_types import UtcTime
from storage.tables import metadata

config_entries = Table(
    "config_entries",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False, index=True),
    Column("turn", Integer, nullable=False),
    Column("document", Text, nullable=False),
)

config_versions = Table(
    "config_versions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 ... without gaps
    Column("at", UtcTime, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("cameras", Integer, nullable=False),
)

config_changes = Table(
    "config_changes",
    metadata,
    Column("version", Integer, ForeignKey("config_versions.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("entry_id", Text, primary_key=True),
    Column("before", Text),
    Column("after", Text),
)
Index("ix_config_changes_entry", config_changes.c.kind, config_changes.c.entry_id, config_changes.c.version)

config_files = Table(
    "config_files",
    metadata,
    Column("path", Text, primary_key=True),
    Column("digest", Text, nullable=False),
)

config_imports = Table(
    "config_imports",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("entry_id", Text, primary_key=True),
    Column("digest", Text, nullable=False),
    Column("path", Text, nullable=False),
)
