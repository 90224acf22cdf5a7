"""Tests of gateway.fleet.garbage."""

from __future__ import annotations

import asyncio
import gc
import weakref

from gateway.clock import FakeClock
from gateway.fleet.garbage import EVERY_S, THRESHOLDS, collect_garbage


class Loop:
    """Refers to itself."""

    def __init__(self) -> None:
        self.own = self


async def test_cycles_go_within_a_minute_and_the_thresholds_come_back() -> None:
    """A failed session does not stay for hours; who else runs in this process is not affected afterwards."""
    clock, usual = FakeClock(), gc.get_threshold()
    task = asyncio.create_task(collect_garbage(clock))
    await clock.advance(0.0)
    assert gc.get_threshold() == THRESHOLDS
    left = weakref.ref(Loop())
    assert left() is not None
    await clock.advance(EVERY_S)
    assert left() is None
    task.cancel()
    await asyncio.wait([task])
    assert gc.get_threshold() == usual
