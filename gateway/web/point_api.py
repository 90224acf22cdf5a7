"""Points that are visited on foot, each with a code to be printed and posted there."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from gateway.access.rights import Right, require
from gateway.errors import NotFound
from gateway.evidence.qr import CodeRefused, code_in, svg_of
from gateway.web import task_models as models
from gateway.web.problems import ProblemRaised
from gateway.web.routes import Call, Route
from gateway.web.uploads import read_file
from gateway.web.views import account_names
from storage.ids import new_id
from storage.records_patrol import CheckPoint, Task

# Easy to type from a worn sign: no i, l, o, u. 12 letters are 60 bits: nobody guesses one.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
CODE_LETTERS = 12
MAX_PICTURE_BYTES = 4 << 20
# Reading takes tens of milliseconds of a core: pictures come one by one, and what does not fit is not queued.
_READING = asyncio.Semaphore(1)
READ_AGAIN_S = 1


async def _list(call: Call[models.PointQuery, None]) -> list[models.CheckPointView]:
    points = await call.context.stores.tasks.points(call.principal.scope, call.query.grid_id, call.query.q)
    return await _views(call, points)


async def _views(
    call: Call[models.PointQuery, None] | Call[None, models.CheckPointDraft], points: Sequence[CheckPoint]
) -> list[models.CheckPointView]:
    stores = call.context.stores
    checks = await stores.tasks.last_checks([point.id for point in points])
    names = await account_names(stores, {task.finished_by for task in checks.values() if task.finished_by})
    # Who is to be there must not be able to read the code at home.
    shows_code = call.principal.may(Right.PATROL_PLAN)
    return [
        models.CheckPointView(
            id=point.id,
            grid_id=point.grid_id,
            name=point.name,
            lon=point.lon,
            lat=point.lat,
            code=point.code if shows_code else None,
            last_check=_check(checks[point.id], names) if point.id in checks else None,
        )
        for point in points
    ]


def _check(task: Task, names: dict[str, str]) -> models.LastCheck | None:
    if task.finished_at is None:
        return None
    return models.LastCheck(
        task_id=task.id,
        at=task.finished_at,
        by_name=names.get(task.finished_by or "", task.finished_by or ""),
        result=task.result,
        arrived_by=None if task.arrival is None else "code" if task.arrival.by == "code" else "position",
    )


async def _add(call: Call[None, models.CheckPointDraft]) -> models.CheckPointView:
    draft = call.body
    _check_grid(call, draft.grid_id)
    point = CheckPoint(
        id=new_id("cp"),
        grid_id=draft.grid_id,
        name=draft.name,
        lon=draft.lon,
        lat=draft.lat,
        code="".join(secrets.choice(_LETTERS) for _ in range(CODE_LETTERS)),
        created_at=call.context.clock.now(),
    )
    await call.context.stores.tasks.add_point(point)
    (shown,) = await _views(call, [point])
    return shown


def _check_grid(call: Call[None, models.CheckPointDraft], grid_id: str) -> None:
    require(call.principal, Right.PATROL_PLAN, grid_id)
    if all(grid.id != grid_id for grid in call.context.site.grids):
        raise NotFound(grid_id)


async def _change(call: Call[None, models.CheckPointDraft]) -> models.CheckPointView:
    point = await call.context.stores.tasks.point(call.id("point_id"))
    require(call.principal, Right.PATROL_PLAN, point.grid_id)
    draft = call.body
    _check_grid(call, draft.grid_id)
    changed = replace(point, grid_id=draft.grid_id, name=draft.name, lon=draft.lon, lat=draft.lat)
    await call.context.stores.tasks.save_point(changed)
    (shown,) = await _views(call, [changed])
    return shown


async def _remove(call: Call[None, None]) -> None:
    point = await call.context.stores.tasks.point(call.id("point_id"))
    require(call.principal, Right.PATROL_PLAN, point.grid_id)
    await call.context.stores.tasks.remove_point(point.id, call.context.clock.now())


async def _sign(call: Call[None, None]) -> web.StreamResponse:
    point = await call.context.stores.tasks.point(call.id("point_id"))
    require(call.principal, Right.PATROL_PLAN, point.grid_id)
    return web.Response(text=svg_of(point.code), content_type="image/svg+xml", headers={"Cache-Control": "no-store"})


async def _read(call: Call[None, None]) -> models.CodeRead:
    data = await read_file(call.request, MAX_PICTURE_BYTES)
    if _READING.locked():
        again = {"Retry-After": str(READ_AGAIN_S)}
        raise ProblemRaised(429, "too_many_tries", "another picture is being read", headers=again)
    try:
        async with _READING:
            return models.CodeRead(code=await asyncio.to_thread(code_in, data))
    except CodeRefused as exc:
        raise ProblemRaised(415, "invalid", "not a picture that can be read") from exc


ROUTES = [
    Route(
        method="GET",
        path="/points",
        handle=_list,
        summary="List points in scope with their last check; codes are shown to those who plan patrols",
        tag="tasks",
        access=Right.TASK_DO,
        query=models.PointQuery,
        answer=list[models.CheckPointView],
    ),
    Route(
        method="POST",
        path="/points",
        handle=_add,
        summary="Add a point; its code is made here",
        tag="tasks",
        access=Right.PATROL_PLAN,
        body=models.CheckPointDraft,
        answer=models.CheckPointView,
        status=201,
        audit="point_add",
    ),
    Route(
        method="POST",
        path="/points/read",
        handle=_read,
        summary="Read the code in a picture (the body is the file, at most 4 MiB); nothing of it is kept",
        tag="tasks",
        access=Right.TASK_DO,
        answer=models.CodeRead,
    ),
    Route(
        method="POST",
        path="/points/{point_id}",
        handle=_change,
        summary="Change a point's name, grid or position; its code stays",
        tag="tasks",
        access=Right.PATROL_PLAN,
        body=models.CheckPointDraft,
        answer=models.CheckPointView,
        audit="point_change",
    ),
    Route(
        method="DELETE",
        path="/points/{point_id}",
        handle=_remove,
        summary="Remove a point; its open tasks are cancelled, those that were done stay",
        tag="tasks",
        access=Right.PATROL_PLAN,
        status=204,
        audit="point_removed",
    ),
    Route(
        method="GET",
        path="/points/{point_id}/code",
        handle=_sign,
        summary="A point's code as QR, to be printed",
        tag="tasks",
        access=Right.PATROL_PLAN,
        media_type="image/svg+xml",
    ),
]
