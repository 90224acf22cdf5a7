"""The clerk: every second of every camera is told, written and not lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import cast

from camera_configs.models import CameraConfig
from gateway.clock import FakeClock
from gateway.fleet.coverage import FLUSH_S
from gateway.fleet.coverage_clerk import CoverageClerk
from storage.coverage_rows import joined
from storage.errors import StoreUnavailable
from storage.protocols import CoverageStore
from storage.records import CoverageRow, CoverageState
from tests.unit.gateway.fleet.cameras import camera


@dataclass
class Unit:
    """A camera that is in the state it is told to be in."""

    camera: CameraConfig
    state: CoverageState = CoverageState.LOOKED

    def coverage(self, now_s: float) -> CoverageState:
        return self.state


@dataclass
class FakeCoverage:
    """Keeps rows; `away` refuses them, `hangs` never answers."""

    rows: list[CoverageRow] = field(default_factory=list)
    away: bool = False
    hangs: bool = False

    async def extend(self, rows: Sequence[CoverageRow]) -> None:
        if self.away:
            raise StoreUnavailable("away")
        if self.hangs:
            await asyncio.Event().wait()
        self.rows = joined([*self.rows, *rows])

    async def last(self, camera_ids: Sequence[str]) -> dict[str, CoverageRow]:
        return {row.camera_id: row for row in self.rows if row.camera_id in camera_ids}


def clerk_for(store: FakeCoverage, clock: FakeClock) -> CoverageClerk:
    return CoverageClerk(cast(CoverageStore, store), clock)


async def watch(clerk: CoverageClerk, clock: FakeClock, unit: Unit, seconds: int) -> None:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(clerk.run([unit]))
        for _ in range(seconds):
            await clock.advance(1)
        running.cancel()


async def test_database_that_is_away_costs_no_second() -> None:
    """What could not be written is written later, in one piece."""
    store, clock, unit = FakeCoverage(away=True), FakeClock(), Unit(camera("gate"))
    clerk = clerk_for(store, clock)
    began = clock.now()
    await watch(clerk, clock, unit, 3 * FLUSH_S)
    assert store.rows == []
    store.away = False
    await watch(clerk, clock, unit, FLUSH_S + 1)
    [row] = store.rows
    assert (row.state, row.grid_id) == (CoverageState.LOOKED, "east")
    assert row.start <= began + timedelta(seconds=1)
    assert row.end >= clock.now() - timedelta(seconds=FLUSH_S + 2)


async def test_write_that_is_cancelled_loses_nothing() -> None:
    """The worker stops in the middle of a write: its rows are among the last ones."""
    store, clock, unit = FakeCoverage(hangs=True), FakeClock(), Unit(camera("gate"))
    clerk = clerk_for(store, clock)
    await watch(clerk, clock, unit, 2 * FLUSH_S)
    store.hangs = False
    clerk.stop()
    await clerk.end()
    assert [row.state for row in store.rows] == [CoverageState.LOOKED, CoverageState.OFFLINE]
    assert store.rows[0].end - store.rows[0].start >= timedelta(seconds=FLUSH_S)


async def test_write_that_hangs_makes_no_second_unknown() -> None:
    """A disk that is busy for half a minute: the cameras were watched all the same."""
    store, clock, unit = FakeCoverage(hangs=True), FakeClock(), Unit(camera("gate"))
    clerk = clerk_for(store, clock)
    await watch(clerk, clock, unit, 30)
    store.hangs = False
    await watch(clerk, clock, unit, FLUSH_S + 1)
    assert [row.state for row in store.rows] == [CoverageState.LOOKED]
    assert store.rows[0].end - store.rows[0].start >= timedelta(seconds=30)


async def test_orderly_end_is_told_from_a_crash() -> None:
    """After `stop` the time until the next start is offline; without it part of it is unknown."""
    clock, unit = FakeClock(), Unit(camera("gate"))
    for orderly in (True, False):
        store = FakeCoverage()
        clerk = clerk_for(store, clock)
        await watch(clerk, clock, unit, FLUSH_S + 1)
        if orderly:
            clerk.stop()
        await clerk.end()
        await clock.advance(60)
        again = clerk_for(store, clock)
        await again.begin(["gate"])
        await again.end()
        assert (CoverageState.UNKNOWN in {row.state for row in store.rows}) is not orderly
        assert store.rows[-1].end >= clock.now() - timedelta(seconds=1)


async def test_change_of_state_begins_a_row() -> None:
    """Rows follow one another without a gap."""
    store, clock, unit = FakeCoverage(), FakeClock(), Unit(camera("gate"))
    clerk = clerk_for(store, clock)
    await watch(clerk, clock, unit, 10)
    unit.state = CoverageState.ANALYSED
    await watch(clerk, clock, unit, 10)
    clerk.stop()
    await clerk.end()
    looked, analysed, offline = store.rows
    assert (looked.end, analysed.end) == (analysed.start, offline.start)
