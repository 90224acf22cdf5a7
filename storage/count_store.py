"""How many things crossed lines, by the hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select

from storage.count_tables import LINE_COUNTS, line_counts
from storage.engine import Database
from storage.records_counts import LineCount


class SqlCountStore:
    """Sums of sources; whoever reads adds them up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, counts: Sequence[LineCount]) -> None:
        """Insert or replace sums, in the order of the key, so that two writers never wait for each other."""
        ordered = sorted(counts, key=lambda c: (c.camera_id, c.hour, c.zone_id, c.label, c.source))
        if ordered:
            async with self._database.write() as conn:
                await LINE_COUNTS.put(conn, *ordered)

    async def hours(self, camera_id: str, start: datetime, end: datetime) -> list[LineCount]:
        """Return hours, added up over sources."""
        key = (line_counts.c.hour, line_counts.c.zone_id, line_counts.c.label)
        sums = (func.sum(line_counts.c.along), func.sum(line_counts.c.against))
        span = (line_counts.c.camera_id == camera_id, line_counts.c.hour >= start, line_counts.c.hour < end)
        query = select(*key, *sums).where(*span).group_by(*key).order_by(*key)
        async with self._database.read() as conn:
            found = await conn.execute(query)
            return [
                LineCount(camera_id, zone_id, hour, label, "", int(along), int(against))
                for hour, zone_id, label, along, against in found
            ]

    async def purge(self, before: datetime) -> int:
        """Remove old hours."""
        async with self._database.write() as conn:
            past = line_counts.c.hour < before.replace(microsecond=0)
            return (await conn.execute(delete(line_counts).where(past))).rowcount
