"""Cases that came back as handled: before and after side by side, and what a person says of them."""

from __future__ import annotations

from gateway.access.rights import Right, require
from gateway.casework.check_case import check_case as checked
from gateway.casework.open_case import Confirmation
from gateway.web import task_models as models
from gateway.web.context import WebContext
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from gateway.web.task_views import look_views
from gateway.web.views import account_names, case_view
from storage.errors import RecordConflict
from storage.records import Account, CaseState
from storage.records_patrol import Task


async def _looks(call: Call[None, None]) -> models.CaseLooks:
    stores = call.context.stores
    case = await stores.cases.get(call.id("case_id"))
    require(call.principal, Right.CASE_READ, case.grid_id)
    looks = await stores.looks.of_case(case.id)
    files = await stores.events.evidence(case.event_id)
    return models.CaseLooks(checkable=case.state is CaseState.FED_BACK, looks=look_views(looks, files))


async def _check(call: Call[None, models.CheckRequest]) -> models.CheckAnswer:
    case = await call.context.stores.cases.get(call.id("case_id"))
    require(call.principal, Right.TASK_DO, case.grid_id)
    said = (CaseState(call.body.result), call.body.note)
    applied = await check_case(call.context, call.principal.account, case.id, said)
    fresh = await call.context.stores.cases.get(case.id)
    names = await account_names(call.context.stores, [fresh.opened_by])
    return models.CheckAnswer(case=case_view(fresh, names), applied=applied)


async def check_case(
    context: WebContext, account: Account, case_id: str, said: tuple[CaseState, str], task: Task | None = None
) -> bool:
    """Save what a person says of a handled case, and tell the platform; False: the same had been said already.

    Args:
        task: The finished task to verify it, where one led to this.

    Raises:
        ProblemRaised: 409, the case does not wait to be checked, or the task is somebody else's.
    """
    case = await context.stores.cases.get(case_id)
    state, note = said
    by = Confirmation(account.id, account.display_name, note)
    step, deliveries = checked(case, state, by, context.terms, context.clock.now())
    try:
        applied = await context.stores.looks.check(step, deliveries, task)
    except RecordConflict as exc:
        raise ProblemRaised(409, "conflict", "the case does not wait to be checked") from exc
    if applied:
        context.wake_outbox()
    return applied


ROUTES = [
    Route(
        method="GET",
        path="/cases/{case_id}/looks",
        handle=_looks,
        summary="Show the place of a case before and after handling, with what the detector says",
        tag="cases",
        access=Right.CASE_READ,
        answer=models.CaseLooks,
    ),
    Route(
        method="POST",
        path="/cases/{case_id}/verify",
        handle=_check,
        summary="Verify a case that came back as handled, or send it back; the platform is told",
        tag="cases",
        access=Right.TASK_DO,
        body=models.CheckRequest,
        answer=models.CheckAnswer,
        audit="case_check",
    ),
]
