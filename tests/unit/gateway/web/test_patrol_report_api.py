"""One log and one map for both kinds of patrol."""

from __future__ import annotations

from datetime import timedelta

from storage.records_patrol import CheckPoint
from tests.unit.gateway.web.house import House, SignedIn
from tests.unit.gateway.web.patrols import add_round, finding, get, on_site, post, started, verdict


async def test_other_grids_are_not_there(signed_in: SignedIn) -> None:
    """Log and map end at the scope, and need a grid."""
    client = await signed_in("grid-worker")
    for path in ("log", "coverage"):
        assert (await get(client, f"/patrol/{path}?grid_id=west"))[0] == 404
        assert (await get(client, f"/patrol/{path}"))[0] == 422
        assert (await get(await signed_in("admin"), f"/patrol/{path}?grid_id=nowhere"))[0] in {200, 404}


async def test_day_is_told_in_one_log(house: House, signed_in: SignedIn) -> None:
    """What was begun, found, ended and missed, by video and on foot, in order of time and with names."""
    worker = await signed_in("grid-worker")
    found = await add_round(house)
    await started(worker, found)
    await post(worker, f"/patrol/rounds/{found.id}/views/p1", **finding())
    await post(worker, f"/patrol/rounds/{found.id}/views/p2", **verdict(dwell_s=0.1))
    await post(worker, f"/patrol/rounds/{found.id}/finish")
    task = await on_site(house, worker, 2)
    await post(worker, f"/tasks/{task['id']}/arrive", lon=117.0, lat=36.6, accuracy_m=5)
    await post(worker, f"/tasks/{task['id']}/finish", result="rejected", client_id="client-0001")
    status, log = await get(worker, "/patrol/log?grid_id=east")
    assert (status, log["cut"]) == (200, False)
    assert [(e["kind"], e["what"]) for e in log["items"]] == [
        ("video", "round_begun"),
        ("video", "finding"),
        ("video", "round_done"),
        ("foot", "task_made"),
        ("foot", "arrived"),
        ("foot", "task_done"),
    ]
    assert {e["by_name"] for e in log["items"]} == {"grid-worker 同志"}
    assert (log["items"][2]["seen"], log["items"][2]["points"]) == (2, 2)
    assert log["items"][5]["result"] == "rejected"


async def test_missed_round_stands_in_the_log_when_it_closed(house: House, signed_in: SignedIn) -> None:
    """Of nobody, with nothing seen."""
    found = await add_round(house, opened_s_ago=4 * 3600)
    await house.stores.patrol.miss(house.clock.now())
    _, log = await get(await signed_in("grid-leader"), f"/patrol/log?grid_id=east&day={found.day}")
    assert [(e["what"], e["by_name"], e["seen"]) for e in log["items"]] == [("round_missed", None, 0)]


async def test_map_shows_what_was_seen_by_whom(house: House, signed_in: SignedIn) -> None:
    """Planned is not seen, a dark camera is not seen; points are checked by arrival."""
    await house.stores.tasks.add_point(CheckPoint("cp_1", "east", "水闸", 117.0, 36.6, "abcd2345", house.clock.now()))
    worker, leader = await signed_in("grid-worker"), await signed_in("grid-leader")
    found = await add_round(house)
    await started(worker, found)
    await post(
        worker, f"/patrol/rounds/{found.id}/views/p1", **verdict(verdict="not_viewable", shown="none", dwell_s=0)
    )
    _, before = await get(worker, "/patrol/coverage?grid_id=east")
    assert [(c["planned"], c["seen_in_round"]) for c in before["cameras"]] == [(True, False)]
    assert [p["checked"] for p in before["points"]] == [False]
    house.clock.ahead = timedelta(seconds=5)
    await post(worker, f"/patrol/rounds/{found.id}/views/p2", **verdict())
    _, task = await post(leader, "/tasks", grid_id="east", title="看水闸", point_id="cp_1")
    await post(worker, f"/tasks/{task['id']}/arrive", code="abcd2345")
    _, after = await get(worker, "/patrol/coverage?grid_id=east")
    assert [(c["id"], c["seen_in_round"], c["findings"]) for c in after["cameras"]] == [("cam-east", True, 0)]
    assert [p["checked"] for p in after["points"]] == [True]
    assert [(t["title"], t["arrived"]) for t in after["tasks"]] == [("看水闸", True)]
