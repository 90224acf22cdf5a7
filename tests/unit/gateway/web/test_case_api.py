"""Cases over HTTP, replaying what did not get through, and the platform's callbacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.delivery.signing import Signer
from tests.unit.gateway.web.house import CALLBACK_SECRET, Client, House, SignedIn

CALLBACK_URL = "/api/v1/callbacks/plat"
OTHER_SECRET = "whsec_" + "b3RoZXItc2VjcmV0LW9mLTI0LWJ5dGU="


async def open_case(house: House, signed_in: SignedIn) -> str:
    """Confirm an event; return the case's id."""
    item = await house.add_event()
    client = await signed_in("grid-worker")
    answer = await client.post(f"/api/v1/review/{item.id}/verdict", json={"verdict": "confirmed"})
    case_id: str = (await answer.json())["case"]["id"]
    return case_id


def message(case_id: str, **data: Any) -> str:
    """Return a callback's body."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": "cb_1",
            "source": "urn:platform",
            "type": "cn.gridpatrol.case.state",
            "subject": case_id,
            "data": {"state": "accepted"} | data,
        }
    )


async def call_back(
    client: Client,
    body: str,
    message_id: str = "cb_1",
    *,
    url: str = CALLBACK_URL,
    secret: str = CALLBACK_SECRET,
    late_s: float = 0,
) -> tuple[int, dict[str, Any]]:
    """Send a signed callback."""
    headers = Signer([secret]).sign(message_id, body, datetime.now(UTC) - timedelta(seconds=late_s))
    answer = await client.post(url, data=body.encode(), headers=headers)
    return answer.status, await answer.json()


async def test_unsigned_wrongly_signed_and_old_callbacks_are_refused(
    house: House, signed_in: SignedIn, browser: Callable[[], Client]
) -> None:
    """Nobody but the platform moves a case, and nobody can play a recorded message again."""
    body = message(await open_case(house, signed_in))
    client = browser()
    assert (await client.post(CALLBACK_URL, data=body.encode())).status == 401
    assert (await call_back(client, body, secret=OTHER_SECRET))[0] == 401
    assert (await call_back(client, body, late_s=400))[0] == 401
    headers = Signer([CALLBACK_SECRET]).sign("cb_1", body, datetime.now(UTC))
    changed = await client.post(CALLBACK_URL, data=body.replace("accepted", "closed").encode(), headers=headers)
    assert changed.status == 401


async def test_unknown_cases_and_endpoints_are_not_found(
    house: House, signed_in: SignedIn, browser: Callable[[], Client]
) -> None:
    """A platform may speak only of cases that were sent to it."""
    case_id = await open_case(house, signed_in)
    client = browser()
    assert (await call_back(client, message(f"case_{0:026d}")))[0] == 404
    assert (await call_back(client, message(case_id), url="/api/v1/callbacks/nobody"))[0] == 404
    assert (await call_back(client, message(case_id), url="/api/v1/callbacks/other"))[0] == 404


@pytest.mark.parametrize("body", ["", "null", "[]", "{}", "[" * 50_000, message("x", state="lost")])
async def test_bad_bodies_name_their_fields(browser: Callable[[], Client], body: str) -> None:
    """A signed but unusable body is 422 with the fields."""
    status, problem = await call_back(browser(), body)
    assert (status, problem["code"]) == (422, "invalid")
    assert problem["errors"]


async def test_repeat_is_applied_once(house: House, signed_in: SignedIn, browser: Callable[[], Client]) -> None:
    """The same webhook id again: `applied` is false and the timeline has one entry."""
    case_id = await open_case(house, signed_in)
    body = message(case_id, case_number="AJ-1", note="已受理")
    client = browser()
    assert await call_back(client, body) == (200, {"applied": True})
    assert await call_back(client, body) == (200, {"applied": False})
    detail = await (await (await signed_in("grid-worker")).get(f"/api/v1/cases/{case_id}")).json()
    assert (detail["number"], detail["state"]) == ("AJ-1", "accepted")
    assert [(s["state"], s["actor_name"], s["note"]) for s in detail["steps"]] == [
        ("opened", "grid-worker 同志", ""),
        ("accepted", "plat", "已受理"),
    ]


async def test_second_number_is_a_conflict(house: House, signed_in: SignedIn, browser: Callable[[], Client]) -> None:
    """A case keeps its number."""
    case_id = await open_case(house, signed_in)
    client = browser()
    await call_back(client, message(case_id, case_number="AJ-1"))
    status, _ = await call_back(client, message(case_id, case_number="AJ-2", state="filed"), "cb_2")
    assert status == 409


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.text(max_size=200))
async def test_no_signed_body_crashes_the_callback(browser: Callable[[], Client], body: str) -> None:
    """Whatever the platform sends, the answer is a problem document."""
    client = browser()
    try:
        assert (await call_back(client, body))[0] in {401, 422}
    finally:
        await client.session.close()


async def test_case_shows_its_deliveries(house: House, signed_in: SignedIn) -> None:
    """The quiet log of messages, without bodies, and the way back to the review item."""
    case_id = await open_case(house, signed_in)
    detail = await (await (await signed_in("grid-worker")).get(f"/api/v1/cases/{case_id}")).json()
    assert detail["item_id"] == f"rev_{1:026d}"
    assert [(d["endpoint_id"], d["state"], d["attempts"]) for d in detail["deliveries"]] == [("plat", "pending", 0)]
    assert "body" not in detail["deliveries"][0]
    assert detail["opened_by_name"] == "grid-worker 同志"


async def test_cases_are_listed_in_scope_and_by_state(house: House, signed_in: SignedIn) -> None:
    """Newest first, filtered by state; other grids' cases are not there."""
    case_id = await open_case(house, signed_in)
    client = await signed_in("grid-worker")
    for query, expected in (("", [case_id]), ("?state=opened,filed", [case_id]), ("?state=closed", [])):
        page = await (await client.get(f"/api/v1/cases{query}")).json()
        assert [case["id"] for case in page["items"]] == expected
    assert (await (await (await signed_in("west-worker")).get("/api/v1/cases")).json())["items"] == []
    assert (await client.get("/api/v1/cases?state=lost")).status == 422


async def test_only_dead_deliveries_are_replayed(house: House, signed_in: SignedIn) -> None:
    """409 for one that is on its way; a dead one is pending again, with the act registered."""
    case_id = await open_case(house, signed_in)
    (delivery,) = await house.stores.outbox.for_case(case_id)
    url = f"/api/v1/deliveries/{delivery.id}/replay"
    client = await signed_in("operator")
    assert (await client.post(url)).status == 409
    await house.stores.outbox.claim(house.clock.now() + timedelta(minutes=1), 60, 1)
    await house.stores.outbox.dead(delivery.id, 400, "refused")
    house.woken.clear()
    assert (await client.post(url)).status == 202
    (again,) = await house.stores.outbox.for_case(case_id)
    assert (again.state, again.attempts, len(house.woken)) == ("pending", 0, 1)
    assert "replay" in [entry.action for entry in await house.stores.audit.entries()]
    assert (await (await signed_in("grid-worker")).post(url)).status == 403
