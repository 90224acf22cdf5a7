"""The register of who did what: each entry's hash covers its content and the hash of the entry before.

Changing, inserting or removing an entry breaks the chain from there on. Cutting off the newest entries leaves a sound
shorter chain; to notice that, the last hash must be kept elsewhere (printed, sent to another system).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine import Database
from storage.records import AuditEntry
from storage.tables import audit_entries

FIRST_PREV_HASH = "0" * 64
# Any number that nobody else in this database uses: "gpaud" in ASCII.
_AUDIT_LOCK = 0x6770617564
_VERIFY_BATCH_ENTRIES = 1_000


class SqlAuditStore:
    """Audit entries, numbered without gaps."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def append(self, at: datetime, actor: str, action: str, subject: str, detail: dict[str, Any]) -> AuditEntry:
        """Add an entry; two at once queue up.

        Raises:
            TypeError: `detail` holds something that JSON cannot.
        """
        async with self._database.write() as conn:
            last_id, prev_hash = await _end_of_chain(conn)
            facts = {"id": last_id + 1, "at": at, "actor": actor, "action": action, "subject": subject}
            row = {**facts, "detail": _canonical(detail), "prev_hash": prev_hash}
            row["hash"] = _hash(row)
            await conn.execute(insert(audit_entries), row)
        return _entry(row)

    async def entries(self, after_id: int = 0, limit: int = 500) -> list[AuditEntry]:
        """Return entries in order."""
        return [_entry(row) for row in await self._rows(after_id, limit)]

    async def verify(self) -> int | None:
        """Return the id of the first entry that does not fit, None when all do; reads in batches."""
        last_id, last_hash = 0, FIRST_PREV_HASH
        while rows := await self._rows(last_id, _VERIFY_BATCH_ENTRIES):
            for row in rows:
                if row["id"] != last_id + 1 or row["prev_hash"] != last_hash or row["hash"] != _hash(row):
                    return int(row["id"])
                last_id, last_hash = row["id"], row["hash"]
        return None

    async def _rows(self, after_id: int, limit: int) -> Sequence[dict[str, Any]]:
        query = select(audit_entries).where(audit_entries.c.id > after_id).order_by(audit_entries.c.id).limit(limit)
        async with self._database.read() as conn:
            return [dict(row) for row in (await conn.execute(query)).mappings()]


async def _end_of_chain(conn: AsyncConnection) -> tuple[int, str]:
    if conn.dialect.name == "postgresql":  # SQLite: a write transaction is alone from its start
        await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _AUDIT_LOCK})
    end = select(audit_entries.c.id, audit_entries.c.hash).order_by(audit_entries.c.id.desc()).limit(1)
    row = (await conn.execute(end)).first()
    return (0, FIRST_PREV_HASH) if row is None else (row.id, row.hash)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _hash(row: dict[str, Any]) -> str:
    covered = {name: row[name] for name in ("id", "actor", "action", "subject", "detail", "prev_hash")}
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(_canonical(covered | {"at": at}).encode()).hexdigest()


def _entry(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(**{**row, "detail": json.loads(row["detail"])})
