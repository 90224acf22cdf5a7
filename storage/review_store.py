"""The queue of events that wait for a person, and what persons said."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import cursors
from storage.case_store import Opening, insert_case
from storage.change_store import Note, note
from storage.engine import Database
from storage.errors import InvalidCursor, RecordConflict, RecordNotFound
from storage.hold_store import forget_hold, refuse_if_held
from storage.mapping import CASES, DELIVERIES, REVIEW_ITEMS, dialect_insert
from storage.protocols import ReviewFilter, Scope
from storage.records import Case, DeliveryState, Page, ReviewItem
from storage.records_patrol import Task
from storage.review_pages import Keys, find, searches
from storage.review_tables import review_counts, verdict_receipts
from storage.scopes import beside, in_scope
from storage.tables import case_steps, cases, deliveries, review_items
from storage.task_rows import cancel_item_task, insert_task

OPENED_BY_RULE = "auto"  # `Case.opened_by` of a case that no verdict opened

_c = review_items.c


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
        wanted = searches(scope, query)
        listing = wanted[0].listing
        kinds = [listing.kind] if len(wanted) == 1 else [f"{listing.kind}.own", f"{listing.kind}.rest"]
        number, start = _begin(kinds, cursor, listing.shape)
        places: list[tuple[str, Keys]] = []
        async with self._database.read() as conn:
            for kind, search in zip(kinds[number:], wanted[number:], strict=True):
                found = await find(conn, search, start, limit + 1 - len(places))
                places += [(kind, keys) for keys in found]
                start = None
                if len(places) > limit:
                    break
            items = await _in_this_order(conn, [keys[-1] for _, keys in places[:limit]], query)
        return Page(
            tuple(items), cursors.encode(places[limit - 1][0], *places[limit - 1][1]) if len(places) > limit else None
        )

    async def counts(self, scope: Scope) -> dict[str, int]:
        """Return how many items wait, per severity; severities without any are left out."""
        kept = review_counts.c
        query = select(kept.severity, func.sum(kept.waiting).label("number")).where(kept.waiting > 0)
        query = query.where(*in_scope(scope, kept.grid_id, leads=True)).group_by(kept.severity).order_by(kept.severity)
        async with self._database.read() as conn:
            return {row.severity: int(row.number) for row in await conn.execute(query)}

    async def waiting_alike(
        self, camera_ids: Sequence[str], event_types: Sequence[str] = ()
    ) -> dict[tuple[str, str], int]:
        """Return how many items wait per (camera_id, event_type) of these cameras."""
        query = select(_c.camera_id, _c.event_type, func.count())
        query = query.where(_c.verdict.is_(None), _c.camera_id.in_(camera_ids))
        query = query.where(beside(_c.event_type).in_(event_types)) if event_types else query
        async with self._database.read() as conn:
            rows = await conn.execute(query.group_by(_c.camera_id, _c.event_type))
            return {(camera_id, event_type): number for camera_id, event_type, number in rows}

    async def get(self, item_id: str) -> ReviewItem:
        """Return an item."""
        async with self._database.read() as conn:
            return await REVIEW_ITEMS.get(conn, item_id)

    async def many(self, item_ids: Sequence[str]) -> dict[str, ReviewItem]:
        """Return the items of these ids in one query."""
        async with self._database.read() as conn:
            return {i.id: i for i in await REVIEW_ITEMS.all(conn, REVIEW_ITEMS.select().where(_c.id.in_(item_ids)))}

    async def by_event(self, event_id: str) -> ReviewItem:
        """Return the item of an event."""
        async with self._database.read() as conn:
            item = await REVIEW_ITEMS.first(conn, REVIEW_ITEMS.select().where(_c.event_id == event_id))
        if item is None:
            raise RecordNotFound(event_id)
        return item

    async def judge(
        self, item: ReviewItem, case: Opening | None, client_id: str | None = None, task: Task | None = None
    ) -> None:
        """Save a verdict with its case or task; the first of two reviewers wins."""
        async with self._database.write() as conn:
            kept = await REVIEW_ITEMS.get(conn, item.id, lock=True)
            if await _arrived_before(conn, item, client_id):
                return
            if kept.verdict is not None:
                _same_or_conflict(kept, item)
                return
            await refuse_if_held(conn, item.id, item.judged_by, _moment(item))
            await forget_hold(conn, item.id)
            if case is not None:
                await insert_case(conn, case)
            await _set_verdict(conn, item, case[0].id if case is not None else kept.case_id)
            opened = [] if case is None else [Note("case", case[0].id, case[0].grid_id)]
            asked = [] if task is None else await insert_task(conn, task)
            await note(conn, [Note("review", item.id, kept.grid_id), *opened, *asked])

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
            gone += await cancel_item_task(conn, item_id, now)
            await note(conn, [Note("review", item_id, kept.grid_id), *gone], now)
            return await REVIEW_ITEMS.get(conn, item_id)


def _begin(kinds: Sequence[str], cursor: str | None, shape: tuple[type[cursors.Key], ...]) -> tuple[int, Keys | None]:
    """Return which of the searches goes on, and after which item."""
    if cursor is None:
        return 0, None
    for number, kind in enumerate(kinds[:-1]):
        try:
            return number, tuple(cursors.decode(kind, cursor, shape))
        except InvalidCursor:  # of another search; the last one decides
            continue
    return len(kinds) - 1, tuple(cursors.decode(kinds[-1], cursor, shape))


def _same_or_conflict(kept: ReviewItem, wanted: ReviewItem) -> None:
    if (kept.verdict, kept.judged_by) != (wanted.verdict, wanted.judged_by):
        raise RecordConflict(kept.id)


def _moment(item: ReviewItem) -> datetime:
    if item.judged_at is None:
        raise ValueError("a verdict has a moment")
    return item.judged_at


async def _arrived_before(conn: AsyncConnection, item: ReviewItem, client_id: str | None) -> bool:
    """Note that this verdict has arrived, unless it had; goes with the transaction when the verdict is refused."""
    if client_id is None:
        return False
    receipt = {"account_id": item.judged_by, "client_id": client_id, "item_id": item.id, "at": item.judged_at}
    statement = dialect_insert(conn, verdict_receipts).on_conflict_do_nothing()
    return not (await conn.execute(statement.values(**receipt))).rowcount


async def _in_this_order(conn: AsyncConnection, ids: Sequence[str], query: ReviewFilter) -> list[ReviewItem]:
    """Return the items of these ids; one that has left the list since its id was found is left out."""
    rows = await REVIEW_ITEMS.all(conn, REVIEW_ITEMS.select().where(_c.id.in_(ids)))
    found = {item.id: item for item in rows if (item.verdict is None) is query.waiting}
    return [found[item_id] for item_id in ids if item_id in found]


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
