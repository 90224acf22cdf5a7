"""Patrol plans, the rounds made from them, and what was said of each view."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, delete, insert, literal, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import cursors
from storage.case_store import insert_case
from storage.change_store import Note, note
from storage.engine import Database
from storage.errors import RecordConflict
from storage.mapping import EVENTS, EVIDENCE, REVIEW_ITEMS
from storage.patrol_tables import PLANS, ROUNDS, VIEWS, patrol_plans, patrol_rounds, patrol_views
from storage.protocols import Scope
from storage.protocols_patrol import RoundFilter
from storage.records import Page
from storage.records_patrol import (
    OPEN_ROUNDS,
    FindingRecords,
    PatrolPlan,
    PatrolRound,
    PatrolView,
    RoundState,
    ViewVerdict,
)
from storage.scopes import in_scope, is_narrow
from storage.tables import events

KIND = "patrol"  # of changes

_p = patrol_plans.c
_r = patrol_rounds.c
_CURSOR = "rounds"
_ORDER = (_r.opens_at, _r.id)
_ENDED = (RoundState.DONE, RoundState.LATE)


class SqlPatrolStore:
    """Video patrols."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def plans(self, scope: Scope, grid_id: str | None = None, limit: int = 500) -> list[PatrolPlan]:
        """Return plans by grid and name."""
        query = PLANS.select().where(*in_scope(scope, _p.grid_id, leads=is_narrow(scope)))
        if grid_id is not None:
            query = query.where(_p.grid_id == grid_id)
        async with self._database.read() as conn:
            return await PLANS.all(conn, query.order_by(_p.grid_id, _p.name, _p.id).limit(limit))

    async def plan(self, plan_id: str) -> PatrolPlan:
        """Return a plan."""
        async with self._database.read() as conn:
            return await PLANS.get(conn, plan_id)

    async def save_plan(self, plan: PatrolPlan) -> None:
        """Save a new plan or the next version; its rounds that have not opened are made anew from it."""
        async with self._database.write() as conn:
            if plan.version == 1:
                await conn.execute(insert(patrol_plans).values(**PLANS.row(plan), rounds_until=None))
            else:
                former = (_p.id == plan.id) & (_p.version == plan.version - 1)
                changed = update(patrol_plans).where(former).values(**PLANS.row(plan), rounds_until=None)
                if not (await conn.execute(changed)).rowcount:
                    await PLANS.get(conn, plan.id)
                    raise RecordConflict(plan.id)
                await conn.execute(_not_open_yet(plan.id, plan.updated_at))
            await note(conn, [Note(KIND, plan.id, plan.grid_id)])

    async def remove_plan(self, plan_id: str, now: datetime) -> None:
        """Remove a plan; rounds that have opened stay."""
        async with self._database.write() as conn:
            plan = await PLANS.get(conn, plan_id, lock=True)
            await conn.execute(_not_open_yet(plan_id, now))
            await conn.execute(delete(patrol_plans).where(_p.id == plan_id))
            await note(conn, [Note(KIND, plan_id, plan.grid_id)])

    async def plans_to_round(self, before: datetime, limit: int) -> list[tuple[PatrolPlan, datetime | None]]:
        """Return enabled plans whose rounds are not made up to that moment, those never made first."""
        query = select(*PLANS.select().selected_columns, _p.rounds_until).where(
            _p.enabled, or_(_p.rounds_until.is_(None), _p.rounds_until < before)
        )
        async with self._database.read() as conn:
            rows = await conn.execute(query.order_by(_p.rounds_until.nulls_first(), _p.id).limit(limit))
            return [(_plan_of(row), row.rounds_until) for row in rows]

    async def add_rounds(self, plan: PatrolPlan, rounds: Sequence[PatrolRound], until: datetime) -> int:
        """Save rounds that are not there yet."""
        async with self._database.write() as conn:
            # Locked: of two makers of rounds the second finds what the first has made.
            kept = await PLANS.first(conn, PLANS.select().where(_p.id == plan.id).with_for_update())
            if kept is None or kept.version != plan.version:
                return 0
            wanted = [r.opens_at for r in rounds]
            there = await conn.scalars(select(_r.opens_at).where(_r.plan_id == plan.id, _r.opens_at.in_(wanted)))
            made = set(there)
            new = [r for r in rounds if r.opens_at not in made]
            await ROUNDS.add(conn, *new)
            await conn.execute(update(patrol_plans).where(_p.id == plan.id).values(rounds_until=until))
            await note(conn, [Note(KIND, r.id, r.grid_id) for r in new])
            return len(new)

    async def miss(self, now: datetime) -> list[PatrolRound]:
        """Turn open rounds that have closed into missed ones."""
        closed = update(patrol_rounds).where(_r.state.in_(OPEN_ROUNDS), _r.closes_at <= now)
        async with self._database.write() as conn:
            changed = closed.values(state=RoundState.MISSED).returning(*ROUNDS.select().selected_columns)
            missed = ROUNDS.read(await conn.execute(changed))
            await note(conn, [Note(KIND, r.id, r.grid_id) for r in missed])
        return sorted(missed, key=lambda r: (r.opens_at, r.id))

    async def rounds(
        self, scope: Scope, query: RoundFilter, cursor: str | None = None, limit: int = 100
    ) -> Page[PatrolRound]:
        """Return rounds in order of opening.

        Raises:
            InvalidCursor: The cursor is not one of this list.
        """
        statement = ROUNDS.select().where(*_chosen(scope, query))
        if cursor is not None:
            opens_at, round_id = cursors.decode(_CURSOR, cursor, (datetime, str))
            last = tuple_(literal(opens_at, _r.opens_at.type), literal(round_id))
            statement = statement.where(tuple_(*_ORDER) > last)
        async with self._database.read() as conn:
            found = await ROUNDS.all(conn, statement.order_by(*_ORDER).limit(limit + 1))
        last_one = found[limit - 1] if len(found) > limit else None
        following = None if last_one is None else cursors.encode(_CURSOR, last_one.opens_at, last_one.id)
        return Page(tuple(found[:limit]), following)

    async def round(self, round_id: str) -> PatrolRound:
        """Return a round."""
        async with self._database.read() as conn:
            return await ROUNDS.get(conn, round_id)

    async def views(self, round_ids: Sequence[str]) -> list[PatrolView]:
        """Return what was said in these rounds, in order of time."""
        query = VIEWS.select().where(patrol_views.c.round_id.in_(round_ids))
        async with self._database.read() as conn:
            return await VIEWS.all(conn, query.order_by(patrol_views.c.judged_at, patrol_views.c.point_id))

    async def start(self, round_id: str, account_id: str, now: datetime, left_since: datetime) -> PatrolRound:
        """Give a round to an account: of two that ask at once, one gets it."""
        async with self._database.write() as conn:
            kept = await ROUNDS.get(conn, round_id, lock=True)
            if kept.state is RoundState.RUNNING and kept.assignee == account_id:
                return kept
            if not _is_free(kept, left_since) or await _judged_since(conn, kept, left_since):
                raise RecordConflict(round_id)
            started_at = kept.started_at or now
            values = {"assignee": account_id, "started_at": started_at, "marked_at": now, "state": RoundState.RUNNING}
            return await _change(conn, kept, values)

    async def judge_view(
        self, view: PatrolView, marks: tuple[datetime, datetime], finding: FindingRecords | None = None
    ) -> PatrolView:
        """Save what was said of a view with all that follows from it."""
        async with self._database.write() as conn:
            kept = await ROUNDS.get(conn, view.round_id, lock=True)
            said = await _view(conn, view)
            if said is not None:
                return _same_or_conflict(said, view)
            if (kept.state, kept.assignee, kept.marked_at) != (RoundState.RUNNING, view.judged_by, marks[0]):
                raise RecordConflict(view.round_id)
            if finding is not None:
                await _insert_finding(conn, finding)
            await VIEWS.add(conn, view)
            counted = {**_counted(kept, view), "marked_at": marks[1]}
            await conn.execute(update(patrol_rounds).where(_r.id == kept.id).values(**counted))
            await note(conn, [*_finding_notes(finding), Note(KIND, kept.id, kept.grid_id)])
        return view

    async def finish(self, round_id: str, account_id: str, now: datetime) -> PatrolRound:
        """End a running round."""
        async with self._database.write() as conn:
            kept = await ROUNDS.get(conn, round_id, lock=True)
            if kept.state in _ENDED and kept.assignee == account_id:
                return kept
            if kept.state is not RoundState.RUNNING or kept.assignee != account_id:
                raise RecordConflict(round_id)
            state = RoundState.DONE if now <= kept.due_at else RoundState.LATE
            return await _change(conn, kept, {"state": state, "finished_at": now})


def _plan_of(row: Any) -> PatrolPlan:
    return PatrolPlan(**{name: row._mapping[name] for name in PLANS.names})


def _not_open_yet(plan_id: str, now: datetime) -> Any:
    return delete(patrol_rounds).where(_r.plan_id == plan_id, _r.state == RoundState.WAITING, _r.opens_at > now)


def for_account(assignees: ColumnElement[Any], account_id: str) -> ColumnElement[bool]:
    """Say whether a round is for everybody of its grid or names this account."""
    names = cast(assignees, Text)
    return or_(names == "[]", names.contains(f'"{account_id}"', autoescape=True))


def _chosen(scope: Scope, query: RoundFilter) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = [_r.opens_at >= query.start, _r.opens_at < query.end]
    chosen += in_scope(scope, _r.grid_id, leads=query.grid_id is None and is_narrow(scope))
    chosen += [_r.grid_id == query.grid_id] if query.grid_id is not None else []
    chosen += [_r.state.in_(query.states)] if query.states else []
    if query.account_id is not None:
        free = _r.assignee.is_(None) & for_account(_r.assignees, query.account_id)
        chosen.append(or_(_r.assignee == query.account_id, free))
    return chosen


def _is_free(kept: PatrolRound, left_since: datetime) -> bool:
    if kept.state is RoundState.WAITING:
        return True
    return kept.state is RoundState.RUNNING and kept.marked_at is not None and kept.marked_at < left_since


async def _change(conn: AsyncConnection, kept: PatrolRound, values: dict[str, Any]) -> PatrolRound:
    await conn.execute(update(patrol_rounds).where(_r.id == kept.id).values(**values))
    await note(conn, [Note(KIND, kept.id, kept.grid_id)])
    return await ROUNDS.get(conn, kept.id)


async def _judged_since(conn: AsyncConnection, kept: PatrolRound, moment: datetime) -> bool:
    v = patrol_views.c
    query = select(v.point_id).where(v.round_id == kept.id, v.judged_at >= moment).limit(1)
    return kept.state is RoundState.RUNNING and await conn.scalar(query) is not None


async def _view(conn: AsyncConnection, view: PatrolView) -> PatrolView | None:
    v = patrol_views.c
    return await VIEWS.first(conn, VIEWS.select().where(v.round_id == view.round_id, v.point_id == view.point_id))


def _same_or_conflict(said: PatrolView, view: PatrolView) -> PatrolView:
    if (said.client_id, said.judged_by) != (view.client_id, view.judged_by):
        raise RecordConflict(f"{view.round_id} {view.point_id}")
    return said


async def _insert_finding(conn: AsyncConnection, finding: FindingRecords) -> None:
    """Insert all rows of a finding; its case goes the way of every case."""
    await conn.execute(insert(events).values(**EVENTS.row(finding.event), concluded=True))
    await EVIDENCE.add(conn, *finding.evidence)
    await insert_case(conn, finding.case)
    await REVIEW_ITEMS.add(conn, finding.item)


def _counted(kept: PatrolRound, view: PatrolView) -> dict[str, Any]:
    is_short = view.verdict is not ViewVerdict.NOT_VIEWABLE and view.dwell_s < view.dwell_due_s
    return {
        "seen": kept.seen + 1,
        "not_viewable": kept.not_viewable + (view.verdict is ViewVerdict.NOT_VIEWABLE),
        "findings": kept.findings + (view.verdict is ViewVerdict.FINDING),
        "short": kept.short + is_short,
    }


def _finding_notes(finding: FindingRecords | None) -> list[Note]:
    if finding is None:
        return []
    case = finding.case[0]
    return [Note("review", finding.item.id, finding.item.grid_id), Note("case", case.id, case.grid_id)]
