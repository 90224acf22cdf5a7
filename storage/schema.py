"""The version of the database's tables: bringing it up to date, or refusing to work with another."""

from __future__ import annotations

import asyncio
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from storage.engine import Database
from storage.errors import StorageError, StoreUnavailable

# Any number that nobody else in this database uses: "gpsch" in ASCII.
_SCHEMA_LOCK = 0x6770736368
_LOCKED_PAUSES_S = (0.1, 0.3, 1.0)


async def prepare_schema(database: Database, *, migrate: bool) -> None:
    """Bring the tables to this program's version, or check that they are.

    One transaction under the write lock: of two processes that start at once the second waits, and a crash in the
    middle leaves the old version.

    Raises:
        StorageError: The tables are of another version, or newer than this program knows.
    """
    if migrate:
        await _migrate(database)
    else:
        async with database.read() as conn:
            await conn.run_sync(_check)


async def _migrate(database: Database) -> None:
    # While another process turns a new SQLite file to WAL, SQLite says "locked" at once instead of waiting.
    for pause_s in (*_LOCKED_PAUSES_S, None):
        try:
            async with database.write() as conn:
                await conn.run_sync(_upgrade)
        except StoreUnavailable:
            if pause_s is None or database.is_postgresql:
                raise
            await asyncio.sleep(pause_s)
        else:
            return


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SCHEMA_LOCK})
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as exc:
        found = _version(connection)
        raise StorageError(f"the database has version {found}, newer than this program knows ({_head()})") from exc


def _check(connection: Connection) -> None:
    found, wanted = _version(connection), _head()
    if found is None:
        raise StorageError("the database is empty; start the gateway once so that it makes its tables")
    if found != wanted:
        raise StorageError(f"the database has version {found}, this program needs {wanted}; migrate it first")


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    return config


def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _version(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
