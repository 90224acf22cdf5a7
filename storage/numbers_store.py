"""Sums for the desk: what was judged, patrolled and looked at on site, added up by the database.

Per grid, or of one account for that account itself: there is no sum over accounts side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Double, Float, Select, case, cast, func, literal_column, or_, select

from storage.engine import Database
from storage.patrol_store import for_account
from storage.patrol_tables import patrol_rounds, tasks
from storage.protocols import Scope
from storage.records import Verdict
from storage.records_patrol import LIVE_TASKS, DeskNumbers, RoundNumbers, RoundState, TaskNumbers, TaskState
from storage.scopes import beside, in_scope, is_narrow
from storage.tables import review_items

_i = review_items.c
_r = patrol_rounds.c
_t = tasks.c
_ALL: ColumnElement[str] = literal_column("''")
_SECONDS_PER_DAY = 86_400.0


class SqlNumbersStore:
    """Sums over a bounded span."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def desk(
        self, scope: Scope, start: datetime, end: datetime, account_id: str | None = None
    ) -> Mapping[str, DeskNumbers]:
        """Return what was judged, findings of patrols left out: those were never in a queue."""
        key = _ALL if account_id is not None else _i.grid_id
        chosen = [_i.judged_at >= start, _i.judged_at < end, _i.judged_at > _i.created_at]
        chosen += in_scope(scope, _i.grid_id, leads=is_narrow(scope))
        chosen += [_i.judged_by == account_id] if account_id is not None else []
        seconds = self._seconds(_i.judged_at, _i.created_at)
        items = select(key.label("key"), _i.verdict, seconds.label("seconds"))
        add_up = _desk_sums if self._database.is_postgresql else _desk_sums_by_rank
        found = await self._rows(add_up(items.where(_i.verdict.is_not(None), *chosen)))
        return {row.key: DeskNumbers(row.judged, row.confirmed, row.rejected, row.median_s) for row in found}

    async def rounds(
        self, scope: Scope, start: datetime, end: datetime, account_id: str | None = None
    ) -> Mapping[str, RoundNumbers]:
        """Return rounds that were due or are ended; of an account: those it ran, and those that nobody ran for it."""
        key = _ALL if account_id is not None else _r.grid_id
        is_over = or_(_r.due_at < end, _r.finished_at < end)
        chosen = [_r.due_at >= start, is_over, *in_scope(scope, _r.grid_id, leads=is_narrow(scope))]
        if account_id is not None:
            nobodys = _r.assignee.is_(None) & for_account(_r.assignees, account_id)
            chosen.append(or_(_r.assignee == account_id, nobodys))
        query = select(
            key.label("key"),
            func.count().label("due"),
            _number(_r.state == RoundState.DONE).label("done"),
            _number(_r.state == RoundState.LATE).label("late"),
            _number(_r.state == RoundState.MISSED).label("missed"),
            func.sum(_r.planned).label("planned"),
            func.sum(_r.seen).label("seen"),
        ).where(*chosen)
        found = await self._rows(query.group_by(key) if account_id is None else query.having(func.count() > 0))
        return {row.key: RoundNumbers(row.due, row.done, row.late, row.missed, row.planned, row.seen) for row in found}

    async def tasks(
        self, scope: Scope, start: datetime, end: datetime, now: datetime, account_id: str | None = None
    ) -> Mapping[str, TaskNumbers]:
        """Return tasks finished in the span and those open now."""
        mine = account_id is not None
        key = _ALL if mine else _t.grid_id
        seen = in_scope(scope, _t.grid_id, leads=is_narrow(scope))
        in_time = or_(_t.due_at.is_(None), _t.finished_at <= _t.due_at)
        done = select(key.label("key"), func.count().label("done"), _number(in_time).label("in_time")).where(
            _t.state == TaskState.DONE, _t.finished_at >= start, _t.finished_at < end, *seen
        )
        live = select(key.label("key"), func.count().label("open"), _number(_t.due_at < now).label("overdue")).where(
            _t.state.in_(LIVE_TASKS), *seen
        )
        done = done.where(_t.finished_by == account_id) if mine else done.group_by(key)
        live = live.where(_t.assignee == account_id) if mine else live.group_by(key)
        ended = {row.key: row for row in await self._rows(done)}
        waiting = {row.key: row for row in await self._rows(live)}
        return {k: _task_numbers(waiting.get(k), ended.get(k)) for k in sorted({*ended, *waiting})}

    async def _rows(self, query: Select[Any]) -> list[Any]:
        async with self._database.read() as conn:
            return list(await conn.execute(query))

    def _seconds(self, later: ColumnElement[datetime], earlier: ColumnElement[datetime]) -> ColumnElement[float]:
        if self._database.is_postgresql:
            # As it comes it is of a type with decimal digits, which takes several times as long to sort.
            return cast(func.extract("epoch", later - earlier), Double)
        return (func.julianday(later, type_=Float) - func.julianday(earlier, type_=Float)) * _SECONDS_PER_DAY


def _desk_sums(items: Select[Any]) -> Select[Any]:
    """Return the sums and the median of each key."""
    rows = items.subquery().c
    return select(
        rows.key,
        func.count().label("judged"),
        _number(rows.verdict == Verdict.CONFIRMED).label("confirmed"),
        _number(rows.verdict == Verdict.REJECTED).label("rejected"),
        func.percentile_cont(0.5).within_group(rows.seconds).label("median_s"),
    ).group_by(rows.key)


def _desk_sums_by_rank(items: Select[Any]) -> Select[Any]:
    """Return the same where the database knows no median.

    Computed once and kept for the statement, with plain sums beside the ranks: a count over each key's window would
    hold every row a second time.
    """
    rows = items.cte("items").prefix_with("MATERIALIZED").c
    sums = (
        select(
            rows.key,
            func.count().label("judged"),
            _number(rows.verdict == Verdict.CONFIRMED).label("confirmed"),
            _number(rows.verdict == Verdict.REJECTED).label("rejected"),
        )
        .group_by(rows.key)
        .cte("sums")
        .prefix_with("MATERIALIZED")
        .c
    )
    rank = func.row_number().over(partition_by=rows.key, order_by=rows.seconds).label("rank")
    ranked = select(rows.key, rows.seconds, rank).subquery().c
    # The middle one of an odd number, the mean of the two middle ones of an even number.
    is_middle = ranked.rank.in_([(sums.judged + 1) // 2, (sums.judged + 2) // 2])
    return (
        select(
            sums.key,
            sums.judged,
            sums.confirmed,
            sums.rejected,
            func.avg(ranked.seconds, type_=Float).label("median_s"),
        )
        .where(beside(ranked.key) == sums.key, is_middle)  # the few sums are looked up, not the many ranks
        .group_by(sums.key, sums.judged, sums.confirmed, sums.rejected)
    )


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _task_numbers(live: Any, done: Any) -> TaskNumbers:
    return TaskNumbers(
        open=live.open if live else 0,
        overdue=live.overdue if live else 0,
        done=done.done if done else 0,
        done_in_time=done.in_time if done else 0,
    )
