"""Numbers that help: my own, and those of grids. None of residents, none of workers side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TypedDict

from gateway.access.rights import Right, own_grids
from gateway.web import report_models as models
from gateway.web.coverage_sums import local_day
from gateway.web.routes import Call, Route
from storage.protocols import Scope
from storage.records_patrol import DeskNumbers, RoundNumbers, TaskNumbers


def _span(call: Call[models.NumbersQuery, None]) -> tuple[dt.datetime, dt.datetime]:
    """Return from the first midnight of the days asked for until now."""
    today, span = local_day(call.context, None)
    _, first = local_day(call.context, today - dt.timedelta(days=call.query.days - 1))
    return first.start, span.now


async def _mine(call: Call[models.NumbersQuery, None]) -> models.MyNumbers:
    numbers, account, scope = call.context.stores.numbers, call.principal.account, call.principal.scope
    start, end = _span(call)
    mine = own_grids(account, call.context.site)
    near = Scope(frozenset(grid_id for grid_id in mine if scope.allows(grid_id))) if mine else scope
    desk = (await numbers.desk(scope, start, end, account.id)).get("", DeskNumbers())
    rounds = (await numbers.rounds(near, start, end, account.id)).get("", RoundNumbers())
    tasks = (await numbers.tasks(scope, start, end, end, account.id)).get("", TaskNumbers())
    grids = await numbers.desk(near, start, end)
    return models.MyNumbers(
        start=start, end=end, grid_false_alarm_rate=_false_alarms(grids.values()), **_figures(desk, rounds, tasks)
    )


async def _grids(call: Call[models.NumbersQuery, None]) -> models.GridNumbersList:
    numbers, scope = call.context.stores.numbers, call.principal.scope
    start, end = _span(call)
    desk = await numbers.desk(scope, start, end)
    rounds = await numbers.rounds(scope, start, end)
    tasks = await numbers.tasks(scope, start, end, end)
    items = [
        models.GridNumbers(
            grid_id=grid.id,
            grid_name=grid.name,
            false_alarm_rate=_false_alarms([desk.get(grid.id, DeskNumbers())]),
            **_figures(
                desk.get(grid.id, DeskNumbers()),
                rounds.get(grid.id, RoundNumbers()),
                tasks.get(grid.id, TaskNumbers()),
            ),
        )
        for grid in call.context.site.grids
        if scope.allows(grid.id)
    ]
    return models.GridNumbersList(start=start, end=end, items=sorted(items, key=lambda i: (i.grid_name, i.grid_id)))


class _Figures(TypedDict):
    judged: int
    median_time_to_verdict_s: float | None
    rounds_due: int
    rounds_done: int
    rounds_late: int
    rounds_missed: int
    patrol_completion: float | None
    tasks_open: int
    tasks_overdue: int
    tasks_done: int
    tasks_in_time: int


def _figures(desk: DeskNumbers, rounds: RoundNumbers, tasks: TaskNumbers) -> _Figures:
    return {
        "judged": desk.judged,
        "median_time_to_verdict_s": desk.median_s,
        "rounds_due": rounds.due,
        "rounds_done": rounds.done + rounds.late,
        "rounds_late": rounds.late,
        "rounds_missed": rounds.missed,
        "patrol_completion": _share(rounds.seen_views, rounds.planned_views),
        "tasks_open": tasks.open,
        "tasks_overdue": tasks.overdue,
        "tasks_done": tasks.done,
        "tasks_in_time": tasks.done_in_time,
    }


def _false_alarms(desks: Iterable[DeskNumbers]) -> float | None:
    found = list(desks)
    rejected = sum(desk.rejected for desk in found)
    return _share(rejected, rejected + sum(desk.confirmed for desk in found))


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


ROUTES = [
    Route(
        method="GET",
        path="/numbers/mine",
        handle=_mine,
        summary="Show my own figures",
        tag="numbers",
        access=Right.NUMBERS_READ,
        query=models.NumbersQuery,
        answer=models.MyNumbers,
    ),
    Route(
        method="GET",
        path="/numbers/grids",
        handle=_grids,
        summary="Show the figures of grids in scope",
        tag="numbers",
        access=Right.PATROL_PLAN,
        query=models.NumbersQuery,
        answer=models.GridNumbersList,
    ),
]
