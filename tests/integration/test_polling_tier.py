"""A camera watched by its snapshots: quiet, then something happens; and what happens when they go stale."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import av
import numpy as np
import pytest

from camera_configs.models import CameraConfig, RuleConfig, SnapshotConfig
from gateway.camera.lane import LanePool
from gateway.camera.snapshots import watch
from gateway.camera.snapshots.client import SnapshotConnections
from gateway.camera.snapshots.poller import KEPT_LOOKS
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
from storage.records import CameraStateName, CoverageState, EvidenceKind
from tests.unit.gateway.fleet.cameras import camera, site
from tests.unit.gateway.fleet.desk_tools import FakeEvents

WAIT_S = 90.0  # a look every 10 s, a probe of 3 s, a post-roll of 6 s, and a loaded machine
FPS = 12
COMES_S, GOES_S, LENGTH_S = 30, 60, 150
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
    snapshot = SnapshotConfig(url=server.snapshot_url("gate"))
    return camera("gate", url=server.url("gate"), rules=(SLOW,)).model_copy(update={"snapshot": snapshot})


@asynccontextmanager
async def polled(folder: Path, file: Path, *faults: str) -> AsyncIterator[Rig]:
    """Serve a camera and watch it, without a database."""
    clock, events = SystemClock(), FakeEvents()
    spec = PathSpec("gate", file, faults=tuple(parse_fault(text)[1] for text in faults))
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
    monkeypatch.setattr(watch, "FIRST_PROBE_S", 2.0)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording in which somebody walks about between `COMES_S` and `GOES_S`."""
    out = tmp_path_factory.mktemp("street") / "street.mp4"
    rng = np.random.default_rng(7)
    ground = np.kron(rng.integers(60, 180, (9, 16)), np.ones((40, 40))).astype(np.int16)
    with av.open(str(out), "w") as container:
        video = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "g": str(FPS)})
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        for number in range(LENGTH_S * FPS):
            picture = ground + rng.integers(-3, 4, ground.shape, np.int16)
            if COMES_S * FPS <= number < GOES_S * FPS:
                left = 150 + abs(number * 4 % 600 - 300)
                picture[150:240, left : left + 60] = 235
            shades = np.repeat(picture.clip(16, 240).astype(np.uint8)[:, :, None], 3, axis=2)
            container.mux(video.encode(av.VideoFrame.from_ndarray(shades, format="rgb24")))
        container.mux(video.encode(None))
    return out


async def test_what_happens_while_polled_opens_the_stream(tmp_path: Path, street: Path) -> None:
    """Quiet, the stream is closed; a look that shows somebody opens it, and the event has looks and a clip."""
    async with polled(tmp_path, street) as rig:
        await rig.until_seen("poll", CoverageState.POLLED)
        state = rig.unit.state
        assert (state.state, rig.unit.live(), rig.unit.polling) == (CameraStateName.ONLINE, None, True)
        found = await asyncio.to_thread(rig.unit.latest_picture)
        assert found is None or found[0].startswith(b"\xff\xd8")
        async with asyncio.timeout(WAIT_S):
            while not rig.events.shown:
                await rig.tick()
    (event, evidence, review, _) = rig.events.shown[0]
    assert event.event_type == "zone_intrusion"
    assert review is not None
    looks = [e for e in evidence if "-look-" in e.media_key]
    assert [e.kind for e in looks] == [EvidenceKind.SNAPSHOT] * len(looks)
    assert 1 <= len(looks) <= KEPT_LOOKS
    assert EvidenceKind.CLIP in {e.kind for e in evidence}
    assert "main" in {tier for tier, _, _ in rig.seen}
    gone = {coverage for _, coverage, _ in rig.seen[1:]} & {CoverageState.OFFLINE, CoverageState.OVERLOADED}
    assert not gone, rig.seen


async def test_stale_snapshots_give_way_to_the_stream(tmp_path: Path, street: Path) -> None:
    """A camera whose snapshots stand still is watched by its stream again, and says why."""
    async with polled(tmp_path, street, "snap_stale@18s") as rig:
        await rig.until_seen("poll", CoverageState.POLLED)
        await rig.until_seen("main", CoverageState.LOOKED, "poll_stale")
        assert not rig.unit.polling
