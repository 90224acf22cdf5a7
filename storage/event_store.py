"""Events, their files, and the moment they are shown to people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Update, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.case_store import Opening, insert_case
from storage.change_store import Note, note
from storage.engine import Database
from storage.errors import RecordNotFound
from storage.mapping import CASES, EVENTS, EVIDENCE, REVIEW_ITEMS, Mapped, R, dialect_insert, upsert
from storage.protocols import Scope
from storage.records import Event, EventState, Evidence, EvidenceKind, ReviewItem
from storage.scopes import in_scope, is_narrow
from storage.tables import cases, events, evidence, metadata, review_items

# An event never goes back: a clip that is cut while the event closes must not open it again.
_FINALITY = {EventState.OPEN: 0, EventState.INTERRUPTED: 1, EventState.CLOSED: 2}


class SqlEventStore:
    """The events of all cameras."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, event: Event) -> None:
        """Save an event that is not shown yet; saving it again changes nothing."""
        async with self._database.write() as conn:
            await _add_if_new(conn, EVENTS, event, concluded=False)

    async def conclude(
        self, event: Event, evidence: Sequence[Evidence], review: ReviewItem | None, case: Opening | None = None
    ) -> None:
        """Save all of it or none of it.

        Safe to repeat when the answer to the first try was lost: files, review item and case that are already there
        are left as they are. An event that was closed in the meantime stays closed.
        """
        async with self._database.write() as conn:
            await _save_shown(conn, event)
            for file in evidence:
                await _add_if_new(conn, EVIDENCE, file)
            opened = case if case is not None and await _open_case_once(conn, case) else None
            item = await _queue_once(conn, event, review)
            if opened is not None and item.case_id is None:
                await conn.execute(_link(item.id, opened[0].id))
            await note(conn, [Note("review", item.id, event.grid_id), *_case_note(opened)])

    async def touch(self, event_id: str, last_seen_at: datetime, confidence: float) -> None:
        """Note that an open event is still there; others are left alone."""
        change = update(events).where(events.c.id == event_id, events.c.state == EventState.OPEN)
        async with self._database.write() as conn:
            done = await conn.execute(change.values(last_seen_at=last_seen_at, confidence=confidence))
            if not done.rowcount:
                await EVENTS.get(conn, event_id)

    async def close(self, event_id: str, ended_at: datetime) -> None:
        """Note when it ended. An interrupted event can be closed too: then its watcher was alive after all."""
        change = update(events).where(events.c.id == event_id, events.c.state != EventState.CLOSED)
        async with self._database.write() as conn:
            done = await conn.execute(change.values(state=EventState.CLOSED, ended_at=ended_at))
            event = await EVENTS.get(conn, event_id)
            if done.rowcount:
                await note(conn, [Note("event", event_id, event.grid_id)])

    async def interrupt(self, camera_ids: Sequence[str], alive_run_ids: Sequence[str], at: datetime) -> list[Event]:
        """Mark what dead runs left open, and put it into the review queue if it is not there."""
        orphaned = (
            update(events)
            .where(events.c.state == EventState.OPEN)
            .where(events.c.camera_id.in_(camera_ids), events.c.run_id.not_in(alive_run_ids))
            .values(state=EventState.INTERRUPTED, concluded=True)
            .returning(*EVENTS.select().selected_columns)
        )
        async with self._database.write() as conn:
            found = EVENTS.read(await conn.execute(orphaned))
            lost = await _without_item(conn, found)
            items = [ReviewItem.waiting_for(event, at) for event in lost]
            await REVIEW_ITEMS.add(conn, *items)
            notes = [Note("event", e.id, e.grid_id) for e in found]
            await note(conn, notes + [Note("review", i.id, i.grid_id) for i in items])
        return sorted(found, key=lambda e: (e.raised_at, e.id))

    async def get(self, event_id: str) -> Event:
        """Return an event."""
        async with self._database.read() as conn:
            return await EVENTS.get(conn, event_id)

    async def many(self, event_ids: Sequence[str]) -> dict[str, Event]:
        """Return the events of these ids in one query."""
        query = EVENTS.select().where(events.c.id.in_(event_ids))
        async with self._database.read() as conn:
            return {event.id: event for event in await EVENTS.all(conn, query)}

    async def evidence_of_many(self, event_ids: Sequence[str]) -> list[Evidence]:
        """Return the files of these events in one query, oldest first."""
        query = EVIDENCE.select().where(evidence.c.event_id.in_(event_ids))
        async with self._database.read() as conn:
            return await EVIDENCE.all(conn, query.order_by(evidence.c.created_at, evidence.c.id))

    async def first_files(self, event_ids: Sequence[str]) -> dict[tuple[str, EvidenceKind], str]:
        """Return the id of the oldest file of each kind, by event and kind, in one query."""
        c = evidence.c
        newest_first = (c.created_at.desc(), c.id.desc())  # so that the oldest is written last
        query = select(c.event_id, c.kind, c.id).where(c.event_id.in_(event_ids)).order_by(*newest_first)
        async with self._database.read() as conn:
            return {(event_id, kind): file_id for event_id, kind, file_id in await conn.execute(query)}

    async def evidence(self, event_id: str) -> list[Evidence]:
        """Return the event's files, oldest first."""
        query = EVIDENCE.select().where(evidence.c.event_id == event_id)
        async with self._database.read() as conn:
            return await EVIDENCE.all(conn, query.order_by(evidence.c.created_at, evidence.c.id))

    async def evidence_file(self, evidence_id: str) -> tuple[Evidence, Event]:
        """Return one file's record with its event."""
        async with self._database.read() as conn:
            file = await EVIDENCE.get(conn, evidence_id)
            return file, await EVENTS.get(conn, file.event_id)

    async def known_media_keys(self, keys: Sequence[str]) -> set[str]:
        """Return those of the keys that a row names: of evidence, or of any other table that keeps files."""
        columns = [table.c.media_key for table in metadata.sorted_tables if "media_key" in table.c]
        named = union_all(*(select(column).where(column.in_(keys)) for column in columns))
        async with self._database.read() as conn:
            return set(await conn.scalars(named))

    async def recent(self, scope: Scope, camera_id: str | None = None, limit: int = 50) -> list[Event]:
        """Return concluded events, newest first."""
        query = EVENTS.select().where(events.c.concluded, *in_scope(scope, events.c.grid_id, leads=is_narrow(scope)))
        if camera_id is not None:
            query = query.where(events.c.camera_id == camera_id)
        async with self._database.read() as conn:
            return await EVENTS.all(conn, query.order_by(events.c.raised_at.desc(), events.c.id.desc()).limit(limit))

    async def open_events(self, camera_ids: Sequence[str]) -> list[Event]:
        """Return open events of these cameras, oldest first."""
        query = EVENTS.select().where(events.c.state == EventState.OPEN, events.c.camera_id.in_(camera_ids))
        async with self._database.read() as conn:
            return await EVENTS.all(conn, query.order_by(events.c.raised_at, events.c.id))


async def _save_shown(conn: AsyncConnection, event: Event) -> None:
    query = EVENTS.select().where(events.c.id == event.id).with_for_update()
    kept = await EVENTS.first(conn, query)
    if kept is not None and _FINALITY[kept.state] > _FINALITY[event.state]:
        event = replace(event, state=kept.state, ended_at=kept.ended_at)
    await conn.execute(upsert(conn, events), EVENTS.row(event) | {"concluded": True})


async def _add_if_new(conn: AsyncConnection, mapped: Mapped[R], record: R, **more: bool) -> None:
    statement = dialect_insert(conn, mapped.table).on_conflict_do_nothing(index_elements=["id"])
    await conn.execute(statement, mapped.row(record) | more)


async def _open_case_once(conn: AsyncConnection, case: Opening) -> bool:
    query = CASES.select().where(cases.c.event_id == case[0].event_id)
    if await CASES.first(conn, query) is not None:
        return False
    await insert_case(conn, case)
    return True


async def _queue_once(conn: AsyncConnection, event: Event, review: ReviewItem | None) -> ReviewItem:
    kept = await REVIEW_ITEMS.first(conn, REVIEW_ITEMS.select().where(review_items.c.event_id == event.id))
    if kept is not None:
        return kept
    if review is None:
        raise RecordNotFound(event.id)
    await REVIEW_ITEMS.add(conn, review)
    return review


def _link(item_id: str, case_id: str) -> Update:
    return update(review_items).where(review_items.c.id == item_id).values(case_id=case_id)


def _case_note(opened: Opening | None) -> list[Note]:
    return [] if opened is None else [Note("case", opened[0].id, opened[0].grid_id)]


async def _without_item(conn: AsyncConnection, found: Sequence[Event]) -> list[Event]:
    ids = [e.id for e in found]
    queued = set(await conn.scalars(select(review_items.c.event_id).where(review_items.c.event_id.in_(ids))))
    return [e for e in found if e.id not in queued]
