"""Databases of older versions are brought up: what was kept stays, what is new has its defaults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Connection, Table, insert

from storage import schema, tables
from storage.coverage_rows import whole_second
from storage.engine import open_database
from storage.mapping import CAMERA_STATES, COVERAGE, EVENTS, REVIEW_ITEMS, WORKERS
from storage.protocols import ReviewFilter
from storage.records import CoverageRow, CoverageState, ReviewItem
from storage.stores import open_stores
from tests.contract.conftest import BACKENDS
from tests.contract.store_samples import EVERYTHING, T0, a_camera_state, a_worker, after, an_event, an_item, judged
from tests.postgresql import PostgresServer

NEW_IN_0002 = frozenset({
    "tier", "clock_offset_s", "gop_s", "notes", "audited", "audit_active", "audit_missed", "refused_looks",
    "refused_bursts", "lost_packets",
})  # fmt: skip
Rows = list[tuple[Table, dict[str, Any]]]


@pytest.fixture(params=BACKENDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'old.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    name = server.create()
    yield server.url(name)
    server.drop(name)


async def make_old(url: str, version: str, rows: Rows) -> None:
    """Make the tables of that version, with these rows in them."""
    database = open_database(url)
    try:
        async with database.write() as conn:
            await conn.run_sync(_upgrade_to, version)
            for table, values in rows:
                await conn.execute(insert(table).values(**values))
    finally:
        await database.engine.dispose()


def _upgrade_to(connection: Connection, version: str) -> None:
    config = schema._config()
    config.attributes["connection"] = connection
    command.upgrade(config, version)


def without(values: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


async def test_a_database_of_the_first_version_is_brought_up(empty_url: str) -> None:
    """Facts of a camera that the older program did not know have their defaults."""
    state = without(CAMERA_STATES.row(a_camera_state("cam-1")), NEW_IN_0002)
    await make_old(empty_url, "0001", [(tables.camera_states, state)])
    async with open_stores(empty_url, migrate=True) as stores:
        assert await stores.fleet.states() == {"cam-1": a_camera_state("cam-1")}
        assert await stores.coverage.last(["cam-1"]) == {}


async def test_a_ledger_of_the_second_version_is_brought_up(empty_url: str) -> None:
    """None of its rows is taken for an orderly end; workers have counted nothing."""
    row = CoverageRow("cam-1", "grid-1", CoverageState.OFFLINE, whole_second(T0), whole_second(after(9)))
    worker = without(WORKERS.row(a_worker()), frozenset({"counters"}))
    rows: Rows = [(tables.coverage, without(COVERAGE.row(row), frozenset({"closing"}))), (tables.workers, worker)]
    await make_old(empty_url, "0002", rows)
    async with open_stores(empty_url, migrate=True) as stores:
        assert await stores.coverage.last(["cam-1"]) == {"cam-1": row}
        assert await stores.fleet.workers() == [a_worker()]


async def test_a_queue_of_the_third_version_is_brought_up(empty_url: str) -> None:
    """Every item stays where it was in its list, and what waits is counted."""
    events = [an_event(severity=f"S{1 + n % 2}", grid_id=f"grid-{n % 3}", raised_at=after(n)) for n in range(9)]
    items = [an_item(event) for event in events]
    items[:3] = [judged(item, judged_at=after(100 + n)) for n, item in enumerate(items[:3])]
    rows: Rows = [(tables.events, EVENTS.row(event) | {"concluded": True}) for event in events]
    rows += [(tables.review_items, REVIEW_ITEMS.row(item)) for item in items]
    await make_old(empty_url, "0003", rows)
    async with open_stores(empty_url, migrate=True) as stores:
        page = await stores.reviews.page(EVERYTHING, ReviewFilter())
        assert list(page.items) == sorted(items[3:], key=_place)
        done = await stores.reviews.page(EVERYTHING, replace(ReviewFilter(), waiting=False))
        assert list(done.items) == items[2::-1]
        assert await stores.reviews.counts(EVERYTHING) == {"S1": 3, "S2": 3}
        await stores.reviews.judge(judged(items[4]), None)
        assert await stores.reviews.counts(EVERYTHING) == {"S1": 2, "S2": 3}


def _place(item: ReviewItem) -> tuple[object, ...]:
    return (item.severity, item.created_at, item.id)
