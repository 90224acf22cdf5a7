"""The tables. Columns bear the names of the record's fields; indexes say which query they are for.

A change here needs a new version under `storage/migrations/versions`; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)

from storage.column_types import EpochSecond, Segments, Tuples, UtcTime, Word
from storage.records import (
    CameraStateName,
    CaseState,
    CoverageState,
    DeliveryState,
    EventState,
    EvidenceKind,
    Role,
    Verdict,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only when the key is exactly INTEGER.
_Serial = BigInteger().with_variant(Integer(), "sqlite")

events = Table(
    "events",
    metadata,
    Column("id", Text, primary_key=True),
    Column("camera_id", Text, nullable=False),
    Column("grid_id", Text, nullable=False),
    Column("region_code", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("rule_id", Text, nullable=False),
    Column("zone_id", Text),
    Column("severity", Text, nullable=False),
    Column("state", Word(EventState), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("raised_at", UtcTime, nullable=False),
    Column("last_seen_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("confidence", Float, nullable=False),
    Column("label", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("boxes", Tuples, nullable=False),
    Column("zone_polygon", Tuples, nullable=False),
    Column("detector", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("auto_report", Boolean, nullable=False),
    Column("concluded", Boolean, nullable=False),  # shown to people; not part of the record
)
_shown = text("concluded")
Index("ix_events_recent", events.c.raised_at, events.c.id, sqlite_where=_shown, postgresql_where=_shown)
Index(
    "ix_events_recent_grid",
    events.c.grid_id,
    events.c.raised_at,
    events.c.id,
    sqlite_where=_shown,
    postgresql_where=_shown,
)
Index(
    "ix_events_recent_camera",
    events.c.camera_id,
    events.c.raised_at,
    events.c.id,
    sqlite_where=_shown,
    postgresql_where=_shown,
)
_open = text("state = 'open'")
Index("ix_events_open", events.c.camera_id, sqlite_where=_open, postgresql_where=_open)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event_id", Text, ForeignKey("events.id"), nullable=False, index=True),
    Column("kind", Word(EvidenceKind), nullable=False),
    Column("media_key", Text, nullable=False, unique=True),
    Column("content_type", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("codec", Text, nullable=False),
    Column("masked", Boolean, nullable=False),
    Column("segments", Segments, nullable=False),
)

cases = Table(
    "cases",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event_id", Text, ForeignKey("events.id"), nullable=False, unique=True),
    Column("camera_id", Text, nullable=False),
    Column("grid_id", Text, nullable=False),
    Column("region_code", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("lon", Float, nullable=False),
    Column("lat", Float, nullable=False),
    Column("state", Word(CaseState), nullable=False),
    Column("number", Text),
    Column("opened_at", UtcTime, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("deadline_at", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
    Column("note", Text, nullable=False),
)
Index("ix_cases_newest", cases.c.opened_at, cases.c.id)
Index("ix_cases_newest_grid", cases.c.grid_id, cases.c.opened_at, cases.c.id)
Index("ix_cases_newest_state", cases.c.state, cases.c.opened_at, cases.c.id)

review_items = Table(
    "review_items",
    metadata,
    Column("id", Text, primary_key=True),
    Column("event_id", Text, ForeignKey("events.id"), nullable=False, unique=True),
    Column("camera_id", Text, nullable=False),
    Column("grid_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("verdict", Word(Verdict)),
    Column("reason", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("judged_by", Text),
    Column("judged_at", UtcTime),
    Column("case_id", Text, ForeignKey("cases.id"), index=True),
)
_waiting = text("verdict IS NULL")
_judged = text("verdict IS NOT NULL")
_item = review_items.c
# One index for each filter that can lead, each in the order of its list; `review_store` says which one leads. What
# stands after the id is there to be filtered on without reading the row; the verdict, too, since SQLite checks what the
# index says by itself.
Index(
    "ix_review_waiting",
    _item.severity,
    _item.created_at,
    _item.id,
    _item.grid_id,
    _item.verdict,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
Index(
    "ix_review_waiting_type",
    _item.event_type,
    _item.severity,
    _item.created_at,
    _item.id,
    _item.grid_id,
    _item.verdict,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
Index(
    "ix_review_waiting_grid",
    _item.grid_id,
    _item.severity,
    _item.created_at,
    _item.id,
    _item.event_type,
    _item.verdict,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
Index(
    "ix_review_waiting_camera",
    _item.camera_id,
    _item.severity,
    _item.created_at,
    _item.id,
    _item.event_type,
    _item.verdict,
    sqlite_where=_waiting,
    postgresql_where=_waiting,
)
Index(
    "ix_review_judged",
    _item.judged_at,
    _item.id,
    _item.grid_id,
    _item.verdict,
    _item.created_at,  # the sums of `numbers_store` read no rows
    sqlite_where=_judged,
    postgresql_where=_judged,
)
Index(
    "ix_review_judged_type",
    _item.event_type,
    _item.judged_at,
    _item.id,
    _item.grid_id,
    _item.severity,
    _item.verdict,
    sqlite_where=_judged,
    postgresql_where=_judged,
)
Index(
    "ix_review_judged_severity",
    _item.severity,
    _item.judged_at,
    _item.id,
    _item.grid_id,
    _item.verdict,
    sqlite_where=_judged,
    postgresql_where=_judged,
)
Index(
    "ix_review_judged_grid",
    _item.grid_id,
    _item.judged_at,
    _item.id,
    _item.event_type,
    _item.severity,
    _item.verdict,
    sqlite_where=_judged,
    postgresql_where=_judged,
)
Index(
    "ix_review_judged_camera",
    _item.camera_id,
    _item.judged_at,
    _item.id,
    _item.verdict,
    sqlite_where=_judged,
    postgresql_where=_judged,
)

case_steps = Table(
    "case_steps",
    metadata,
    Column("seq", _Serial, primary_key=True),  # order of arrival; not part of the record
    Column("id", Text, nullable=False, unique=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False),
    Column("state", Word(CaseState), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("source_id", Text),
    # Per case, because two platforms may count their callbacks alike; also the index for the timeline.
    UniqueConstraint("case_id", "source_id"),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Text, primary_key=True),
    Column("case_id", Text, ForeignKey("cases.id"), nullable=False, index=True),
    Column("endpoint_id", Text, nullable=False),
    Column("message_type", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Word(DeliveryState), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcTime, nullable=False),
    Column("lease_until", UtcTime),  # None unless leased: `due_at` relies on it
    Column("created_at", UtcTime, nullable=False),
    Column("delivered_at", UtcTime),
    Column("last_status", Integer),
    Column("last_error", Text, nullable=False),
)
due_at = func.coalesce(deliveries.c.lease_until, deliveries.c.not_before, type_=UtcTime())
undelivered = text("state IN ('pending', 'leased')")
Index("ix_deliveries_due", due_at, deliveries.c.id, sqlite_where=undelivered, postgresql_where=undelivered)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("role", Word(Role), nullable=False),
    Column("grid_ids", Tuples, nullable=False),
    Column("region_codes", Tuples, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("locale", Text, nullable=False),
)

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("csrf_token", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Column("last_used_at", UtcTime, nullable=False),
)

camera_states = Table(
    "camera_states",
    metadata,
    Column("camera_id", Text, primary_key=True),
    Column("state", Word(CameraStateName), nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("detail", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_try_at", UtcTime),
    Column("last_picture_at", UtcTime),
    Column("codec", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("fps", Float),
    Column("worker_id", Text, nullable=False),
    Column("looks", BigInteger, nullable=False),
    Column("dropped_gops", BigInteger, nullable=False),
    Column("tier", Text, nullable=False),
    Column("clock_offset_s", Float),
    Column("gop_s", Float),
    Column("notes", Tuples, nullable=False),
    Column("audited", BigInteger, nullable=False),
    Column("audit_active", BigInteger, nullable=False),
    Column("audit_missed", BigInteger, nullable=False),
    Column("refused_looks", BigInteger, nullable=False),
    Column("refused_bursts", BigInteger, nullable=False),
    Column("lost_packets", BigInteger, nullable=False),
)

# A row never crosses midnight UTC, so that whoever asks for a span need not look further back than its first day. `end`
# stands in no index: lengthening a row, which every camera does every few seconds, touches the row and nothing else.
coverage = Table(
    "coverage",
    metadata,
    Column("camera_id", Text, primary_key=True),
    Column("start", EpochSecond, primary_key=True),
    Column("end", EpochSecond, nullable=False),
    Column("grid_id", Text, nullable=False),
    Column("state", Word(CoverageState), nullable=False),
    Column("closing", Boolean, nullable=False),
    sqlite_with_rowid=False,  # one tree, in the order of the key
)
Index("ix_coverage_start", coverage.c.start)
Index("ix_coverage_grid", coverage.c.grid_id, coverage.c.start)

workers = Table(
    "workers",
    metadata,
    Column("worker_id", Text, primary_key=True),
    Column("run_id", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("camera_ids", Tuples, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("heartbeat_at", UtcTime, nullable=False),
    Column("counters", JSON, nullable=False),
)

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ...: a gap is a removed entry
    Column("at", UtcTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),  # canonical JSON, the very text that was hashed
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("id", _Serial, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("kind", Text, nullable=False),
    Column("ref_id", Text, nullable=False),
    Column("grid_id", Text),
    sqlite_autoincrement=True,  # ids are never used again after a purge
)
