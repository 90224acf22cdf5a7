"""Patrol plans over HTTP: written by leaders, within their grids, and only such as can be walked."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.gateway.web.house import House, SignedIn
from tests.unit.gateway.web.patrols import API, draft, get, post

VIEW = {"camera_id": "cam-east", "dwell_s": 20}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"points": []}, "points"),
        ({"points": [VIEW] * 41}, "points"),
        ({"points": [VIEW | {"camera_id": "cam-west"}]}, "points.0.camera_id"),
        ({"points": [VIEW | {"dwell_s": 1}]}, "points.0.dwell_s"),
        ({"points": [VIEW | {"id": "a"}, VIEW | {"id": "a"}]}, "points"),
        ({"windows": []}, "windows"),
        ({"windows": [{"start": "9:00", "end": "10:00"}]}, "windows.0.start"),
        ({"windows": [{"start": "24:00", "end": "10:00"}]}, "windows.0.start"),
        ({"windows": [{"start": "09:00", "end": "09:00"}]}, "windows"),
        ({"windows": [{"start": "09:00", "end": "11:00"}, {"start": "10:00", "end": "12:00"}]}, "windows"),
        ({"windows": [{"start": "09:00", "end": "09:01"}], "points": [VIEW | {"dwell_s": 61}]}, "windows"),
        ({"weekdays": ["monday"]}, "weekdays.0"),
        ({"assignees": ["acc_west-worker"]}, "assignees"),
        ({"assignees": ["acc_auditor"]}, "assignees"),
        ({"assignees": ["nobody"]}, "assignees"),
        ({"name": " "}, "name"),
    ],
)
async def test_plan_that_cannot_be_patrolled_is_refused(
    signed_in: SignedIn, change: dict[str, Any], field: str
) -> None:
    """422 names the field."""
    status, problem = await post(await signed_in("grid-leader"), "/patrol/plans", **draft(**change))
    assert (status, problem["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize("name", ["grid-worker", "maintainer", "auditor"])
async def test_plans_are_written_by_leaders(signed_in: SignedIn, name: str) -> None:
    """Workers read plans, and are 403 for writing them."""
    client = await signed_in(name)
    assert (await post(client, "/patrol/plans", **draft()))[0] == 403
    assert (await post(client, "/patrol/plans/suggest", grid_id="east"))[0] == 403
    assert (await client.get(f"{API}/patrol/plans")).status == (200 if name == "grid-worker" else 403)


async def test_plans_of_other_grids_are_not_there(signed_in: SignedIn) -> None:
    """Writing, changing, removing, proposing and listing end at the scope."""
    admin, leader = await signed_in("admin"), await signed_in("grid-leader")
    west = draft(grid_id="west", points=[VIEW | {"camera_id": "cam-west"}])
    assert (await post(leader, "/patrol/plans", **west))[0] == 404
    status, plan = await post(admin, "/patrol/plans", **west)
    assert status == 201
    assert (await post(leader, f"/patrol/plans/{plan['id']}", **west, version=1))[0] == 404
    assert (await leader.delete(f"{API}/patrol/plans/{plan['id']}")).status == 404
    assert (await post(leader, "/patrol/plans/suggest", grid_id="west"))[0] == 404
    assert (await get(leader, "/patrol/workers?grid_id=west"))[0] == 404
    assert (await get(leader, "/patrol/plans"))[1]["items"] == []
    assert (await post(admin, "/patrol/plans", **draft(grid_id="nowhere")))[0] == 404


async def test_plan_is_kept_changed_and_removed(house: House, signed_in: SignedIn) -> None:
    """Versions count up; who changed an old one is told; the register knows."""
    client = await signed_in("grid-leader")
    wanted = draft(assignees=["acc_grid-worker"], weekdays=["fri", "mon"], windows=[{"start": "22:00", "end": "01:00"}])
    status, plan = await post(client, "/patrol/plans", **wanted)
    assert status == 201
    assert (plan["version"], plan["weekdays"], plan["look_s"]) == (1, ["mon", "fri"], 20)
    assert (plan["assignee_names"], plan["points"][0]["camera_name"]) == (["grid-worker 同志"], "摄像机 cam-east")
    assert plan["points"][0]["name"] == "摄像机 cam-east"
    path = f"/patrol/plans/{plan['id']}"
    changed = draft(name="晚巡", points=plan["points"][:1], version=1)
    changed["points"] = [{key: plan["points"][0][key] for key in ("id", "camera_id", "name", "dwell_s")}]
    status, second = await post(client, path, **changed)
    assert (status, second["version"], second["points"][0]["id"]) == (200, 2, plan["points"][0]["id"])
    assert (await post(client, path, **changed))[0] == 409
    assert (await post(client, path, **changed | {"version": 2, "grid_id": "west"}))[0] in {404, 422}
    assert [p["name"] for p in (await get(client, "/patrol/plans?grid_id=east"))[1]["items"]] == ["晚巡"]
    assert (await client.delete(API + path)).status == 204
    assert (await client.delete(API + path)).status == 404
    actions = [entry.action for entry in await house.stores.audit.entries() if entry.action.startswith("patrol")]
    assert actions == ["patrol_plan", "patrol_plan", "patrol_plan_removed"]


async def test_proposal_can_be_saved_as_it_is(signed_in: SignedIn) -> None:
    """Three windows a day over the grid's cameras, nothing saved by proposing."""
    client = await signed_in("grid-leader")
    status, proposal = await post(client, "/patrol/plans/suggest", grid_id="east")
    assert (status, proposal["left_out"], len(proposal["windows"]), proposal["look_s"]) == (200, 0, 3, 30)
    assert (await get(client, "/patrol/plans"))[1]["items"] == []
    points = [{key: point[key] for key in ("id", "camera_id", "name", "dwell_s")} for point in proposal["points"]]
    assert (await post(client, "/patrol/plans", **draft(points=points, windows=proposal["windows"])))[0] == 201


async def test_who_may_be_named_is_listed(signed_in: SignedIn) -> None:
    """Everybody who may patrol the grid; nobody else."""
    status, workers = await get(await signed_in("grid-leader"), "/patrol/workers?grid_id=east")
    assert status == 200
    assert {worker["id"] for worker in workers} == {
        "acc_grid-worker",
        "acc_grid-leader",
        "acc_operator",
        "acc_admin",
    }
