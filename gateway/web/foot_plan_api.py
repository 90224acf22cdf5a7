"""Plans of tasks on foot, and what became of a day's tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from gateway.access.rights import Right, require
from gateway.errors import NotFound
from gateway.patrol.plan import WEEKDAYS, windows_apart
from gateway.web import foot_models as models
from gateway.web.context import WebContext
from gateway.web.coverage_sums import local_day
from gateway.web.patrol_models import WindowView
from gateway.web.problems import ProblemRaised, demand_version, wrong_field
from gateway.web.routes import Call, Route
from gateway.web.task_orders import can_go
from gateway.web.task_views import task_views
from gateway.web.views import Places, account_names
from storage.errors import RecordConflict
from storage.ids import new_id
from storage.protocols_patrol import TaskFilter
from storage.records_patrol import FootPlan, PatrolWindow, Task, TaskKind

MOST_OF_A_DAY = 500
_NEVER = datetime.max.replace(tzinfo=UTC)


async def _list(call: Call[models.FootPlanQuery, None]) -> models.FootPlanList:
    plans = await call.context.stores.foot.plans(call.principal.scope, call.query.grid_id)
    return models.FootPlanList(items=await _views(call.context, plans))


async def _add(call: Call[None, models.FootPlanDraft]) -> models.FootPlanView:
    require(call.principal, Right.PATROL_PLAN, call.body.grid_id)
    return await _save(call, new_id("foot"), 1)


async def _change(call: Call[None, models.FootPlanDraft]) -> models.FootPlanView:
    former = await call.context.stores.foot.plan(call.id("plan_id"))
    require(call.principal, Right.PATROL_PLAN, former.grid_id)
    if call.body.grid_id != former.grid_id:
        raise wrong_field("grid_id", "a plan stays in its grid")
    demand_version(call.body.version, former.version)
    return await _save(call, former.id, former.version + 1)


async def _save(call: Call[None, models.FootPlanDraft], plan_id: str, version: int) -> models.FootPlanView:
    plan = _plan(call, plan_id, version)
    await _check(call.context, plan)
    try:
        await call.context.stores.foot.save_plan(plan)
    except RecordConflict as exc:
        raise ProblemRaised(409, "conflict", "somebody else saved it meanwhile") from exc
    (shown,) = await _views(call.context, [plan])
    return shown


def _plan(call: Call[None, models.FootPlanDraft], plan_id: str, version: int) -> FootPlan:
    draft = call.body
    return FootPlan(
        id=plan_id,
        name=draft.name,
        grid_id=draft.grid_id,
        point_ids=tuple(dict.fromkeys(draft.point_ids)),
        windows=tuple(PatrolWindow(w.start, w.end) for w in sorted(draft.windows, key=lambda w: w.start)),
        weekdays=tuple(day for day in WEEKDAYS if day in draft.weekdays),
        workdays=draft.workdays,
        assignee=draft.assignee,
        note=draft.note,
        enabled=draft.enabled,
        version=version,
        updated_by=call.principal.account.id,
        updated_at=call.context.clock.now(),
    )


async def _check(context: WebContext, plan: FootPlan) -> None:
    if all(grid.id != plan.grid_id for grid in context.site.grids):
        raise NotFound(plan.grid_id)
    if not windows_apart(plan.windows):
        raise wrong_field("windows", "must not be empty nor overlap")
    points = {p.id: p for p in await context.stores.tasks.points_by_id(plan.point_ids)}
    for point_id in plan.point_ids:
        if point_id not in points or points[point_id].grid_id != plan.grid_id:
            raise wrong_field("point_ids", f"{point_id}: no such point in this grid")
    if plan.assignee is None:
        return
    known = {account.id: account for account in await context.stores.accounts.all()}
    account = known.get(plan.assignee)
    if account is None or not can_go(context, account, plan.grid_id):
        raise wrong_field("assignee", "cannot be sent to this grid")


async def _views(context: WebContext, plans: Sequence[FootPlan]) -> list[models.FootPlanView]:
    names = await account_names(context.stores, {i for p in plans for i in (p.assignee, p.updated_by) if i})
    wanted = list(dict.fromkeys(point_id for plan in plans for point_id in plan.point_ids))
    points = {point.id: point.name for point in await context.stores.tasks.points_by_id(wanted)}
    places = Places(context.site)
    return [
        models.FootPlanView(
            id=plan.id,
            name=plan.name,
            grid_id=plan.grid_id,
            grid_name=places.grid_name(plan.grid_id),
            points=[models.FootPlanPoint(id=i, name=points[i]) for i in plan.point_ids if i in points],
            gone=sum(i not in points for i in plan.point_ids),
            windows=[WindowView.model_validate(window) for window in plan.windows],
            weekdays=list(plan.weekdays),  # type: ignore[arg-type]  # checked when they were saved
            workdays=plan.workdays,
            assignee=plan.assignee,
            assignee_name=names.get(plan.assignee, plan.assignee) if plan.assignee else None,
            note=plan.note,
            enabled=plan.enabled,
            version=plan.version,
            updated_at=plan.updated_at,
            updated_by_name=names.get(plan.updated_by, plan.updated_by),
        )
        for plan in plans
    ]


async def _remove(call: Call[None, None]) -> None:
    plan = await call.context.stores.foot.plan(call.id("plan_id"))
    require(call.principal, Right.PATROL_PLAN, plan.grid_id)
    await call.context.stores.foot.remove_plan(plan.id)


async def _day(call: Call[models.FootDayQuery, None]) -> models.FootDay:
    day, span = local_day(call.context, call.query.day)
    wanted = TaskFilter(
        kinds=(TaskKind.ROUTINE,), grid_id=call.query.grid_id, start=span.start, end=span.end, due_before=span.end
    )
    page = await call.context.stores.tasks.page(call.principal.scope, wanted, limit=MOST_OF_A_DAY)
    in_order = sorted(page.items, key=_when)
    return models.FootDay(
        day=day,
        items=await task_views(call.context, call.principal, in_order),
        cut=page.next_cursor is not None,
    )


def _when(task: Task) -> tuple[datetime, str, str]:
    return task.due_at or _NEVER, task.title, task.id


ROUTES = [
    Route(
        method="GET",
        path="/patrol/foot-plans",
        handle=_list,
        summary="List plans of tasks on foot in scope",
        tag="tasks",
        access=Right.PATROL_PLAN,
        query=models.FootPlanQuery,
        answer=models.FootPlanList,
    ),
    Route(
        method="POST",
        path="/patrol/foot-plans",
        handle=_add,
        summary="Add a plan of tasks on foot; a window that is open makes its tasks within half a minute",
        tag="tasks",
        access=Right.PATROL_PLAN,
        body=models.FootPlanDraft,
        answer=models.FootPlanView,
        status=201,
        audit="foot_plan",
    ),
    Route(
        method="POST",
        path="/patrol/foot-plans/{plan_id}",
        handle=_change,
        summary="Save the next version of a plan; tasks that were made of it stay as they are",
        tag="tasks",
        access=Right.PATROL_PLAN,
        body=models.FootPlanDraft,
        answer=models.FootPlanView,
        audit="foot_plan",
    ),
    Route(
        method="DELETE",
        path="/patrol/foot-plans/{plan_id}",
        handle=_remove,
        summary="Remove a plan; tasks that were made of it stay",
        tag="tasks",
        access=Right.PATROL_PLAN,
        status=204,
        audit="foot_plan_removed",
    ),
    Route(
        method="GET",
        path="/patrol/foot",
        handle=_day,
        summary="Show a day's routine tasks, and those from before that are still open and due",
        tag="tasks",
        access=Right.PATROL_DO,
        query=models.FootDayQuery,
        answer=models.FootDay,
    ),
]
