"""Lists of the queue: as many queries for fifty items as for one, and who else looks at an item."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from gateway.web.review_views import Reader, review_detail, review_entries
from gateway.web.views import Places
from storage.protocols import ReviewFilter, Scope
from tests.unit.gateway.web.house import House


def reader_at(house: House, account_id: str = "acc_grid-worker", *own: str) -> Reader:
    """Return somebody who reads the list now."""
    return Reader(account_id, frozenset(own), house.clock.now())


async def test_queries_do_not_grow_with_the_list(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One item or six: the same handful of queries."""
    for number in range(1, 7):
        await house.add_event(number)
    page = await house.stores.reviews.page(Scope(None), ReviewFilter())
    asked: Counter[str] = Counter()
    for store in (house.stores.events, house.stores.reviews, house.stores.accounts, house.stores.holds):
        for name in ("many", "first_files", "waiting_alike", "get", "evidence", "all", "of"):
            if hasattr(store, name):
                monkeypatch.setattr(store, name, _counted(asked, name, getattr(store, name)))
    entries = await review_entries(house.stores, Places(house.context.site), page.items, reader_at(house))
    assert [entry.similar for entry in entries] == [5] * 6
    assert asked == {"many": 1, "first_files": 1, "waiting_alike": 1, "of": 1}


def _counted(asked: Counter[str], name: str, method: Any) -> Any:
    async def call(*args: Any) -> Any:
        asked[name] += 1
        return await method(*args)

    return call


async def test_another_persons_hold_is_named_and_ones_own_is_not(house: House) -> None:
    """The list says who looks at what; that I look at it myself, on whatever device, I know."""
    item = await house.add_event()
    now, places = house.clock.now(), Places(house.context.site)
    await house.stores.holds.take(item.id, "acc_grid-leader", now, now + timedelta(seconds=60))
    (mine,) = await review_entries(house.stores, places, [item], reader_at(house, "acc_grid-leader", "east"))
    (theirs,) = await review_entries(house.stores, places, [item], reader_at(house, "acc_grid-worker", "west"))
    assert (mine.held_by_name, mine.mine) == (None, True)
    assert (theirs.held_by_name, theirs.mine) == ("grid-leader 同志", False)
    house.clock.ahead = timedelta(seconds=61)
    detail = await review_detail(house.stores, places, item, Scope(None), reader_at(house))
    assert detail.held_by_name is None
