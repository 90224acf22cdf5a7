"""Time: monotonic seconds for durations, aware UTC for records, and the one conversion between the two."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. `at_s` anywhere in the gateway is this clock's `monotonic`."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary start; never goes back."""

    def now(self) -> datetime:
        """Aware UTC wall-clock time."""

    def utc_at(self, at_s: float) -> datetime:
        """The UTC time of a monotonic moment, by the present offset between the two clocks."""

    async def sleep(self, seconds: float) -> None:
        """Wait; cancelling is safe."""


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        """CLOCK_MONOTONIC, the same for every process of this machine."""
        return time.monotonic()

    def now(self) -> datetime:
        """Aware UTC from the system clock."""
        return datetime.now(UTC)

    def utc_at(self, at_s: float) -> datetime:
        """Convert by the offset of this moment, so that a stepped wall clock moves all conversions alike."""
        return self.now() + timedelta(seconds=at_s - self.monotonic())

    async def sleep(self, seconds: float) -> None:
        """Wait on the running loop."""
        await asyncio.sleep(seconds)


class FakeClock:
    """A clock that tests move by hand with `advance`; sleepers wake in order of their due time."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        """Seconds advanced so far."""
        return self._elapsed_s

    def now(self) -> datetime:
        """Start plus the seconds advanced so far."""
        return self._start + timedelta(seconds=self._elapsed_s)

    def utc_at(self, at_s: float) -> datetime:
        """Start plus `at_s`."""
        return self._start + timedelta(seconds=at_s)

    async def sleep(self, seconds: float) -> None:
        """Wait until `advance` has passed the due time; zero or less only yields."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed_s + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move time on, waking each sleeper at its due time and letting it run before going further."""
        target = self._elapsed_s + seconds
        await self._settle()
        while self._sleepers and self._sleepers[0][0] <= target:
            due_s, _, future = heapq.heappop(self._sleepers)
            self._elapsed_s = max(self._elapsed_s, due_s)
            if not future.done():
                future.set_result(None)
            await self._settle()
        self._elapsed_s = target
        await self._settle()

    async def _settle(self) -> None:
        for _ in range(20):  # enough turns for a woken task to reach its next await
            await asyncio.sleep(0)
