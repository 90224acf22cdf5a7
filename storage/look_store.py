"""Cases that came back as handled: the looks at their places, and what people say of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.case_store import take_step
from storage.change_store import Note, note
from storage.engine import Database
from storage.errors import RecordConflict
from storage.mapping import CASE_STEPS, CASES, DELIVERIES, EVENTS, EVIDENCE
from storage.patrol_tables import CASE_LOOKS, case_looks
from storage.records import Case, CaseState, CaseStep, Delivery, Evidence
from storage.records_patrol import CaseLook, FedBackCase, Task
from storage.tables import case_steps, cases
from storage.task_rows import cancel_case_tasks, has_live_task, insert_task
from storage.task_store import replace_live_task


class SqlLookStore:
    """Looks at the places of handled cases."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, since: datetime, limit: int) -> list[FedBackCase]:
        """Return cases in state fed_back whose newest such step has no look, longest waiting first."""
        newest = (
            select(case_steps.c.case_id, func.max(case_steps.c.seq).label("seq"))
            .join(cases, cases.c.id == case_steps.c.case_id)
            .where(cases.c.state == CaseState.FED_BACK, cases.c.updated_at >= since)
            .where(case_steps.c.state == CaseState.FED_BACK)
            .group_by(case_steps.c.case_id)
            .subquery()
        )
        looked = select(case_looks.c.id).where(case_looks.c.step_id == case_steps.c.id).exists()
        query = CASE_STEPS.select().join(
            newest, and_(newest.c.case_id == case_steps.c.case_id, newest.c.seq == case_steps.c.seq)
        )
        async with self._database.read() as conn:
            steps = await CASE_STEPS.all(conn, query.where(~looked).order_by(case_steps.c.seq).limit(limit))
            return [await _fed_back(conn, step) for step in steps]

    async def save_look(self, look: CaseLook, evidence: Evidence | None, task: Task | None) -> bool:
        """Save a look with its picture and the task to verify."""
        async with self._database.write() as conn:
            case = await CASES.get(conn, look.case_id, lock=True)
            if await CASE_LOOKS.first(conn, CASE_LOOKS.select().where(case_looks.c.step_id == look.step_id)):
                return False
            if evidence is not None:
                await EVIDENCE.add(conn, evidence)
            await CASE_LOOKS.add(conn, look)
            # Somebody may have said what it is while we looked, or be on the way already: then nobody need be asked.
            is_waiting = case.state is CaseState.FED_BACK and not await has_live_task(conn, case.id)
            asked = await insert_task(conn, task) if task is not None and is_waiting else []
            await note(conn, [*asked, Note("case", case.id, case.grid_id)])
        return True

    async def of_case(self, case_id: str) -> list[CaseLook]:
        """Return a case's looks, oldest first."""
        query = CASE_LOOKS.select().where(case_looks.c.case_id == case_id)
        async with self._database.read() as conn:
            return await CASE_LOOKS.all(conn, query.order_by(case_looks.c.at, case_looks.c.id))

    async def check(self, step: CaseStep, deliveries: Sequence[Delivery], task: Task | None = None) -> bool:
        """Move a case from fed_back to verified or rework, with the messages that tell the platform."""
        async with self._database.write() as conn:
            case = await CASES.get(conn, step.case_id, lock=True)
            if await _said_already(conn, case, step):
                return False
            if case.state is not CaseState.FED_BACK:
                raise RecordConflict(case.id)
            await take_step(conn, case, step, None)
            await DELIVERIES.add(conn, *deliveries)
            told = [] if task is None else await replace_live_task(conn, task)
            told += await cancel_case_tasks(conn, case.id, step.at)
            await note(conn, [*told, Note("case", case.id, case.grid_id)])
        return True


async def _fed_back(conn: AsyncConnection, step: CaseStep) -> FedBackCase:
    case = await CASES.get(conn, step.case_id)
    return FedBackCase(case, step, await EVENTS.get(conn, case.event_id))


async def _said_already(conn: AsyncConnection, case: Case, step: CaseStep) -> bool:
    newest = CASE_STEPS.select().where(case_steps.c.case_id == case.id).order_by(case_steps.c.seq.desc())
    last = await CASE_STEPS.first(conn, newest)
    return last is not None and (last.state, last.actor) == (step.state, step.actor) and case.state is step.state
