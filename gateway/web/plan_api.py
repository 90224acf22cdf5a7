"""Patrol plans: who writes them, what a sensible one looks like, and for whom."""

from __future__ import annotations

from camera_configs.models import CameraConfig
from gateway.access.rights import Right, require
from gateway.errors import NotFound
from gateway.patrol.plan import SUGGESTED_WINDOWS, WEEKDAYS, look_s, suggest_points, windows_apart, windows_hold
from gateway.web import patrol_models as models
from gateway.web.patrol_views import plan_body, plan_views
from gateway.web.problems import ProblemRaised, demand_version, wrong_field
from gateway.web.routes import Call, Route
from gateway.web.task_orders import can_go
from storage.errors import RecordConflict
from storage.ids import new_id
from storage.records_patrol import PatrolPlan, PatrolPoint, PatrolWindow


async def _list(call: Call[models.PlanQuery, None]) -> models.PlanList:
    scope = call.principal.scope
    plans = await call.context.stores.patrol.plans(scope, call.query.grid_id)
    return models.PlanList(items=await plan_views(call.context, plans))


async def _add(call: Call[None, models.PlanDraft]) -> models.PlanView:
    require(call.principal, Right.PATROL_PLAN, call.body.grid_id)
    return await _save(call, new_id("plan"), 1)


async def _change(call: Call[None, models.PlanDraft]) -> models.PlanView:
    former = await call.context.stores.patrol.plan(call.id("plan_id"))
    require(call.principal, Right.PATROL_PLAN, former.grid_id)
    if call.body.grid_id != former.grid_id:
        raise wrong_field("grid_id", "a plan stays in its grid")
    demand_version(call.body.version, former.version)
    return await _save(call, former.id, former.version + 1)


async def _save(call: Call[None, models.PlanDraft], plan_id: str, version: int) -> models.PlanView:
    plan = await _checked(call, plan_id, version)
    try:
        await call.context.stores.patrol.save_plan(plan)
    except RecordConflict as exc:
        raise ProblemRaised(409, "conflict", "somebody else saved it meanwhile") from exc
    (shown,) = await plan_views(call.context, [plan])
    return shown


async def _checked(call: Call[None, models.PlanDraft], plan_id: str, version: int) -> PatrolPlan:
    draft = call.body
    plan = PatrolPlan(
        id=plan_id,
        name=draft.name,
        grid_id=draft.grid_id,
        points=_points(draft, _cameras(call, draft.grid_id)),
        windows=tuple(PatrolWindow(w.start, w.end) for w in sorted(draft.windows, key=lambda w: w.start)),
        weekdays=tuple(day for day in WEEKDAYS if day in draft.weekdays),
        assignees=tuple(dict.fromkeys(draft.assignees)),
        enabled=draft.enabled,
        version=version,
        updated_by=call.principal.account.id,
        updated_at=call.context.clock.now(),
    )
    if not windows_apart(plan.windows):
        raise wrong_field("windows", "must not be empty nor overlap")
    if not windows_hold(plan):
        raise wrong_field("windows", f"each must hold a round of {look_s(plan.points):.0f} s")
    await _check_assignees(call, plan)
    return plan


def _cameras(
    call: Call[None, models.PlanDraft] | Call[None, models.SuggestRequest], grid_id: str
) -> list[CameraConfig]:
    if all(grid.id != grid_id for grid in call.context.site.grids):
        raise NotFound(grid_id)
    return [camera for camera in call.context.site.cameras if grid_id in camera.grids]


def _points(draft: models.PlanDraft, cameras: list[CameraConfig]) -> tuple[PatrolPoint, ...]:
    names = {camera.id: camera.name for camera in cameras}
    for number, point in enumerate(draft.points):
        if point.camera_id not in names:
            raise wrong_field(f"points.{number}.camera_id", "no such camera in this grid")
    ids = [point.id for point in draft.points if point.id]
    if len(set(ids)) != len(ids):
        raise wrong_field("points", "an id is used twice")
    return tuple(
        PatrolPoint(p.id or new_id("pt"), p.camera_id, p.name or names[p.camera_id], p.dwell_s, p.preset or None)
        for p in draft.points
    )


async def _check_assignees(call: Call[None, models.PlanDraft], plan: PatrolPlan) -> None:
    known = {account.id: account for account in await call.context.stores.accounts.all()} if plan.assignees else {}
    for account_id in plan.assignees:
        account = known.get(account_id)
        if account is None or not can_go(call.context, account, plan.grid_id):
            raise wrong_field("assignees", f"{account_id} cannot patrol this grid")


async def _remove(call: Call[None, None]) -> None:
    plan = await call.context.stores.patrol.plan(call.id("plan_id"))
    require(call.principal, Right.PATROL_PLAN, plan.grid_id)
    await call.context.stores.patrol.remove_plan(plan.id, call.context.clock.now())


async def _suggest(call: Call[None, models.SuggestRequest]) -> models.Suggestion:
    grid_id = call.body.grid_id
    require(call.principal, Right.PATROL_PLAN, grid_id)
    cameras = [camera for camera in _cameras(call, grid_id) if camera.enabled]
    grid = call.context.site.grid(grid_id)
    plan = PatrolPlan(
        id="",
        name=grid.name[:80],
        grid_id=grid_id,
        points=suggest_points(cameras),
        windows=SUGGESTED_WINDOWS,
        weekdays=(),
        assignees=(),
        enabled=True,
        version=0,
        updated_by="",
        updated_at=call.context.clock.now(),
    )
    body = plan_body(call.context, plan)
    return models.Suggestion(
        **{name: getattr(body, name) for name in models.PlanBody.model_fields},
        left_out=len(cameras) - len(plan.points),
    )


async def _workers(call: Call[models.WorkerQuery, None]) -> list[models.WorkerView]:
    grid_id = call.query.grid_id
    require(call.principal, Right.PATROL_PLAN, grid_id)
    grid = call.context.site.find_grid(grid_id)
    named = {worker.account for worker in grid.workers} if grid else set()
    accounts = [a for a in await call.context.stores.accounts.all() if can_go(call.context, a, grid_id)]
    shown = [models.WorkerView(id=a.id, name=a.display_name or a.name, named=a.name in named) for a in accounts]
    return sorted(shown, key=lambda worker: (not worker.named, worker.name))


ROUTES = [
    Route(
        method="GET",
        path="/patrol/plans",
        handle=_list,
        summary="List patrol plans in scope",
        tag="patrol",
        access=Right.PATROL_DO,
        query=models.PlanQuery,
        answer=models.PlanList,
    ),
    Route(
        method="POST",
        path="/patrol/plans",
        handle=_add,
        summary="Add a plan; rounds are made from it within half a minute",
        tag="patrol",
        access=Right.PATROL_PLAN,
        body=models.PlanDraft,
        answer=models.PlanView,
        status=201,
        audit="patrol_plan",
    ),
    Route(
        method="POST",
        path="/patrol/plans/suggest",
        handle=_suggest,
        summary="Propose a plan for a grid: 8-20 views of 20-30 s, morning, noon and evening; nothing is saved",
        tag="patrol",
        access=Right.PATROL_PLAN,
        body=models.SuggestRequest,
        answer=models.Suggestion,
    ),
    Route(
        method="POST",
        path="/patrol/plans/{plan_id}",
        handle=_change,
        summary="Save the next version of a plan; rounds that have not opened are made anew",
        tag="patrol",
        access=Right.PATROL_PLAN,
        body=models.PlanDraft,
        answer=models.PlanView,
        audit="patrol_plan",
    ),
    Route(
        method="DELETE",
        path="/patrol/plans/{plan_id}",
        handle=_remove,
        summary="Remove a plan; rounds that have opened stay",
        tag="patrol",
        access=Right.PATROL_PLAN,
        status=204,
        audit="patrol_plan_removed",
    ),
    Route(
        method="GET",
        path="/patrol/workers",
        handle=_workers,
        summary="List accounts that may patrol a grid, those named in its configuration first",
        tag="patrol",
        access=Right.PATROL_PLAN,
        query=models.WorkerQuery,
        answer=list[models.WorkerView],
    ),
]
