"""Tasks on foot: who has them, checking in, photos, and what was found."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from gateway.access.rights import Right, require
from gateway.patrol.tasks import (
    Ending,
    Order,
    Place,
    WrongCode,
    WrongResult,
    arrival_by_code,
    arrival_by_position,
    case_state_after,
    finished,
    judged_on_site,
    routine_task,
)
from gateway.web import task_models as models
from gateway.web.handled_api import check_case
from gateway.web.models import FieldProblem
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from gateway.web.task_orders import can_go
from gateway.web.task_views import may_act, task_detail, task_views
from gateway.web.verdicts import Opening, opening_of
from storage.errors import RecordConflict
from storage.protocols_patrol import TaskFilter
from storage.records import ReviewItem
from storage.records_patrol import Arrival, CheckPoint, Task, TaskKind, TaskResult, TaskState


async def _list(call: Call[models.TaskQuery, None]) -> models.TaskPage:
    query = call.query
    wanted = TaskFilter(
        states=tuple(query.state),
        grid_id=query.grid_id,
        account_id=call.principal.account.id if query.mine else None,
    )
    page = await call.context.stores.tasks.page(call.principal.scope, wanted, query.cursor, query.limit)
    return models.TaskPage(
        items=await task_views(call.context, call.principal, page.items), next_cursor=page.next_cursor
    )


async def visible_task(call: Call[Any, Any], right: Right = Right.TASK_DO) -> Task:
    """Return the task of the path.

    Raises:
        RecordNotFound, NotFound: There is none, or none in scope.
    """
    task = await call.context.stores.tasks.get(call.id("task_id"))
    require(call.principal, right, task.grid_id)
    return task


async def _mine(call: Call[Any, Any]) -> Task:
    task = await visible_task(call)
    if not may_act(call.principal, task):
        raise ProblemRaised(409, "taken" if task.state is not TaskState.DONE else "closed", "not yours, or ended")
    return task


async def _show(call: Call[None, None]) -> models.TaskDetail:
    return await task_detail(call.context, call.principal, await visible_task(call))


async def _add(call: Call[None, models.TaskDraft]) -> models.TaskDetail:
    draft = call.body
    require(call.principal, Right.PATROL_PLAN, draft.grid_id)
    point = await _point(call, draft.point_id, draft.grid_id) if draft.point_id else None
    where = Place(draft.title, draft.place, draft.lon, draft.lat)
    if point is not None:
        where = Place(draft.title, draft.place or point.name, point.lon, point.lat)
    if draft.assignee is not None:
        await _check_assignee(call, draft.assignee, draft.grid_id)
    order = Order(
        by=call.principal.account.id,
        assignee=draft.assignee,
        due_at=draft.due_at,
        at=call.context.clock.now(),
        note=draft.note,
    )
    task = routine_task(draft.grid_id, where, order, draft.point_id)
    await call.context.stores.tasks.add(task)
    return await task_detail(call.context, call.principal, task)


async def _point(call: Call[None, models.TaskDraft], point_id: str, grid_id: str) -> CheckPoint:
    point = await call.context.stores.tasks.point(point_id)
    if point.grid_id != grid_id:
        raise ProblemRaised(404, "not_found")
    return point


async def _check_assignee(
    call: Call[None, models.TaskDraft] | Call[None, models.Assignment], account_id: str, grid_id: str
) -> None:
    known = {account.id: account for account in await call.context.stores.accounts.all()}
    account = known.get(account_id)
    if account is None or not can_go(call.context, account, grid_id):
        message = "cannot be sent to this grid"
        raise ProblemRaised(422, "invalid", message, errors=[FieldProblem(field="assignee", message=message)])


async def _assign(call: Call[None, models.Assignment]) -> models.TaskDetail:
    task = await call.context.stores.tasks.get(call.id("task_id"))
    require(call.principal, Right.PATROL_PLAN, task.grid_id)
    if call.body.account_id is not None:
        await _check_assignee(call, call.body.account_id, task.grid_id)
    given = await _kept(call.context.stores.tasks.assign(task.id, call.body.account_id))
    return await task_detail(call.context, call.principal, given)


async def _arrive(call: Call[None, models.Arriving]) -> models.TaskDetail:
    task = await _mine(call)
    arrived = await _kept(call.context.stores.tasks.arrive(task.id, await _arrival(call, task)))
    return await task_detail(call.context, call.principal, arrived)


async def _arrival(call: Call[None, models.Arriving], task: Task) -> Arrival:
    here, now, account_id = call.body, call.context.clock.now(), call.principal.account.id
    if here.lon is not None and here.lat is not None and here.accuracy_m is not None:
        return arrival_by_position(task, account_id, (here.lon, here.lat), here.accuracy_m, now)
    point = await call.context.stores.tasks.point_of_code((here.code or "").lower())
    try:
        return arrival_by_code(task, account_id, point, now)
    except WrongCode as exc:
        raise ProblemRaised(422, "wrong_code", "not the code of this place") from exc


async def _give_back(call: Call[None, models.GivingBack]) -> models.TaskDetail:
    task = await _mine(call)
    returned = await _kept(call.context.stores.tasks.give_back(task.id, call.principal.account.id, call.body.note))
    return await task_detail(call.context, call.principal, returned)


async def _finish(call: Call[None, models.Finishing]) -> models.TaskDetail:
    task = await visible_task(call)
    ending = Ending(
        result=call.body.result,
        note=call.body.note,
        by=call.principal.account.id,
        at=call.context.clock.now(),
        client_id=call.body.client_id,
    )
    if (task.finished_by, task.client_id) == (ending.by, ending.client_id):
        return await task_detail(call.context, call.principal, task)  # the answer to the first try was lost
    if not may_act(call.principal, task):
        raise ProblemRaised(409, "closed" if task.finished_at else "taken")
    await _end(call, finished(task, ending), ending)
    return await task_detail(call.context, call.principal, await call.context.stores.tasks.get(task.id))


async def _end(call: Call[None, models.Finishing], task: Task, ending: Ending) -> None:
    """Save the result with what it means: for a case, for a review item, or for nothing else."""
    if task.kind is TaskKind.VERIFY and task.case_id is not None:
        try:
            state = case_state_after(ending.result)
        except WrongResult as exc:
            raise ProblemRaised(422, "invalid", "a handled case is `handled` or still there (`confirmed`)") from exc
        await check_case(call.context, call.principal.account, task.case_id, (state, ending.note), task)
        return
    if task.item_id is None:
        await _kept(call.context.stores.tasks.finish(task))
        return
    require(call.principal, Right.REVIEW_JUDGE, task.grid_id)
    item = judged_on_site(await call.context.stores.reviews.get(task.item_id), ending)
    case = await _opening(call, item) if ending.result is TaskResult.CONFIRMED and item.case_id is None else None
    await _kept(call.context.stores.tasks.finish(task, item, case))
    if case is not None:
        call.context.wake_outbox()


async def _opening(call: Call[None, models.Finishing], item: ReviewItem) -> Opening:
    event = await call.context.stores.events.get(item.event_id)
    files = await call.context.stores.events.evidence(item.event_id)
    return opening_of(call.context, call.principal.account, event, files, item.note)


async def _kept(saving: Awaitable[Task]) -> Task:
    try:
        return await saving
    except RecordConflict as exc:
        raise ProblemRaised(409, "conflict", "the task has ended, or is somebody else's") from exc


ROUTES = [
    Route(
        method="GET",
        path="/tasks",
        handle=_list,
        summary="List tasks on foot, newest first",
        tag="tasks",
        access=Right.TASK_DO,
        query=models.TaskQuery,
        answer=models.TaskPage,
    ),
    Route(
        method="POST",
        path="/tasks",
        handle=_add,
        summary="Send somebody to a place, by hand",
        tag="tasks",
        access=Right.PATROL_PLAN,
        body=models.TaskDraft,
        answer=models.TaskDetail,
        status=201,
        audit="task_add",
    ),
    Route(
        method="GET",
        path="/tasks/{task_id}",
        handle=_show,
        summary="Show a task with the evidence of its event, photos, and looks at its case",
        tag="tasks",
        access=Right.TASK_DO,
        answer=models.TaskDetail,
    ),
    Route(
        method="POST",
        path="/tasks/{task_id}/assign",
        handle=_assign,
        summary="Give a task to somebody, or to whoever of the grid takes it",
        tag="tasks",
        access=Right.PATROL_PLAN,
        body=models.Assignment,
        answer=models.TaskDetail,
        audit="task_assign",
    ),
    Route(
        method="POST",
        path="/tasks/{task_id}/arrive",
        handle=_arrive,
        summary="Check in, by position or by a point's code; where somebody is on the way is not recorded",
        tag="tasks",
        access=Right.TASK_DO,
        body=models.Arriving,
        answer=models.TaskDetail,
        audit="task_arrive",
    ),
    Route(
        method="POST",
        path="/tasks/{task_id}/return",
        handle=_give_back,
        summary="Give a task back, with words why; it is open to others then",
        tag="tasks",
        access=Right.TASK_DO,
        body=models.GivingBack,
        answer=models.TaskDetail,
        audit="task_return",
    ),
    Route(
        method="POST",
        path="/tasks/{task_id}/finish",
        handle=_finish,
        summary="Say what was found: it judges the review item, or checks the case. The same `client_id` is one result",
        tag="tasks",
        access=Right.TASK_DO,
        body=models.Finishing,
        answer=models.TaskDetail,
        audit="task_finish",
    ),
]
