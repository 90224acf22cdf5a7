"""Which index the queue's pages walk: on a million items the wrong one is the difference of a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from storage.coverage_store import SqlCoverageStore
from storage.engine import Database, open_database
from storage.protocols import ReviewFilter, Scope
from storage.review_store import SqlReviewStore
from storage.scopes import WIDE_SCOPE_GRIDS
from storage.stores import open_stores

DAY = datetime(2026, 11, 22, tzinfo=UTC)
ALL = Scope(None)
ONE = Scope(frozenset({"g1"}))
SOME = Scope(frozenset({"g1", "g2"}))
WIDE = Scope(frozenset(f"g{n}" for n in range(WIDE_SCOPE_GRIDS)))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plans") / "x.db"

    async def migrate() -> None:
        async with open_stores(f"sqlite:///{path}", migrate=True):
            pass

    with ThreadPoolExecutor(1) as pool:  # this thread may hold the loop of the tests
        pool.submit(asyncio.run, migrate()).result()
    return path


@pytest.fixture
async def database(path: Path) -> AsyncIterator[Database]:
    database = open_database(f"sqlite:///{path}")
    yield database
    await database.engine.dispose()


async def plan(database: Database, scope: Scope, query: ReviewFilter) -> str:
    """Return SQLite's plans of how the first page is found; its items are then read by their ids."""
    sent: list[tuple[str, object]] = []

    def listen(_conn: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", listen)
    await SqlReviewStore(database).page(scope, query)
    event.remove(database.engine.sync_engine, "before_cursor_execute", listen)
    found = []
    async with database.read() as conn:
        for statement, parameters in sent:
            if "ORDER BY" in statement:
                rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
                found += [row.detail for row in rows]
    return "; ".join(found)


@pytest.mark.parametrize("waiting", [True, False], ids=["waiting", "judged"])
@pytest.mark.parametrize(
    ("scope", "query", "index"),
    [
        (ALL, {}, ""),
        (WIDE, {}, ""),
        (ONE, {}, "_grid"),
        (ALL, {"grid_id": "g1"}, "_grid"),
        (WIDE, {"grid_id": "g1", "event_types": ("smoke",), "severities": ("S1",)}, "_grid"),
        (ALL, {"event_types": ("smoke",)}, "_type"),
        (WIDE, {"event_types": ("smoke",)}, "_type"),
        (ONE, {"event_types": ("smoke",)}, "_grid"),
        (ALL, {"camera_id": "c1"}, "_camera"),
        (ONE, {"camera_id": "c1", "event_types": ("smoke",), "severities": ("S1",)}, "_camera"),
    ],
)
async def test_pages_walk_an_index_in_order(
    database: Database, waiting: bool, scope: Scope, query: dict[str, str], index: str
) -> None:
    """The rarest filter leads, and nothing is sorted."""
    found = await plan(database, scope, ReviewFilter(waiting=waiting, **query))  # type: ignore[arg-type]
    name = f"ix_review_{'waiting' if waiting else 'judged'}{index}"
    assert f"INDEX {name} " in found + " "
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize(("waiting", "index"), [(True, "ix_review_waiting"), (False, "ix_review_judged_severity")])
async def test_severity_leads_where_nothing_rarer_does(database: Database, waiting: bool, index: str) -> None:
    """The list of what is urgent, city-wide."""
    found = await plan(database, WIDE, ReviewFilter(waiting=waiting, severities=("S1",)))
    assert f"INDEX {index} " in found
    assert "TEMP B-TREE" not in found


@pytest.mark.parametrize("waiting", [True, False], ids=["waiting", "judged"])
@pytest.mark.parametrize(
    ("scope", "query", "index"),
    [
        (SOME, {}, "_grid"),
        (SOME, {"event_types": ("smoke", "litter"), "severities": ("S1",)}, "_grid"),
        (ALL, {"event_types": ("smoke", "litter")}, "_type"),
        (WIDE, {"event_types": ("smoke", "litter")}, "_type"),
        (ALL, {"first_grids": frozenset({"g1", "g2"})}, "_grid"),
    ],
)
async def test_several_stretches_are_walked_each_and_merged(
    database: Database, waiting: bool, scope: Scope, query: dict[str, object], index: str
) -> None:
    """Each in the order of its index, without its rows: only the heads are sorted, whatever else is in the table."""
    found = await plan(database, scope, ReviewFilter(waiting=waiting, **query))  # type: ignore[arg-type]
    name = f"ix_review_{'waiting' if waiting else 'judged'}{index}"
    assert found.count(f"COVERING INDEX {name} ") >= 2
    assert "review_items USING INDEX" not in found, "a row is read to find out that it is not wanted"


async def coverage_plan(database: Database, scope: Scope, **query: object) -> str:
    """Return SQLite's plan for the totals of a day."""
    sent: list[tuple[str, object]] = []

    def listen(_conn: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        sent.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", listen)
    await SqlCoverageStore(database).totals(scope, DAY, DAY + timedelta(days=1), by="grid", **query)  # type: ignore[arg-type]
    event.remove(database.engine.sync_engine, "before_cursor_execute", listen)
    statement, parameters = next(s for s in sent if "coverage" in s[0])
    async with database.read() as conn:
        rows = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[arg-type]
        return "; ".join(row.detail for row in rows)


@pytest.mark.parametrize(
    ("scope", "query", "index"),
    [
        (ALL, {}, "INDEX ix_coverage_start (start>? AND start<?)"),
        (SOME, {}, "INDEX ix_coverage_grid (grid_id=? AND start>? AND start<?)"),
        (ALL, {"grid_id": "g1"}, "INDEX ix_coverage_grid (grid_id=? AND start>? AND start<?)"),
        (ALL, {"camera_ids": ["c1", "c2"]}, "PRIMARY KEY (camera_id=? AND start>? AND start<?)"),
        (SOME, {"camera_ids": ["c1", "c2"]}, "PRIMARY KEY (camera_id=? AND start>? AND start<?)"),
    ],
)
async def test_coverage_of_a_day_reads_that_day_only(
    database: Database, scope: Scope, query: dict[str, object], index: str
) -> None:
    """Whatever leads, the time is bounded on both sides: a year of history costs nothing."""
    assert index in await coverage_plan(database, scope, **query)
