"""What holds of review items must do, on every backend: two people never judge the same item."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta

import pytest

from storage.errors import ItemHeld, RecordConflict, RecordNotFound
from storage.protocols import ReviewFilter
from storage.records import Verdict
from storage.stores import Stores
from tests.contract.store_samples import EVERYTHING, T0, a_case, after, an_event, fill_queue, judged, shown

MINUTE = 60


async def test_unknown_item_is_not_held(stores: Stores) -> None:
    """A hold on nothing would be seen by nobody."""
    with pytest.raises(RecordNotFound):
        await stores.holds.take("rev_none", "acc-li", T0, after(MINUTE))
    await stores.holds.drop("rev_none", "acc-li")


async def test_of_two_who_ask_at_once_one_gets_it(stores: Stores, other_stores: Stores) -> None:
    """The other is told who."""
    for _ in range(10):
        _, item = await shown(stores)
        results = await asyncio.gather(
            stores.holds.take(item.id, "acc-li", T0, after(MINUTE)),
            other_stores.holds.take(item.id, "acc-wang", T0, after(MINUTE)),
            return_exceptions=True,
        )
        (refused,) = [r for r in results if isinstance(r, ItemHeld)]
        held = (await stores.holds.of([item.id], T0))[item.id]
        assert held.account_id == refused.account_id


async def test_hold_that_ran_out_is_taken_over_once(stores: Stores, other_stores: Stores) -> None:
    """At the moment it ends it is free, and again only one of two gets it."""
    _, item = await shown(stores)
    await stores.holds.take(item.id, "acc-li", T0, after(MINUTE))
    with pytest.raises(ItemHeld):
        await stores.holds.take(item.id, "acc-wang", after(MINUTE - 1), after(2 * MINUTE))
    assert await stores.holds.of([item.id], after(MINUTE)) == {}
    results = await asyncio.gather(
        stores.holds.take(item.id, "acc-wang", after(MINUTE), after(2 * MINUTE)),
        other_stores.holds.take(item.id, "acc-zhao", after(MINUTE), after(2 * MINUTE)),
        return_exceptions=True,
    )
    assert [type(r) for r in results].count(ItemHeld) == 1


async def test_holder_goes_on_holding(stores: Stores) -> None:
    """Asking again makes it longer."""
    _, item = await shown(stores)
    await stores.holds.take(item.id, "acc-li", T0, after(MINUTE))
    await stores.holds.take(item.id, "acc-li", after(50), after(50 + MINUTE))
    assert set(await stores.holds.of([item.id, "rev_none"], after(100))) == {item.id}


async def test_letting_go_frees_ones_own_only(stores: Stores) -> None:
    """Somebody else's hold is left alone."""
    _, item = await shown(stores)
    await stores.holds.take(item.id, "acc-li", T0, after(MINUTE))
    await stores.holds.drop(item.id, "acc-wang")
    assert item.id in await stores.holds.of([item.id], T0)
    await stores.holds.drop(item.id, "acc-li")
    assert await stores.holds.of([item.id], T0) == {}


async def test_held_item_is_judged_by_its_holder_only(stores: Stores) -> None:
    """The verdict ends the hold; after it nobody holds the item any more."""
    _, item = await shown(stores)
    await stores.holds.take(item.id, "acc-li", after(90), after(90 + MINUTE))
    with pytest.raises(ItemHeld, match=item.id):
        await stores.reviews.judge(judged(item, judged_by="acc-wang"), None, "letter-1")
    assert await stores.reviews.get(item.id) == item
    await stores.reviews.judge(judged(item), None)
    assert await stores.holds.of([item.id], after(100)) == {}
    with pytest.raises(RecordConflict):
        await stores.holds.take(item.id, "acc-li", after(101), after(200))


async def test_hold_and_verdict_of_two_people_at_once(stores: Stores, other_stores: Stores) -> None:
    """Either the verdict was first and there is nothing to hold, or the hold was and the verdict is refused."""
    for _ in range(10):
        _, item = await shown(stores)
        held, said = await asyncio.gather(
            stores.holds.take(item.id, "acc-li", after(90), after(90 + MINUTE)),
            other_stores.reviews.judge(judged(item, judged_by="acc-wang"), None),
            return_exceptions=True,
        )
        assert isinstance(held, RecordConflict) != isinstance(said, ItemHeld)
        assert (await stores.reviews.get(item.id)).judged_by == ("acc-wang" if said is None else None)


async def test_verdict_that_has_arrived_changes_nothing_again(stores: Stores, other_stores: Stores) -> None:
    """Not even after an undo, nor when both arrive at once; another letter does."""
    event, item = await shown(stores)
    said = judged(item)
    await asyncio.gather(
        stores.reviews.judge(said, a_case(event), "letter-1"),
        other_stores.reviews.judge(said, a_case(event), "letter-1"),
    )
    kept = await stores.reviews.get(item.id)
    assert kept.case_id is not None
    assert len(await stores.outbox.for_case(kept.case_id)) == 1
    await stores.reviews.undo(item.id, "acc-li", after(101))
    await stores.reviews.judge(said, a_case(event), "letter-1")
    assert await stores.reviews.get(item.id) == item
    await stores.reviews.judge(said, None, "letter-2")
    assert (await stores.reviews.get(item.id)).verdict is Verdict.CONFIRMED


async def test_refused_verdict_leaves_no_receipt(stores: Stores) -> None:
    """What was refused has not arrived: it may come again."""
    _, item = await shown(stores)
    await stores.holds.take(item.id, "acc-wang", after(90), after(90 + MINUTE))
    with pytest.raises(ItemHeld):
        await stores.reviews.judge(judged(item), None, "letter-1")
    await stores.holds.drop(item.id, "acc-wang")
    await stores.reviews.judge(judged(item), None, "letter-1")
    assert (await stores.reviews.get(item.id)).judged_by == "acc-li"


async def test_what_is_past_is_removed(stores: Stores) -> None:
    """Holds that ended and receipts that nobody will send again; later ones stay."""
    first, second = (await shown(stores))[1], (await shown(stores))[1]
    await stores.reviews.judge(judged(first), None, "letter-1")
    await stores.holds.take(second.id, "acc-li", T0, after(MINUTE))
    assert await stores.holds.purge(after(MINUTE)) == 0
    assert await stores.holds.purge(after(1_000)) == 2
    assert await stores.holds.purge(after(1_000)) == 0


async def test_two_workers_judge_five_hundred_items_once_each(
    stores: Stores, other_stores: Stores, database_url: str
) -> None:
    """One queue, two processes: every item gets one verdict, by whoever held it, and the counts come out even."""
    ids = await fill_queue(
        database_url, [an_event(grid_id=f"grid-{n % 5}", severity=f"S{1 + n % 4}") for n in range(500)]
    )
    assert sum((await stores.reviews.counts(EVERYTHING)).values()) == 500
    by: Counter[str] = Counter()
    await asyncio.gather(_work(stores, "acc-li", by), _work(other_stores, "acc-wang", by))
    page = await stores.reviews.page(EVERYTHING, ReviewFilter(waiting=False), None, 600)
    assert {i.id for i in page.items} == ids
    assert Counter(i.judged_by for i in page.items) == by
    assert sum(by.values()) == 500
    assert min(by.values()) > 0
    assert await stores.reviews.counts(EVERYTHING) == {}
    assert await stores.holds.of(sorted(ids), T0) == {}


async def _work(stores: Stores, who: str, by: Counter[str]) -> None:
    """Take page after page from the head of the queue until it is empty; count what one judged oneself."""
    dice = random.Random(who)
    while (page := await stores.reviews.page(EVERYTHING, ReviewFilter(), None, 40)).items:
        for item in dice.sample(page.items, len(page.items)):
            try:
                await stores.holds.take(item.id, who, T0, T0 + timedelta(seconds=MINUTE))
                await stores.reviews.judge(judged(item, judged_by=who, judged_at=after(1)), None, f"{who}-{item.id}")
            except RecordConflict:  # the other has it, or had it
                continue
            by[who] += 1
