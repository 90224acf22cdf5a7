"""Notes that something is new, written with the thing itself, and the waiting for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.errors import StoreUnavailable
from storage.mapping import CHANGES
from storage.records import Change
from storage.tables import changes

_CHANNEL = "gridpatrol_changes"
# Any number that nobody else in this database uses: "gpchg" in ASCII.
_CHANGE_LOCK = 0x6770636867


class Note(NamedTuple):
    """A change about to be written."""

    kind: str
    ref_id: str
    grid_id: str | None


async def note(conn: AsyncConnection, notes: Sequence[Note], at: datetime | None = None) -> None:
    """Write changes; must be the last thing a transaction does.

    On PostgreSQL ids are given out before the commit, so a reader could see 8 before 7 and never look back: a lock
    makes the ids appear in order. Being taken last and held for the commit only, it cannot deadlock.
    """
    if not notes:
        return
    is_postgresql = conn.dialect.name == "postgresql"
    if is_postgresql:
        await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHANGE_LOCK})
    moment = at or datetime.now(UTC)
    await conn.execute(insert(changes), [{**n._asdict(), "at": moment} for n in notes])
    if is_postgresql:
        await conn.execute(text(f"NOTIFY {_CHANNEL}"))


class SqlChangeStore:
    """Changes in order of commit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def since(self, last_id: int, limit: int = 500) -> list[Change]:
        """Return changes after `last_id`, oldest first."""
        query = CHANGES.select().where(changes.c.id > last_id).order_by(changes.c.id).limit(limit)
        async with self._database.read() as conn:
            return await CHANGES.all(conn, query)

    async def last_id(self) -> int:
        """Return the id of the newest change, 0 when there is none."""
        async with self._database.read() as conn:
            return (await conn.scalar(select(func.max(changes.c.id)))) or 0

    async def watch(self, poll_s: float) -> AsyncIterator[None]:
        """Yield once at the start, then whenever the newest id has changed.

        PostgreSQL wakes us by NOTIFY; what a lost notification would hide is found after `poll_s` at the latest.

        Raises:
            StoreUnavailable: The database went away; watch again from the last id seen.
        """
        seen: int | None = None
        async with self._waker(poll_s) as wait:
            while True:
                newest = await self.last_id()
                if newest != seen:
                    seen = newest
                    yield
                await wait()

    async def purge(self, before: datetime) -> int:
        """Remove changes older than that; return how many."""
        async with self._database.write() as conn:
            return (await conn.execute(delete(changes).where(changes.c.at < before))).rowcount

    @asynccontextmanager
    async def _waker(self, poll_s: float) -> AsyncIterator[Callable[[], Awaitable[None]]]:
        if not self._database.is_postgresql:
            yield lambda: asyncio.sleep(poll_s)
            return
        async with self._database.session_connection() as conn:
            listener = (await conn.get_raw_connection()).driver_connection
            yield await _listen(listener, poll_s)


async def _listen(listener: Any, poll_s: float) -> Callable[[], Awaitable[None]]:
    rung = asyncio.Event()
    listener.add_termination_listener(lambda _: rung.set())
    await listener.add_listener(_CHANNEL, lambda *_: rung.set())

    async def wait() -> None:
        try:
            async with asyncio.timeout(poll_s):
                await rung.wait()
        except TimeoutError:
            return
        rung.clear()
        if listener.is_closed():
            raise StoreUnavailable("the listening connection was closed")

    return wait
