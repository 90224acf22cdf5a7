"""Tasks as other things' transactions make and cancel them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.change_store import Note
from storage.mapping import dialect_insert
from storage.patrol_tables import TASKS, tasks
from storage.records_patrol import LIVE_TASKS, Task, TaskState

KIND = "task"  # of changes

_t = tasks.c


async def insert_task(conn: AsyncConnection, task: Task) -> list[Note]:
    """Insert a task inside a transaction; return what is new, to be noted at its end.

    An item that has a live task gets no second one.
    """
    statement = dialect_insert(conn, tasks).values(**TASKS.row(task)).on_conflict_do_nothing()
    done = await conn.execute(statement)
    return [Note(KIND, task.id, task.grid_id)] if done.rowcount else []


async def cancel_tasks(conn: AsyncConnection, which: ColumnElement[bool], now: datetime) -> list[Note]:
    """Cancel live tasks inside a transaction; return what is new, to be noted at its end."""
    cancelled = update(tasks).where(which, _t.state.in_(LIVE_TASKS))
    found = await conn.execute(
        cancelled.values(state=TaskState.CANCELLED, finished_at=now).returning(_t.id, _t.grid_id)
    )
    return [Note(KIND, row.id, row.grid_id) for row in found]


async def cancel_item_task(conn: AsyncConnection, item_id: str, now: datetime) -> list[Note]:
    """Cancel the live task that a verdict `on_site` has led to, as that verdict is taken back."""
    return await cancel_tasks(conn, _t.item_id == item_id, now)


async def cancel_case_tasks(conn: AsyncConnection, case_id: str, now: datetime) -> list[Note]:
    """Cancel live tasks to verify a case, as it no longer waits for that."""
    return await cancel_tasks(conn, _t.case_id == case_id, now)


async def has_live_task(conn: AsyncConnection, case_id: str) -> bool:
    """Say whether somebody is asked to verify a case already."""
    query = select(_t.id).where(_t.case_id == case_id, _t.state.in_(LIVE_TASKS)).limit(1)
    return await conn.scalar(query) is not None
