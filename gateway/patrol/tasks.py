"""Tasks on foot: who gets them, what a result means, which steps are allowed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.errors import GridPatrolError
from gateway.patrol.places import distance_m
from storage.ids import new_id
from storage.records import Case, CaseState, Event, ReviewItem, Verdict
from storage.records_patrol import LIVE_TASKS, Arrival, CheckPoint, Task, TaskKind, TaskResult, TaskState

SYSTEM = "system"


class WrongResult(GridPatrolError):
    """This result means nothing for this kind of task."""


class WrongCode(GridPatrolError):
    """The code is unknown here, or that of another point."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go."""

    title: str
    place: str
    lon: float | None
    lat: float | None


@dataclass(frozen=True, slots=True)
class Order:
    """Who asks whom, until when."""

    by: str  # account id or "system"
    assignee: str | None
    due_at: datetime | None
    at: datetime
    note: str = ""


def check_task(item: ReviewItem, where: Place, order: Order) -> Task:
    """Return the task that a verdict `on_site` leads to."""
    return _task(TaskKind.CHECK, item.grid_id, where, order, what=item.event_type, item=item)


def verify_task(case: Case, event: Event, where: Place, order: Order) -> Task:
    """Return the task that a case which came back as handled leads to."""
    made = _task(TaskKind.VERIFY, case.grid_id, where, order, what=case.event_type)
    return replace(made, case_id=case.id, event_id=event.id)


def routine_task(grid_id: str, where: Place, order: Order, point_id: str | None = None) -> Task:
    """Return a task made by hand."""
    return replace(_task(TaskKind.ROUTINE, grid_id, where, order), point_id=point_id)


def _task(
    kind: TaskKind, grid_id: str, where: Place, order: Order, *, what: str = "", item: ReviewItem | None = None
) -> Task:
    return Task(
        id=new_id("task"),
        kind=kind,
        grid_id=grid_id,
        title=where.title,
        what=what,
        place=where.place,
        lon=where.lon,
        lat=where.lat,
        created_at=order.at,
        created_by=order.by,
        due_at=order.due_at,
        assignee=order.assignee,
        item_id=item.id if item else None,
        event_id=item.event_id if item else None,
        note=order.note,
    )


def right_worker(workers: Sequence[str], load: Mapping[str, int]) -> str | None:
    """Return who of a grid's workers has the fewest live tasks, the first named of equals; None: nobody is named."""
    return min(workers, key=lambda account_id: load.get(account_id, 0), default=None)


def arrival_by_position(
    task: Task, account_id: str, position: tuple[float, float], accuracy_m: float, at: datetime
) -> Arrival:
    """Return a check-in by the phone's position."""
    lon, lat = position
    return Arrival(at, "position", account_id, _from_place(task, lon, lat), lon, lat, accuracy_m)


def arrival_by_code(task: Task, account_id: str, point: CheckPoint | None, at: datetime) -> Arrival:
    """Return a check-in by the code of a point.

    Raises:
        WrongCode: The code is unknown, of another grid, or of another point than the task's.
    """
    if point is None or point.grid_id != task.grid_id or task.point_id not in {None, point.id}:
        raise WrongCode(task.id)
    distance = _from_place(task, point.lon, point.lat)
    return Arrival(at, "code", account_id, distance, point_id=point.id)


def _from_place(task: Task, lon: float, lat: float) -> float | None:
    if task.lon is None or task.lat is None:
        return None
    return round(distance_m(task.lon, task.lat, lon, lat), 1)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a task was ended."""

    result: TaskResult
    note: str
    by: str
    at: datetime
    client_id: str | None


def finished(task: Task, ending: Ending) -> Task:
    """Return the task as done; one that nobody had is then that account's."""
    return replace(
        task,
        state=TaskState.DONE,
        assignee=task.assignee or ending.by,
        finished_at=ending.at,
        finished_by=ending.by,
        result=ending.result,
        note=ending.note,
        client_id=ending.client_id,
    )


def is_live(task: Task) -> bool:
    """Say whether something is still to be done."""
    return task.state in LIVE_TASKS


def judged_on_site(item: ReviewItem, ending: Ending) -> ReviewItem:
    """Return the item with the verdict that was found on site. What was handled at once was there: no false alarm."""
    verdict = Verdict.REJECTED if ending.result is TaskResult.REJECTED else Verdict.CONFIRMED
    return replace(
        item,
        verdict=verdict,
        reason="other" if verdict is Verdict.REJECTED else "",
        note=ending.note,
        judged_by=ending.by,
        judged_at=ending.at,
    )


def case_state_after(result: TaskResult) -> CaseState:
    """Return what a result says of a case that came back as handled.

    Raises:
        WrongResult: That it was never there cannot be said of a case that was handled.
    """
    if result is TaskResult.REJECTED:
        raise WrongResult(result.value)
    return CaseState.VERIFIED if result is TaskResult.HANDLED else CaseState.REWORK
