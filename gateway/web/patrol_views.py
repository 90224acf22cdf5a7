"""Plans and rounds as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from camera_configs.models import CameraConfig
from gateway.access.rights import Principal, Right
from gateway.patrol.plan import look_s
from gateway.patrol.rounds import is_overdue, may_run
from gateway.web import patrol_models as models
from gateway.web.context import WebContext
from gateway.web.views import Places, account_names
from storage.records import CameraState, CameraStateName
from storage.records_patrol import OPEN_ROUNDS, PatrolPlan, PatrolPoint, PatrolRound, PatrolView

_ROUND_FIELDS = (
    *("id", "plan_id", "name", "grid_id", "day", "opens_at", "due_at", "closes_at", "state", "assignee"),
    *("started_at", "finished_at", "seen", "not_viewable", "findings", "short"),
)


def may_report(camera: CameraConfig) -> list[str]:
    """Return the event types that a camera's recorded purpose covers; none else may be reported from its pictures."""
    return sorted(set(camera.legal.event_types) or {rule.type for rule in camera.rules})


async def plan_views(context: WebContext, plans: Sequence[PatrolPlan]) -> list[models.PlanView]:
    """Show plans, with one query for all names."""
    names = await account_names(context.stores, {i for p in plans for i in (*p.assignees, p.updated_by)})
    return [_plan_view(context, plan, names) for plan in plans]


def _plan_view(context: WebContext, plan: PatrolPlan, names: Mapping[str, str]) -> models.PlanView:
    body = plan_body(context, plan)
    return models.PlanView(
        **{name: getattr(body, name) for name in models.PlanBody.model_fields},
        id=plan.id,
        version=plan.version,
        assignee_names=[names.get(i, i) for i in plan.assignees],
        updated_at=plan.updated_at,
        updated_by_name=names.get(plan.updated_by, plan.updated_by),
    )


def plan_body(context: WebContext, plan: PatrolPlan) -> models.PlanBody:
    """Show what a plan says."""
    return models.PlanBody(
        name=plan.name,
        grid_id=plan.grid_id,
        grid_name=Places(context.site).grid_name(plan.grid_id),
        points=[_point_view(context, point) for point in plan.points],
        windows=[models.WindowView.model_validate(window) for window in plan.windows],
        weekdays=list(plan.weekdays),  # type: ignore[arg-type]  # checked when they were saved
        assignees=list(plan.assignees),
        enabled=plan.enabled,
        look_s=look_s(plan.points),
    )


def _point_view(context: WebContext, point: PatrolPoint) -> models.PointView:
    return models.PointView(
        id=point.id,
        camera_id=point.camera_id,
        camera_name=Places(context.site).camera_name(point.camera_id),
        name=point.name,
        preset=point.preset,
        dwell_s=point.dwell_s,
    )


async def round_views(
    context: WebContext, principal: Principal, rounds: Sequence[PatrolRound]
) -> list[models.RoundView]:
    """Show rounds, with one query for all names."""
    names = await account_names(context.stores, (found.assignee for found in rounds))
    return [_round_view(context, principal, found, names) for found in rounds]


def _round_view(
    context: WebContext, principal: Principal, found: PatrolRound, names: Mapping[str, str]
) -> models.RoundView:
    now = context.clock.now()
    return models.RoundView(
        **{name: getattr(found, name) for name in _ROUND_FIELDS},
        grid_name=Places(context.site).grid_name(found.grid_id),
        overdue=is_overdue(found, now),
        may_start=_may_start(principal, found, now),
        assignee_name=names.get(found.assignee, found.assignee) if found.assignee else None,
        points=found.planned,
    )


def _may_start(principal: Principal, found: PatrolRound, now: datetime) -> bool:
    mine = may_run(found, principal.account.id, leads=principal.may(Right.PATROL_PLAN))
    is_free = found.assignee in {None, principal.account.id}
    return mine and is_free and found.state in OPEN_ROUNDS and found.opens_at <= now < found.closes_at


async def round_detail(context: WebContext, principal: Principal, found: PatrolRound) -> models.RoundDetail:
    """Show a round with its views, what was said of them, and how their cameras are now."""
    (shown,) = await round_views(context, principal, [found])
    said = {view.point_id: view for view in await context.stores.patrol.views([found.id])}
    states = await context.stores.fleet.states_of([point.camera_id for point in found.views])
    return models.RoundDetail(
        **{name: getattr(shown, name) for name in models.RoundView.model_fields},
        marked_at=found.marked_at,
        views=[view_view(context, point, said.get(point.id), states.get(point.camera_id)) for point in found.views],
    )


def view_view(
    context: WebContext, point: PatrolPoint, said: PatrolView | None, state: CameraState | None
) -> models.ViewView:
    """Show a view with what was said of it."""
    camera = context.site.find_camera(point.camera_id)
    return models.ViewView(
        point_id=point.id,
        camera_id=point.camera_id,
        camera_name=camera.name if camera else point.camera_id,
        name=point.name,
        place=camera.position.place if camera else "",
        preset=point.preset,
        dwell_due_s=point.dwell_s,
        live=state is not None and state.state is CameraStateName.ONLINE,
        picture_at=state.last_picture_at if state else None,
        event_types=may_report(camera) if camera else [],
        verdict=said.verdict if said else None,
        shown=said.shown if said else None,
        dwell_s=said.dwell_s if said else None,
        judged_at=said.judged_at if said else None,
        event_id=said.event_id if said else None,
        note=said.note if said else "",
    )
