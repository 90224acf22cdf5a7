"""The database connection: addresses as users write them, transactions, and the translation of driver errors."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from storage.errors import RecordConflict, StorageError, StoreUnavailable

# Longer than any transaction of ours lasts on a slow disk; `?timeout=` in the address overrides it.
SQLITE_BUSY_TIMEOUT_S = 5.0
# Connections per process. Writers queue behind one another anyway; four readers saturate a disk.
SQLITE_POOL_SIZE = 5
# A host runs one front and a worker per core; PostgreSQL's default is 100 connections for all of them.
POSTGRESQL_POOL_SIZE = 3
POSTGRESQL_POOL_OVERFLOW = 2
POOL_TIMEOUT_S = 10.0
CONNECT_TIMEOUT_S = 10.0
# No statement of ours takes a second; one that hangs so long sits on a dead connection.
COMMAND_TIMEOUT_S = 30.0

_WRITES = "gridpatrol_writes"
# connection, resources, operator, transaction rollback (deadlock, serialization), object in use (lock timeout)
_OUTAGE_SQLSTATES = ("08", "53", "57", "40", "55")
_SCHEMA_WORDS = ("no such table", "no such column", "has no column", "syntax error")


@dataclass(frozen=True, slots=True)
class _Shared:
    """A transaction that several reads have in common, one after the other."""

    conn: AsyncConnection
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Database:
    """One engine and its two kinds of transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.is_postgresql = engine.dialect.name == "postgresql"
        self._writer = engine.execution_options(**{_WRITES: True})
        # SQLite lets waiting writers sleep and try again, unfairly: inside one process they queue here instead.
        self._turn = None if self.is_postgresql else asyncio.Lock()
        self._shared: ContextVar[_Shared | None] = ContextVar("shared", default=None)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads, or take part in that of `together`."""
        shared = self._shared.get()
        with translated():
            if shared is not None:
                async with shared.turn:
                    yield shared.conn
                return
            async with self.engine.connect() as conn:
                yield conn

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        """Let every read of this task within the block, and of the tasks it starts, share one transaction.

        A page made of ten queries borrows a connection once, instead of ten times. Writes have their own as ever.
        """
        if self._shared.get() is not None:
            yield
            return
        with translated():
            async with self.engine.connect() as conn:
                token = self._shared.set(_Shared(conn))
                try:
                    yield
                finally:
                    self._shared.reset(token)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that holds the write lock (SQLite) from its start; all or nothing is committed."""
        async with AsyncExitStack() as stack:
            if self._turn is not None:
                await stack.enter_async_context(self._turn)
            stack.enter_context(translated())
            yield await stack.enter_async_context(self._writer.begin())

    @asynccontextmanager
    async def session_connection(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection outside the pool, for one that is held for long (LISTEN)."""
        engine = create_async_engine(self.engine.url, poolclass=NullPool, connect_args=_postgresql_args())
        with translated():
            async with engine.connect() as conn:
                yield conn


def open_database(url: str) -> Database:
    """Return the database of an address such as `sqlite:////var/lib/x.db` or `postgresql://user:pw@host/db`.

    Connects on first use only.

    Raises:
        StorageError: The address cannot be understood, or names no file.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() == "postgresql":
        return Database(_postgresql_engine(parsed))
    return Database(_sqlite_engine(parsed))


def parse_url(url: str) -> URL:
    """Return the address with the asynchronous driver filled in; errors never repeat it (it may hold a password)."""
    try:
        parsed = make_url(url)
        backend = parsed.drivername.partition("+")[0]
    except (ArgumentError, NoSuchModuleError, ValueError) as exc:
        raise StorageError("the database address cannot be read") from exc
    if backend in {"postgresql", "postgres"}:
        return _with_ssl(parsed.set(drivername="postgresql+asyncpg"))
    if backend != "sqlite":
        raise StorageError(f"the database must be sqlite or postgresql, not {backend}")
    if not parsed.database or parsed.database == ":memory:":
        raise StorageError("sqlite needs a file, because several processes share it: sqlite:////path/to/file.db")
    return parsed.set(drivername="sqlite+aiosqlite")


def _with_ssl(url: URL) -> URL:
    # libpq, and so every manual, calls it sslmode; asyncpg calls it ssl.
    mode = url.query.get("sslmode")
    return url if mode is None else url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})


def _sqlite_engine(url: URL) -> AsyncEngine:
    timeout_s = float(str(url.query.get("timeout", SQLITE_BUSY_TIMEOUT_S)))
    engine = create_async_engine(
        url.difference_update_query(["timeout"]),
        pool_size=SQLITE_POOL_SIZE,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        hide_parameters=True,
        connect_args={"timeout": timeout_s},
    )
    # The driver's thread answers a failed opening after the caller has gone on, perhaps after its event loop has ended:
    # the usual cause is found before there is such a thread.
    event.listen(engine.sync_engine, "do_connect", partial(_demand_folder, Path(str(url.database)).parent))
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _postgresql_engine(url: URL) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=POSTGRESQL_POOL_SIZE,
        max_overflow=POSTGRESQL_POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,  # a restarted server costs one quiet reconnect, not one failed event
        hide_parameters=True,
        connect_args=_postgresql_args(),
    )


def _postgresql_args() -> dict[str, Any]:
    return {"timeout": CONNECT_TIMEOUT_S, "command_timeout": COMMAND_TIMEOUT_S}


def _demand_folder(folder: Path, *_: Any) -> None:
    if not folder.is_dir():
        raise sqlite3.OperationalError(f"unable to open database file: no folder {folder}")


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: see _begin_sqlite
    cursor = connection.cursor()
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later can find itself unable to ever get the lock: take it at once.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def translated() -> Iterator[None]:
    """Turn the errors of SQLAlchemy and its drivers into ours."""
    try:
        yield
    except IntegrityError as exc:
        raise RecordConflict(_words(exc)) from exc
    except DBAPIError as exc:
        error = StoreUnavailable if _is_outage(exc) else StorageError
        raise error(_words(exc)) from exc
    except sqlite3.OperationalError as exc:  # while a new connection is prepared
        raise StoreUnavailable(str(exc)) from exc
    except (PoolTimeout, OSError, TimeoutError) as exc:
        raise StoreUnavailable(f"{type(exc).__name__}: no connection to the database") from exc


def _is_outage(exc: DBAPIError) -> bool:
    sqlstate = getattr(exc.orig, "sqlstate", None)
    if exc.connection_invalidated or sqlstate is not None:
        return exc.connection_invalidated or str(sqlstate).startswith(_OUTAGE_SQLSTATES)
    return isinstance(exc.orig, sqlite3.OperationalError) and not any(w in str(exc.orig) for w in _SCHEMA_WORDS)


def _words(exc: DBAPIError) -> str:
    # The driver's first line: the statement stays out, and the values of its parameters with it.
    return next(iter(str(exc.orig).splitlines()), type(exc).__name__)
