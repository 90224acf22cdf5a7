"""Asking somebody to go and look: who it is for, where it is, until when."""

from __future__ import annotations

from datetime import datetime

from gateway.access.rights import Right, principal_for
from gateway.patrol.tasks import SYSTEM, Order, Place, check_task, right_worker, verify_task
from gateway.web.context import WebContext
from storage.records import Account, ReviewItem
from storage.records_patrol import FedBackCase, Task


async def order_check(context: WebContext, judged: ReviewItem) -> Task:
    """Return the task that a verdict `on_site` leads to; its verdict must be in the item."""
    at = judged.judged_at or context.clock.now()
    order = Order(
        by=judged.judged_by or SYSTEM,
        assignee=await worker_for(context, judged.grid_id),
        due_at=deadline(context, judged.event_type, at),
        at=at,
        note=judged.note,
    )
    return check_task(judged, place_of(context, judged.camera_id), order)


async def order_verify(context: WebContext, found: FedBackCase) -> Task:
    """Return the task that a case which came back as handled leads to."""
    case, at = found.case, context.clock.now()
    order = Order(
        by=SYSTEM,
        assignee=await worker_for(context, case.grid_id),
        due_at=deadline(context, case.event_type, at),
        at=at,
    )
    where = place_of(context, case.camera_id)
    return verify_task(case, found.event, Place(where.title, case.place or where.place, case.lon, case.lat), order)


async def worker_for(context: WebContext, grid_id: str) -> str | None:
    """Return the account id of the grid's worker with the fewest live tasks; None: nobody is named in the grid."""
    workers = await named_workers(context, grid_id)
    return right_worker([account.id for account in workers], await context.stores.tasks.load(grid_id))


async def named_workers(context: WebContext, grid_id: str) -> list[Account]:
    """Return the accounts of a grid's workers that can be sent there, in the order of its configuration."""
    grid = context.site.find_grid(grid_id)
    names = [worker.account for worker in grid.workers] if grid else []
    found = [await context.stores.accounts.by_name(name) for name in names]
    return [account for account in found if account is not None and can_go(context, account, grid_id)]


def can_go(context: WebContext, account: Account, grid_id: str) -> bool:
    """Say whether an account may do tasks and patrols in a grid."""
    principal = principal_for(account, context.site)
    return principal.may(Right.TASK_DO) and principal.may(Right.PATROL_DO) and principal.scope.allows(grid_id)


def deadline(context: WebContext, event_type: str, at: datetime) -> datetime | None:
    """Return until when this kind of event wants an answer; None for one that is no longer configured."""
    try:
        spec = context.site.event_type(event_type)
    except KeyError:
        return None
    return context.case_terms.calendar.add(spec.deadline, at)


def place_of(context: WebContext, camera_id: str) -> Place:
    """Return where a camera looks; one that is no longer configured has no position."""
    camera = context.site.find_camera(camera_id)
    if camera is None:
        return Place(camera_id, "", None, None)
    return Place(camera.name, camera.position.place or camera.name, camera.position.lon, camera.position.lat)
