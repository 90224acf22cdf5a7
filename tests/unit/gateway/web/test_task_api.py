"""Tasks on foot over HTTP: sent by a verdict, checked in, photographed, ended with a verdict."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from gateway.web.task_orders import order_verify
from storage.records import Verdict
from storage.records_patrol import CheckPoint
from tests.unit.gateway.patrol.samples import an_image
from tests.unit.gateway.web.house import House, SignedIn
from tests.unit.gateway.web.patrols import API, fed_back, get, on_site, post

HERE = {"lon": 117.0, "lat": 36.6003, "accuracy_m": 8.0}
DONE = {"result": "confirmed", "note": "还在", "client_id": "client-0001"}


async def test_task_of_another_grid_is_not_there(house: House, signed_in: SignedIn) -> None:
    """Every way to it is 404; lists leave it out."""
    task = await on_site(house, await signed_in("grid-worker"))
    client = await signed_in("west-worker")
    path = f"/tasks/{task['id']}"
    assert (await get(client, path))[0] == 404
    for action, body in (("arrive", HERE), ("return", {"note": "x"}), ("finish", DONE)):
        assert (await post(client, f"{path}/{action}", **body))[0] == 404
    photo = await client.post(f"{API}{path}/photos?moment=before", data=an_image())
    assert photo.status == 404
    assert (await get(client, "/tasks"))[1]["items"] == []


async def test_task_says_what_where_and_until_when(house: House, signed_in: SignedIn) -> None:
    """Made with the verdict: event, place and position of the camera, the taxonomy's deadline, the reviewer's words."""
    task = await on_site(house, await signed_in("grid-worker"))
    assert (task["kind"], task["what"], task["state"]) == ("check", "fire_lane_blocked", "open")
    assert (task["place"], task["lon"], task["lat"], task["note"]) == ("东街 3 号消防通道", 117.0, 36.6, "看不清")
    assert task["due_at"] > task["created_at"]
    assert (task["assignee"], task["mine"], task["created_by_name"]) == (None, True, "grid-worker 同志")
    _, detail = await get(await signed_in("grid-leader"), f"/tasks/{task['id']}")
    assert {file["kind"] for file in detail["evidence"]} == {"clip", "thumbnail"}


async def test_undone_verdict_takes_its_task_along(house: House, signed_in: SignedIn) -> None:
    """Nobody is sent for what was a slip of the finger."""
    client = await signed_in("grid-worker")
    task = await on_site(house, client)
    assert (await client.delete(f"{API}/review/{task['item_id']}/verdict")).status == 200
    assert (await get(client, f"/tasks/{task['id']}"))[1]["state"] == "cancelled"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"lon": 117.0, "lat": 36.6},
        {"lon": 181.0, "lat": 36.6, "accuracy_m": 5},
        {"lon": 117.0, "lat": 36.6, "accuracy_m": -1},
        HERE | {"code": "abcd"},
        {"code": "../x"},
        {"code": "no-such-code"},
    ],
)
async def test_check_in_needs_a_position_or_the_right_code(
    house: House, signed_in: SignedIn, body: dict[str, Any]
) -> None:
    """422, and nobody has arrived."""
    client = await signed_in("grid-worker")
    task = await on_site(house, client)
    assert (await post(client, f"/tasks/{task['id']}/arrive", **body))[0] == 422
    assert (await get(client, f"/tasks/{task['id']}"))[1]["arrival"] is None


async def test_check_in_keeps_distance_accuracy_and_nothing_else(house: House, signed_in: SignedIn) -> None:
    """Once; others are told that it is taken."""
    client = await signed_in("grid-worker")
    task = await on_site(house, client)
    status, arrived = await post(client, f"/tasks/{task['id']}/arrive", **HERE, at="2020-01-01T00:00:00Z")
    assert (status, arrived["state"], arrived["assignee_name"]) == (200, "arrived", "grid-worker 同志")
    assert arrived["arrival"]["distance_m"] == pytest.approx(33.4, abs=0.2)
    assert (arrived["arrival"]["accuracy_m"], arrived["arrival"]["near"]) == (8.0, True)
    assert arrived["arrival"]["at"] > task["created_at"]
    status, problem = await post(await signed_in("grid-leader"), f"/tasks/{task['id']}/arrive", **HERE)
    assert (status, problem["code"]) == (409, "taken")


async def test_check_in_by_the_code_of_a_point(house: House, signed_in: SignedIn) -> None:
    """Typed in capitals it is the same; the log knows which point."""
    point = CheckPoint("cp_1", "east", "水闸", 117.0, 36.6, "abcd2345", house.clock.now())
    await house.stores.tasks.add_point(point)
    leader, client = await signed_in("grid-leader"), await signed_in("grid-worker")
    status, task = await post(leader, "/tasks", grid_id="east", title="看水闸", point_id="cp_1")
    assert (status, task["lat"], task["place"], task["kind"]) == (201, 36.6, "水闸", "routine")
    status, arrived = await post(client, f"/tasks/{task['id']}/arrive", code="ABCD2345")
    assert (status, arrived["arrival"]["by"], arrived["arrival"]["distance_m"]) == (200, "code", 0.0)


@pytest.mark.parametrize(
    ("result", "verdict", "has_case"),
    [
        ("confirmed", Verdict.CONFIRMED, True),
        ("rejected", Verdict.REJECTED, False),
        ("handled", Verdict.CONFIRMED, False),
    ],
)
async def test_result_is_the_verdict(
    house: House, signed_in: SignedIn, result: str, verdict: Verdict, has_case: bool
) -> None:
    """Confirmed opens the case, rejected closes, handled at once needs none; the same request again is one result."""
    client = await signed_in("grid-worker")
    task = await on_site(house, client)
    path = f"/tasks/{task['id']}/finish"
    status, ended = await post(client, path, **DONE | {"result": result})
    assert (status, ended["state"], ended["result"]) == (200, "done", result)
    item = await house.stores.reviews.get(task["item_id"])
    assert (item.verdict, item.case_id is not None, item.note) == (verdict, has_case, "还在")
    assert len(house.woken) == has_case
    assert await post(client, path, **DONE | {"result": result}) == (status, ended)
    assert (await post(client, path, **DONE | {"client_id": "client-0002"}))[1]["code"] == "closed"


async def test_task_is_given_on_and_back(house: House, signed_in: SignedIn) -> None:
    """By a leader to somebody of the grid; back by who has it, with words; then it is open again."""
    leader, worker = await signed_in("grid-leader"), await signed_in("grid-worker")
    task = await on_site(house, worker)
    path = f"/tasks/{task['id']}"
    assert (await post(worker, f"{path}/assign", account_id="acc_operator"))[0] == 403
    assert (await post(leader, f"{path}/assign", account_id="acc_west-worker"))[0] == 422
    assert (await post(leader, f"{path}/assign", account_id="acc_operator"))[1]["assignee"] == "acc_operator"
    assert (await post(worker, f"{path}/return", note="不是我"))[1]["code"] == "taken"
    assert (await get(worker, "/tasks?mine=true"))[1]["items"] == []
    operator = await signed_in("operator")
    assert (await post(operator, f"{path}/return", note=""))[0] == 422
    status, returned = await post(operator, f"{path}/return", note="进不去")
    assert (status, returned["state"], returned["assignee"], returned["note"]) == (200, "returned", None, "进不去")
    assert [t["state"] for t in (await get(worker, "/tasks?mine=true&state=open,returned"))[1]["items"]] == ["returned"]


async def test_task_by_hand_is_for_somebody_of_the_grid(signed_in: SignedIn) -> None:
    """Leaders send; places have both coordinates or none."""
    leader = await signed_in("grid-leader")
    wanted = {"grid_id": "east", "title": "看看"}
    assert (await post(await signed_in("grid-worker"), "/tasks", **wanted))[0] == 403
    assert (await post(leader, "/tasks", **wanted | {"grid_id": "west"}))[0] == 404
    assert (await post(leader, "/tasks", **wanted, lon=117.0))[0] == 422
    assert (await post(leader, "/tasks", **wanted, point_id="cp_none"))[0] == 404
    assert (await post(leader, "/tasks", **wanted, assignee="acc_west-worker"))[0] == 422
    status, task = await post(leader, "/tasks", **wanted, assignee="acc_grid-worker")
    assert (status, task["assignee"], task["mine"], task["lon"]) == (201, "acc_grid-worker", False, None)


@pytest.mark.parametrize(("result", "state"), [("handled", "verified"), ("confirmed", "rework")])
async def test_task_to_verify_checks_its_case(house: House, signed_in: SignedIn, result: str, state: str) -> None:
    """Handled is verified, still there goes back; that it never was there is refused."""
    client = await signed_in("grid-worker")
    case_id = await fed_back(house, client)
    case = await house.stores.cases.get(case_id)
    task_id = await _verify_task(house, case_id)
    path = f"/tasks/{task_id}/finish"
    assert (await post(client, path, **DONE | {"result": "rejected"}))[0] == 422
    status, ended = await post(client, path, **DONE | {"result": result})
    assert (status, ended["state"], ended["result"]) == (200, "done", result)
    assert (await house.stores.cases.get(case.id)).state == state
    house.clock.ahead = timedelta(seconds=1)
    assert (await post(client, path, **DONE | {"result": result}))[0] == 200


async def _verify_task(house: House, case_id: str) -> str:
    (found,) = await house.stores.looks.waiting(house.clock.now() - timedelta(days=1), 10)
    assert found.case.id == case_id
    task = await order_verify(house.context, found)
    await house.stores.tasks.add(task)
    return task.id
