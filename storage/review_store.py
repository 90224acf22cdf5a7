"""The queue of events that wait for a person, and what persons said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import cursors
from storage.case_store import Opening, insert_case
from storage.change_store import Note, note
from storage.engine import Database
from storage.errors import RecordConflict, RecordNotFound
from storage.mapping import CASES, DELIVERIES, REVIEW_ITEMS
from storage.protocols import ReviewFilter, Scope
from storage.records import Case, DeliveryState, Page, ReviewItem
from storage.scopes import beside, in_scope, is_narrow
from storage.tables import case_steps, cases, deliveries, review_items

OPENED_BY_RULE = "auto"  # `Case.opened_by` of a case that no verdict opened

_c = review_items.c
_WAITING = ("waiting", (_c.severity, _c.created_at, _c.id), (str, datetime, str))
_JUDGED = ("judged", (_c.judged_at, _c.id), (datetime, str))


class SqlReviewStore:
    """Review items."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, scope: Scope, query: ReviewFilter, cursor: str | None = None, limit: int = 50
    ) -> Page[ReviewItem]:
        """Return items in the order of their list.

        An item that stays in the list is met exactly once however many come and go while somebody turns pages.

        Raises:
            InvalidCursor: The cursor is not one of this list.
        """
        statement = REVIEW_ITEMS.select().where(*_chosen(scope, query))
        collected = _is_collected(scope, query)
        statement = _after(statement, cursor, waiting=query.waiting, collected=collected).limit(limit + 1)
        async with self._database.read() as conn:
            items = await REVIEW_ITEMS.all(conn, statement)
        return Page(tuple(items[:limit]), _cursor_of(items[limit - 1], query) if len(items) > limit else None)

    async def counts(self, scope: Scope) -> dict[str, int]:
        """Return how many items wait, per severity; severities without any are left out."""
        query = select(_c.severity, func.count().label("number")).where(
            _c.verdict.is_(None), *in_scope(scope, _c.grid_id, leads=True)
        )
        async with self._database.read() as conn:
            rows = await conn.execute(query.group_by(_c.severity).order_by(_c.severity))
            return {row.severity: row.number for row in rows}

    async def waiting_alike(self, camera_ids: Sequence[str]) -> dict[tuple[str, str], int]:
        """Return how many items wait per (camera_id, event_type) of these cameras."""
        query = select(_c.camera_id, _c.event_type, func.count().label("number"))
        query = query.where(_c.verdict.is_(None), _c.camera_id.in_(camera_ids))
        async with self._database.read() as conn:
            rows = await conn.execute(query.group_by(_c.camera_id, _c.event_type))
            return {(row.camera_id, row.event_type): row.number for row in rows}

    async def get(self, item_id: str) -> ReviewItem:
        """Return an item."""
        async with self._database.read() as conn:
            return await REVIEW_ITEMS.get(conn, item_id)

    async def by_event(self, event_id: str) -> ReviewItem:
        """Return the item of an event."""
        async with self._database.read() as conn:
            item = await REVIEW_ITEMS.first(conn, REVIEW_ITEMS.select().where(_c.event_id == event_id))
        if item is None:
            raise RecordNotFound(event_id)
        return item

    async def judge(self, item: ReviewItem, case: Opening | None) -> None:
        """Save a verdict with its case; the first of two reviewers wins."""
        async with self._database.write() as conn:
            kept = await REVIEW_ITEMS.get(conn, item.id, lock=True)
            if kept.verdict is not None:
                _same_or_conflict(kept, item)
                return
            if case is not None:
                await insert_case(conn, case)
            await _set_verdict(conn, item, case[0].id if case is not None else kept.case_id)
            opened = [] if case is None else [Note("case", case[0].id, case[0].grid_id)]
            await note(conn, [Note("review", item.id, kept.grid_id), *opened])

    async def undo(self, item_id: str, account_id: str, now: datetime) -> ReviewItem:
        """Make a judged item wait again; one that already waits is returned as it is.

        A case that a rule opened by itself (auto_report) stays: the verdict did not open it.
        """
        async with self._database.write() as conn:
            kept = await REVIEW_ITEMS.get(conn, item_id, lock=True)
            if kept.verdict is None:
                return kept
            if kept.judged_by != account_id:
                raise RecordConflict(item_id)
            removed = await _remove_case(conn, kept.case_id)
            await conn.execute(_waiting_again(kept, keep_case=removed is None))
            gone = [] if removed is None else [Note("case", removed.id, removed.grid_id)]
            await note(conn, [Note("review", item_id, kept.grid_id), *gone], now)
            return await REVIEW_ITEMS.get(conn, item_id)


def _chosen(scope: Scope, query: ReviewFilter) -> list[ColumnElement[bool]]:
    """Return all conditions; the filter that leads is the rarest one: camera, grid, type, severity, in this order."""
    camera_leads = query.camera_id is not None
    grid_leads = not camera_leads and (query.grid_id is not None or is_narrow(scope))
    type_leads = not camera_leads and not grid_leads
    severity_leads = type_leads and not query.event_types
    grid_id = _c.grid_id if grid_leads else beside(_c.grid_id)
    event_type = _c.event_type if type_leads else beside(_c.event_type)
    severity = _c.severity if severity_leads else beside(_c.severity)
    chosen: list[ColumnElement[bool]] = [_c.verdict.is_(None) if query.waiting else _c.verdict.is_not(None)]
    chosen += in_scope(scope, _c.grid_id, leads=grid_leads and query.grid_id is None)
    chosen += [_c.camera_id == query.camera_id] if query.camera_id is not None else []
    chosen += [grid_id == query.grid_id] if query.grid_id is not None else []
    chosen += [_one_of(event_type, query.event_types)] if query.event_types else []
    chosen += [_one_of(severity, query.severities)] if query.severities else []
    return chosen


def _one_of(column: ColumnElement[str], words: tuple[str, ...]) -> ColumnElement[bool]:
    # One word keeps the order of the index, several are merged and sorted.
    return column == words[0] if len(words) == 1 else column.in_(words)


def _after(statement: Select[Any], cursor: str | None, *, waiting: bool, collected: bool) -> Select[Any]:
    kind, columns, shape = _WAITING if waiting else _JUDGED
    first, *rest = columns
    order = [beside(first) if collected else first, *rest]
    statement = statement.order_by(*(c if waiting else c.desc() for c in order))
    if cursor is None:
        return statement
    keys = cursors.decode(kind, cursor, shape)
    last = tuple_(*(literal(key, column.type) for key, column in zip(keys, columns, strict=True)))
    return statement.where(tuple_(*columns) > last if waiting else tuple_(*columns) < last)


def _is_collected(scope: Scope, query: ReviewFilter) -> bool:
    """Say whether the rows of several grids are fetched and sorted, rather than the list walked in its order."""
    several = scope.grid_ids is not None and len(scope.grid_ids) > 1 and is_narrow(scope)
    return several and query.grid_id is None and query.camera_id is None


def _cursor_of(item: ReviewItem, query: ReviewFilter) -> str:
    kind, columns, _ = _WAITING if query.waiting else _JUDGED
    return cursors.encode(kind, *(getattr(item, column.name) for column in columns))


def _same_or_conflict(kept: ReviewItem, wanted: ReviewItem) -> None:
    if (kept.verdict, kept.judged_by) != (wanted.verdict, wanted.judged_by):
        raise RecordConflict(kept.id)


async def _set_verdict(conn: AsyncConnection, item: ReviewItem, case_id: str | None) -> None:
    values = {"verdict": item.verdict, "reason": item.reason, "note": item.note, "case_id": case_id}
    judged = {"judged_by": item.judged_by, "judged_at": item.judged_at}
    await conn.execute(update(review_items).where(_c.id == item.id).values(**values, **judged))


def _waiting_again(item: ReviewItem, *, keep_case: bool) -> Any:
    emptied = {"verdict": None, "reason": "", "note": "", "judged_by": None, "judged_at": None}
    case_id = item.case_id if keep_case else None
    return update(review_items).where(_c.id == item.id).values(**emptied, case_id=case_id)


async def _remove_case(conn: AsyncConnection, case_id: str | None) -> Case | None:
    """Remove the case and its messages; None when there is none to be removed."""
    case = None if case_id is None else await CASES.get(conn, case_id, lock=True)
    if case is None or case.opened_by == OPENED_BY_RULE:
        return None
    # Locked: a claim that comes now skips them, one that came before has left its trace by the time we read.
    told = DELIVERIES.select().where(deliveries.c.case_id == case.id).with_for_update()
    if any(d.attempts or d.state is not DeliveryState.PENDING for d in await DELIVERIES.all(conn, told)):
        raise RecordConflict(case.id)
    await conn.execute(update(review_items).where(_c.case_id == case.id).values(case_id=None))
    for table in (deliveries, case_steps):
        await conn.execute(delete(table).where(table.c.case_id == case.id))
    await conn.execute(delete(cases).where(cases.c.id == case.id))
    return case
