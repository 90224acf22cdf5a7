"""Tasks, photos and looks as the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.access.rights import Principal, Right
from gateway.patrol.places import is_near
from gateway.patrol.tasks import is_live
from gateway.web import task_models as models
from gateway.web.context import WebContext
from gateway.web.views import Places, account_names, evidence_view
from storage.records import Evidence, EvidenceKind
from storage.records_patrol import Arrival, CaseLook, Task, TaskPhoto, TaskState

_FIELDS = (
    *("id", "kind", "grid_id", "item_id", "case_id", "event_id", "point_id", "title", "what", "place", "lon", "lat"),
    *("plan_id", "assignee", "state", "created_at", "due_at", "arrived_at", "finished_at", "result", "note"),
)
# What shows a place best before it was handled; clips are for the detail.
_BEFORE = (EvidenceKind.SNAPSHOT, EvidenceKind.THUMBNAIL)


async def task_views(context: WebContext, principal: Principal, tasks: Sequence[Task]) -> list[models.TaskView]:
    """Show tasks, with one query for all names."""
    names = await account_names(context.stores, {i for t in tasks for i in (t.assignee, t.created_by) if i})
    return [_task_view(context, principal, task, names) for task in tasks]


def _task_view(context: WebContext, principal: Principal, task: Task, names: Mapping[str, str]) -> models.TaskView:
    return models.TaskView(
        **{name: getattr(task, name) for name in _FIELDS},
        grid_name=Places(context.site).grid_name(task.grid_id),
        assignee_name=names.get(task.assignee, task.assignee) if task.assignee else None,
        created_by_name=names.get(task.created_by, task.created_by),
        mine=may_act(principal, task),
        overdue=is_overdue(task, context.clock.now()),
        late=is_late(task),
    )


def may_act(principal: Principal, task: Task) -> bool:
    """Say whether an account may go and do a task now: it is theirs, or nobody's."""
    is_free = task.assignee in {None, principal.account.id}
    return is_live(task) and is_free and principal.may(Right.TASK_DO) and principal.scope.allows(task.grid_id)


def is_overdue(task: Task, now: datetime) -> bool:
    """Say whether somebody should have done it by now."""
    return is_live(task) and task.due_at is not None and now > task.due_at


def is_late(task: Task) -> bool:
    """Say whether it was done after it was due."""
    ended_at = task.finished_at if task.state is TaskState.DONE else None
    return task.due_at is not None and ended_at is not None and ended_at > task.due_at


async def task_detail(context: WebContext, principal: Principal, task: Task) -> models.TaskDetail:
    """Show a task with the evidence of its event, its photos and the looks at its case."""
    stores = context.stores
    photos = await stores.tasks.photos(task.id)
    files = await stores.events.evidence(task.event_id) if task.event_id else []
    looks = await stores.looks.of_case(task.case_id) if task.case_id else []
    (shown,) = await task_views(context, principal, [task])
    names = await account_names(
        stores, {p.taken_by for p in photos} | ({task.arrival.account_id} if task.arrival else set())
    )
    return models.TaskDetail(
        **{name: getattr(shown, name) for name in models.TaskView.model_fields},
        arrival=_arrival_view(task.arrival, names) if task.arrival else None,
        photos=[_photo_view(photo, names) for photo in photos],
        evidence=[evidence_view(file) for file in files],
        looks=look_views(looks, files),
    )


def _arrival_view(arrival: Arrival, names: Mapping[str, str]) -> models.ArrivalView:
    return models.ArrivalView(
        at=arrival.at,
        by="code" if arrival.by == "code" else "position",
        by_name=names.get(arrival.account_id, arrival.account_id),
        distance_m=arrival.distance_m,
        near=is_near(arrival.distance_m, arrival.accuracy_m),
        lon=arrival.lon,
        lat=arrival.lat,
        accuracy_m=arrival.accuracy_m,
        point_id=arrival.point_id,
    )


def _photo_view(photo: TaskPhoto, names: Mapping[str, str]) -> models.PhotoView:
    return models.PhotoView(
        id=photo.id,
        moment="after" if photo.moment == "after" else "before",
        width=photo.width,
        height=photo.height,
        size_bytes=photo.size_bytes,
        at=photo.created_at,
        by_name=names.get(photo.taken_by, photo.taken_by),
        url=f"/api/v1/tasks/{photo.task_id}/photos/{photo.id}",
    )


def look_views(looks: Sequence[CaseLook], files: Sequence[Evidence]) -> list[models.LookView]:
    """Show looks, each beside the best picture of what had been seen."""
    by_id = {file.id: file for file in files}
    before = next((file for kind in _BEFORE for file in files if file.kind is kind), None)
    shown = []
    for look in looks:
        after = by_id.get(look.evidence_id) if look.evidence_id else None
        shown.append(
            models.LookView(
                id=look.id,
                at=look.at,
                result=look.result,
                detector=look.detector,
                detail=look.detail,
                before=evidence_view(before) if before else None,
                after=evidence_view(after) if after else None,
            )
        )
    return shown
