"""Cameras by the thousand, their health by days, sites that are down, and what imports remember."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, exists, func, or_, select, update

from storage.change_store import Note, note
from storage.desk_tables import HEALTH_DAYS, SITE_OUTAGES, health_days, ledger_headings, site_outages
from storage.engine import Database
from storage.mapping import CAMERA_STATES, dialect_insert, upsert
from storage.protocols import Scope
from storage.records import CameraState, EventState, EvidenceKind
from storage.records_desk import EvidenceCount, FaultSpan, HealthDay, OpenFault, SiteOutage, StateBrief
from storage.scopes import in_scope
from storage.tables import camera_states, events, evidence

FAULTS = "camera_fault"
# A fault older than this that nobody closed is looked for among the open ones only.
LONGEST_FAULT = timedelta(days=30)
# Parameters of one statement; SQLite takes 32,766.
_IDS_AT_ONCE = 500

_BRIEF = select(
    camera_states.c.camera_id,
    camera_states.c.state,
    camera_states.c.since,
    camera_states.c.last_picture_at,
    camera_states.c.clock_offset_s,
)
_SUMMED = ("cameras", "wanted_s", "online_s", "intact_s", "events", "with_clip")
_is_fault = or_(events.c.event_type == FAULTS, events.c.event_type.startswith(FAULTS + ".", autoescape=True))


class SqlDeskStore:
    """The camera desk."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def briefs(self, camera_ids: Sequence[str] | None = None) -> list[StateBrief]:
        """Return states in brief."""
        queries = [_BRIEF] if camera_ids is None else [_BRIEF.where(_among(ids)) for ids in _parts(camera_ids)]
        async with self._database.read() as conn:
            return [StateBrief(*row) for query in queries for row in await conn.execute(query)]

    async def states_of(self, camera_ids: Sequence[str]) -> dict[str, CameraState]:
        """Return whole states."""
        queries = [CAMERA_STATES.select().where(_among(ids)) for ids in _parts(camera_ids)]
        async with self._database.read() as conn:
            found = [state for query in queries for state in await CAMERA_STATES.all(conn, query)]
        return {state.camera_id: state for state in found}

    async def open_faults(self) -> list[OpenFault]:
        """Return open faults, by the index of open events."""
        columns = [events.c[n] for n in ("id", "camera_id", "event_type", "severity", "started_at", "concluded")]
        query = select(*columns).where(events.c.state == EventState.OPEN, _is_fault)
        async with self._database.read() as conn:
            return [OpenFault(*row) for row in await conn.execute(query.order_by(events.c.started_at, events.c.id))]

    async def faults_between(self, start: datetime, end: datetime) -> list[FaultSpan]:
        """Return faults that reach into the span; unknown ends of interrupted ones stay unknown."""
        columns = [events.c[n] for n in ("camera_id", "event_type", "started_at", "ended_at")]
        recent = and_(
            events.c.concluded, events.c.raised_at >= start - LONGEST_FAULT, events.c.raised_at < end, _is_fault
        )
        reaches = or_(events.c.ended_at > start, events.c.ended_at.is_(None))
        query = select(*columns, events.c.state, events.c.last_seen_at).where(recent, reaches)
        async with self._database.read() as conn:
            return [_span(row) for row in await conn.execute(query.order_by(events.c.camera_id))]

    async def evidence_counts(self, start: datetime, end: datetime) -> list[EvidenceCount]:
        """Count events and clips by grid."""
        clip = exists().where(evidence.c.event_id == events.c.id, evidence.c.kind == EvidenceKind.CLIP)
        query = (
            select(events.c.grid_id, func.count(), func.sum(case((clip, 1), else_=0)))
            .where(events.c.concluded, events.c.raised_at >= start, events.c.raised_at < end, ~_is_fault)
            .group_by(events.c.grid_id)
        )
        async with self._database.read() as conn:
            return [EvidenceCount(grid_id, count, int(clips)) for grid_id, count, clips in await conn.execute(query)]

    async def put_days(self, days: Sequence[HealthDay]) -> None:
        """Insert or replace days."""
        ordered = sorted(days, key=lambda d: (d.day, d.grid_id))
        async with self._database.write() as conn:
            await HEALTH_DAYS.put(conn, *ordered)

    async def days(self, scope: Scope, since: date, grid_ids: Sequence[str] | None = None) -> list[HealthDay]:
        """Return days, added up over grids by the database."""
        sums = [func.sum(health_days.c[name]) for name in _SUMMED]
        query = select(health_days.c.day, *sums).where(
            health_days.c.day >= since, *in_scope(scope, health_days.c.grid_id, leads=False)
        )
        if grid_ids is not None:
            query = query.where(health_days.c.grid_id.in_(grid_ids))
        async with self._database.read() as conn:
            found = await conn.execute(query.group_by(health_days.c.day).order_by(health_days.c.day))
            return [HealthDay(day, "", *map(int, numbers)) for day, *numbers in found]

    async def begin_outage(self, outage: SiteOutage) -> bool:
        """Save an outage once; the index of open ones decides who was first."""
        async with self._database.write() as conn:
            statement = dialect_insert(conn, site_outages).on_conflict_do_nothing()
            done = await conn.execute(statement, SITE_OUTAGES.row(outage))
            if done.rowcount:
                await note(conn, [Note("site", outage.id, outage.grid_id)])
        return bool(done.rowcount)

    async def end_outage(self, outage_id: str, at: datetime) -> None:
        """Note that a site is back."""
        lasting = (site_outages.c.id == outage_id) & site_outages.c.ended_at.is_(None)
        async with self._database.write() as conn:
            ended = update(site_outages).where(lasting).values(ended_at=at).returning(site_outages.c.grid_id)
            row = (await conn.execute(ended)).first()
            if row is not None:
                await note(conn, [Note("site", outage_id, row.grid_id)])

    async def open_outages(self) -> list[SiteOutage]:
        """Return the outages that last."""
        query = SITE_OUTAGES.select().where(site_outages.c.ended_at.is_(None))
        async with self._database.read() as conn:
            return await SITE_OUTAGES.all(conn, query.order_by(site_outages.c.since, site_outages.c.id))

    async def headings(self) -> dict[str, str]:
        """Return what headings meant the last time."""
        async with self._database.read() as conn:
            found = await conn.execute(select(ledger_headings.c.heading, ledger_headings.c.field))
            return {row.heading: row.field for row in found}

    async def remember_headings(self, meant: Mapping[str, str], at: datetime) -> None:
        """Remember what headings mean."""
        rows = [{"heading": h, "field": meant[h], "used_at": at} for h in sorted(meant)]
        if not rows:
            return
        async with self._database.write() as conn:
            await conn.execute(upsert(conn, ledger_headings), rows)


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + _IDS_AT_ONCE] for start in range(0, len(ids), _IDS_AT_ONCE)]


def _among(ids: Sequence[str]) -> Any:
    return camera_states.c.camera_id.in_(ids)


def _span(row: Any) -> FaultSpan:
    known = row.ended_at
    if known is None and row.state is EventState.INTERRUPTED:
        known = row.last_seen_at  # what is sure of it
    return FaultSpan(row.camera_id, row.event_type, row.started_at, known)
