"""What a coverage store must do, on every backend."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy.exc import StatementError

from gateway.fleet.coverage import CoverageLedger
from storage.protocols import Scope
from storage.records import CoverageRow, CoverageState
from storage.stores import Stores
from tests.contract.store_samples import EVERYTHING

DAY = datetime(2026, 11, 22, tzinfo=UTC)
NOON = DAY + timedelta(hours=12)
LOOKED, OFFLINE, ANALYSED = CoverageState.LOOKED, CoverageState.OFFLINE, CoverageState.ANALYSED


def at(seconds: float, base: datetime = NOON) -> datetime:
    return base + timedelta(seconds=seconds)


def a_row(start: float, end: float, state: CoverageState = LOOKED, **changes: str) -> CoverageRow:
    """Return a row of camera "cam-1" in grid "grid-1", in seconds after noon."""
    return replace(CoverageRow("cam-1", "grid-1", state, at(start), at(end)), **changes)  # type: ignore[arg-type]


async def all_rows(stores: Stores, camera_id: str = "cam-1") -> list[CoverageRow]:
    return await stores.coverage.rows(camera_id, at(-1_000_000), at(1_000_000))


async def test_rows_written_again_change_nothing(stores: Stores) -> None:
    """A crash between the commit and its answer: the same rows come a second time, and with more behind them."""
    first = [a_row(0, 5), a_row(5, 9, OFFLINE)]
    await stores.coverage.extend(first)
    await stores.coverage.extend(first)
    assert await all_rows(stores) == first
    await stores.coverage.extend([*first, a_row(9, 12, OFFLINE)])
    assert await all_rows(stores) == [a_row(0, 5), a_row(5, 12, OFFLINE)]


async def test_nothing_overlaps_whatever_is_sent(stores: Stores) -> None:
    """Rows that begin before the last end are cut, and dropped when nothing is left of them."""
    await stores.coverage.extend([a_row(0, 10)])
    await stores.coverage.extend([a_row(3, 7, OFFLINE), a_row(8, 14, OFFLINE), a_row(12, 13, ANALYSED)])
    assert await all_rows(stores) == [a_row(0, 10), a_row(10, 14, OFFLINE)]


async def test_two_writers_of_one_camera_do_not_overlap(stores: Stores, other_stores: Stores) -> None:
    """While a shard moves two workers may both write: the second is cut to what the first left."""
    for turn in range(5):
        start = turn * 10
        await asyncio.gather(
            stores.coverage.extend([a_row(start, start + 10)]),
            other_stores.coverage.extend([a_row(start, start + 10, OFFLINE)]),
        )
    rows = await all_rows(stores)
    assert [row.start for row in rows[1:]] == [row.end for row in rows[:-1]]
    assert (rows[0].start, rows[-1].end) == (at(0), at(50))


async def test_a_batch_is_written_whole_or_not_at_all(stores: Stores) -> None:
    """One row that cannot be kept, and none is; the one that would have been lengthened is not."""
    await stores.coverage.extend([a_row(0, 5)])
    bad = replace(a_row(0, 9, camera_id="cam-2"), start=NOON.replace(microsecond=5))
    with pytest.raises(StatementError, match="whole seconds"):
        await stores.coverage.extend([a_row(5, 7), bad])
    assert await stores.coverage.last(["cam-1", "cam-2"]) == {"cam-1": a_row(0, 5)}


async def test_a_state_that_goes_on_is_one_row(stores: Stores, tamper: Callable[[str], None]) -> None:
    """Three writes of one state lengthen the row in place; another state or another grid begins a new one."""
    for start in (0, 5, 10):
        await stores.coverage.extend([a_row(start, start + 5)])
    assert await all_rows(stores) == [a_row(0, 15)]
    tamper("UPDATE coverage SET state = 'polled'")  # there is one row to be changed
    await stores.coverage.extend([a_row(15, 20), a_row(20, 25, grid_id="grid-2")])
    assert await all_rows(stores) == [
        a_row(0, 15, CoverageState.POLLED), a_row(15, 20), a_row(20, 25, grid_id="grid-2"),
    ]  # fmt: skip


async def test_a_gap_stays_a_gap(stores: Stores) -> None:
    """The store invents nothing: what nobody said is not there."""
    await stores.coverage.extend([a_row(0, 5)])
    await stores.coverage.extend([a_row(8, 9)])
    assert await all_rows(stores) == [a_row(0, 5), a_row(8, 9)]


async def test_last_is_the_newest_row_of_each_camera(stores: Stores) -> None:
    """Of those asked for that have one."""
    await stores.coverage.extend([a_row(0, 5), a_row(5, 6, OFFLINE), a_row(2, 4, camera_id="cam-2")])
    await stores.coverage.extend([a_row(0, 9, camera_id="cam-3")])
    assert await stores.coverage.last(["cam-1", "cam-2", "cam-9"]) == {
        "cam-1": a_row(5, 6, OFFLINE),
        "cam-2": a_row(2, 4, camera_id="cam-2"),
    }
    assert await stores.coverage.last([]) == {}
    await stores.coverage.extend([])


async def test_rows_are_cut_to_the_span(stores: Stores) -> None:
    """Parts of seconds are left away; another camera's rows are not there."""
    await stores.coverage.extend([a_row(0, 10), a_row(10, 20, OFFLINE), a_row(0, 20, camera_id="cam-2")])
    found = await stores.coverage.rows("cam-1", at(4.7), at(12.2))
    assert found == [a_row(4, 10), a_row(10, 12, OFFLINE)]
    assert await stores.coverage.rows("cam-1", at(20), at(99)) == []


async def test_a_row_over_midnight_counts_in_each_day(stores: Stores) -> None:
    """By its part, and is read back as one row; two days and a bit."""
    midnight = DAY + timedelta(days=1)
    long = CoverageRow("cam-1", "grid-1", OFFLINE, at(-100, midnight), at(2 * 86_400 + 7, midnight))
    await stores.coverage.extend([long])
    await stores.coverage.extend([replace(long, start=long.end, end=long.end + timedelta(seconds=3))])
    days = [midnight + timedelta(days=n) for n in range(-1, 4)]
    found = [
        (await stores.coverage.totals(EVERYTHING, a, b, by="camera")).get("cam-1", {}).get(OFFLINE, 0)
        for a, b in pairwise(days)
    ]
    assert found == [100, 86_400, 86_400, 10]
    whole = replace(long, end=long.end + timedelta(seconds=3))
    assert await stores.coverage.rows("cam-1", days[0], days[-1]) == [whole]


async def fill(stores: Stores) -> None:
    await stores.coverage.extend(
        [
            a_row(0, 10), a_row(10, 14, OFFLINE),
            a_row(0, 20, camera_id="cam-2"),
            a_row(0, 30, ANALYSED, camera_id="cam-3", grid_id="grid-2"),
        ]
    )  # fmt: skip


async def test_totals_by_camera_grid_and_state(stores: Stores) -> None:
    """Seconds per state, of the span only."""
    await fill(stores)
    totals = stores.coverage.totals
    assert await totals(EVERYTHING, at(0), at(99), by="camera") == {
        "cam-1": {LOOKED: 10, OFFLINE: 4},
        "cam-2": {LOOKED: 20},
        "cam-3": {ANALYSED: 30},
    }
    by_grid = await totals(EVERYTHING, at(5), at(12), by="grid")
    assert by_grid == {"grid-1": {LOOKED: 12, OFFLINE: 2}, "grid-2": {ANALYSED: 7}}
    assert await totals(EVERYTHING, at(0), at(99), by="state") == {"": {LOOKED: 30, OFFLINE: 4, ANALYSED: 30}}
    assert await totals(EVERYTHING, at(50), at(99), by="state") == {}


async def test_totals_of_some_cameras_or_one_grid(stores: Stores) -> None:
    """Filters narrow what is added up; no cameras is not all cameras."""
    await fill(stores)
    totals = stores.coverage.totals
    some = await totals(EVERYTHING, at(0), at(99), by="camera", camera_ids=["cam-2", "cam-3", "cam-9"])
    assert some == {"cam-2": {LOOKED: 20}, "cam-3": {ANALYSED: 30}}
    assert await totals(EVERYTHING, at(0), at(99), by="camera", camera_ids=[]) == {}
    assert await totals(EVERYTHING, at(0), at(99), by="state", grid_id="grid-2") == {"": {ANALYSED: 30}}


@pytest.mark.parametrize("by", ["camera", "grid", "state"])
async def test_totals_keep_to_the_scope(stores: Stores, by: str) -> None:
    """A grid out of scope adds nothing, also where it or its camera is named."""
    await fill(stores)
    scope = Scope(frozenset({"grid-2", "grid-7"}))
    totals = stores.coverage.totals
    found = await totals(scope, at(0), at(99), by=by)  # type: ignore[arg-type]
    assert list(found.values()) == [{ANALYSED: 30}]
    assert await totals(scope, at(0), at(99), by=by, grid_id="grid-1") == {}  # type: ignore[arg-type]
    assert await totals(scope, at(0), at(99), by=by, camera_ids=["cam-1"]) == {}  # type: ignore[arg-type]
    assert await totals(Scope(frozenset()), at(0), at(99), by=by) == {}  # type: ignore[arg-type]


async def test_a_ledger_that_is_killed_and_stopped_sums_to_wall_time(stores: Stores) -> None:
    """Its rows survive in the store: after a kill ten seconds are unknown, after an orderly stop none."""
    cameras = ["cam-1", "cam-2"]

    async def live(ledger: CoverageLedger, start: int, end: int) -> None:
        for second in range(start, end):
            for camera_id in cameras:
                ledger.note(camera_id, "grid-1", LOOKED if second % 3 else ANALYSED, at(second))
            await stores.coverage.extend(ledger.due(at(second)))

    async def begin(second: int) -> CoverageLedger:
        ledger = CoverageLedger(at(second))
        ledger.resume(await stores.coverage.last(cameras), at(second))
        return ledger

    await live(await begin(0), 1, 38)  # killed: what was noted since the last write is lost with it
    second = await begin(100)
    await live(second, 101, 130)
    await stores.coverage.extend(second.stop(at(130)))
    third = await begin(200)
    await stores.coverage.extend(third.stop(at(203)))
    assert (await stores.coverage.rows("cam-1", at(0), at(999)))[-1].end == at(204)
    by_camera = await stores.coverage.totals(EVERYTHING, at(0), at(999), by="camera")
    assert [sum(by_camera[camera_id].values()) for camera_id in cameras] == [204, 204]
    # After the kill, and the three seconds in which the third ledger was told of nothing.
    assert [by_camera[camera_id][CoverageState.UNKNOWN] for camera_id in cameras] == [13, 13]


async def test_a_closing_row_tells_an_orderly_end(stores: Stores) -> None:
    """Also of a camera that was offline, and after it was written twice; readers of rows see plain offline time."""
    closing = replace(a_row(5, 6, OFFLINE), closing=True)
    for _ in range(2):
        await stores.coverage.extend([a_row(0, 5, OFFLINE), closing])
        assert await stores.coverage.last(["cam-1"]) == {"cam-1": closing}
    await stores.coverage.extend([a_row(6, 9, OFFLINE)])
    assert await stores.coverage.last(["cam-1"]) == {"cam-1": a_row(6, 9, OFFLINE)}
    assert await all_rows(stores) == [a_row(0, 9, OFFLINE)]
    assert await stores.coverage.totals(EVERYTHING, at(0), at(99), by="state") == {"": {OFFLINE: 9}}


async def test_an_offline_camera_whose_worker_is_killed_is_unknown_first(stores: Stores) -> None:
    """It may have come back in those seconds; after an orderly stop nobody watched, and that is known."""

    async def life(begins: int, ends: int) -> CoverageLedger:
        ledger = CoverageLedger(at(begins))
        ledger.resume(await stores.coverage.last(["cam-1"]), at(begins))
        for second in range(begins + 1, ends + 1):
            ledger.note("cam-1", "grid-1", OFFLINE, at(second))
        return ledger

    await stores.coverage.extend((await life(0, 20)).take())  # killed
    await stores.coverage.extend((await life(60, 80)).stop(at(80)))
    await stores.coverage.extend((await life(120, 130)).take())
    assert await all_rows(stores) == [
        a_row(0, 20, OFFLINE), a_row(20, 30, CoverageState.UNKNOWN), a_row(30, 130, OFFLINE),
    ]  # fmt: skip


async def test_purge_removes_what_has_ended(stores: Stores) -> None:
    """A row that reaches beyond the moment stays whole."""
    await stores.coverage.extend([a_row(0, 10), a_row(10, 20, OFFLINE), a_row(20, 30)])
    assert await stores.coverage.purge(at(15)) == 1
    assert await all_rows(stores) == [a_row(10, 20, OFFLINE), a_row(20, 30)]
    assert await stores.coverage.purge(at(15)) == 0


async def test_thousands_of_cameras_in_one_write(stores: Stores) -> None:
    """They are read and lengthened at once, and asked for together with more than a statement has parameters for."""
    ids = [f"cam-{n:05d}" for n in range(2_000)]
    rows = [a_row(0, 5, camera_id=camera_id) for camera_id in ids]
    await stores.coverage.extend(rows)
    await stores.coverage.extend([replace(row, start=row.end, end=at(10)) for row in rows])
    more = [*ids, *(f"other-{n}" for n in range(33_000))]
    assert len(await stores.coverage.last(more)) == len(ids)
    by_camera = await stores.coverage.totals(EVERYTHING, at(0), at(99), by="camera", camera_ids=more)
    assert by_camera == {camera_id: {LOOKED: 10} for camera_id in ids}
