"""The shared memory of changes: read once, lost by nobody, alive after an outage."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.clock import FakeClock
from gateway.web.feed import KEPT_CHANGES, ChangeFeed
from storage.errors import StoreUnavailable
from storage.records import Change

WAIT_S = 20.0


class Changes:
    """A change store in memory whose database can go away."""

    def __init__(self, number: int) -> None:
        self.rows = [_change(n + 1) for n in range(number)]
        self.queries = 0
        self.broken = False

    async def since(self, last_id: int, limit: int = 500) -> list[Change]:
        self.queries += 1
        return [row for row in self.rows if row.id > last_id][:limit]

    async def last_id(self) -> int:
        return self.rows[-1].id if self.rows else 0

    async def watch(self, poll_s: float) -> AsyncIterator[None]:
        while True:
            if self.broken:
                self.broken = False
                raise StoreUnavailable("gone")
            yield
            await asyncio.sleep(0)

    async def purge(self, before: object) -> int:
        return 0


def _change(number: int) -> Change:
    return Change(number, FakeClock().now(), "review", f"rev_{number}", "east")


@asynccontextmanager
async def running(feed: ChangeFeed) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(feed.run())
        await asyncio.sleep(0)
        yield
        task.cancel()


async def test_feed_survives_an_outage() -> None:
    """The database went away for a moment: what was written then is told afterwards."""
    store, clock = Changes(1), FakeClock()
    feed = ChangeFeed(store, clock)
    async with running(feed):
        store.broken = True
        await clock.advance(1)
        store.rows.append(_change(2))
        await clock.advance(3)
        assert [c.id for c in await feed.after(1)] == [2]


async def test_feed_answers_near_readers_from_memory_and_far_ones_from_the_database() -> None:
    """However many browsers there are, each change is read once; who lags behind loses nothing."""
    store, clock = Changes(0), FakeClock()
    feed = ChangeFeed(store, clock)
    async with running(feed):
        await clock.advance(1)
        store.rows = [_change(n + 1) for n in range(KEPT_CHANGES + 200)]
        await clock.advance(1)
        before = store.queries
        assert [c.id for c in await feed.after(KEPT_CHANGES + 100)] == list(
            range(KEPT_CHANGES + 101, KEPT_CHANGES + 201)
        )
        near = store.queries - before
        assert (await feed.after(0))[0].id == 1
    assert near <= 1  # the feed's own look for news


async def test_waiting_reader_is_woken_and_sent_home() -> None:
    """News and the end of the server wake a reader at once; silence is told as such."""
    store, clock = Changes(1), FakeClock()
    feed = ChangeFeed(store, clock)
    async with running(feed):
        await clock.advance(1)
        position = await feed.position()
        assert not await feed.wait(position, 0.01)
        store.rows.append(_change(2))
        assert await feed.wait(position, WAIT_S)
        feed.close()
        assert await feed.wait(99, WAIT_S)
