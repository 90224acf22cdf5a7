"""What follows from one verdict: the case of a confirmed event, in one transaction with the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gateway.access.rights import Principal, Right, require
from gateway.casework.open_case import Confirmation, Scene, open_case
from gateway.errors import NotFound
from gateway.web.context import WebContext
from gateway.web.problems import ProblemRaised
from gateway.web.review_models import VerdictRequest
from gateway.web.task_orders import order_check
from gateway.web.views import account_names
from storage.errors import ItemHeld, RecordConflict
from storage.records import Account, Case, CaseStep, Delivery, Event, Evidence, ReviewItem, Verdict
from storage.records_patrol import Task

Opening = tuple[Case, CaseStep, list[Delivery]]


async def give_verdict(context: WebContext, principal: Principal, item_id: str, said: VerdictRequest) -> ReviewItem:
    """Save what a person says of an item; return the item as it is then.

    Raises:
        NotFound, RecordNotFound: No such item in their grids, or its camera is no longer configured.
        ProblemRaised: 409 `held` (the detail names who) or `already_judged`.
    """
    item = await context.stores.reviews.get(item_id)
    require(principal, Right.REVIEW_JUDGE, item.grid_id)
    judged = replace(
        item,
        verdict=said.verdict,
        reason=said.reason if said.verdict is Verdict.REJECTED else "",
        note=said.note,
        judged_by=principal.account.id,
        judged_at=context.clock.now(),
    )
    opens = said.verdict is Verdict.CONFIRMED and item.case_id is None
    opening = await _opening(context, principal, item, said.note) if opens else None
    task = await order_check(context, judged) if said.verdict is Verdict.ON_SITE else None
    follows = Follows(opening, task)
    await _save(context, replace(judged, case_id=opening[0].id) if opening else judged, follows, said.client_id)
    return await context.stores.reviews.get(item_id)


@dataclass(frozen=True, slots=True)
class Follows:
    """What a verdict leads to: a case, or a look on site."""

    opening: Opening | None
    task: Task | None


async def _save(context: WebContext, judged: ReviewItem, follows: Follows, client_id: str | None) -> None:
    try:
        await context.stores.reviews.judge(judged, follows.opening, client_id, follows.task)
    except ItemHeld as exc:
        raise await held(context, exc) from exc
    except RecordConflict as exc:
        raise ProblemRaised(409, "already_judged") from exc
    if follows.opening is not None:
        context.wake_outbox()


async def held(context: WebContext, exc: ItemHeld) -> ProblemRaised:
    """Return the refusal that names who looks at the item."""
    names = await account_names(context.stores, [exc.account_id])
    return ProblemRaised(409, "held", names.get(exc.account_id))


async def _opening(context: WebContext, principal: Principal, item: ReviewItem, note: str) -> Opening:
    event = await context.stores.events.get(item.event_id)
    files = await context.stores.events.evidence(item.event_id)
    return opening_of(context, principal.account, event, files, note)


def opening_of(context: WebContext, account: Account, event: Event, files: Sequence[Evidence], note: str) -> Opening:
    """Return the case that a person opens of an event; nothing is saved.

    Raises:
        NotFound: Its camera, grid or type is no longer configured.
    """
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
    by = Confirmation(account.id, account.display_name, note)
    return open_case(scene, by, context.case_terms, context.clock.now())
