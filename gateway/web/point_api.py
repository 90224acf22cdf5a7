"""Points that are visited on foot, each with a code to be printed and posted there."""

from __future__ import annotations

import secrets

from gateway.access.rights import Right, require
from gateway.errors import NotFound
from gateway.web import task_models as models
from gateway.web.routes import Call, Route
from storage.ids import new_id
from storage.records_patrol import CheckPoint

# Easy to type from a worn sign: no i, l, o, u. 12 letters are 60 bits: nobody guesses one.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
CODE_LETTERS = 12


async def _list(call: Call[models.PointQuery, None]) -> list[models.CheckPointView]:
    points = await call.context.stores.tasks.points(call.principal.scope, call.query.grid_id)
    return [_view(point, shows_code=call.principal.may(Right.PATROL_PLAN)) for point in points]


async def _add(call: Call[None, models.CheckPointDraft]) -> models.CheckPointView:
    draft = call.body
    require(call.principal, Right.PATROL_PLAN, draft.grid_id)
    if all(grid.id != draft.grid_id for grid in call.context.site.grids):
        raise NotFound(draft.grid_id)
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
    return _view(point, shows_code=True)


def _view(point: CheckPoint, *, shows_code: bool) -> models.CheckPointView:
    # Who is to be there must not be able to read the code at home.
    code = point.code if shows_code else None
    return models.CheckPointView(
        id=point.id, grid_id=point.grid_id, name=point.name, lon=point.lon, lat=point.lat, code=code
    )


ROUTES = [
    Route(
        method="GET",
        path="/points",
        handle=_list,
        summary="List points in scope; codes are shown to those who plan patrols",
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
]
