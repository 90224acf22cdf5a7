"""Which index the sums and the lists of points and tasks walk in SQLite: on years of rows a scan is seconds."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from storage.engine import Database, open_database
from storage.foot_store import SqlFootStore
from storage.numbers_store import SqlNumbersStore
from storage.protocols import Scope
from storage.stores import open_stores
from storage.task_store import SqlTaskStore

NOW = datetime(2026, 11, 22, tzinfo=UTC)
WEEK = (NOW - timedelta(days=7), NOW)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    async with open_stores(url, migrate=True):
        pass
    opened = open_database(url)
    yield opened
    await opened.engine.dispose()


async def plan(database: Database, asked: Awaitable[Any]) -> str:
    """Return SQLite's plans of everything that a question to a store leads to."""
    sent: list[tuple[str, Any]] = []

    def listen(_conn: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", listen)
    await asked
    event.remove(database.engine.sync_engine, "before_cursor_execute", listen)
    found = []
    async with database.read() as conn:
        for statement, parameters in sent:
            if statement.lstrip().startswith(("SELECT", "WITH", "UPDATE")):
                rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                found += [row.detail for row in rows]
    return "; ".join(found)


async def test_sums_of_verdicts_read_no_rows(database: Database) -> None:
    """The stretch of the index by time has all that is added up; the few sums are looked up from the many ranks."""
    found = await plan(database, SqlNumbersStore(database).desk(Scope(None), *WEEK))
    assert "COVERING INDEX ix_review_judged (judged_at>? AND judged_at<?)" in found
    assert "SEARCH sums USING AUTOMATIC COVERING INDEX" in found


async def test_last_check_of_a_point_is_one_step(database: Database) -> None:
    """However many tasks there were at it."""
    found = await plan(database, SqlTaskStore(database).last_checks(["cp-1", "cp-2"]))
    assert "INDEX ix_tasks_point (point_id=?)" in found
    assert "TEMP B-TREE" not in found
    assert "SCAN tasks" not in found


async def test_clerk_finds_what_closes_without_looking_at_what_has_ended(database: Database) -> None:
    """By state, then by when it closes."""
    found = await plan(database, SqlFootStore(database).miss(NOW))
    assert "INDEX ix_tasks_closes (state=? AND closes_at>? AND closes_at<?)" in found
