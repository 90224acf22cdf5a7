"""The coverage ledger: run-length rows, lengthened in place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    bindparam,
    case,
    cast,
    delete,
    func,
    insert,
    literal,
    select,
    text,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.column_types import EpochSecond
from storage.coverage_rows import appended, cut, joined, opened, utc_midnight, whole_second
from storage.engine import Database
from storage.mapping import COVERAGE
from storage.protocols import Scope, Seconds
from storage.records import CoverageRow, CoverageState
from storage.scopes import in_scope, is_narrow
from storage.tables import coverage

# Any number that nobody else in this database uses: "gpcov" in ASCII.
_COVERAGE_LOCK = 0x6770636F76
_GROUPS = {"camera": coverage.c.camera_id, "grid": coverage.c.grid_id, "state": literal("")}


class SqlCoverageStore:
    """The seconds of all cameras."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def extend(self, rows: Sequence[CoverageRow]) -> None:
        """Append rows; what is already there stays as it is."""
        if not rows:
            return
        async with self._database.write() as conn:
            # Two workers may both believe a camera theirs for a moment: one after the other, the second is cut.
            if self._database.is_postgresql:
                await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _COVERAGE_LOCK})
            last = await _last(conn, sorted({row.camera_id for row in rows}))
            change = appended(last, rows)
            if change.lengthened:
                await conn.execute(_LENGTHEN, [_moved(row) for row in change.lengthened])
            if change.new:
                await conn.execute(insert(coverage), [COVERAGE.row(row) for row in change.new])

    async def last(self, camera_ids: Sequence[str]) -> dict[str, CoverageRow]:
        """Return the newest row per camera."""
        async with self._database.read() as conn:
            return await _last(conn, camera_ids)

    async def rows(self, camera_id: str, start: datetime, end: datetime) -> list[CoverageRow]:
        """Return a camera's rows, cut to the span."""
        start, end = whole_second(start), whole_second(end)
        query = COVERAGE.select().where(coverage.c.camera_id == camera_id, *_within(start, end))
        async with self._database.read() as conn:
            found = await COVERAGE.all(conn, query.order_by(coverage.c.start))
        return joined(opened(row) for row in cut(found, start, end))

    async def totals(
        self,
        scope: Scope,
        start: datetime,
        end: datetime,
        *,
        by: Literal["camera", "grid", "state"],
        camera_ids: Sequence[str] | None = None,
        grid_id: str | None = None,
    ) -> dict[str, Seconds]:
        """Add up the seconds per state."""
        start, end = whole_second(start), whole_second(end)
        group = _GROUPS[by].label("name")
        leads = is_narrow(scope) and camera_ids is None
        query = select(group, coverage.c.state, _seconds(start, end)).where(
            *_within(start, end), *in_scope(scope, coverage.c.grid_id, leads=leads)
        )
        if camera_ids is not None:
            query = query.where(coverage.c.camera_id.in_(_wanted(self._database.is_postgresql, camera_ids)))
        if grid_id is not None:
            query = query.where(coverage.c.grid_id == grid_id)
        async with self._database.read() as conn:
            return _grouped(await conn.execute(query.group_by(group, coverage.c.state)))

    async def purge(self, before: datetime) -> int:
        """Remove rows that ended by then."""
        before = whole_second(before)
        old = delete(coverage).where(coverage.c.start < before, coverage.c.end <= before)
        async with self._database.write() as conn:
            return (await conn.execute(old)).rowcount


_LENGTHEN = (
    update(coverage)
    .where(coverage.c.camera_id == bindparam("of_camera"), coverage.c.start == bindparam("from_start"))
    .values(end=bindparam("new_end"))
)


def _moved(row: CoverageRow) -> dict[str, object]:
    return {"of_camera": row.camera_id, "from_start": row.start, "new_end": row.end}


async def _last(conn: AsyncConnection, camera_ids: Sequence[str]) -> dict[str, CoverageRow]:
    wanted = _wanted(conn.dialect.name == "postgresql", camera_ids).subquery("wanted")
    other = coverage.alias("other")
    # One step down the key's tree per camera, however long its history is.
    newest = select(func.max(other.c.start)).where(other.c.camera_id == wanted.c.id).scalar_subquery()
    fits = (coverage.c.camera_id == wanted.c.id) & (coverage.c.start == newest)
    found = await COVERAGE.all(conn, COVERAGE.select().select_from(wanted.join(coverage, fits)))
    return {row.camera_id: row for row in found}


def _wanted(is_postgresql: bool, camera_ids: Sequence[str]) -> Select[Any]:
    """Return the ids as a table of one parameter, since there may be more of them than parameters are allowed."""
    if is_postgresql:
        ids = func.unnest(cast(list(camera_ids), ARRAY(Text))).table_valued("id").render_derived()
        return select(ids.c.id)
    given = func.json_each(json.dumps(list(camera_ids))).table_valued("value")
    return select(given.c.value.label("id"))


def _within(start: datetime, end: datetime) -> list[ColumnElement[bool]]:
    # No row crosses midnight UTC, so none that began before that of `start` reaches into the span.
    return [coverage.c.start >= utc_midnight(start), coverage.c.start < end, coverage.c.end > start]


def _seconds(start: datetime, end: datetime) -> ColumnElement[int]:
    since, until = literal(start, EpochSecond()), literal(end, EpochSecond())
    first = case((coverage.c.start < since, since), else_=coverage.c.start)
    last = case((coverage.c.end > until, until), else_=coverage.c.end)
    return func.sum(type_coerce(last, BigInteger) - type_coerce(first, BigInteger)).label("seconds")


def _grouped(rows: Any) -> dict[str, Seconds]:
    found: dict[str, dict[CoverageState, int]] = {}
    for row in rows:
        found.setdefault(row.name, {})[row.state] = int(row.seconds)
    return dict(found)
