"""What a store of counted lines must do, on every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import StatementError

from storage.records_counts import LineCount
from storage.stores import Stores

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = (NOON - 12 * HOUR, NOON + 12 * HOUR)
A = LineCount("cam-1", "gate", NOON, "vehicle", "run-a", 3, 1)


async def test_a_sum_written_again_counts_once(stores: Stores) -> None:
    """A crash between the commit and its answer: the same sum comes a second time, or has grown."""
    await stores.counts.put([A])
    await stores.counts.put([A])
    assert await stores.counts.hours("cam-1", *DAY) == [replace(A, source="")]
    await stores.counts.put([replace(A, along=5)])
    assert await stores.counts.hours("cam-1", *DAY) == [replace(A, source="", along=5)]


async def test_sources_add_up(stores: Stores, other_stores: Stores) -> None:
    """A worker that was started anew begins at nought; two that write at once stand in nobody's way."""
    counts = [replace(A, source=f"run-{n}") for n in range(6)]
    await asyncio.gather(
        *(store.counts.put(part) for store, part in ((stores, counts[:4]), (other_stores, counts[2:][::-1])))
    )
    assert await stores.counts.hours("cam-1", *DAY) == [replace(A, source="", along=18, against=6)]


async def test_each_line_kind_and_hour_is_a_number_of_its_own(stores: Stores) -> None:
    """In order of time, of this camera, within the span; its end is not part of it."""
    later, people = replace(A, hour=NOON + HOUR), replace(A, label="person")
    other_line, other_camera = replace(A, zone_id="yard"), replace(A, camera_id="cam-2")
    await stores.counts.put([later, other_camera, other_line, people, A])
    found = await stores.counts.hours("cam-1", NOON, NOON + HOUR)
    assert found == [replace(c, source="") for c in (people, A, other_line)]
    assert [c.hour for c in await stores.counts.hours("cam-1", *DAY)] == [NOON, NOON, NOON, NOON + HOUR]


async def test_an_hour_that_is_none_is_refused_with_all_that_came_along(stores: Stores) -> None:
    """A batch is written whole or not at all."""
    with pytest.raises(StatementError, match="whole seconds"):
        await stores.counts.put([A, replace(A, label="person", hour=NOON.replace(microsecond=1))])
    assert await stores.counts.hours("cam-1", *DAY) == []


async def test_old_hours_go(stores: Stores) -> None:
    """Those that began before; the number of rows is told."""
    await stores.counts.put([A, replace(A, hour=NOON - HOUR), replace(A, hour=NOON - HOUR, source="run-b")])
    assert await stores.counts.purge(NOON.replace(microsecond=5)) == 2
    assert [c.hour for c in await stores.counts.hours("cam-1", *DAY)] == [NOON]
