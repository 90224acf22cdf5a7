"""Photos and voice notes of review items."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.change_store import Note, note
from storage.engine import Database
from storage.errors import RecordConflict
from storage.mapping import REVIEW_ITEMS, REVIEW_NOTES
from storage.records import ReviewItem
from storage.records_review import ReviewNote
from storage.review_tables import review_notes

_c = review_notes.c


class SqlNoteStore:
    """Notes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, note_: ReviewNote, limit: int) -> ReviewNote:
        """Save a note once."""
        async with self._database.write() as conn:
            item = await REVIEW_ITEMS.get(conn, note_.item_id, lock=True)
            kept = await _sent(conn, note_.account_id, note_.client_id)
            if kept is not None:
                return kept
            count = await conn.scalar(select(func.count()).select_from(review_notes).where(_c.item_id == item.id))
            if (count or 0) >= limit:
                raise RecordConflict(item.id)
            await REVIEW_NOTES.add(conn, note_)
            await note(conn, [Note("review", item.id, item.grid_id)])
        return note_

    async def sent(self, account_id: str, client_id: str) -> ReviewNote | None:
        """Return a note by the id its sender gave it."""
        async with self._database.read() as conn:
            return await _sent(conn, account_id, client_id)

    async def of_item(self, item_id: str) -> list[ReviewNote]:
        """Return an item's notes, oldest first."""
        query = REVIEW_NOTES.select().where(_c.item_id == item_id).order_by(_c.created_at, _c.id)
        async with self._database.read() as conn:
            return await REVIEW_NOTES.all(conn, query)

    async def get(self, note_id: str) -> tuple[ReviewNote, ReviewItem]:
        """Return a note with its item."""
        async with self._database.read() as conn:
            found = await REVIEW_NOTES.get(conn, note_id)
            return found, await REVIEW_ITEMS.get(conn, found.item_id)


async def _sent(conn: AsyncConnection, account_id: str, client_id: str) -> ReviewNote | None:
    query = REVIEW_NOTES.select().where(_c.account_id == account_id, _c.client_id == client_id)
    return await REVIEW_NOTES.first(conn, query)
