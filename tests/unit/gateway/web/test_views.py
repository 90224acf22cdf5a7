"""Records as shown: names in words, and as many queries for fifty items as for one."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from gateway.web.views import Places, account_names, actor_name, review_entries
from storage.protocols import ReviewFilter, Scope
from tests.unit.gateway.web.house import House, town


def test_things_no_longer_configured_are_shown_by_id() -> None:
    """An old event of a removed camera can still be read."""
    places = Places(town())
    assert (places.camera_name("cam-gone"), places.place("cam-gone")) == ("cam-gone", "")
    assert (places.grid_name("gone"), places.zone_name("cam-gone", "z")) == ("gone", "z")
    assert places.zone_name("cam-east", None) is None


@pytest.mark.parametrize(
    ("actor", "expected"), [("acc_1", "王芳"), ("platform:plat", "plat"), ("auto", "auto"), ("acc_gone", "acc_gone")]
)
def test_actors_are_named(actor: str, expected: str) -> None:
    """People by name, platforms by endpoint, rules as `auto`."""
    assert actor_name(actor, {"acc_1": "王芳"}) == expected


async def test_nobody_to_name_asks_nothing(house: House) -> None:
    """No query for names when no name is needed."""
    assert await account_names(house.stores, [None, ""]) == {}
    assert await account_names(house.stores, ["acc_admin", "acc_gone"]) == {"acc_admin": "admin 同志"}


async def test_queries_do_not_grow_with_the_list(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """One item or six: the same handful of queries."""
    for number in range(1, 7):
        await house.add_event(number)
    page = await house.stores.reviews.page(Scope(None), ReviewFilter())
    asked: Counter[str] = Counter()
    for store in (house.stores.events, house.stores.reviews, house.stores.accounts):
        for name in ("many", "evidence_of_many", "waiting_alike", "get", "evidence", "all"):
            if hasattr(store, name):
                monkeypatch.setattr(store, name, _counted(asked, name, getattr(store, name)))
    entries = await review_entries(house.stores, Places(house.context.site), page.items)
    assert [entry.similar for entry in entries] == [5] * 6
    assert asked == {"many": 1, "evidence_of_many": 1, "waiting_alike": 1}


def _counted(asked: Counter[str], name: str, method: Any) -> Any:
    async def call(*args: Any) -> Any:
        asked[name] += 1
        return await method(*args)

    return call
