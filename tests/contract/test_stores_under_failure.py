"""The stores when things break: killed writers, locked files, servers that go away, tables of another version."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from storage.engine import open_database
from storage.errors import RecordNotFound, StorageError, StoreUnavailable
from storage.protocols import ReviewFilter
from storage.stores import Stores, open_stores
from storage.tables import metadata
from tests.contract.store_samples import (
    EVERYTHING,
    an_event,
    an_item,
    opened,
    shown,
)
from tests.postgresql import PostgresServer

Tamper = Callable[[str], None]
PATIENCE_S = 60.0


@contextmanager
def writing_process(url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.contract.store_writer", url]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    try:
        yield child
    finally:
        child.kill()
        child.communicate(timeout=PATIENCE_S)


def committed_until_killed(url: str, events: int) -> list[str]:
    """Return the ids a writer told before it was killed in the middle of its work."""
    with writing_process(url) as child:
        assert child.stdout is not None
        told = [child.stdout.readline().strip() for _ in range(events)]
        child.kill()  # it is writing the next one at this moment
        rest = child.stdout.read().split()
    return told + rest


async def test_killed_writer_loses_nothing_it_told(database_url: str) -> None:
    """After SIGKILL every event told is whole, and the one under way is whole or not there."""
    told = await asyncio.to_thread(committed_until_killed, database_url, 15)
    assert len(told) >= 15
    async with open_stores(database_url, migrate=False) as stores:
        changes = len(await stores.changes.since(0, limit=10_000))  # a server may still finish the last one
        kept = [e.id for e in await stores.events.recent(EVERYTHING, limit=10_000)]
        assert set(told) <= set(kept)
        assert len(kept) - len(set(told)) <= 1
        for event_id in kept:
            assert len(await stores.events.evidence(event_id)) == 2
            case = await stores.cases.by_event(event_id)
            assert case is not None
            assert (await stores.reviews.by_event(event_id)).case_id == case.id
            assert len(await stores.outbox.for_case(case.id)) == 2
        assert changes in range(2 * len(set(told)), 2 * len(kept) + 1, 2)
        await shown(stores)  # and no lock was left behind


async def test_killed_writer_leaves_a_sound_file(sqlite_path: Path) -> None:
    """SQLite's own check finds nothing wrong."""
    await asyncio.to_thread(committed_until_killed, f"sqlite:///{sqlite_path}", 5)
    with closing(sqlite3.connect(sqlite_path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


async def test_cancelled_write_leaves_nothing(stores: Stores) -> None:
    """A task cancelled in the middle of its transaction takes it back, and the connection works on."""
    for turns in range(1, 40, 3):
        event = an_event()
        task = asyncio.ensure_future(stores.events.conclude(event, [], an_item(event)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        done = (await asyncio.gather(task, return_exceptions=True))[0] is None
        if done:
            assert (await stores.reviews.by_event(event.id)).event_id == event.id
            continue
        with pytest.raises(RecordNotFound):
            await stores.events.get(event.id)
    await shown(stores)


async def test_locked_file(sqlite_path: Path) -> None:
    """A foreign program that holds the lock makes writing unavailable, not reading; afterwards all is well."""
    async with open_stores(f"sqlite:///{sqlite_path}?timeout=0.05", migrate=False) as stores:
        _, item = await shown(stores)
        with closing(sqlite3.connect(sqlite_path, isolation_level=None)) as foreign:
            foreign.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreUnavailable, match="locked"):
                await shown(stores)
            assert (await stores.reviews.page(EVERYTHING, ReviewFilter())).items == (item,)
            foreign.execute("ROLLBACK")
        await shown(stores)


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/x.db", "postgresql://u:secretpw@127.0.0.1:1/x"])
@pytest.mark.parametrize("migrate", [True, False])
async def test_database_that_is_not_there(url: str, migrate: bool) -> None:
    """Unreachable is StoreUnavailable, without the password in its words."""
    with pytest.raises(StoreUnavailable) as error:
        async with open_stores(url, migrate=migrate):
            pass
    assert "secretpw" not in str(error.value)


async def test_file_that_is_no_database(tmp_path: Path) -> None:
    """Trying again would not help."""
    path = tmp_path / "notes.txt"
    path.write_text("no database" * 500)
    with pytest.raises(StorageError) as error:
        async with open_stores(f"sqlite:///{path}", migrate=False):
            pass
    assert not isinstance(error.value, StoreUnavailable)


@pytest.mark.postgresql
async def test_refused_sign_in_and_missing_database(postgresql_server: PostgresServer) -> None:
    """The server's refusals are storage errors too."""
    wrong_user = postgresql_server.url("template1").replace("postgres@", "nobody@")
    for url in (postgresql_server.url("no_such_db"), wrong_user):
        with pytest.raises(StorageError):
            async with open_stores(url, migrate=False):
                pass


@pytest.mark.postgresql
async def test_server_that_drops_its_connections(postgresql_server: PostgresServer) -> None:
    """A restarted server is noticed by watchers and costs the stores nothing."""
    name = postgresql_server.create("gp_template")
    async with open_stores(postgresql_server.url(name), migrate=False) as stores:
        watch = stores.changes.watch(3_600)
        async with asyncio.timeout(PATIENCE_S):
            await anext(watch)
        waiting = asyncio.ensure_future(anext(watch))
        drop = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '{name}'"
        await asyncio.to_thread(postgresql_server.execute, "template1", drop)
        with pytest.raises(StoreUnavailable):
            await asyncio.wait_for(waiting, PATIENCE_S)
        await opened(stores)
    postgresql_server.drop(name)


async def test_empty_database_is_refused(tmp_path: Path) -> None:
    """A worker does not make tables: it says that the gateway has to be started first."""
    with pytest.raises(StorageError, match="empty"):
        async with open_stores(f"sqlite:///{tmp_path}/new.db", migrate=False):
            pass


async def test_other_versions_are_refused(database_url: str, tamper: Tamper) -> None:
    """Neither an older nor a newer database is worked with, and a newer one is not 'upgraded'."""
    tamper("UPDATE alembic_version SET version_num = '9999'")
    for migrate, words in ((False, "has version 9999, this program needs"), (True, "newer than this program knows")):
        with pytest.raises(StorageError, match=words):
            async with open_stores(database_url, migrate=migrate):
                pass


async def test_two_processes_may_migrate_at_once(tmp_path: Path) -> None:
    """The second waits for the first and finds nothing left to do; opening again changes nothing."""

    async def start() -> int:
        async with open_stores(f"sqlite:///{tmp_path}/new.db", migrate=True) as stores:
            await shown(stores)
            return await stores.changes.last_id()

    assert sorted(await asyncio.gather(start(), start())) in ([1, 2], [2, 2])
    assert await start() == 3


@pytest.mark.postgresql
async def test_two_processes_may_migrate_one_server_at_once(postgresql_server: PostgresServer) -> None:
    """The same on PostgreSQL, whose lock is another."""
    name = postgresql_server.create()

    async def start() -> None:
        async with open_stores(postgresql_server.url(name), migrate=True) as stores:
            await shown(stores)

    await asyncio.gather(start(), start())
    postgresql_server.drop(name)


@pytest.mark.filterwarnings("ignore:.*expression-based index")
async def test_migrations_lead_to_the_tables(database_url: str) -> None:
    """The versions make exactly the tables and indexes that the code expects."""

    def differences(connection: Connection) -> list[object]:
        found = compare_metadata(MigrationContext.configure(connection), metadata)
        return [d for d in found if "ix_deliveries_due" not in str(d)]  # an expression: cannot be compared

    database = open_database(database_url)
    try:
        async with database.read() as conn:
            assert await conn.run_sync(differences) == []
    finally:
        await database.engine.dispose()


async def test_sqlite_is_set_up_for_power_cuts(sqlite_path: Path) -> None:
    """WAL, synchronous FULL (2), foreign keys on, on every connection of the pool."""
    database = open_database(f"sqlite:///{sqlite_path}")
    async with database.read() as one, database.read() as two:
        for conn in (one, two):
            found = [
                (await conn.exec_driver_sql(f"PRAGMA {p}")).scalar()
                for p in ("journal_mode", "synchronous", "foreign_keys")
            ]
            assert found == ["wal", 2, 1]
    await database.engine.dispose()
