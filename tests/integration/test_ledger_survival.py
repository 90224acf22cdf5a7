"""A worker that is killed, stopped and started again: the ledger in its database has every second once."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from gateway.fleet.coverage import FLUSH_S
from storage.coverage_rows import MAX_UNKNOWN_S, cut, whole_second
from storage.protocols import Scope
from storage.records import WATCHED, CoverageRow, CoverageState
from storage.stores import Stores, open_stores
from tests.conftest import require
from tests.integration.gateway_rig import Rig, deployment, until, write_scene
from tests.integration.worker_rig import WorkerProcess, worker_of
from tests.media import REQUIRE_ALL
from tests.postgresql import binaries, running_server

OFFLINE, UNKNOWN = CoverageState.OFFLINE, CoverageState.UNKNOWN
# What each camera is before and after every start: watched, wholly under a mask, not there.
SOUND, BLIND, GONE = "sound", "blind", "gone"
EXPECTED = {SOUND: WATCHED, BLIND: {CoverageState.MASKED}, GONE: {OFFLINE}}
TOLD_S = 3  # of its state, before a worker is ended
DEAD_S = MAX_UNKNOWN_S + 3.0  # so that there is time of which it is known that nobody watched
DOWN_S = 2.0
WHOLE = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
_SECOND = timedelta(seconds=1)


def cameras(rig: Rig) -> list[dict[str, Any]]:
    """One of each kind."""
    rule = {"id": "enter", "type": "zone_intrusion", "zone": "z", "cadence_s": 2}
    zone, mask = {"id": "z", "name": "z", "polygon": WHOLE}, {"id": "m", "name": "m", "polygon": WHOLE}
    common = {"rules": [rule], "zones": [zone]}
    stream = f"rtsp://127.0.0.1:{rig.rtsp_port}/street"
    return [
        {**common, "id": SOUND, "name": SOUND, "streams": [{"url": stream}]},
        {**common, "id": BLIND, "name": BLIND, "streams": [{"url": stream}],
         "zones": [zone, {**mask, "kind": "privacy_mask"}]},
        {**common, "id": GONE, "name": GONE, "streams": [{"url": "rtsp://127.0.0.1:9/none"}]},
    ]  # fmt: skip


@dataclass
class Lives:
    """What was done with the worker of one database, and what the ledger held then.

    Attributes:
        killed: When it was killed, and when it was started after that.
        stopped: When it had ended in good order, and when it was started after that.
        kept: Each camera's rows just before the kill.
    """

    stores: Stores
    worker: WorkerProcess
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    killed: tuple[datetime, datetime] = field(init=False)
    stopped: tuple[datetime, datetime] = field(init=False)
    kept: dict[str, list[CoverageRow]] = field(default_factory=dict)

    async def rows(self, camera_id: str) -> list[CoverageRow]:
        """All rows of a camera."""
        day = timedelta(days=1)
        return await self.stores.coverage.rows(camera_id, self.began - day, self.began + day)

    async def told(self, since: datetime) -> bool:
        """Whether each camera has been in its own state for a while since then."""
        assert self.worker.running, "the worker ended"
        return all([await self._told(camera_id, since) for camera_id in EXPECTED])

    async def _told(self, camera_id: str, since: datetime) -> bool:
        rows = cut(await self.rows(camera_id), since, since + timedelta(days=1))
        spans = [row.end - row.start for row in rows if row.state in EXPECTED[camera_id]]
        return sum(spans, timedelta()) >= TOLD_S * _SECOND

    async def live(self) -> None:
        """Start the worker and wait until it has told of every camera."""
        began = datetime.now(UTC)
        await self.worker.start()
        await until(lambda: self.told(began), what="each camera in its state")

    async def run(self) -> None:
        """Watch, die, watch, stop in good order, watch; the last life goes on."""
        await self.live()
        self.kept = {camera_id: await self.rows(camera_id) for camera_id in EXPECTED}
        killed = datetime.now(UTC)
        await self.worker.end(signal.SIGKILL)
        await asyncio.sleep(DEAD_S)
        self.killed = killed, datetime.now(UTC)
        await self.live()
        assert await self.worker.end(signal.SIGTERM) == 0
        stopped = datetime.now(UTC)
        await asyncio.sleep(DOWN_S)
        self.stopped = stopped, datetime.now(UTC)
        await self.live()


@pytest.fixture
def databases(tmp_path: Path) -> Iterator[list[str]]:
    """Return the addresses of an empty database of each kind; PostgreSQL where it is installed, or demanded."""
    found, bin_dir = [f"sqlite:///{tmp_path / 'ledger.db'}"], binaries()
    if REQUIRE_ALL:
        require("PostgreSQL", present=bin_dir is not None)
    if bin_dir is None:
        yield found
        return
    with running_server(bin_dir) as server:
        yield [*found, server.url(server.create())]


@pytest.fixture
async def lives(databases: list[str], tmp_path: Path) -> AsyncIterator[list[Lives]]:
    """Return a deployment per database, side by side: their waits are the same."""
    async with AsyncExitStack() as stack:
        found = []
        for number, address in enumerate(databases):
            folder = tmp_path / str(number)
            folder.mkdir()
            rig = await stack.enter_async_context(deployment(folder))
            rig.configure(cameras(rig), database_url=address)
            await rig.simulate(f"street={await asyncio.to_thread(write_scene, folder / 'street.mp4')}")
            stores = await stack.enter_async_context(open_stores(address, migrate=True))
            found.append(Lives(stores, await stack.enter_async_context(worker_of(rig, database_url=address))))
        yield found


def seconds(rows: list[CoverageRow], *states: CoverageState) -> float:
    return sum((row.end - row.start).total_seconds() for row in rows if not states or row.state in states)


async def check_sum(life: Lives, camera_id: str) -> None:
    """Each second once, from the first start until a few seconds ago: by the rows, and as the database adds them up."""
    now, rows = datetime.now(UTC), await life.rows(camera_id)
    assert [one.end for one, _ in pairwise(rows)] == [other.start for _, other in pairwise(rows)]
    wall_s = (rows[-1].end - rows[0].start).total_seconds()
    assert seconds(rows) == wall_s
    totals = await life.stores.coverage.totals(Scope(None), rows[0].start, rows[-1].end, by="camera")
    assert sum(totals[camera_id].values()) == wall_s
    assert whole_second(life.began) <= rows[0].start < life.killed[0]
    assert now - (2 * FLUSH_S) * _SECOND <= rows[-1].end <= now


async def check_kill(life: Lives, camera_id: str) -> None:
    """What was written stays; ten seconds at most are unknown, which lie around the kill; then nobody watched."""
    rows, (killed, started) = await life.rows(camera_id), life.killed
    kept = life.kept[camera_id]
    # What was written between our reading and the kill may have lengthened the last row.
    assert cut(rows, kept[0].start, kept[-1].end) == kept
    unknown = [row for row in rows if row.state is UNKNOWN]
    assert 0 < seconds(unknown) <= MAX_UNKNOWN_S
    assert unknown[0].start > killed - (2 * FLUSH_S) * _SECOND
    assert unknown[-1].end <= whole_second(killed) + (MAX_UNKNOWN_S + 1) * _SECOND
    dead = cut(rows, unknown[-1].end, whole_second(started))
    assert seconds(dead) > 0
    assert {row.state for row in dead} == {OFFLINE}


async def check_stop(life: Lives, camera_id: str) -> None:
    """An orderly end leaves nothing unknown: all of it is offline until the next start."""
    stopped, started = (whole_second(moment) for moment in life.stopped)
    down = cut(await life.rows(camera_id), stopped + _SECOND, started)
    assert {row.state for row in down} == {OFFLINE}
    assert seconds(down) == (started - stopped).total_seconds() - 1


@pytest.mark.slow
async def test_every_second_has_its_state_whatever_ends_the_worker(lives: list[Lives]) -> None:
    """A watched camera, a masked one and one that is not there, on each database."""
    async with asyncio.TaskGroup() as group:
        for life in lives:
            group.create_task(life.run())
    for life in lives:
        for camera_id in EXPECTED:
            await check_sum(life, camera_id)
            await check_kill(life, camera_id)
            await check_stop(life, camera_id)
