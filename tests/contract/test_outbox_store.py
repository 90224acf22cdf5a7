"""What an outbox must do, on every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from storage.errors import RecordConflict, RecordNotFound
from storage.records import CaseState, Delivery, DeliveryState
from storage.stores import Stores
from tests.contract.store_samples import a_case, a_delivery, a_step, after, judged, opened, shown

LEASE_S = 60.0


async def one(stores: Stores, case_id: str) -> Delivery:
    """Return the only delivery of a case."""
    (found,) = await stores.outbox.for_case(case_id)
    return found


async def test_unknown_delivery_is_named(stores: Stores) -> None:
    """Every outcome of a delivery that is not there is RecordNotFound."""
    for call in (
        stores.outbox.succeeded("msg_none", after(0), 200, {}),
        stores.outbox.retry("msg_none", after(0), None, ""),
        stores.outbox.dead("msg_none", None, ""),
        stores.outbox.replay("msg_none", after(0)),
    ):
        with pytest.raises(RecordNotFound, match="msg_none"):
            await call


async def test_two_claimers_never_share(stores: Stores, other_stores: Stores) -> None:
    """Twenty messages, two greedy processes: each message is claimed once."""
    for _ in range(10):
        await opened(stores, deliveries=2)
    claims = await asyncio.gather(*(s.outbox.claim(after(200), LEASE_S, 3) for s in (stores, other_stores) * 5))
    ids = [d.id for claim in claims for d in claim]
    assert len(ids) == len(set(ids)) == 20


async def test_lease_runs_out_by_itself(stores: Stores) -> None:
    """A claimer that died holds its message until the lease ends, no longer; both claims are counted."""
    _, (case, _, _) = await opened(stores)
    (claimed,) = await stores.outbox.claim(after(200), LEASE_S, 10)
    assert (claimed.state, claimed.attempts, claimed.lease_until) == (DeliveryState.LEASED, 1, after(260))
    assert await stores.outbox.claim(after(259), LEASE_S, 10) == []
    assert await stores.outbox.next_due() == after(260)
    (again,) = await stores.outbox.claim(after(260), LEASE_S, 10)
    assert (again.id, again.attempts, again.lease_until) == (claimed.id, 2, after(320))
    assert await one(stores, case.id) == again


async def test_claim_takes_only_what_is_due_oldest_first(stores: Stores) -> None:
    """Messages for later wait; of those due, the one due for longest goes first."""
    event, item = await shown(stores)
    case, step, _ = a_case(event)
    late, early, middle = (a_delivery(case, not_before=after(s)) for s in (30, 10, 20))
    await stores.reviews.judge(judged(item), (case, step, [late, early, middle]))
    assert await stores.outbox.next_due() == after(10)
    assert [d.id for d in await stores.outbox.claim(after(25), LEASE_S, 10)] == [early.id, middle.id]
    assert await stores.outbox.claim(after(25), LEASE_S, 10) == []
    assert await stores.outbox.next_due() == after(30)


async def test_success_with_a_number_accepts_the_case(stores: Stores) -> None:
    """The answer's case number is taken, the step names the platform, readers hear of message and case."""
    _, (case, first, _) = await opened(stores, grid_id="grid-5")
    (claimed,) = await stores.outbox.claim(after(200), LEASE_S, 10)
    told = await stores.changes.last_id()
    await stores.outbox.succeeded(claimed.id, after(201), 201, {"case_number": "城管-2026-1"})
    kept = await stores.cases.get(case.id)
    assert (kept.state, kept.number, kept.updated_at) == (CaseState.ACCEPTED, "城管-2026-1", after(201))
    steps = await stores.cases.steps(case.id)
    assert steps[0] == first
    assert (steps[1].state, steps[1].actor, steps[1].at) == (CaseState.ACCEPTED, "platform:city", after(201))
    done = await one(stores, case.id)
    assert (done.state, done.delivered_at, done.last_status) == (DeliveryState.DELIVERED, after(201), 201)
    assert done.lease_until is None
    changes = [(c.kind, c.ref_id, c.grid_id) for c in await stores.changes.since(told)]
    assert changes == [("delivery", claimed.id, "grid-5"), ("case", case.id, "grid-5")]


async def test_success_twice_is_one_success(stores: Stores) -> None:
    """Two workers after a lapsed lease both succeed: the first outcome is kept."""
    _, (case, _, _) = await opened(stores)
    (claimed,) = await stores.outbox.claim(after(200), LEASE_S, 10)
    await stores.outbox.succeeded(claimed.id, after(201), 200, {"case_number": "1"})
    told = await stores.changes.last_id()
    await stores.outbox.succeeded(claimed.id, after(202), 202, {"case_number": "2"})
    assert (await one(stores, case.id)).delivered_at == after(201)
    assert (await stores.cases.get(case.id)).number == "1"
    assert await stores.changes.last_id() == told


async def test_second_endpoint_does_not_renumber(stores: Stores) -> None:
    """The first platform's number stays; the second delivery is no failure for it."""
    _, (case, _, _) = await opened(stores, deliveries=2)
    for number, claimed in enumerate(await stores.outbox.claim(after(200), LEASE_S, 10)):
        await stores.outbox.succeeded(claimed.id, after(201 + number), 200, {"case_number": f"n-{number}"})
    assert (await stores.cases.get(case.id)).number == "n-0"
    assert len(await stores.cases.steps(case.id)) == 2
    assert await stores.outbox.depth() == {"pending": 0, "leased": 0, "delivered": 2, "dead": 0}


async def test_number_after_a_quick_callback_moves_nothing_back(stores: Stores) -> None:
    """The platform called back `filed` before its own answer reached us: number taken, state kept."""
    _, (case, _, _) = await opened(stores)
    (claimed,) = await stores.outbox.claim(after(200), LEASE_S, 10)
    await stores.cases.advance(a_step(case, CaseState.FILED, at=after(200)))
    await stores.outbox.succeeded(claimed.id, after(201), 200, {"case_number": "7"})
    kept = await stores.cases.get(case.id)
    assert (kept.state, kept.number) == (CaseState.FILED, "7")
    assert len(await stores.cases.steps(case.id)) == 2


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"case_number": 7},
        {"case_number": None},
        {"case_number": " "},
        {"case_number": "a\x00b"},
        {"case_number": "9" * 5_000},
    ],
)
async def test_answers_without_a_number(stores: Stores, answer: dict[str, Any]) -> None:
    """What is no usable text is no number: the message counts as delivered, the case stays opened."""
    _, (case, _, _) = await opened(stores)
    (claimed,) = await stores.outbox.claim(after(200), LEASE_S, 10)
    await stores.outbox.succeeded(claimed.id, after(201), 204, answer)
    kept = await stores.cases.get(case.id)
    assert (kept.state, kept.number) == (CaseState.OPENED, None)
    assert (await one(stores, case.id)).state is DeliveryState.DELIVERED


async def test_retry_waits_until_its_time(stores: Stores) -> None:
    """Put back with the reason; the attempt stays counted."""
    _, (case, _, _) = await opened(stores)
    (claimed,) = await stores.outbox.claim(after(200), LEASE_S, 10)
    await stores.outbox.retry(claimed.id, after(500), 503, "busy")
    back = await one(stores, case.id)
    wanted = replace(claimed, state=DeliveryState.PENDING, not_before=after(500), lease_until=None)
    assert back == replace(wanted, last_status=503, last_error="busy")
    assert await stores.outbox.claim(after(499), LEASE_S, 10) == []
    assert [d.attempts for d in await stores.outbox.claim(after(500), LEASE_S, 10)] == [2]


async def test_late_failure_does_not_undo_a_success(stores: Stores) -> None:
    """The slow first claimer reports an error after the second one delivered."""
    _, (case, _, _) = await opened(stores)
    (claimed,) = await stores.outbox.claim(after(200), LEASE_S, 10)
    await stores.outbox.succeeded(claimed.id, after(300), 200, {})
    delivered = await one(stores, case.id)
    await stores.outbox.retry(claimed.id, after(500), None, "timeout")
    await stores.outbox.dead(claimed.id, 400, "bad")
    assert await one(stores, case.id) == delivered


async def test_dead_letter_waits_for_a_person(stores: Stores) -> None:
    """Dead messages are never claimed; replayed they keep id and body and start counting anew."""
    _, (case, _, (original,)) = await opened(stores)
    (claimed,) = await stores.outbox.claim(after(200), LEASE_S, 10)
    await stores.outbox.dead(claimed.id, 422, "no such grid")
    assert await stores.outbox.claim(after(9_999), LEASE_S, 10) == []
    assert await stores.outbox.next_due() is None
    assert (await one(stores, case.id)).last_error == "no such grid"
    assert (await stores.outbox.depth())["dead"] == 1
    await stores.outbox.replay(claimed.id, after(300))
    (again,) = await stores.outbox.claim(after(300), LEASE_S, 10)
    assert (again.id, again.body, again.attempts) == (original.id, original.body, 1)
    kinds = [(c.kind, c.ref_id) for c in await stores.changes.since(0)]
    assert kinds[-2:] == [("delivery", claimed.id)] * 2


async def test_only_the_dead_are_replayed(stores: Stores) -> None:
    """Replaying a message that is under way would send it twice."""
    await opened(stores)
    (claimed,) = await stores.outbox.claim(after(200), LEASE_S, 10)
    with pytest.raises(RecordConflict):
        await stores.outbox.replay(claimed.id, after(201))
    await stores.outbox.succeeded(claimed.id, after(201), 200, {})
    with pytest.raises(RecordConflict):
        await stores.outbox.replay(claimed.id, after(202))
