"""The review queue: what waits, what a person says of it, and taking it back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from gateway.access.rights import Right, own_grids, require
from gateway.web import review_models
from gateway.web.problems import ProblemRaised
from gateway.web.review_views import Asked, Reader, review_detail, review_page
from gateway.web.routes import Call, Route
from gateway.web.verdicts import give_verdict
from gateway.web.views import Places
from storage.errors import RecordConflict
from storage.protocols import ReviewFilter
from storage.records import ReviewItem


async def _list(call: Call[review_models.ReviewQuery, None]) -> review_models.ReviewPage:
    query, scope, stores = call.query, call.principal.scope, call.context.stores
    reader = reader_of(call)
    wanted = ReviewFilter(
        waiting=query.state == "waiting",
        event_types=tuple(query.event_type),
        severities=tuple(severity.value for severity in query.severity),
        camera_id=query.camera_id,
        grid_id=query.grid_id,
        first_grids=reader.own_grids if query.mine else frozenset(),
    )
    asked = Asked(scope, wanted, query.cursor, query.limit)
    return await review_page(stores, Places(call.context.site), asked, reader)


def reader_of(call: Call[Any, Any]) -> Reader:
    """Return for whom items are shown."""
    account = call.principal.account
    return Reader(account.id, own_grids(account, call.context.site), call.context.clock.now())


async def _show(call: Call[None, None]) -> review_models.ReviewDetail:
    item = await call.context.stores.reviews.get(call.id("item_id"))
    return await _detail(call, item, Right.REVIEW_READ)


async def _show_event(call: Call[None, None]) -> review_models.ReviewDetail:
    item = await call.context.stores.reviews.by_event(call.id("event_id"))
    return await _detail(call, item, Right.REVIEW_READ)


async def _detail(call: Call[None, None], item: ReviewItem, right: Right) -> review_models.ReviewDetail:
    require(call.principal, right, item.grid_id)
    return await _shown(call, item)


async def _shown(call: Call[Any, Any], item: ReviewItem) -> review_models.ReviewDetail:
    places, scope = Places(call.context.site), call.principal.scope
    return await review_detail(call.context.stores, places, item, scope, reader_of(call))


async def _judge(call: Call[None, review_models.VerdictRequest]) -> review_models.ReviewDetail:
    fresh = await give_verdict(call.context, call.principal, call.id("item_id"), call.body)
    return await _shown(call, fresh)


async def _undo(call: Call[None, None]) -> review_models.ReviewDetail:
    stores, account = call.context.stores, call.principal.account
    item = await stores.reviews.get(call.id("item_id"))
    require(call.principal, Right.REVIEW_JUDGE, item.grid_id)
    _check_undo(call, item)
    try:
        waiting = await stores.reviews.undo(item.id, account.id, call.context.clock.now())
    except RecordConflict as exc:  # its case is on the way to the platform
        raise ProblemRaised(409, "undo_too_late") from exc
    return await _shown(call, waiting)


def _check_undo(call: Call[None, None], item: ReviewItem) -> None:
    if item.judged_by is None or item.judged_at is None:
        return  # it waits already: the answer to the first undo was lost
    if item.judged_by != call.principal.account.id:
        raise ProblemRaised(409, "conflict", "somebody else judged this")
    if call.context.clock.now() > item.judged_at + timedelta(seconds=call.context.terms.undo_window_s):
        raise ProblemRaised(409, "undo_too_late")


ROUTES = [
    Route(
        method="GET",
        path="/review",
        handle=_list,
        summary="List items that wait, severest first, or that were judged, newest verdict first",
        tag="review",
        access=Right.REVIEW_READ,
        query=review_models.ReviewQuery,
        answer=review_models.ReviewPage,
    ),
    Route(
        method="GET",
        path="/review/{item_id}",
        handle=_show,
        summary="Show an item with its evidence",
        tag="review",
        access=Right.REVIEW_READ,
        answer=review_models.ReviewDetail,
    ),
    Route(
        method="POST",
        path="/review/{item_id}/verdict",
        handle=_judge,
        summary="Judge an item that nobody else holds; `confirmed` opens a case. The same again changes nothing",
        tag="review",
        access=Right.REVIEW_JUDGE,
        body=review_models.VerdictRequest,
        answer=review_models.ReviewDetail,
        audit="verdict",
    ),
    Route(
        method="DELETE",
        path="/review/{item_id}/verdict",
        handle=_undo,
        summary="Take one's own verdict back, within `undo_window_s`",
        tag="review",
        access=Right.REVIEW_JUDGE,
        answer=review_models.ReviewDetail,
        audit="undo",
    ),
    Route(
        method="GET",
        path="/events/{event_id}",
        handle=_show_event,
        summary="Show the item of an event (deep link)",
        tag="review",
        access=Right.REVIEW_READ,
        answer=review_models.ReviewDetail,
    ),
]
