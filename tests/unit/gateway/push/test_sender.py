"""From a review item to a browser, over real HTTP to a push service that decrypts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest

from gateway.clock import SystemClock
from gateway.push.keys import PushKeys
from gateway.push.post import PushPost
from gateway.push.sender import GIVE_UP_AFTER, PushSender
from storage.protocols import Scope
from storage.records import Account, Change
from storage.stores import Stores, open_stores
from tests.contract.store_samples import T0, a_file, an_account, an_event, an_item, judged
from tests.unit.gateway.push.service import PushService, push_service

PATIENCE_S = 10.0


class QuickClock(SystemClock):
    """Seconds pass as fast as they are asked for."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s


@dataclass
class StoredChanges:
    """The feed, read straight from the database; waiting takes no time but moves the clock."""

    stores: Stores
    clock: QuickClock
    closed: bool = False
    rounds: int = 3

    async def position(self) -> int:
        return await self.stores.changes.last_id()

    async def after(self, last_id: int) -> list[Change]:
        return await self.stores.changes.since(last_id)

    async def wait(self, last_id: int, seconds: float) -> bool:
        self.clock.ahead_s += seconds
        self.rounds -= 1
        self.closed = self.rounds <= 0
        return True


@dataclass
class Desk:
    """A sender with what is around it."""

    stores: Stores
    service: PushService
    sender: PushSender
    changes: StoredChanges
    people: list[Account] = field(default_factory=list)

    async def person(self, *grid_ids: str) -> Account:
        account = an_account(grid_ids=grid_ids)
        await self.stores.accounts.add(account)
        self.people.append(account)
        return account

    async def browser(self, account: Account, name: str) -> None:
        await self.stores.push.put(self.service.subscribe(account.id, name), 10)

    async def happens(self, severity: str = "S1", grid_id: str = "grid-1", event_type: str = "smoke") -> str:
        event = an_event(severity=severity, grid_id=grid_id, event_type=event_type)
        item = an_item(event)
        await self.stores.events.conclude(event, [a_file(event)], item)
        return item.id

    async def run(self, rounds: int = 3) -> list[tuple[str, dict[str, object]]]:
        """Let the sender go round a few times; return what arrived meanwhile."""
        self.changes.rounds, self.changes.closed = rounds, False
        self.service.arrived.clear()
        async with asyncio.timeout(PATIENCE_S):
            await self.sender.run()
        return sorted(self.service.arrived, key=lambda pair: pair[0])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    url = f"sqlite:///{tmp_path}/x.db"
    async with open_stores(url, migrate=True) as stores, aiohttp.ClientSession() as http, push_service() as service:
        clock = QuickClock()
        changes = StoredChanges(stores, clock)
        post = PushPost(PushKeys.of_folder(tmp_path), http, clock)
        wanted = (stores.reviews, stores.accounts, stores.push)
        sender = PushSender(changes, wanted, post, lambda account: frozenset(account.grid_ids), clock)
        made = Desk(stores, service, sender, changes)
        await made.run(1)  # it begins where the database is
        yield made


async def test_gone_browser_is_forgotten_and_the_others_are_not(desk: Desk) -> None:
    """404 and 410: the browser has taken it back. Anything else may pass."""
    li = await desk.person("grid-1")
    for name, status in (("a", 404), ("b", 410), ("c", 503), ("d", 201)):
        await desk.browser(li, name)
        desk.service.answers[name] = status
    await desk.happens()
    assert [name for name, _ in await desk.run()] == ["d"]
    kept = {s.endpoint.rpartition("/")[2]: s.failures for s in await desk.stores.push.all()}
    assert kept == {"c": 1, "d": 0}


async def test_service_that_is_not_there_is_given_up_at_last(desk: Desk) -> None:
    """Refused connections count like refusals; one that keeps failing is removed."""
    li = await desk.person("grid-1")
    one = desk.service.subscribe(li.id, "a")
    await desk.stores.push.put(replace(one, endpoint="http://127.0.0.1:9/to/a", failures=GIVE_UP_AFTER - 2), 10)
    for left in ([GIVE_UP_AFTER - 1], []):
        await desk.happens()
        await desk.run(5)
        assert [s.failures for s in await desk.stores.push.all()] == left


async def test_unsound_keys_are_dropped(desk: Desk) -> None:
    """Nothing can ever be sent to them, and nobody else is kept waiting."""
    li = await desk.person("grid-1")
    await desk.browser(li, "a")
    await desk.stores.push.put(replace(desk.service.subscribe(li.id, "b"), p256dh="AAAA"), 10)
    await desk.happens()
    assert [name for name, _ in await desk.run()] == ["a"]
    assert len(await desk.stores.push.all()) == 1


async def test_only_urgent_items_of_ones_own_grids(desk: Desk) -> None:
    """S3 and S4 wait in the queue; other people's grids are other people's; what is judged wakes nobody."""
    li, wang = await desk.person("grid-1"), await desk.person("grid-2")
    await desk.browser(li, "li")
    await desk.browser(wang, "wang")
    await desk.happens("S3")
    await desk.happens("S2", "grid-2")
    quick = await desk.happens("S1")
    item = await desk.stores.reviews.get(quick)
    await desk.stores.reviews.judge(judged(item, judged_at=T0), None)
    assert [name for name, _ in await desk.run()] == ["wang"]


async def test_message_tells_neither_place_nor_picture(desk: Desk) -> None:
    """One message for what came together: severity, number and types, and nothing else. Signed and encrypted."""
    li = await desk.person("grid-1")
    await desk.browser(li, "phone")
    await desk.browser(li, "tablet")
    for severity, kind in (("S2", "waterlogging"), ("S1", "smoke"), ("S2", "waterlogging")):
        await desk.happens(severity, event_type=kind)
    message = {"kind": "review", "severity": "S1", "count": 3, "event_types": ["waterlogging", "smoke"]}
    assert await desk.run() == [("phone", message), ("tablet", message)]
    for headers in desk.service.headers:
        assert (headers["Content-Encoding"], headers["Urgency"], headers["Topic"]) == ("aes128gcm", "high", "review")
        assert int(headers["TTL"]) > 0


async def test_an_item_is_told_once(desk: Desk) -> None:
    """Judged, undone, noted: the same item changes often and rings once."""
    li = await desk.person("grid-1")
    await desk.browser(li, "a")
    item = await desk.stores.reviews.get(await desk.happens())
    assert len(await desk.run()) == 1
    await desk.stores.reviews.judge(judged(item, judged_at=T0), None)
    await desk.stores.reviews.undo(item.id, "acc-li", T0)
    assert await desk.run(6) == []
    assert (await desk.stores.reviews.counts(Scope(None))) == {"S1": 1}
