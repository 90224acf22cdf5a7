"""The review queue: what waits, what a person says of it, and taking it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from gateway.access.rights import Right, require
from gateway.casework.open_case import Confirmation, Scene, open_case
from gateway.errors import NotFound
from gateway.web import models
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from gateway.web.views import Places, review_detail, review_entries
from storage.errors import RecordConflict
from storage.protocols import ReviewFilter
from storage.records import Case, CaseStep, Delivery, ReviewItem, Verdict


async def _list(call: Call[models.ReviewQuery, None]) -> models.ReviewPage:
    query, scope, stores = call.query, call.principal.scope, call.context.stores
    wanted = ReviewFilter(
        waiting=query.state == "waiting",
        event_types=tuple(query.event_type),
        severities=tuple(severity.value for severity in query.severity),
        camera_id=query.camera_id,
        grid_id=query.grid_id,
    )
    page = await stores.reviews.page(scope, wanted, query.cursor, query.limit)
    return models.ReviewPage(
        items=await review_entries(stores, Places(call.context.site), page.items),
        next_cursor=page.next_cursor,
        counts=models.SeverityCounts.model_validate(await stores.reviews.counts(scope)),
    )


async def _show(call: Call[None, None]) -> models.ReviewDetail:
    item = await call.context.stores.reviews.get(call.id("item_id"))
    return await _detail(call, item, Right.REVIEW_READ)


async def _show_event(call: Call[None, None]) -> models.ReviewDetail:
    item = await call.context.stores.reviews.by_event(call.id("event_id"))
    return await _detail(call, item, Right.REVIEW_READ)


async def _detail(call: Call[None, None], item: ReviewItem, right: Right) -> models.ReviewDetail:
    require(call.principal, right, item.grid_id)
    return await review_detail(call.context.stores, Places(call.context.site), item, call.principal.scope)


async def _judge(call: Call[None, models.VerdictRequest]) -> models.ReviewDetail:
    stores = call.context.stores
    item = await stores.reviews.get(call.id("item_id"))
    require(call.principal, Right.REVIEW_JUDGE, item.grid_id)
    judged = replace(
        item,
        verdict=call.body.verdict,
        reason=call.body.reason if call.body.verdict is Verdict.REJECTED else "",
        note=call.body.note,
        judged_by=call.principal.account.id,
        judged_at=call.context.clock.now(),
    )
    opening = await _opening(call, item) if judged.verdict is Verdict.CONFIRMED and item.case_id is None else None
    await _save(call, replace(judged, case_id=opening[0].id) if opening else judged, opening)
    fresh = await stores.reviews.get(item.id)
    return await review_detail(stores, Places(call.context.site), fresh, call.principal.scope)


async def _save(
    call: Call[None, models.VerdictRequest], judged: ReviewItem, opening: tuple[Case, CaseStep, list[Delivery]] | None
) -> None:
    try:
        await call.context.stores.reviews.judge(judged, opening)
    except RecordConflict as exc:
        raise ProblemRaised(409, "already_judged") from exc
    if opening is not None:
        call.context.wake_outbox()


async def _opening(
    call: Call[None, models.VerdictRequest], item: ReviewItem
) -> tuple[Case, CaseStep, list[Delivery]] | None:
    context = call.context
    event = await context.stores.events.get(item.event_id)
    files = await context.stores.events.evidence(item.event_id)
    try:
        scene = Scene(
            event,
            files,
            context.site.camera(event.camera_id),
            context.site.grid(event.grid_id),
            context.site.event_type(event.event_type),
        )
    except KeyError as exc:
        # Without its camera, grid or type nobody could be told where to go.
        raise NotFound(f"{exc.args[0]} is no longer configured") from exc
    account = call.principal.account
    by = Confirmation(account.id, account.display_name, call.body.note)
    return open_case(scene, by, context.terms, context.clock.now())


async def _undo(call: Call[None, None]) -> models.ReviewDetail:
    stores, account = call.context.stores, call.principal.account
    item = await stores.reviews.get(call.id("item_id"))
    require(call.principal, Right.REVIEW_JUDGE, item.grid_id)
    _check_undo(call, item)
    try:
        waiting = await stores.reviews.undo(item.id, account.id, call.context.clock.now())
    except RecordConflict as exc:  # its case is on the way to the platform
        raise ProblemRaised(409, "undo_too_late") from exc
    return await review_detail(stores, Places(call.context.site), waiting, call.principal.scope)


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
        query=models.ReviewQuery,
        answer=models.ReviewPage,
    ),
    Route(
        method="GET",
        path="/review/{item_id}",
        handle=_show,
        summary="Show an item with its evidence",
        tag="review",
        access=Right.REVIEW_READ,
        answer=models.ReviewDetail,
    ),
    Route(
        method="POST",
        path="/review/{item_id}/verdict",
        handle=_judge,
        summary="Judge an item; `confirmed` opens a case. The same verdict again changes nothing",
        tag="review",
        access=Right.REVIEW_JUDGE,
        body=models.VerdictRequest,
        answer=models.ReviewDetail,
        audit="verdict",
    ),
    Route(
        method="DELETE",
        path="/review/{item_id}/verdict",
        handle=_undo,
        summary="Take one's own verdict back, within `undo_window_s`",
        tag="review",
        access=Right.REVIEW_JUDGE,
        answer=models.ReviewDetail,
        audit="undo",
    ),
    Route(
        method="GET",
        path="/events/{event_id}",
        handle=_show_event,
        summary="Show the item of an event (deep link)",
        tag="review",
        access=Right.REVIEW_READ,
        answer=models.ReviewDetail,
    ),
]
