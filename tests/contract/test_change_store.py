"""What a change store must do, on every backend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import cast

from storage.stores import Stores
from tests.contract.store_samples import shown

# Long enough that only a notification can be the reason on PostgreSQL; short where polling is the only way.
NEVER_S = 3_600.0
POLL_S = 0.01
PATIENCE_S = 30.0


async def soon(watch: AsyncIterator[None]) -> None:
    """Wait for the watch to yield, not for ever."""
    async with asyncio.timeout(PATIENCE_S):
        await anext(watch)


async def closed(watch: AsyncIterator[None]) -> None:
    """End a watch as leaving its loop by an exception does."""
    await cast("AsyncGenerator[None, None]", watch).aclose()


async def test_empty(stores: Stores) -> None:
    """Nothing has happened yet."""
    assert await stores.changes.last_id() == 0
    assert await stores.changes.since(0) == []
    assert await stores.changes.purge(datetime.now(UTC)) == 0


async def test_since_reads_on_where_one_stopped(stores: Stores) -> None:
    """Oldest first, in portions, each change once."""
    items = [(await shown(stores))[1].id for _ in range(5)]
    first = await stores.changes.since(0, limit=3)
    rest = await stores.changes.since(first[-1].id)
    assert [c.ref_id for c in first + rest] == items
    assert rest[-1].id == await stores.changes.last_id()


async def test_purge_never_brings_an_id_back(stores: Stores) -> None:
    """A reader that remembers the last id is not deaf after everything was purged."""
    await shown(stores)
    last = await stores.changes.last_id()
    assert await stores.changes.purge(datetime.now(UTC) - timedelta(hours=1)) == 0
    assert await stores.changes.purge(datetime.now(UTC) + timedelta(hours=1)) == 1
    await shown(stores)
    assert [c.id > last for c in await stores.changes.since(last)] == [True]


async def test_ids_appear_in_order_of_commit(stores: Stores, other_stores: Stores) -> None:
    """A reader that has seen an id never misses a smaller one that is committed later."""
    seen: list[int] = []

    async def read() -> None:
        last = 0
        while len(seen) < 40:
            for change in await stores.changes.since(last):
                seen.append(change.id)
                last = change.id
            await asyncio.sleep(0)

    async def write(s: Stores) -> None:
        for _ in range(20):
            await shown(s)

    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(read(), write(stores), write(other_stores))
    assert len(set(seen)) == 40


async def test_watch_yields_at_once_and_on_news(stores: Stores, other_stores: Stores, database_url: str) -> None:
    """The first turn lets the reader catch up; then another process's commit wakes it."""
    watch = stores.changes.watch(NEVER_S if database_url.startswith("postgresql") else POLL_S)
    await soon(watch)
    for _ in range(3):
        before = await stores.changes.last_id()
        waiting = asyncio.ensure_future(anext(watch))
        await shown(other_stores)
        async with asyncio.timeout(PATIENCE_S):
            await waiting
        assert len(await stores.changes.since(before)) == 1
    await closed(watch)


async def test_watch_stays_silent_without_news(stores: Stores) -> None:
    """Polling alone does not wake the reader."""
    watch = stores.changes.watch(POLL_S)
    await soon(watch)
    waiting = asyncio.ensure_future(anext(watch))
    finished, _ = await asyncio.wait([waiting], timeout=20 * POLL_S)
    assert not finished
    await shown(stores)
    async with asyncio.timeout(PATIENCE_S):
        await waiting
    await closed(watch)
