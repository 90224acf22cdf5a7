"""Rounds of video patrols: begun by one worker, stepped through view by view, ended."""

from __future__ import annotations

from typing import Any

from gateway.access.rights import Right, require
from gateway.errors import AccessDenied
from gateway.patrol.rounds import LEFT_ALONE, DwellTooLong, NothingShown, check_look, may_run, moment_said, next_mark
from gateway.web import patrol_models as models
from gateway.web.coverage_sums import local_day
from gateway.web.models import FieldProblem
from gateway.web.patrol_finding import finding_records
from gateway.web.patrol_views import round_detail, round_views, view_view
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from storage.errors import RecordConflict
from storage.protocols_patrol import RoundFilter
from storage.records_patrol import PatrolPoint, PatrolRound, PatrolView, RoundState


async def _list(call: Call[models.RoundQuery, None]) -> models.RoundPage:
    query, account_id = call.query, call.principal.account.id
    _, span = local_day(call.context, query.day)
    wanted = RoundFilter(
        start=span.start,
        end=span.end,
        states=tuple(query.state),
        grid_id=query.grid_id,
        account_id=account_id if query.mine else None,
    )
    page = await call.context.stores.patrol.rounds(call.principal.scope, wanted, query.cursor, query.limit)
    return models.RoundPage(
        items=await round_views(call.context, call.principal, page.items), next_cursor=page.next_cursor
    )


async def _show(call: Call[None, None]) -> models.RoundDetail:
    return await round_detail(call.context, call.principal, await _round(call))


async def _round(call: Call[Any, Any]) -> PatrolRound:
    found = await call.context.stores.patrol.round(call.id("round_id"))
    require(call.principal, Right.PATROL_DO, found.grid_id)
    return found


async def _start(call: Call[None, None]) -> models.RoundDetail:
    found, now = await _round(call), call.context.clock.now()
    account_id = call.principal.account.id
    if not may_run(found, account_id, leads=call.principal.may(Right.PATROL_PLAN)):
        raise AccessDenied("the plan names others")
    if now < found.opens_at:
        raise ProblemRaised(409, "not_open", "its window has not begun")
    try:
        started = await call.context.stores.patrol.start(found.id, account_id, now, now - LEFT_ALONE)
    except RecordConflict as exc:
        raise _not_mine(await call.context.stores.patrol.round(found.id)) from exc
    return await round_detail(call.context, call.principal, started)


def _not_mine(found: PatrolRound) -> ProblemRaised:
    if found.state is RoundState.RUNNING:
        return ProblemRaised(409, "taken", "somebody else runs this round")
    return ProblemRaised(409, "closed" if found.state is not RoundState.WAITING else "not_started")


async def _judge(call: Call[None, models.ViewRequest]) -> models.ViewView:
    found, said = await _round(call), call.body
    account_id = call.principal.account.id
    point = _point(found, call.id("point_id"))
    kept = await _said(call, found, point)
    if kept is None:
        if found.state is not RoundState.RUNNING or found.assignee != account_id:
            raise _not_mine(found)
        kept = await _save(call, found, point)
        await _register(call, kept)
    elif (kept.client_id, kept.judged_by) != (said.client_id, account_id):
        raise ProblemRaised(409, "already_judged")
    states = await call.context.stores.fleet.states_of([point.camera_id])
    return view_view(call.context, point, kept, states.get(point.camera_id))


async def _said(call: Call[None, models.ViewRequest], found: PatrolRound, point: PatrolPoint) -> PatrolView | None:
    said = await call.context.stores.patrol.views([found.id])
    return next((view for view in said if view.point_id == point.id), None)


def _point(found: PatrolRound, point_id: str) -> PatrolPoint:
    point = next((point for point in found.views if point.id == point_id), None)
    if point is None:
        raise ProblemRaised(404, "not_found")
    return point


async def _save(call: Call[None, models.ViewRequest], found: PatrolRound, point: PatrolPoint) -> PatrolView:
    said, now = call.body, call.context.clock.now()
    try:
        marked_at = check_look(found, said.dwell_s, said.shown, said.verdict, now)
    except (DwellTooLong, NothingShown) as exc:
        field = "dwell_s" if isinstance(exc, DwellTooLong) else "shown"
        raise ProblemRaised(422, field, str(exc), errors=[FieldProblem(field=field, message=str(exc))]) from exc
    finding = None
    if said.finding is not None:
        finding = await finding_records(call.context, call.principal, found, point, said.finding)
    view = PatrolView(
        round_id=found.id,
        point_id=point.id,
        camera_id=point.camera_id,
        grid_id=found.grid_id,
        verdict=said.verdict,
        shown=said.shown,
        dwell_s=said.dwell_s,
        dwell_due_s=point.dwell_s,
        judged_at=moment_said(found, said.judged_at, now),
        judged_by=call.principal.account.id,
        client_id=said.client_id,
        note=said.note,
        event_id=finding.event.id if finding else None,
    )
    try:
        marks = (marked_at, next_mark(found, said.dwell_s, said.judged_at, now))
        kept = await call.context.stores.patrol.judge_view(view, marks, finding)
    except RecordConflict as exc:
        raise ProblemRaised(409, "conflict", "something else was said meanwhile") from exc
    if finding is not None:
        call.context.wake_outbox()
    return kept


async def _register(call: Call[None, models.ViewRequest], view: PatrolView) -> None:
    """A look at a camera is a look-up of footage, whatever was seen (Order 799 art. 16)."""
    detail = {"round_id": view.round_id, "verdict": view.verdict.value, "shown": view.shown}
    await call.context.stores.audit.append(view.judged_at, view.judged_by, "patrol_view", view.camera_id, detail)


async def _finish(call: Call[None, models.FinishRequest]) -> models.RoundSummary:
    found, now = await _round(call), call.context.clock.now()
    account_id = call.principal.account.id
    if found.state is RoundState.RUNNING and found.assignee == account_id and not found.seen:
        raise ProblemRaised(409, "nothing_seen", "no view has a verdict")
    try:
        ended = await call.context.stores.patrol.finish(found.id, account_id, moment_said(found, call.body.at, now))
    except RecordConflict as exc:
        raise _not_mine(found) from exc
    begun, done = ended.started_at or now, ended.finished_at or now
    return models.RoundSummary(
        id=ended.id,
        state=ended.state,
        seen=ended.seen,
        missed=ended.planned - ended.seen,
        not_viewable=ended.not_viewable,
        findings=ended.findings,
        short=ended.short,
        took_s=round((done - begun).total_seconds(), 1),
    )


ROUTES = [
    Route(
        method="GET",
        path="/patrol/rounds",
        handle=_list,
        summary="List rounds that open on a local day; `mine`: those that I run, ran or may begin",
        tag="patrol",
        access=Right.PATROL_DO,
        query=models.RoundQuery,
        answer=models.RoundPage,
    ),
    Route(
        method="GET",
        path="/patrol/rounds/{round_id}",
        handle=_show,
        summary="Show a round with its views and what was said of them",
        tag="patrol",
        access=Right.PATROL_DO,
        answer=models.RoundDetail,
    ),
    Route(
        method="POST",
        path="/patrol/rounds/{round_id}/start",
        handle=_start,
        summary="Begin a round, or go on with one's own; 409 `taken`, `not_open`, `closed`",
        tag="patrol",
        access=Right.PATROL_DO,
        answer=models.RoundDetail,
        audit="patrol_start",
    ),
    Route(
        method="POST",
        path="/patrol/rounds/{round_id}/views/{point_id}",
        handle=_judge,
        summary="Say what a view shows; a finding opens a case as a verdict does. 422 `dwell_s`: longer than can be",
        tag="patrol",
        access=Right.PATROL_DO,
        body=models.ViewRequest,
        answer=models.ViewView,
        max_body_bytes=models.MAX_VIEW_BODY_BYTES,
    ),
    Route(
        method="POST",
        path="/patrol/rounds/{round_id}/finish",
        handle=_finish,
        summary="End a round; views without a verdict count as missed",
        tag="patrol",
        access=Right.PATROL_DO,
        body=models.FinishRequest,
        answer=models.RoundSummary,
        audit="patrol_finish",
    ),
]
