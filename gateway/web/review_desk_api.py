"""Several people at one queue: holding an item while looking at it, and judging what is alike together."""

from __future__ import annotations

from datetime import timedelta

from gateway.access.rights import Right, require
from gateway.errors import NotFound
from gateway.web import review_models
from gateway.web.problems import ProblemRaised
from gateway.web.review_api import reader_of
from gateway.web.review_views import review_entries
from gateway.web.routes import Call, Route
from gateway.web.verdicts import give_verdict, held
from gateway.web.views import Places
from storage.errors import ItemHeld, RecordConflict, RecordNotFound, StoreUnavailable
from storage.protocols import ReviewFilter
from storage.records import ReviewItem

# A page that is open asks again every twenty seconds; one whose line has gone sets the item free within a minute.
HOLD_S = 60.0


async def _hold(call: Call[None, None]) -> review_models.HoldView:
    item, context, account = await _item(call), call.context, call.principal.account
    now = context.clock.now()
    try:
        hold = await context.stores.holds.take(item.id, account.id, now, now + timedelta(seconds=HOLD_S))
    except ItemHeld as exc:
        raise await held(context, exc) from exc
    except RecordConflict as exc:
        raise ProblemRaised(409, "already_judged") from exc
    return review_models.HoldView(
        held_by=account.id, held_by_name=account.display_name or account.name, until=hold.until
    )


async def _let_go(call: Call[None, None]) -> None:
    item = await _item(call)
    await call.context.stores.holds.drop(item.id, call.principal.account.id)


async def _item(call: Call[None, None]) -> ReviewItem:
    item = await call.context.stores.reviews.get(call.id("item_id"))
    require(call.principal, Right.REVIEW_JUDGE, item.grid_id)
    return item


async def _similar(call: Call[None, None]) -> review_models.SimilarPage:
    stores = call.context.stores
    item = await stores.reviews.get(call.id("item_id"))
    require(call.principal, Right.REVIEW_READ, item.grid_id)
    alike = ReviewFilter(camera_id=item.camera_id, event_types=(item.event_type,))
    page = await stores.reviews.page(call.principal.scope, alike, None, review_models.MAX_BATCH + 1)
    others = [other for other in page.items if other.id != item.id][: review_models.MAX_BATCH]
    entries = await review_entries(stores, Places(call.context.site), others, reader_of(call))
    return review_models.SimilarPage(items=entries)


async def _judge_together(call: Call[None, review_models.BatchRequest]) -> review_models.BatchAnswer:
    ids = dict.fromkeys(call.body.item_ids)
    return review_models.BatchAnswer(items=[await _judge_one(call, item_id) for item_id in ids])


async def _judge_one(call: Call[None, review_models.BatchRequest], item_id: str) -> review_models.BatchResult:
    """Judge one of several: what is refused is told of this one and keeps none of the others back."""
    try:
        await give_verdict(call.context, call.principal, item_id, call.body)
    except ProblemRaised as exc:
        return review_models.BatchResult(id=item_id, ok=False, code=exc.code)
    except (NotFound, RecordNotFound):
        return review_models.BatchResult(id=item_id, ok=False, code="not_found")
    except StoreUnavailable:
        return review_models.BatchResult(id=item_id, ok=False, code="unavailable")
    who = call.principal.account.id
    await call.context.stores.audit.append(call.context.clock.now(), who, "verdict", item_id, {"together": True})
    return review_models.BatchResult(id=item_id, ok=True)


ROUTES = [
    Route(
        method="POST",
        path="/review/{item_id}/hold",
        handle=_hold,
        summary="Hold an item for a minute, so that nobody else judges it; 409 `held` where somebody else does",
        tag="review",
        access=Right.REVIEW_JUDGE,
        answer=review_models.HoldView,
    ),
    Route(
        method="DELETE",
        path="/review/{item_id}/hold",
        handle=_let_go,
        summary="Let go of an item",
        tag="review",
        access=Right.REVIEW_JUDGE,
        status=204,
    ),
    Route(
        method="GET",
        path="/review/{item_id}/similar",
        handle=_similar,
        summary="List the other waiting items of this item's camera and type",
        tag="review",
        access=Right.REVIEW_READ,
        answer=review_models.SimilarPage,
    ),
    Route(
        method="POST",
        path="/review/batch",
        handle=_judge_together,
        summary="Judge several items alike, each for itself; sent again with its `client_id` it changes nothing",
        tag="review",
        access=Right.REVIEW_JUDGE,
        body=review_models.BatchRequest,
        answer=review_models.BatchAnswer,
    ),
]
