"""What is new, read once from the database and shared by all connected browsers."""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from gateway.clock import Clock
from storage.errors import StoreUnavailable
from storage.protocols import ChangeStore
from storage.records import Change

logger = structlog.get_logger(__name__)

# One cheap query per second on SQLite; PostgreSQL rings by itself.
POLL_S = 1.0
STORE_PAUSE_S = 2.0
# Changes kept in memory for all readers, a few minutes' worth; who lags further behind reads from the database.
KEPT_CHANGES = 1_000
PAGE = 500


class ChangeFeed:
    """A short memory of changes. Readers keep only the id they have reached, so a slow one costs nothing."""

    def __init__(self, store: ChangeStore, clock: Clock, poll_s: float = POLL_S) -> None:
        self._store = store
        self._clock = clock
        self._poll_s = poll_s
        self._kept: deque[Change] = deque(maxlen=KEPT_CHANGES)
        self._position = 0
        self._floor = 0  # everything after this id, up to the position, is in memory
        self._started = asyncio.Event()
        self._news = asyncio.Event()
        self.closed = False

    async def run(self) -> None:
        """Follow the database until cancelled; an outage is survived."""
        while True:
            try:
                await self._follow()
            except StoreUnavailable:
                logger.warning("changes cannot be read")
                await self._clock.sleep(STORE_PAUSE_S)

    async def _follow(self) -> None:
        if not self._started.is_set():
            self._position = self._floor = await self._store.last_id()
            self._started.set()
        async for _ in self._store.watch(self._poll_s):
            while fresh := await self._store.since(self._position, PAGE):
                self._take(fresh)

    def _take(self, fresh: list[Change]) -> None:
        for change in fresh:
            if len(self._kept) == self._kept.maxlen:
                self._floor = self._kept[0].id
            self._kept.append(change)
        self._position = fresh[-1].id
        self._ring()

    def _ring(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def close(self) -> None:
        """Send all readers home: the server is stopping."""
        self.closed = True
        self._ring()

    async def position(self) -> int:
        """Return the id of the newest change.

        Raises:
            StoreUnavailable: The database could not be asked yet.
        """
        return self._position if self._started.is_set() else await self._store.last_id()

    async def after(self, last_id: int) -> list[Change]:
        """Return changes after `last_id`, oldest first, at most some hundreds at once."""
        if not self._started.is_set() or last_id < self._floor:
            return await self._store.since(last_id, PAGE)
        return [change for change in self._kept if change.id > last_id][:PAGE]

    async def wait(self, last_id: int, seconds: float) -> bool:
        """Wait until there may be changes after `last_id`; False when none came within `seconds`."""
        news = self._news
        if self.closed or self._position > last_id:
            return True
        try:
            async with asyncio.timeout(seconds):
                await news.wait()
        except TimeoutError:
            return False
        return True
