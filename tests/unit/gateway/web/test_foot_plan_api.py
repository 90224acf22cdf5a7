"""Plans of tasks on foot over HTTP, the tasks that the clerk makes of them, and a day's tasks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.web.patrol_services import make_foot_clerk
from tests.unit.gateway.web.house import Client, House, SignedIn
from tests.unit.gateway.web.patrols import API, get, post


async def points_of(leader: Client, *names: str) -> list[str]:
    """Make points in the east; return their ids."""
    made = [await post(leader, "/points", grid_id="east", name=name, lon=117.0, lat=36.6) for name in names]
    return [point["id"] for _, point in made]


def draft(point_ids: list[str], **changes: Any) -> dict[str, Any]:
    whole_day = [{"start": "00:00", "end": "23:59"}]
    made = {"name": "早巡", "grid_id": "east", "point_ids": point_ids, "windows": whole_day, "note": "看水位"}
    return made | changes


async def test_plan_is_made_changed_and_removed(signed_in: SignedIn) -> None:
    """By leaders of the grid, by versions; workers do not see plans."""
    leader = await signed_in("grid-leader")
    gate, bridge = await points_of(leader, "水闸", "东桥")
    status, plan = await post(leader, "/patrol/foot-plans", **draft([gate, bridge, gate], weekdays=["fri", "mon"]))
    assert (status, plan["version"], plan["weekdays"], plan["gone"]) == (201, 1, ["mon", "fri"], 0)
    assert plan["points"] == [{"id": gate, "name": "水闸"}, {"id": bridge, "name": "东桥"}]
    path = f"/patrol/foot-plans/{plan['id']}"
    assert (await post(leader, path, **draft([gate], version=0)))[0] == 409
    status, changed = await post(leader, path, **draft([bridge], version=1, workdays=True, assignee="acc_grid-worker"))
    assert (status, changed["version"], changed["assignee_name"]) == (200, 2, "grid-worker 同志")
    await leader.delete(f"{API}/points/{bridge}")
    (shown,) = (await get(leader, "/patrol/foot-plans?grid_id=east"))[1]["items"]
    assert (shown["points"], shown["gone"], shown["workdays"]) == ([], 1, True)
    assert (await get(await signed_in("grid-worker"), "/patrol/foot-plans"))[0] == 403
    assert (await leader.delete(API + path)).status == 204
    assert (await get(leader, "/patrol/foot-plans"))[1]["items"] == []


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"grid_id": "west"}, 404),
        ({"point_ids": []}, 422),
        ({"point_ids": ["cp_none"]}, 422),
        ({"windows": [{"start": "08:00", "end": "08:00"}]}, 422),
        ({"windows": [{"start": "08:00", "end": "10:00"}, {"start": "09:00", "end": "11:00"}]}, 422),
        ({"assignee": "acc_west-worker"}, 422),
        ({"assignee": "nobody"}, 422),
        ({"weekdays": ["someday"]}, 422),
    ],
)
async def test_plan_that_cannot_be_walked_is_refused(signed_in: SignedIn, changes: dict[str, Any], status: int) -> None:
    """Other grids, points that are not there, windows that overlap, people who cannot go."""
    leader = await signed_in("grid-leader")
    ids = await points_of(leader, "水闸")
    assert (await post(leader, "/patrol/foot-plans", **draft(ids) | changes))[0] == status


async def test_clerk_makes_tasks_and_the_leader_sees_what_became_of_them(house: House, signed_in: SignedIn) -> None:
    """One per point; done in time, done late, missed: each is told, and the log has it."""
    local = house.clock.now().astimezone(house.context.settings.timezone)
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    house.clock.ahead = noon - local  # far from midnight, whenever the test runs
    leader, worker = await signed_in("grid-leader"), await signed_in("grid-worker")
    ids = await points_of(leader, "水闸", "东桥", "西桥")
    window = [{"start": "11:00", "end": "13:00"}]
    await post(leader, "/patrol/foot-plans", **draft(ids, windows=window, assignee="acc_grid-worker"))
    clerk = make_foot_clerk(house.context)
    await clerk.run_once()
    await clerk.run_once()
    tasks = (await get(worker, "/tasks?mine=true"))[1]["items"]
    assert sorted(task["place"] for task in tasks) == ["东桥", "水闸", "西桥"]
    assert {(task["title"], task["assignee"], task["note"]) for task in tasks} == {
        ("早巡", "acc_grid-worker", "看水位")
    }
    done, late, left = tasks
    for hours, task in ((0, done), (2, late)):
        house.clock.ahead += timedelta(hours=hours)
        await post(worker, f"/tasks/{task['id']}/arrive", lon=117.0, lat=36.6, accuracy_m=5)
        ended = await post(worker, f"/tasks/{task['id']}/finish", result="rejected", client_id=f"client-{hours}")
        assert ended[0] == 200
    house.clock.ahead += timedelta(hours=2)
    await clerk.run_once()
    _, day = await get(leader, "/patrol/foot?grid_id=east")
    states = {task["id"]: (task["state"], task["late"]) for task in day["items"]}
    assert states == {done["id"]: ("done", False), late["id"]: ("done", True), left["id"]: ("missed", False)}
    assert (await post(worker, f"/tasks/{left['id']}/arrive", lon=117.0, lat=36.6, accuracy_m=5))[0] == 409
    _, log = await get(leader, "/patrol/log?grid_id=east")
    assert [entry["what"] for entry in log["items"] if entry["ref_id"] == left["id"]] == ["task_made", "task_missed"]


async def test_day_shows_routine_tasks_in_scope(house: House, signed_in: SignedIn) -> None:
    """One by hand that is overdue since yesterday is still there; nothing of other grids."""
    leader = await signed_in("grid-leader")
    yesterday = (house.clock.now() - timedelta(days=1)).isoformat()
    _, task = await post(leader, "/tasks", grid_id="east", title="看水闸", due_at=yesterday)
    _, day = await get(leader, "/patrol/foot")
    assert [(item["id"], item["overdue"]) for item in day["items"]] == [(task["id"], True)]
    assert (await get(await signed_in("west-worker"), "/patrol/foot"))[1]["items"] == []


async def test_clerk_sends_who_may_go(house: House, signed_in: SignedIn) -> None:
    """Somebody who lost the grid is not sent there any more; without a named worker whoever takes it goes."""
    leader = await signed_in("grid-leader")
    ids = await points_of(leader, "水闸")
    await post(leader, "/patrol/foot-plans", **draft(ids, assignee="acc_grid-worker"))
    worker = await house.stores.accounts.by_name("grid-worker")
    assert worker is not None
    await house.stores.accounts.update(replace(worker, grid_ids=("west",)))
    await make_foot_clerk(house.context).run_once()
    (task,) = (await get(leader, "/tasks"))[1]["items"]
    assert task["assignee"] is None
