"""Plans of tasks on foot, and the tasks made from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, or_, select, update

from storage.change_store import Note, note
from storage.engine import Database
from storage.errors import RecordConflict
from storage.mapping import dialect_insert
from storage.patrol_tables import FOOT_PLANS, TASKS, foot_plans, tasks
from storage.protocols import Scope
from storage.records_patrol import LIVE_TASKS, FootPlan, Task, TaskState
from storage.scopes import in_scope, is_narrow
from storage.task_rows import KIND

PLAN_KIND = "patrol"  # of changes

_p = foot_plans.c
_t = tasks.c


class SqlFootStore:
    """Tasks on foot that recur."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plans(self, scope: Scope, grid_id: str | None = None, limit: int = 500) -> list[FootPlan]:
        """Return plans by grid and name."""
        query = FOOT_PLANS.select().where(*in_scope(scope, _p.grid_id, leads=is_narrow(scope)))
        if grid_id is not None:
            query = query.where(_p.grid_id == grid_id)
        async with self._database.read() as conn:
            return await FOOT_PLANS.all(conn, query.order_by(_p.grid_id, _p.name, _p.id).limit(limit))

    async def plan(self, plan_id: str) -> FootPlan:
        """Return a plan."""
        async with self._database.read() as conn:
            return await FOOT_PLANS.get(conn, plan_id)

    async def save_plan(self, plan: FootPlan) -> None:
        """Save a new plan or the next version."""
        async with self._database.write() as conn:
            if plan.version == 1:
                await conn.execute(insert(foot_plans).values(**FOOT_PLANS.row(plan), made_until=None))
            else:
                former = (_p.id == plan.id) & (_p.version == plan.version - 1)
                changed = update(foot_plans).where(former).values(**FOOT_PLANS.row(plan), made_until=None)
                if not (await conn.execute(changed)).rowcount:
                    await FOOT_PLANS.get(conn, plan.id)
                    raise RecordConflict(plan.id)
            await note(conn, [Note(PLAN_KIND, plan.id, plan.grid_id)])

    async def remove_plan(self, plan_id: str) -> None:
        """Remove a plan; tasks that were made of it stay."""
        async with self._database.write() as conn:
            plan = await FOOT_PLANS.get(conn, plan_id, lock=True)
            await conn.execute(delete(foot_plans).where(_p.id == plan_id))
            await note(conn, [Note(PLAN_KIND, plan_id, plan.grid_id)])

    async def plans_due(self, now: datetime, limit: int) -> list[tuple[FootPlan, datetime | None]]:
        """Return enabled plans of which something has opened since they were looked at, those never made first."""
        query = select(*FOOT_PLANS.select().selected_columns, _p.made_until).where(
            _p.enabled, or_(_p.made_until.is_(None), _p.made_until <= now)
        )
        async with self._database.read() as conn:
            rows = await conn.execute(query.order_by(_p.made_until.nulls_first(), _p.id).limit(limit))
            return [
                (FootPlan(**{name: row._mapping[name] for name in FOOT_PLANS.names}), row.made_until) for row in rows
            ]

    async def add_tasks(self, plan: FootPlan, made: Sequence[Task], until: datetime) -> int:
        """Save tasks that are not there yet."""
        async with self._database.write() as conn:
            # Locked: of two makers of tasks the second finds what the first has made.
            kept = await FOOT_PLANS.first(conn, FOOT_PLANS.select().where(_p.id == plan.id).with_for_update())
            if kept is None or kept.version != plan.version:
                return 0
            new = []
            for task in made:
                statement = dialect_insert(conn, tasks).values(**TASKS.row(task)).on_conflict_do_nothing()
                if (await conn.execute(statement)).rowcount:
                    new.append(Note(KIND, task.id, task.grid_id))
            await conn.execute(update(foot_plans).where(_p.id == plan.id).values(made_until=until))
            await note(conn, new)
            return len(new)

    async def miss(self, now: datetime) -> int:
        """Turn live tasks of plans that have closed into missed ones."""
        closed = update(tasks).where(_t.state.in_(LIVE_TASKS), _t.closes_at.is_not(None), _t.closes_at <= now)
        async with self._database.write() as conn:
            changed = closed.values(state=TaskState.MISSED, finished_at=_t.closes_at).returning(_t.id, _t.grid_id)
            missed = [Note(KIND, row.id, row.grid_id) for row in await conn.execute(changed)]
            await note(conn, missed)
        return len(missed)
