"""Verdicts that come more than once, or meet somebody else's hold."""

from __future__ import annotations

from tests.unit.gateway.web.house import House, SignedIn
from tests.unit.gateway.web.test_review_desk_api import ID, hold, judge


async def test_verdict_sent_again_after_an_undo_stays_undone(house: House, signed_in: SignedIn) -> None:
    """The queue of a phone sends what it does not know to have arrived; it must not overrule its owner."""
    item = await house.add_event()
    client = await signed_in("grid-worker")
    assert (await judge(client, item.id, client_id=ID))[0] == 200
    await client.delete(f"/api/v1/review/{item.id}/verdict")
    status, detail = await judge(client, item.id, client_id=ID)
    assert (status, detail["item"]["verdict"]) == (200, None)
    status, detail = await judge(client, item.id, client_id=ID + "2")
    assert (status, detail["item"]["verdict"]) == (200, "rejected")


async def test_refused_verdict_may_come_again(house: House, signed_in: SignedIn) -> None:
    """A verdict that met a hold is not taken for one that has arrived."""
    item = await house.add_event()
    worker, leader = await signed_in("grid-worker"), await signed_in("grid-leader")
    await hold(leader, item.id)
    assert (await judge(worker, item.id, client_id=ID))[1]["code"] == "held"
    await leader.delete(f"/api/v1/review/{item.id}/hold")
    assert (await judge(worker, item.id, client_id=ID))[0] == 200
    assert (await house.stores.reviews.get(item.id)).judged_by == "acc_grid-worker"
