"""Between records and rows: a record's fields are the columns of the same names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Generic, TypeVar

from sqlalchemy import Insert, Select, Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import review_tables, tables
from storage.errors import RecordNotFound
from storage.records import (
    Account,
    CameraState,
    Case,
    CaseStep,
    Change,
    CoverageRow,
    Delivery,
    Event,
    Evidence,
    ReviewItem,
    WebSession,
    WorkerRecord,
)
from storage.records_review import Hold, PushSubscription, ReviewNote

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Mapped(Generic[R]):
    """A table and the record its rows become; columns that the record lacks stay inside storage."""

    table: Table
    record: type[R]

    @property
    def names(self) -> list[str]:
        """The columns of the record."""
        return [f.name for f in fields(self.record)]  # type: ignore[arg-type]  # every R is a dataclass

    def select(self) -> Select[Any]:
        """Select the record's columns."""
        return select(*(self.table.c[name] for name in self.names))

    def row(self, record: R) -> dict[str, Any]:
        """Return the values to be written."""
        return {name: getattr(record, name) for name in self.names}

    def read(self, rows: Iterable[Any]) -> list[R]:
        """Return the records of result rows that hold the record's columns, in the order of `select`."""
        return [self.record(*row) for row in rows]

    async def all(self, conn: AsyncConnection, query: Select[Any]) -> list[R]:
        """Run a query made from `select`."""
        return self.read(await conn.execute(query))

    async def first(self, conn: AsyncConnection, query: Select[Any]) -> R | None:
        """Run a query and return its first record."""
        return next(iter(await self.all(conn, query.limit(1))), None)

    async def get(self, conn: AsyncConnection, key: str, *, lock: bool = False) -> R:
        """Return the record of that primary key, locked until the end of the transaction if asked for.

        Raises:
            RecordNotFound: No such row.
        """
        column = next(iter(self.table.primary_key.columns))
        query = self.select().where(column == key)
        found = await self.first(conn, query.with_for_update() if lock else query)
        if found is None:
            raise RecordNotFound(key)
        return found

    async def add(self, conn: AsyncConnection, *records: R) -> None:
        """Insert records."""
        if records:
            await conn.execute(insert(self.table), [self.row(r) for r in records])

    async def put(self, conn: AsyncConnection, *records: R) -> None:
        """Insert records or replace those of the same primary key."""
        if records:
            await conn.execute(upsert(conn, self.table), [self.row(r) for r in records])


def dialect_insert(conn: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an insert that knows ON CONFLICT."""
    return postgresql.insert(table) if conn.dialect.name == "postgresql" else sqlite.insert(table)


def upsert(conn: AsyncConnection, table: Table) -> Insert:
    """Insert, or replace every other column of the row with the same primary key."""
    keys = [c.name for c in table.primary_key.columns]
    statement = dialect_insert(conn, table)
    replaced = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=replaced)


EVENTS = Mapped(tables.events, Event)
EVIDENCE = Mapped(tables.evidence, Evidence)
REVIEW_ITEMS = Mapped(tables.review_items, ReviewItem)
CASES = Mapped(tables.cases, Case)
CASE_STEPS = Mapped(tables.case_steps, CaseStep)
DELIVERIES = Mapped(tables.deliveries, Delivery)
ACCOUNTS = Mapped(tables.accounts, Account)
WEB_SESSIONS = Mapped(tables.web_sessions, WebSession)
CAMERA_STATES = Mapped(tables.camera_states, CameraState)
COVERAGE = Mapped(tables.coverage, CoverageRow)
WORKERS = Mapped(tables.workers, WorkerRecord)
CHANGES = Mapped(tables.changes, Change)
HOLDS = Mapped(review_tables.review_holds, Hold)
REVIEW_NOTES = Mapped(review_tables.review_notes, ReviewNote)
PUSH_SUBSCRIPTIONS = Mapped(review_tables.push_subscriptions, PushSubscription)
