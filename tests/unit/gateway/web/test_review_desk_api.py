"""Several people at one queue, over HTTP: holds, what is alike, and verdicts that arrive more than once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from storage.records import ReviewItem, Verdict
from tests.unit.gateway.web.house import Client, House, SignedIn

ID = "0f8fad5b-d9cb-469f-a165-70867728950e"


async def hold(client: Client, item_id: str) -> tuple[int, dict[str, Any]]:
    answer = await client.post(f"/api/v1/review/{item_id}/hold")
    return answer.status, await answer.json()


async def judge(client: Client, item_id: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await client.post(f"/api/v1/review/{item_id}/verdict", json={"verdict": "rejected", **body})
    return answer.status, await answer.json()


async def batch(client: Client, *item_ids: str, **body: Any) -> tuple[int, Any]:
    wanted = {"item_ids": item_ids, "verdict": "rejected", "client_id": ID, **body}
    answer = await client.post("/api/v1/review/batch", json=wanted)
    return answer.status, await answer.json()


async def entries(client: Client, **query: str) -> list[dict[str, Any]]:
    answer = await client.get("/api/v1/review", params=query)
    found: list[dict[str, Any]] = (await answer.json())["items"]
    return found


async def test_item_that_another_holds_is_not_judged(house: House, signed_in: SignedIn) -> None:
    """Neither held nor judged nor judged together; whoever is refused is told who has it."""
    item = await house.add_event()
    worker, leader = await signed_in("grid-worker"), await signed_in("grid-leader")
    status, answer = await hold(worker, item.id)
    assert (status, answer["held_by"]) == (200, "acc_grid-worker")
    for refused in (await hold(leader, item.id), await judge(leader, item.id)):
        assert (refused[0], refused[1]["code"], refused[1]["detail"]) == (409, "held", "grid-worker 同志")
    assert (await batch(leader, item.id))[1]["items"] == [{"id": item.id, "ok": False, "code": "held"}]
    assert (await house.stores.reviews.get(item.id)).verdict is None
    assert [e["held_by_name"] for e in await entries(leader)] == ["grid-worker 同志"]
    assert [e["held_by_name"] for e in await entries(worker)] == [None]
    assert (await judge(worker, item.id))[0] == 200


async def test_hold_ends_by_itself_or_when_let_go(house: House, signed_in: SignedIn) -> None:
    """A page whose line has gone keeps nobody waiting for more than a minute."""
    item = await house.add_event()
    worker, leader = await signed_in("grid-worker"), await signed_in("grid-leader")
    await hold(worker, item.id)
    assert (await leader.delete(f"/api/v1/review/{item.id}/hold")).status == 204  # not theirs: nothing happens
    assert (await hold(leader, item.id))[0] == 409
    house.clock.ahead = timedelta(seconds=61)
    assert (await hold(leader, item.id))[0] == 200
    assert (await hold(worker, item.id))[0] == 409
    assert (await leader.delete(f"/api/v1/review/{item.id}/hold")).status == 204
    assert (await hold(worker, item.id))[0] == 200


async def test_item_of_another_grid_is_neither_held_nor_judged(house: House, signed_in: SignedIn) -> None:
    """404 outside the scope, for each way in; a batch says so of the one item."""
    east, west = await house.add_event(1), await house.add_event(2, "west")
    client = await signed_in("west-worker")
    assert (await hold(client, east.id))[0] == 404
    assert (await client.delete(f"/api/v1/review/{east.id}/hold")).status == 404
    assert (await client.get(f"/api/v1/review/{east.id}/similar")).status == 404
    status, answer = await batch(client, east.id, west.id, "rev_none")
    assert (status, [(i["ok"], i["code"]) for i in answer["items"]]) == (
        200,
        [(False, "not_found"), (True, None), (False, "not_found")],
    )


async def test_judged_item_is_not_held(house: House, signed_in: SignedIn) -> None:
    """There is nothing left to look at."""
    item = await house.add_event()
    client = await signed_in("grid-worker")
    await judge(client, item.id)
    status, problem = await hold(client, item.id)
    assert (status, problem["code"]) == (409, "already_judged")


@pytest.mark.parametrize("client_id", ["", "short", "x" * 81, "a b c d e f g", None])
async def test_batch_needs_an_id_of_its_own(house: House, signed_in: SignedIn, client_id: str | None) -> None:
    """Without one, what is sent again could not be told from what is meant again."""
    item = await house.add_event()
    status, problem = await batch(await signed_in("grid-worker"), item.id, client_id=client_id)
    assert (status, problem["errors"][0]["field"]) == (422, "client_id")


@pytest.mark.parametrize("number", [0, 51])
async def test_batch_is_bounded(signed_in: SignedIn, number: int) -> None:
    """At least one, at most fifty."""
    status, problem = await batch(await signed_in("grid-worker"), *(f"rev_{n}" for n in range(number)))
    assert (status, problem["errors"][0]["field"]) == (422, "item_ids")


async def test_what_is_alike_is_judged_together_once(house: House, signed_in: SignedIn) -> None:
    """Each item has its verdict, its case and its entry in the register; sent again, nothing is added."""
    items = [await house.add_event(number) for number in range(1, 5)]
    await house.add_event(9, event_type="waterlogging")
    client = await signed_in("grid-worker")
    answer = await client.get(f"/api/v1/review/{items[1].id}/similar")
    others = [e["item"]["id"] for e in (await answer.json())["items"]]
    assert others == [items[0].id, items[2].id, items[3].id]
    for _ in range(2):
        status, answer = await batch(client, items[1].id, *others, others[0], verdict="confirmed", note="同一处")
        assert (status, [(i["id"], i["ok"]) for i in answer["items"]]) == (
            200,
            [(i, True) for i in [items[1].id, *others]],
        )
    await _expect_one_case_each(house, items)
    told = [e for e in await house.stores.audit.entries() if e.action == "verdict"]
    assert {e.subject for e in told} == {item.id for item in items}


async def _expect_one_case_each(house: House, items: list[ReviewItem]) -> None:
    for item in items:
        kept = await house.stores.reviews.get(item.id)
        assert (kept.verdict, kept.note) == (Verdict.CONFIRMED, "同一处")
        assert kept.case_id is not None
        assert len(await house.stores.outbox.for_case(kept.case_id)) == 1


async def test_my_grids_come_first(house: House, signed_in: SignedIn) -> None:
    """Whatever waits in the rest of the scope, severest first within each part, page by page."""
    for number, (grid_id, severity) in enumerate([("west", "S1"), ("east", "S3"), ("west", "S4"), ("east", "S2")], 1):
        await house.add_event(number, grid_id, severity=severity)
    account = await house.stores.accounts.get("acc_grid-worker")
    await house.stores.accounts.update(replace(account, region_codes=("",)))
    client = await signed_in("grid-worker")
    met: list[tuple[str, bool]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await (
            await client.get("/api/v1/review", params={"mine": "true", "limit": "1", "cursor": cursor})
        ).json()
        met += [(e["item"]["severity"], e["mine"]) for e in page["items"]]
        cursor = page["next_cursor"]
    assert met == [("S2", True), ("S3", True), ("S1", False), ("S4", False)]
    assert [e["item"]["severity"] for e in await entries(client)] == ["S1", "S2", "S3", "S4"]
