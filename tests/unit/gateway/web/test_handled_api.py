"""Handled cases over HTTP: before and after, verified or sent back, the platform told once."""

from __future__ import annotations

import json

import pytest

from tests.unit.gateway.web.house import House, SignedIn
from tests.unit.gateway.web.patrols import fed_back, get, post


async def test_case_of_another_grid_is_not_there(house: House, signed_in: SignedIn) -> None:
    """Neither its looks nor checking it."""
    case_id = await fed_back(house, await signed_in("grid-worker"))
    client = await signed_in("west-worker")
    assert (await get(client, f"/cases/{case_id}/looks"))[0] == 404
    assert (await post(client, f"/cases/{case_id}/verify", result="verified"))[0] == 404


async def test_case_that_was_not_handled_cannot_be_checked(house: House, signed_in: SignedIn) -> None:
    """409, and nothing is sent."""
    client = await signed_in("grid-worker")
    item = await house.add_event()
    _, detail = await post(client, f"/review/{item.id}/verdict", verdict="confirmed")
    case_id = detail["case"]["id"]
    assert (await get(client, f"/cases/{case_id}/looks"))[1] == {"checkable": False, "looks": []}
    assert (await post(client, f"/cases/{case_id}/verify", result="verified"))[0] == 409
    assert len(await house.stores.outbox.for_case(case_id)) == 1


@pytest.mark.parametrize("result", ["verified", "rework"])
async def test_check_is_a_step_and_a_message(house: House, signed_in: SignedIn, result: str) -> None:
    """Said twice it is said once; the other way round it is too late."""
    client = await signed_in("grid-worker")
    case_id = await fed_back(house, client)
    woken = len(house.woken)
    status, answer = await post(client, f"/cases/{case_id}/verify", result=result, note="看过")
    assert (status, answer["applied"], answer["case"]["state"]) == (200, True, result)
    assert (await post(client, f"/cases/{case_id}/verify", result=result))[1]["applied"] is False
    other = "rework" if result == "verified" else "verified"
    assert (await post(client, f"/cases/{case_id}/verify", result=other))[0] == 409
    assert len(house.woken) == woken + 1
    message = (await house.stores.outbox.for_case(case_id))[-1]
    told = json.loads(message.body)
    assert (message.message_type, told["type"]) == ("cn.gridpatrol.case.checked", "cn.gridpatrol.case.checked")
    assert (told["subject"], told["data"]["result"], told["data"]["note"]) == (case_id, result, "看过")
    _, shown = await get(client, f"/cases/{case_id}")
    assert [(s["state"], s["actor_name"]) for s in shown["steps"]][-1] == (result, "grid-worker 同志")
