"""Holds of review items, and the receipts of verdicts that have arrived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.errors import ItemHeld, RecordConflict
from storage.mapping import HOLDS, REVIEW_ITEMS
from storage.records_review import Hold
from storage.review_tables import review_holds, verdict_receipts

_c = review_holds.c


class SqlHoldStore:
    """Holds are taken under the lock of their item's row, as verdicts are given: the two never cross."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, item_id: str, account_id: str, now: datetime, until: datetime) -> Hold:
        """Hold an item, or go on holding it."""
        hold = Hold(item_id, account_id, until)
        async with self._database.write() as conn:
            item = await REVIEW_ITEMS.get(conn, item_id, lock=True)
            if item.verdict is not None:
                raise RecordConflict(item_id)
            await refuse_if_held(conn, item_id, account_id, now)
            await HOLDS.put(conn, hold)
        return hold

    async def drop(self, item_id: str, account_id: str) -> None:
        """Let go of an item."""
        async with self._database.write() as conn:
            await conn.execute(delete(review_holds).where(_c.item_id == item_id, _c.account_id == account_id))

    async def of(self, item_ids: Sequence[str], now: datetime) -> dict[str, Hold]:
        """Return the holds that count now."""
        if not item_ids:
            return {}
        query = HOLDS.select().where(_c.item_id.in_(item_ids), _c.until > now)
        async with self._database.read() as conn:
            return {hold.item_id: hold for hold in await HOLDS.all(conn, query)}

    async def purge(self, before: datetime) -> int:
        """Remove what is of no use any more."""
        async with self._database.write() as conn:
            holds = await conn.execute(delete(review_holds).where(_c.until < before))
            receipts = await conn.execute(delete(verdict_receipts).where(verdict_receipts.c.at < before))
            return holds.rowcount + receipts.rowcount


async def refuse_if_held(conn: AsyncConnection, item_id: str, account_id: str | None, now: datetime) -> None:
    """Let pass who holds the item, and everybody where nobody does; the item's row must be locked.

    Raises:
        ItemHeld: Somebody else holds it.
    """
    query = HOLDS.select().where(_c.item_id == item_id, _c.until > now)
    kept = await HOLDS.first(conn, query)
    if kept is not None and kept.account_id != account_id:
        raise ItemHeld(item_id, kept.account_id)


async def forget_hold(conn: AsyncConnection, item_id: str) -> None:
    """Remove whatever hold there is: the item has been judged."""
    await conn.execute(delete(review_holds).where(_c.item_id == item_id))
