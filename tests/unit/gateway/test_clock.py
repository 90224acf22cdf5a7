"""Tests of gateway.clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from gateway.clock import FakeClock, SystemClock


async def test_sleepers_wake_in_order_of_their_due_time() -> None:
    """Whoever sleeps shorter wakes first, at exactly its own moment."""
    clock = FakeClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("late", 5))
        group.create_task(sleeper("soon", 2))
        await clock.advance(10)
    assert woken == [("soon", 2.0), ("late", 5.0)]
    assert clock.monotonic() == 10.0


async def test_a_sleeper_that_sleeps_again_is_woken_within_the_same_advance() -> None:
    """A loop with a pause of one second turns five times in five seconds."""
    clock = FakeClock()
    turns: list[float] = []

    async def loop() -> None:
        while True:
            await clock.sleep(1)
            turns.append(clock.monotonic())

    task = asyncio.create_task(loop())
    await clock.advance(5)
    task.cancel()
    assert turns == [1.0, 2.0, 3.0, 4.0, 5.0]


async def test_a_cancelled_sleeper_does_not_stop_the_clock() -> None:
    """A sleeper that was cancelled is passed over."""
    clock = FakeClock()
    task = asyncio.create_task(clock.sleep(1))
    await asyncio.sleep(0)
    task.cancel()
    await clock.advance(2)
    assert task.cancelled()


async def test_sleeping_for_nothing_only_yields() -> None:
    """Zero and negative times do not wait for `advance`."""
    await FakeClock().sleep(0)
    await FakeClock().sleep(-1)


def test_fake_wall_time_follows_the_elapsed_time() -> None:
    """Start plus seconds, for any moment."""
    start = datetime(2026, 3, 1, tzinfo=UTC)
    assert FakeClock(start).utc_at(90) == start + timedelta(seconds=90)
    assert FakeClock(start).now() == start


async def test_system_moments_convert_to_aware_utc() -> None:
    """The present moment on the monotonic clock is now, within the time the test itself takes."""
    clock = SystemClock()
    before = clock.now()
    await clock.sleep(0)
    moment = clock.utc_at(clock.monotonic())
    assert moment.tzinfo is UTC
    assert before - timedelta(seconds=1) < moment < clock.now() + timedelta(seconds=1)
