"""Points over HTTP: made by leaders, their codes hidden from those who are to go there."""

from __future__ import annotations

from gateway.web.point_api import CODE_LETTERS
from tests.unit.gateway.web.house import SignedIn
from tests.unit.gateway.web.patrols import get, post

GATE = {"grid_id": "east", "name": "水闸", "lon": 117.0, "lat": 36.6}


async def test_code_is_for_those_who_post_it(signed_in: SignedIn) -> None:
    """A worker sees the point and scans its code on site; other grids see neither."""
    leader, worker = await signed_in("grid-leader"), await signed_in("grid-worker")
    status, point = await post(leader, "/points", **GATE)
    assert (status, len(point["code"])) == (201, CODE_LETTERS)
    assert (await get(leader, "/points?grid_id=east"))[1] == [point]
    assert (await get(worker, "/points"))[1] == [point | {"code": None}]
    assert (await get(await signed_in("west-worker"), "/points"))[1] == []


async def test_points_stand_in_known_grids(signed_in: SignedIn) -> None:
    """Within the scope, by who plans patrols, at a position that exists."""
    leader = await signed_in("grid-leader")
    assert (await post(leader, "/points", **GATE | {"grid_id": "west"}))[0] == 404
    assert (await post(await signed_in("admin"), "/points", **GATE | {"grid_id": "nowhere"}))[0] == 404
    assert (await post(await signed_in("grid-worker"), "/points", **GATE))[0] == 403
    assert (await post(leader, "/points", **GATE | {"lat": 91}))[0] == 422
