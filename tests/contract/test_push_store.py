"""What a store of push subscriptions must do, on every backend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from storage.records import Account
from storage.records_review import PushSubscription
from storage.stores import Stores
from tests.contract.store_samples import after, an_account, fresh


def a_subscription(account: Account, **changes: Any) -> PushSubscription:
    subscription = PushSubscription(f"https://push.example/{fresh('sub')}", account.id, "p", "a", after(0))
    return replace(subscription, **changes)


async def test_browser_that_changes_hands_wakes_its_new_user_only(stores: Stores) -> None:
    """The endpoint is the browser's; who signs in there last is woken there."""
    li, wang = an_account(), an_account()
    for account in (li, wang):
        await stores.accounts.add(account)
    one = a_subscription(li, failures=2)
    await stores.push.put(one, 10)
    await stores.push.put(replace(one, account_id=wang.id, failures=0), 10)
    assert await stores.push.all() == [replace(one, account_id=wang.id, failures=0)]
    await stores.push.drop(one.endpoint, li.id)
    assert len(await stores.push.all()) == 1
    await stores.push.drop(one.endpoint, wang.id)
    await stores.push.drop(one.endpoint)
    assert await stores.push.all() == []


async def test_newest_browsers_of_an_account_stay(stores: Stores) -> None:
    """Old ones give way, those of others do not."""
    li, wang = an_account(), an_account()
    for account in (li, wang):
        await stores.accounts.add(account)
    await stores.push.put(a_subscription(wang), 2)
    kept = [a_subscription(li, created_at=after(n)) for n in range(4)]
    for subscription in kept:
        await stores.push.put(subscription, 2)
    assert {s.endpoint for s in await stores.push.all() if s.account_id == li.id} == {s.endpoint for s in kept[2:]}
    assert len(await stores.push.all()) == 3


async def test_browser_that_fails_too_often_is_given_up(stores: Stores) -> None:
    """In a row: a delivery in between makes it good."""
    li = an_account()
    await stores.accounts.add(li)
    one = a_subscription(li)
    await stores.push.put(one, 10)
    for delivered in (False, False, True, False, False):
        await stores.push.settle(one.endpoint, delivered=delivered, give_up_after=3)
    assert [s.failures for s in await stores.push.all()] == [2]
    await stores.push.settle(one.endpoint, delivered=False, give_up_after=3)
    assert await stores.push.all() == []
    await stores.push.settle(one.endpoint, delivered=True, give_up_after=3)
