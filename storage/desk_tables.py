"""The tables of the camera desk; rules as in `tables`, whose metadata they share."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, Table, Text, text

from storage.column_types import UtcTime
from storage.mapping import Mapped
from storage.records_desk import HealthDay, SiteOutage
from storage.tables import metadata

# Which field a heading meant the last time; "" for one that was left out on purpose.
ledger_headings = Table(
    "ledger_headings",
    metadata,
    Column("heading", Text, primary_key=True),
    Column("field", Text, nullable=False),
    Column("used_at", UtcTime, nullable=False),
)

health_days = Table(
    "health_days",
    metadata,
    Column("day", Date, primary_key=True),
    Column("grid_id", Text, primary_key=True),
    Column("cameras", Integer, nullable=False),
    Column("wanted_s", BigInteger, nullable=False),
    Column("online_s", BigInteger, nullable=False),
    Column("intact_s", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("with_clip", Integer, nullable=False),
)

site_outages = Table(
    "site_outages",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("grid_id", Text),
    Column("cameras", Integer, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("noticed_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
)
_lasting = text("ended_at IS NULL")
# One open outage per site, whoever notices it.
Index("ix_site_outages_open", site_outages.c.key, unique=True, sqlite_where=_lasting, postgresql_where=_lasting)

HEALTH_DAYS = Mapped(health_days, HealthDay)
SITE_OUTAGES = Mapped(site_outages, SiteOutage)
