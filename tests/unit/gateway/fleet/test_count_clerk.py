"""The clerk of lines: nothing is counted twice, nothing is lost that can be kept."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from gateway.clock import FakeClock
from gateway.fleet import count_clerk
from gateway.fleet.count_clerk import WRITE_EVERY_S, CountClerk
from gateway.types import Crossing
from storage.errors import StoreUnavailable
from storage.protocols_counts import CountStore
from storage.records_counts import LineCount

HOUR = 3600.0


@dataclass
class FakeCounts:
    """Keeps the last sum of each hour, line and kind; `away` refuses them, `hangs` never answers."""

    sums: dict[tuple[float, str, str], tuple[int, int]] = field(default_factory=dict)
    writes: int = 0
    away: bool = False
    hangs: bool = False

    async def put(self, counts: Sequence[LineCount]) -> None:
        if self.away:
            raise StoreUnavailable("away")
        self.writes += 1
        for c in counts:
            self.sums[c.hour.hour, c.camera_id, c.label] = c.along, c.against
        if self.hangs:  # it was written, and the answer is lost
            await asyncio.Event().wait()


def a_clerk() -> tuple[CountClerk, FakeCounts, FakeClock]:
    store, clock = FakeCounts(), FakeClock()
    return CountClerk(cast(CountStore, store), clock, "run-1"), store, clock


def over(at_s: float, *, along: bool = True, label: str = "vehicle") -> Crossing:
    return Crossing("gate", label, along, at_s)


async def test_a_database_that_is_away_costs_nothing() -> None:
    """What could not be written is written with the next sum."""
    clerk, store, _ = a_clerk()
    store.away = True
    clerk.note("cam", [over(1), over(2, along=False)])
    await clerk.write()
    store.away = False
    clerk.note("cam", [over(3)])
    await clerk.write()
    assert store.sums == {(0, "cam", "vehicle"): (2, 1)}


async def test_a_write_whose_answer_is_lost_is_done_again() -> None:
    """The sum is told, not the difference: twice is once."""
    clerk, store, clock = a_clerk()
    clerk.note("cam", [over(1)])
    store.hangs = True
    async with asyncio.TaskGroup() as group:
        running = group.create_task(clerk.run())
        await clock.advance(WRITE_EVERY_S)
        running.cancel()
    store.hangs = False
    await clerk.write()
    assert (store.writes, store.sums) == (2, {(0, "cam", "vehicle"): (1, 0)})


async def test_nothing_new_is_no_write() -> None:
    """A line that nothing crosses costs nothing."""
    clerk, store, _ = a_clerk()
    await clerk.write()
    clerk.note("cam", [over(1)])
    await clerk.write()
    await clerk.write()
    assert store.writes == 1


async def test_a_late_crossing_belongs_to_its_own_hour() -> None:
    """Analysis may be seconds behind: the hour that has just ended is added to, not begun anew."""
    clerk, store, clock = a_clerk()
    clerk.note("cam", [over(HOUR - 3)])
    await clock.advance(HOUR + 1)
    await clerk.write()
    clerk.note("cam", [over(HOUR - 1), over(HOUR + 1)])
    await clerk.write()
    assert store.sums == {(0, "cam", "vehicle"): (2, 0), (1, "cam", "vehicle"): (1, 0)}


async def test_hours_long_over_are_forgotten() -> None:
    """Memory does not grow with time."""
    clerk, store, clock = a_clerk()
    for hour in range(6):
        clerk.note("cam", [over(hour * HOUR + 1)])
        await clerk.write()
        await clock.advance(HOUR)
    assert len(store.sums) == 6
    assert len(clerk._sums) <= 4


async def test_too_many_sums_give_way_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """And are counted."""
    monkeypatch.setattr(count_clerk, "MAX_WAITING", 2)
    clerk, store, clock = a_clerk()
    await clock.advance(5 * HOUR)
    clerk.note("cam", [over(HOUR), over(2 * HOUR), over(3 * HOUR)])
    await clerk.write()
    assert {hour for hour, *_ in store.sums} == {2, 3}
    assert clerk.lost == 1
