"""Tasks on foot, their photos, and the points that are visited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import cursors
from storage.case_store import Opening, insert_case
from storage.change_store import Note, note
from storage.engine import Database
from storage.errors import RecordConflict, RecordNotFound
from storage.mapping import REVIEW_ITEMS
from storage.patrol_tables import CHECK_POINTS, TASK_PHOTOS, TASKS, check_points, task_photos, tasks
from storage.protocols import Scope
from storage.protocols_patrol import TaskFilter
from storage.records import Page, ReviewItem, Verdict
from storage.records_patrol import LIVE_TASKS, Arrival, CheckPoint, Task, TaskPhoto, TaskState
from storage.scopes import in_scope, is_narrow
from storage.tables import review_items
from storage.task_rows import KIND, cancel_tasks, insert_task

_t = tasks.c
_CURSOR = "tasks"
_ORDER = (_t.created_at, _t.id)


class SqlTaskStore:
    """Tasks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, task: Task) -> None:
        """Save a new task."""
        async with self._database.write() as conn:
            await note(conn, await insert_task(conn, task))

    async def get(self, task_id: str) -> Task:
        """Return a task."""
        async with self._database.read() as conn:
            return await TASKS.get(conn, task_id)

    async def page(self, scope: Scope, query: TaskFilter, cursor: str | None = None, limit: int = 50) -> Page[Task]:
        """Return tasks, newest first.

        Raises:
            InvalidCursor: The cursor is not one of this list.
        """
        statement = TASKS.select().where(*_chosen(scope, query))
        if cursor is not None:
            created_at, task_id = cursors.decode(_CURSOR, cursor, (datetime, str))
            last = tuple_(literal(created_at, _t.created_at.type), literal(task_id))
            statement = statement.where(tuple_(*_ORDER) < last)
        async with self._database.read() as conn:
            found = await TASKS.all(conn, statement.order_by(*(c.desc() for c in _ORDER)).limit(limit + 1))
        last_one = found[limit - 1] if len(found) > limit else None
        following = None if last_one is None else cursors.encode(_CURSOR, last_one.created_at, last_one.id)
        return Page(tuple(found[:limit]), following)

    async def load(self, grid_id: str) -> dict[str, int]:
        """Return how many live tasks each account has in a grid."""
        query = select(_t.assignee, func.count().label("number")).where(
            _t.grid_id == grid_id, _t.state.in_(LIVE_TASKS), _t.assignee.is_not(None)
        )
        async with self._database.read() as conn:
            return {row.assignee: row.number for row in await conn.execute(query.group_by(_t.assignee))}

    async def assign(self, task_id: str, account_id: str | None) -> Task:
        """Give a live task to an account, or to nobody in particular."""
        async with self._database.write() as conn:
            return await _change(conn, await _live(conn, task_id), {"assignee": account_id})

    async def arrive(self, task_id: str, arrival: Arrival) -> Task:
        """Save the first check-in."""
        async with self._database.write() as conn:
            kept = await _live(conn, task_id, arrival.account_id)
            if kept.state is TaskState.ARRIVED:
                return kept
            mine = {"assignee": arrival.account_id, "state": TaskState.ARRIVED}
            return await _change(conn, kept, {**mine, "arrival": arrival, "arrived_at": arrival.at})

    async def give_back(self, task_id: str, account_id: str, why: str) -> Task:
        """Open a task to others."""
        async with self._database.write() as conn:
            kept = await _live(conn, task_id, account_id)
            emptied = {"assignee": None, "arrival": None, "arrived_at": None}
            return await _change(conn, kept, {**emptied, "state": TaskState.RETURNED, "note": why})

    async def finish(self, task: Task, item: ReviewItem | None = None, case: Opening | None = None) -> Task:
        """Save a task as finished, with the verdict on its item and the case that opens."""
        async with self._database.write() as conn:
            kept = await TASKS.get(conn, task.id, lock=True)
            if kept.state is TaskState.DONE and _same_answer(kept, task):
                return kept
            _check_live(kept, task.finished_by)
            await conn.execute(update(tasks).where(_t.id == task.id).values(**TASKS.row(task)))
            told = [Note(KIND, task.id, task.grid_id)]
            if item is not None:
                told += await _judge_on_site(conn, item, case)
            await note(conn, told)
            return await TASKS.get(conn, task.id)

    async def add_photo(self, photo: TaskPhoto, limit: int) -> None:
        """Save a photo of a live task."""
        of_task = task_photos.c.task_id == photo.task_id
        async with self._database.write() as conn:
            kept = await _live(conn, photo.task_id)
            number = await conn.scalar(select(func.count()).select_from(task_photos).where(of_task))
            if (number or 0) >= limit:
                raise RecordConflict(photo.task_id)
            await TASK_PHOTOS.add(conn, photo)
            await note(conn, [Note(KIND, kept.id, kept.grid_id)])

    async def photos(self, task_id: str) -> list[TaskPhoto]:
        """Return a task's photos, oldest first."""
        query = TASK_PHOTOS.select().where(task_photos.c.task_id == task_id)
        async with self._database.read() as conn:
            return await TASK_PHOTOS.all(conn, query.order_by(task_photos.c.created_at, task_photos.c.id))

    async def points(
        self, scope: Scope, grid_id: str | None = None, words: str = "", limit: int = 1000
    ) -> list[CheckPoint]:
        """Return points by grid and name."""
        c = check_points.c
        query = CHECK_POINTS.select().where(*in_scope(scope, c.grid_id, leads=is_narrow(scope)))
        if grid_id is not None:
            query = query.where(c.grid_id == grid_id)
        if words:
            query = query.where(c.name.icontains(words, autoescape=True))
        async with self._database.read() as conn:
            return await CHECK_POINTS.all(conn, query.order_by(c.grid_id, c.name, c.id).limit(limit))

    async def points_by_id(self, point_ids: Sequence[str]) -> list[CheckPoint]:
        """Return these points in this order."""
        if not point_ids:
            return []
        async with self._database.read() as conn:
            found = await CHECK_POINTS.all(conn, CHECK_POINTS.select().where(check_points.c.id.in_(point_ids)))
        by_id = {point.id: point for point in found}
        return [by_id[point_id] for point_id in point_ids if point_id in by_id]

    async def last_checks(self, point_ids: Sequence[str]) -> Mapping[str, Task]:
        """Return the last task that was done at each point: one step into the index per point."""
        last = (
            select(_t.id)
            .where(_t.point_id == check_points.c.id, _t.state == TaskState.DONE)
            .order_by(_t.finished_at.desc())
            .limit(1)
            .correlate(check_points)
            .scalar_subquery()
        )
        if not point_ids:
            return {}
        async with self._database.read() as conn:
            ids = await conn.scalars(select(last).where(check_points.c.id.in_(point_ids)))
            wanted = [task_id for task_id in ids if task_id is not None]
            found = await TASKS.all(conn, TASKS.select().where(_t.id.in_(wanted)))
        return {task.point_id: task for task in found if task.point_id is not None}

    async def point(self, point_id: str) -> CheckPoint:
        """Return a point."""
        async with self._database.read() as conn:
            return await CHECK_POINTS.get(conn, point_id)

    async def add_point(self, point: CheckPoint) -> None:
        """Save a new point."""
        async with self._database.write() as conn:
            await CHECK_POINTS.add(conn, point)

    async def save_point(self, point: CheckPoint) -> None:
        """Save a point that is there, changed."""
        c = check_points.c
        values = {"grid_id": point.grid_id, "name": point.name, "lon": point.lon, "lat": point.lat}
        async with self._database.write() as conn:
            if not (await conn.execute(update(check_points).where(c.id == point.id).values(**values))).rowcount:
                raise RecordNotFound(point.id)

    async def remove_point(self, point_id: str, now: datetime) -> None:
        """Remove a point and cancel its live tasks."""
        async with self._database.write() as conn:
            if not (await conn.execute(delete(check_points).where(check_points.c.id == point_id))).rowcount:
                raise RecordNotFound(point_id)
            await note(conn, await cancel_tasks(conn, _t.point_id == point_id, now))

    async def point_of_code(self, code: str) -> CheckPoint | None:
        """Return the point with that code."""
        async with self._database.read() as conn:
            return await CHECK_POINTS.first(conn, CHECK_POINTS.select().where(check_points.c.code == code))


async def replace_live_task(conn: AsyncConnection, task: Task) -> list[Note]:
    """Save a live task as given, inside a transaction; return what is new, to be noted at its end.

    Raises:
        RecordConflict: The task has ended, or is somebody else's.
    """
    await _live(conn, task.id, task.finished_by)
    await conn.execute(update(tasks).where(_t.id == task.id).values(**TASKS.row(task)))
    return [Note(KIND, task.id, task.grid_id)]


def _chosen(scope: Scope, query: TaskFilter) -> list[ColumnElement[bool]]:
    chosen = in_scope(scope, _t.grid_id, leads=query.grid_id is None and is_narrow(scope))
    chosen += [_t.grid_id == query.grid_id] if query.grid_id is not None else []
    chosen += [_t.state.in_(query.states)] if query.states else []
    chosen += [_t.kind.in_(query.kinds)] if query.kinds else []
    if query.account_id is not None:
        nobodys = _t.assignee.is_(None) & _t.state.in_(LIVE_TASKS)
        chosen.append(or_(_t.assignee == query.account_id, nobodys))
    if query.start is not None and query.end is not None:
        happened: list[ColumnElement[bool]] = [
            _t.created_at.between(query.start, query.end),
            _t.finished_at.between(query.start, query.end),
        ]
        if query.due_before is not None:
            happened.append(_t.state.in_(LIVE_TASKS) & (_t.due_at < query.due_before))
        chosen.append(or_(*happened))
    return chosen


async def _live(conn: AsyncConnection, task_id: str, account_id: str | None = None) -> Task:
    kept = await TASKS.get(conn, task_id, lock=True)
    _check_live(kept, account_id)
    return kept


def _same_answer(kept: Task, task: Task) -> bool:
    return (kept.client_id, kept.finished_by) == (task.client_id, task.finished_by)


def _check_live(kept: Task, account_id: str | None) -> None:
    is_others = account_id is not None and kept.assignee not in {None, account_id}
    if kept.state not in LIVE_TASKS or is_others:
        raise RecordConflict(kept.id)


async def _change(conn: AsyncConnection, kept: Task, values: dict[str, Any]) -> Task:
    await conn.execute(update(tasks).where(_t.id == kept.id).values(**values))
    await note(conn, [Note(KIND, kept.id, kept.grid_id)])
    return await TASKS.get(conn, kept.id)


async def _judge_on_site(conn: AsyncConnection, item: ReviewItem, case: Opening | None) -> Sequence[Note]:
    kept = await REVIEW_ITEMS.get(conn, item.id, lock=True)
    if kept.verdict is not Verdict.ON_SITE:
        raise RecordConflict(item.id)
    if case is not None:
        await insert_case(conn, case)
    judged = {name: getattr(item, name) for name in ("verdict", "reason", "note", "judged_by", "judged_at")}
    case_id = kept.case_id if case is None else case[0].id
    await conn.execute(update(review_items).where(review_items.c.id == item.id).values(**judged, case_id=case_id))
    opened = [] if case is None else [Note("case", case[0].id, case[0].grid_id)]
    return [Note("review", item.id, kept.grid_id), *opened]
