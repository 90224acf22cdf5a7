"""Cases, their timeline, and messages that did not get through."""

from __future__ import annotations

import asyncio

from gateway.access.rights import Right, require
from gateway.web import models
from gateway.web.routes import Call, Route
from gateway.web.views import account_names, case_view, delivery_view, step_view
from storage.errors import RecordNotFound
from storage.records import Case


async def _list(call: Call[models.CaseQuery, None]) -> models.CasePage:
    stores, query = call.context.stores, call.query
    page = await stores.cases.page(call.principal.scope, query.state, query.cursor, query.limit)
    names = await account_names(stores, (case.opened_by for case in page.items))
    return models.CasePage(items=[case_view(case, names) for case in page.items], next_cursor=page.next_cursor)


async def _show(call: Call[None, None]) -> models.CaseDetail:
    stores = call.context.stores
    case = await stores.cases.get(call.id("case_id"))
    require(call.principal, Right.CASE_READ, case.grid_id)
    async with asyncio.TaskGroup() as group:
        steps = group.create_task(stores.cases.steps(case.id))
        deliveries = group.create_task(stores.outbox.for_case(case.id))
        item_id = group.create_task(_item_id(call, case))
    names = await account_names(stores, [case.opened_by, *(step.actor for step in steps.result())])
    view = case_view(case, names)
    return models.CaseDetail(
        **{name: getattr(view, name) for name in models.CaseView.model_fields},
        steps=[step_view(step, names) for step in steps.result()],
        deliveries=[delivery_view(delivery) for delivery in deliveries.result()],
        item_id=item_id.result(),
    )


async def _item_id(call: Call[None, None], case: Case) -> str | None:
    try:
        return (await call.context.stores.reviews.by_event(case.event_id)).id
    except RecordNotFound:
        return None


async def _replay(call: Call[None, None]) -> None:
    stores = call.context.stores
    delivery = await stores.outbox.get(call.id("delivery_id"))
    case = await stores.cases.get(delivery.case_id)
    require(call.principal, Right.CASE_REPLAY, case.grid_id)
    await stores.outbox.replay(delivery.id, call.context.clock.now())
    call.context.wake_outbox()


ROUTES = [
    Route(
        method="GET",
        path="/cases",
        handle=_list,
        summary="List cases, newest first",
        tag="cases",
        access=Right.CASE_READ,
        query=models.CaseQuery,
        answer=models.CasePage,
    ),
    Route(
        method="GET",
        path="/cases/{case_id}",
        handle=_show,
        summary="Show a case with its timeline and messages",
        tag="cases",
        access=Right.CASE_READ,
        answer=models.CaseDetail,
    ),
    Route(
        method="POST",
        path="/deliveries/{delivery_id}/replay",
        handle=_replay,
        summary="Send a dead message again, under the same id",
        tag="cases",
        access=Right.CASE_REPLAY,
        status=202,
        audit="replay",
    ),
]
