"""Cases and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import literal, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import cursors
from storage.case_order import state_after
from storage.change_store import Note, note
from storage.engine import Database
from storage.errors import RecordConflict
from storage.mapping import CASE_STEPS, CASES, DELIVERIES
from storage.protocols import Scope
from storage.records import Case, CaseState, CaseStep, Delivery, Page
from storage.scopes import in_scope, is_narrow
from storage.tables import case_steps, cases
from storage.task_rows import cancel_case_tasks

# A case with its first step and the messages that tell the world of it.
Opening = tuple[Case, CaseStep, Sequence[Delivery]]

_CURSOR = "cases"
_ORDER = (cases.c.opened_at, cases.c.id)


class SqlCaseStore:
    """Cases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, case_id: str) -> Case:
        """Return a case."""
        async with self._database.read() as conn:
            return await CASES.get(conn, case_id)

    async def by_event(self, event_id: str) -> Case | None:
        """Return the case of an event, None when there is none."""
        async with self._database.read() as conn:
            return await CASES.first(conn, CASES.select().where(cases.c.event_id == event_id))

    async def steps(self, case_id: str) -> list[CaseStep]:
        """Return the timeline by time; steps of the same moment in order of arrival."""
        query = CASE_STEPS.select().where(case_steps.c.case_id == case_id)
        async with self._database.read() as conn:
            await CASES.get(conn, case_id)
            return await CASE_STEPS.all(conn, query.order_by(case_steps.c.at, case_steps.c.seq))

    async def page(
        self, scope: Scope, states: Sequence[CaseState] = (), cursor: str | None = None, limit: int = 50
    ) -> Page[Case]:
        """Return cases, newest first.

        Raises:
            InvalidCursor: The cursor is not one of this list.
        """
        query = CASES.select().where(*in_scope(scope, cases.c.grid_id, leads=is_narrow(scope)))
        if states:
            query = query.where(cases.c.state.in_(states))
        if cursor is not None:
            opened_at, case_id = cursors.decode(_CURSOR, cursor, (datetime, str))
            query = query.where(tuple_(*_ORDER) < tuple_(literal(opened_at, cases.c.opened_at.type), literal(case_id)))
        async with self._database.read() as conn:
            found = await CASES.all(conn, query.order_by(*(c.desc() for c in _ORDER)).limit(limit + 1))
        last = found[limit - 1] if len(found) > limit else None
        return Page(tuple(found[:limit]), None if last is None else cursors.encode(_CURSOR, last.opened_at, last.id))

    async def advance(self, step: CaseStep, number: str | None = None) -> bool:
        """Add a step; see `case_order.state_after` for the state that follows."""
        async with self._database.write() as conn:
            case = await CASES.get(conn, step.case_id, lock=True)
            if await _already_there(conn, step):
                return False
            if number is not None and case.number not in {None, number}:
                raise RecordConflict(case.id)
            state = await take_step(conn, case, step, number)
            # Nobody need verify on site what the platform itself has moved on.
            idle = [] if state is CaseState.FED_BACK else await cancel_case_tasks(conn, case.id, step.at)
            await note(conn, [Note("case", case.id, case.grid_id), *idle])
        return True


async def insert_case(conn: AsyncConnection, opening: Opening) -> None:
    """Insert all rows of a new case."""
    case, step, deliveries = opening
    await CASES.add(conn, case)
    await CASE_STEPS.add(conn, step)
    await DELIVERIES.add(conn, *deliveries)


async def take_step(conn: AsyncConnection, case: Case, step: CaseStep, number: str | None) -> CaseState:
    """Add a step to a locked case, move its state, and number it if it has no number yet; return its state then."""
    await CASE_STEPS.add(conn, step)
    moved = update(cases).where(cases.c.id == case.id)
    state = state_after(case.state, step.state)
    updated_at = max(case.updated_at, step.at)
    await conn.execute(moved.values(state=state, number=case.number or number, updated_at=updated_at))
    return state


async def _already_there(conn: AsyncConnection, step: CaseStep) -> bool:
    if step.source_id is None:
        return False
    same = (case_steps.c.case_id == step.case_id) & (case_steps.c.source_id == step.source_id)
    return await conn.scalar(select(case_steps.c.id).where(same)) is not None
