"""What the platform keeps: arrived messages and the callbacks it owes, in one SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

# Case numbers carry the day as people there write it.
CHINA = timezone(timedelta(hours=8))
BUSY_TIMEOUT_S = 5.0
_LATER = "#"  # between a case's number and the place of a later message

_SCHEMA = """
CREATE TABLE IF NOT EXISTS message (
    webhook_id TEXT PRIMARY KEY,
    case_id    TEXT NOT NULL,
    number     TEXT NOT NULL UNIQUE,
    body       TEXT NOT NULL,
    arrived_at TEXT NOT NULL,
    repeats    INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS callback (
    id         TEXT PRIMARY KEY,
    webhook_id TEXT NOT NULL REFERENCES message,
    position   INTEGER NOT NULL,
    state      TEXT NOT NULL,
    due_s      REAL NOT NULL,
    done_at    TEXT,
    refused    INTEGER NOT NULL DEFAULT 0,
    attempts   INTEGER NOT NULL DEFAULT 0,
    status     INTEGER
);
CREATE INDEX IF NOT EXISTS callback_due ON callback (due_s) WHERE done_at IS NULL;
"""

_MESSAGES = "SELECT webhook_id, case_id, number, body, arrived_at, repeats FROM message"

# The first callback that a message still owes; the later ones wait for it.
_NEXT = """
SELECT c.id, c.webhook_id, m.case_id, m.number, c.state, c.due_s, c.attempts
FROM callback c JOIN message m USING (webhook_id)
WHERE c.done_at IS NULL AND c.position = (
    SELECT min(o.position) FROM callback o WHERE o.webhook_id = c.webhook_id AND o.done_at IS NULL)
ORDER BY c.due_s LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Message:
    """A genuine message, as far as the platform reads it."""

    webhook_id: str
    case_id: str
    body: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A stored message and what has been called back about it."""

    webhook_id: str
    case_id: str
    number: str
    body: str
    arrived_at: datetime
    repeats: int  # how often it came again
    states: tuple[tuple[str, str], ...] = ()  # state, and "done" | "due" | "refused"


@dataclass(frozen=True, slots=True)
class OwedCallback:
    """The next callback to make."""

    id: str  # the webhook id of the callback, the same on every attempt
    webhook_id: str
    case_id: str
    number: str
    state: str
    due_s: float  # seconds since the epoch
    attempts: int


class Ledger:
    """SQLite behind one thread: calls run in order, and a cancelled caller leaves no half transaction."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    @classmethod
    async def open(cls, path: Path) -> Ledger:
        """Open or create the file.

        Raises:
            sqlite3.Error: It cannot be opened or is no database.
        """
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="receiver-ledger")
        return cls(await asyncio.get_running_loop().run_in_executor(thread, _connect, path), thread)

    async def close(self) -> None:
        """Close the file; nothing may be called afterwards."""
        await self._run(self._connection.close)
        self._thread.shutdown()

    async def take(self, message: Message, now: datetime, owed: Sequence[tuple[str, float]]) -> tuple[Arrival, bool]:
        """Store a message with the callbacks (state, seconds from now) it leads to, in one transaction.

        Returns the message as stored and True, or, when it was there already, as it was and False.
        """
        return await self._run(lambda: _take(self._connection, message, now, owed))

    async def arrivals(self, limit: int = 200) -> list[Arrival]:
        """Return stored messages, newest first."""
        return await self._run(lambda: _arrivals(self._connection, limit))

    async def next_callback(self) -> OwedCallback | None:
        """Return the callback that is due first, None when none is owed."""
        return await self._run(lambda: _next_callback(self._connection))

    async def called(self, callback_id: str, now: datetime, status: int | None, *, refused: bool) -> None:
        """Note that a callback is done with: taken, or refused for good."""
        await self._run(
            lambda: self._write(
                "UPDATE callback SET done_at = ?, status = ?, refused = ?, attempts = attempts + 1 WHERE id = ?",
                (now.isoformat(), status, refused, callback_id),
            )
        )

    async def postpone(self, callback_id: str, due_s: float, status: int | None) -> None:
        """Note a failed attempt and when the next is due."""
        await self._run(
            lambda: self._write(
                "UPDATE callback SET due_s = ?, status = ?, attempts = attempts + 1 WHERE id = ?",
                (due_s, status, callback_id),
            )
        )

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        with self._connection:
            self._connection.execute(statement, values)

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S)
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL: an answered message is on the disk, whatever happens to the machine.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(_SCHEMA)
    return connection


def _take(
    connection: sqlite3.Connection, message: Message, now: datetime, owed: Sequence[tuple[str, float]]
) -> tuple[Arrival, bool]:
    key = (message.webhook_id,)
    with connection:
        connection.execute("BEGIN IMMEDIATE")
        repeated = connection.execute("UPDATE message SET repeats = repeats + 1 WHERE webhook_id = ?", key)
        if repeated.rowcount == 0:
            _insert(connection, message, now)
            _owe(connection, message.webhook_id, now, owed)
        row = connection.execute(f"{_MESSAGES} WHERE webhook_id = ?", key).fetchone()
    return _arrival(row, ()), repeated.rowcount == 0


def _insert(connection: sqlite3.Connection, message: Message, now: datetime) -> None:
    day = f"AJ-{now.astimezone(CHINA):%Y%m%d}-"
    # Later messages of a case bear its number and their own place behind a mark: the column is unique.
    first = connection.execute(
        "SELECT min(number), count(*) FROM message WHERE case_id = ?", (message.case_id,)
    ).fetchone()
    known = connection.execute(
        "SELECT count(*) FROM message WHERE number LIKE ? AND number NOT LIKE ?", (day + "%", f"%{_LATER}%")
    ).fetchone()[0]
    number = f"{first[0]}{_LATER}{first[1] + 1}" if first[0] else f"{day}{known + 1:04}"
    connection.execute(
        "INSERT INTO message (webhook_id, case_id, number, body, arrived_at) VALUES (?, ?, ?, ?, ?)",
        (message.webhook_id, message.case_id, number, message.body, now.isoformat()),
    )


def _owe(connection: sqlite3.Connection, webhook_id: str, now: datetime, owed: Sequence[tuple[str, float]]) -> None:
    connection.executemany(
        "INSERT INTO callback (id, webhook_id, position, state, due_s) VALUES (?, ?, ?, ?, ?)",
        [
            (f"cb_{webhook_id}_{position}", webhook_id, position, state, now.timestamp() + wait_s)
            for position, (state, wait_s) in enumerate(owed)
        ],
    )


def _arrivals(connection: sqlite3.Connection, limit: int) -> list[Arrival]:
    rows = connection.execute(f"{_MESSAGES} ORDER BY arrived_at DESC, number DESC LIMIT ?", (limit,)).fetchall()
    states: dict[str, list[tuple[str, str]]] = {}
    for webhook_id, state, done_at, refused in connection.execute(
        "SELECT webhook_id, state, done_at, refused FROM callback ORDER BY webhook_id, position"
    ):
        step = "refused" if refused else "done" if done_at else "due"
        states.setdefault(webhook_id, []).append((state, step))
    return [_arrival(row, tuple(states.get(row[0], ()))) for row in rows]


def _arrival(row: tuple[str, str, str, str, str, int], states: tuple[tuple[str, str], ...]) -> Arrival:
    webhook_id, case_id, number, body, arrived_at, repeats = row
    at = datetime.fromisoformat(arrived_at)
    return Arrival(webhook_id, case_id, _of_case(number), body, at, repeats, states)


def _of_case(number: str) -> str:
    return number.partition(_LATER)[0]


def _next_callback(connection: sqlite3.Connection) -> OwedCallback | None:
    row = connection.execute(_NEXT).fetchone()
    if row is None:
        return None
    owed = OwedCallback(*row)
    return replace(owed, number=_of_case(owed.number))
