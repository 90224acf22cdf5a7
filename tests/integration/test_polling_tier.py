"""A camera watched by its snapshots, and what happens when they go stale. With a worker: `test_polled_worker`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from camera_configs.models import CameraConfig, RuleConfig, SnapshotConfig
from gateway.camera.lane import LanePool
from gateway.camera.snapshots import watch
from gateway.camera.snapshots.client import SnapshotConnections
from gateway.camera.watcher import Surroundings
from gateway.clock import SystemClock
from gateway.evidence.clip import ClipCutter
from gateway.fleet.camera_unit import CameraUnit, WorkerParts
from gateway.fleet.event_desk import DeskTools, OpenCase
from gateway.fleet.polling_tier import PollingTier
from gateway.settings import Settings
from gateway.simulator.faults import parse_fault
from gateway.simulator.server import PathSpec, RtspServer
from storage.media import FolderMediaStore
from storage.protocols import EventStore
from storage.records import CameraStateName, CoverageState
from tests.integration.worker_rig import write_street
from tests.unit.gateway.fleet.cameras import camera, site
from tests.unit.gateway.fleet.desk_tools import FakeEvents

WAIT_S = 90.0  # a look every 10 s, a probe of 3 s, a post-roll of 6 s, and a loaded machine
LENGTH_S = 40
# Its place in the cadence is 1.3 s: an early one, so that its first probe is early.
CAMERA = "mill"
SLOW = RuleConfig(id="enter", type="zone_intrusion", zone="yard", cadence_s=10, dwell_s=1, min_area=0.001)


@dataclass
class Rig:
    """A camera unit at work."""

    unit: CameraUnit
    events: FakeEvents
    clock: SystemClock
    seen: list[tuple[str, CoverageState, str]]  # tier, coverage and notes, as they changed

    async def tick(self) -> None:
        """Let the worker's second pass, in a fifth of it."""
        self.unit.tick()
        state = self.unit.state
        now = (state.tier, self.unit.coverage(self.clock.monotonic()), " ".join(state.notes))
        if now not in self.seen[-1:]:
            self.seen.append(now)
        await self.clock.sleep(0.2)

    async def until_seen(self, tier: str, coverage: CoverageState, note: str = "") -> None:
        """Tick until the camera is shown so."""
        async with asyncio.timeout(WAIT_S):
            while self.seen[-1:] != [(tier, coverage, note)]:
                await self.tick()


def watched(server: RtspServer) -> CameraConfig:
    snapshot = SnapshotConfig(url=server.snapshot_url(CAMERA))
    return camera(CAMERA, url=server.url(CAMERA), rules=(SLOW,)).model_copy(update={"snapshot": snapshot})


@asynccontextmanager
async def polled(folder: Path, file: Path, *faults: str) -> AsyncIterator[Rig]:
    """Serve a camera and watch it, without a database."""
    clock, events = SystemClock(), FakeEvents()
    spec = PathSpec(CAMERA, file, faults=tuple(parse_fault(text)[1] for text in faults))
    server = RtspServer([spec], http_port=0)
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        serving = group.create_task(server.run())
        await server.ready.wait()
        lanes = stack.enter_context(LanePool(1))
        connections = await stack.enter_async_context(SnapshotConnections())
        media = FolderMediaStore(folder, 0)
        tier = PollingTier(connections, lanes, clock)
        parts = WorkerParts(
            site=site(config := watched(server)),
            settings=Settings(data_dir=folder),
            shared=Surroundings(lanes, clock=clock),
            detectors={"motion": None},
            scene_types={},
            tools=DeskTools(cast(EventStore, events), media, ClipCutter(media), clock, ZoneInfo("Asia/Shanghai")),
            open_case=cast(OpenCase, None),
            worker_id="w0",
            run_id="run_1",
            polling=tier,
        )
        unit = CameraUnit(config, parts)
        desk, polling = group.create_task(unit.desk.run()), group.create_task(tier.run())
        unit.start()
        try:
            yield Rig(unit, events, clock, [])
        finally:
            unit.stop()
            unit.desk.hurry()
            await asyncio.wait([desk])
            await asyncio.to_thread(unit.join, WAIT_S)
            polling.cancel()
            serving.cancel()


@pytest.fixture(autouse=True)
def _sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "STREAM_UP_S", 2.0)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of a quiet place."""
    return write_street(tmp_path_factory.mktemp("street") / "street.mp4", 0, 0, LENGTH_S)


async def test_stale_snapshots_give_way_to_the_stream(tmp_path: Path, street: Path) -> None:
    """A camera whose snapshots stand still is watched by its stream again, and says why."""
    async with polled(tmp_path, street, "snap_stale@10s") as rig:
        await rig.until_seen("poll", CoverageState.POLLED)
        state = rig.unit.state
        assert (state.state, rig.unit.live(), rig.unit.polling) == (CameraStateName.ONLINE, None, True)
        await rig.until_seen("main", CoverageState.LOOKED, "poll_stale")
        assert not rig.unit.polling
