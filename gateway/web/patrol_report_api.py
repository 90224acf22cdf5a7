"""One log for both kinds of patrol, and the day's coverage of a grid on one map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from gateway.access.rights import Right, require
from gateway.errors import NotFound
from gateway.web import report_models as models
from gateway.web.coverage_sums import Span, by_camera, local_day, watched_share
from gateway.web.routes import Call, Route
from gateway.web.views import account_names
from storage.protocols import Scope
from storage.protocols_patrol import RoundFilter, TaskFilter
from storage.records_patrol import PatrolRound, PatrolView, RoundState, Task, TaskState, ViewVerdict

# A grid has a handful of rounds and tasks a day; beyond this something else is wrong.
MOST_OF_A_DAY = 500
_ENDS: dict[RoundState, models.LogWord] = {RoundState.DONE: "round_done", RoundState.LATE: "round_late"}
_TASK_ENDS: dict[TaskState, models.LogWord] = {TaskState.DONE: "task_done", TaskState.MISSED: "task_missed"}


@dataclass(frozen=True, slots=True)
class DayOfGrid:
    """All that happened in one grid on one local day."""

    rounds: Sequence[PatrolRound]
    views: Sequence[PatrolView]
    tasks: Sequence[Task]
    cut: bool


async def _log(call: Call[models.DayOfGridQuery, None]) -> models.PatrolLog:
    require(call.principal, Right.PATROL_DO, call.query.grid_id)
    day, span = local_day(call.context, call.query.day)
    happened = await _happened(call, span)
    entries = [*_of_rounds(happened), *_of_tasks(happened.tasks, span)]
    people = await account_names(call.context.stores, {entry.by_name for entry in entries})
    named = [entry.model_copy(update={"by_name": people.get(entry.by_name or "", entry.by_name)}) for entry in entries]
    return models.PatrolLog(day=day, items=sorted(named, key=lambda entry: entry.at), cut=happened.cut)


async def _happened(call: Call[models.DayOfGridQuery, None], span: Span) -> DayOfGrid:
    stores, grid_id = call.context.stores, call.query.grid_id
    scope = Scope(frozenset({grid_id}))
    rounds = await stores.patrol.rounds(scope, RoundFilter(span.start, span.end), limit=MOST_OF_A_DAY)
    views = await stores.patrol.views([found.id for found in rounds.items])
    tasks = await stores.tasks.page(scope, TaskFilter(start=span.start, end=span.end), limit=MOST_OF_A_DAY)
    cut = rounds.next_cursor is not None or tasks.next_cursor is not None
    return DayOfGrid(rounds.items, views, tasks.items, cut)


def _of_rounds(happened: DayOfGrid) -> Iterator[models.LogEntry]:
    names = {found.id: found.name for found in happened.rounds}
    for found in happened.rounds:
        yield from _of_round(found)
    for view in happened.views:
        if view.verdict is ViewVerdict.NORMAL:
            continue
        yield models.LogEntry(
            at=view.judged_at,
            kind="video",
            what="finding" if view.verdict is ViewVerdict.FINDING else "not_viewable",
            ref_id=view.round_id,
            name=names[view.round_id],
            by_name=view.judged_by,
            camera_id=view.camera_id,
            event_id=view.event_id,
            note=view.note,
        )


def _of_round(found: PatrolRound) -> Iterator[models.LogEntry]:
    if found.started_at is not None:
        yield models.LogEntry(
            at=found.started_at,
            kind="video",
            what="round_begun",
            ref_id=found.id,
            name=found.name,
            by_name=found.assignee,
        )
    ended_at = found.closes_at if found.state is RoundState.MISSED else found.finished_at
    if ended_at is not None:
        yield models.LogEntry(
            at=ended_at,
            kind="video",
            what=_ENDS.get(found.state, "round_missed"),
            ref_id=found.id,
            name=found.name,
            by_name=found.assignee,
            seen=found.seen,
            points=found.planned,
        )


def _of_tasks(tasks: Iterable[Task], span: Span) -> Iterator[models.LogEntry]:
    for task in tasks:
        for entry in _of_task(task):
            if span.start <= entry.at < span.end:
                yield entry


def _of_task(task: Task) -> Iterator[models.LogEntry]:
    yield models.LogEntry(
        at=task.created_at, kind="foot", what="task_made", ref_id=task.id, name=task.title, by_name=task.created_by
    )
    if task.arrival is not None:
        yield models.LogEntry(
            at=task.arrival.at,
            kind="foot",
            what="arrived",
            ref_id=task.id,
            name=task.title,
            by_name=task.arrival.account_id,
            distance_m=task.arrival.distance_m,
        )
    if task.finished_at is not None:
        yield models.LogEntry(
            at=task.finished_at,
            kind="foot",
            what=_TASK_ENDS.get(task.state, "task_cancelled"),
            ref_id=task.id,
            name=task.title,
            by_name=task.finished_by,
            result=task.result.value if task.result else None,
            note=task.note,
        )


async def _coverage(call: Call[models.DayOfGridQuery, None]) -> models.PatrolCoverage:
    grid_id = call.query.grid_id
    require(call.principal, Right.PATROL_DO, grid_id)
    grid = call.context.site.find_grid(grid_id)
    if grid is None:
        raise NotFound(grid_id)
    day, span = local_day(call.context, call.query.day)
    happened = await _happened(call, span)
    return models.PatrolCoverage(
        day=day,
        grid_id=grid_id,
        polygon=list(grid.polygon),
        cameras=await _cameras(call, happened, span),
        points=await _points(call, happened, span),
        tasks=[_task(task) for task in happened.tasks],
    )


async def _cameras(
    call: Call[models.DayOfGridQuery, None], happened: DayOfGrid, span: Span
) -> list[models.CameraPatrolled]:
    cameras = [c for c in call.context.site.cameras if call.query.grid_id in c.grids and c.enabled]
    tally = await by_camera(call.context, cameras, span)
    planned = {point.camera_id for found in happened.rounds for point in found.views}
    seen = {view.camera_id for view in happened.views if view.verdict is not ViewVerdict.NOT_VIEWABLE}
    findings = Counter(view.camera_id for view in happened.views if view.verdict is ViewVerdict.FINDING)
    return [
        models.CameraPatrolled(
            id=camera.id,
            name=camera.name,
            lon=camera.position.lon,
            lat=camera.position.lat,
            video_share=watched_share(tally[camera.id]),
            planned=camera.id in planned,
            seen_in_round=camera.id in seen,
            findings=findings[camera.id],
        )
        for camera in cameras
    ]


async def _points(
    call: Call[models.DayOfGridQuery, None], happened: DayOfGrid, span: Span
) -> list[models.PointPatrolled]:
    arrivals = [task for task in happened.tasks if task.arrival and span.start <= task.arrival.at < span.end]
    checked = {task.arrival.point_id for task in arrivals if task.arrival} | {task.point_id for task in arrivals}
    points = await call.context.stores.tasks.points(call.principal.scope, call.query.grid_id)
    return [models.PointPatrolled(id=p.id, name=p.name, lon=p.lon, lat=p.lat, checked=p.id in checked) for p in points]


def _task(task: Task) -> models.TaskPatrolled:
    return models.TaskPatrolled(
        id=task.id,
        kind=task.kind,
        title=task.title,
        lon=task.lon,
        lat=task.lat,
        state=task.state,
        arrived=task.arrival is not None,
    )


ROUTES = [
    Route(
        method="GET",
        path="/patrol/log",
        handle=_log,
        summary="Show a day's patrols of a grid, by video and on foot, in order of time",
        tag="patrol",
        access=Right.PATROL_DO,
        query=models.DayOfGridQuery,
        answer=models.PatrolLog,
    ),
    Route(
        method="GET",
        path="/patrol/coverage",
        handle=_coverage,
        summary="Show what of a grid was seen on a day, by video and on foot",
        tag="patrol",
        access=Right.PATROL_DO,
        query=models.DayOfGridQuery,
        answer=models.PatrolCoverage,
    ),
]
