"""A camera with two streams: watched on the small one, clips from the large one, and each stands in for the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import av
import numpy as np
import pytest

from camera_configs.models import CameraConfig, RuleConfig, StreamConfig
from gateway.camera import choice
from gateway.camera.lane import LanePool
from gateway.camera.watcher import Surroundings
from gateway.clock import SystemClock
from gateway.evidence.clip import ClipCutter
from gateway.fleet.camera_unit import CameraUnit, WorkerParts
from gateway.fleet.event_desk import DeskTools, OpenCase
from gateway.settings import Settings
from gateway.simulator.faults import parse_fault
from gateway.simulator.server import PathSpec, RtspServer
from storage.media import FolderMediaStore
from storage.protocols import EventStore
from storage.records import CameraStateName, Event, Evidence, EvidenceKind
from tests.unit.gateway.fleet.cameras import camera, site
from tests.unit.gateway.fleet.desk_tools import FakeEvents

WAIT_S = 60.0
FPS = 10
LENGTH_S = 45
COMES_S = 14  # of the recording; who watches needs some seconds to learn the background
MAIN, SUB = (960, 540), (320, 180)
ENTER = RuleConfig(id="enter", type="zone_intrusion", zone="yard", cadence_s=1, dwell_s=1, min_area=0.001)


@dataclass
class Rig:
    """A camera unit at work."""

    unit: CameraUnit
    events: FakeEvents
    clock: SystemClock
    folder: Path

    async def until(self, holds: Callable[[], object]) -> None:
        """Let the worker's seconds pass until something holds."""
        async with asyncio.timeout(WAIT_S):
            while not holds():
                self.unit.tick()
                await self.clock.sleep(0.1)

    async def shown(self) -> tuple[Event, dict[EvidenceKind, Evidence]]:
        """Return the first event that people get to see, and its evidence."""
        await self.until(lambda: self.events.shown)
        event, evidence, _, _ = self.events.shown[0]
        return event, {e.kind: e for e in evidence}

    def decoded(self, clip: Evidence) -> list[tuple[datetime, int, bool]]:
        """Return wall time, width and whether the thing is there, of each picture of a clip."""
        [segment] = clip.segments
        pictures = []
        with av.open(str(self.folder / clip.media_key)) as container:
            for frame in container.decode(video=0):
                luma = frame.to_ndarray(format="gray8")
                at = segment.wall_start + timedelta(seconds=float(frame.time or 0) - segment.clip_start_s)
                pictures.append((at, frame.width, bool(luma.max() > 215)))
        return pictures


def recording(path: Path, size: tuple[int, int], gop_s: int = 1) -> Path:
    """Encode a still scene into which a bright thing comes at `COMES_S`, at the given size."""
    width, height = size
    rng = np.random.default_rng(7)
    ground = np.kron(rng.integers(60, 150, (9, 16)), np.ones((height // 9, width // 16))).astype(np.int16)
    grains = [rng.integers(-2, 3, ground.shape, np.int16) for _ in range(7)]
    with av.open(str(path), "w") as container:
        video = container.add_stream(
            "libx264", rate=FPS, options={"preset": "ultrafast", "g": str(FPS * gop_s), "bf": "0"}
        )
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for number in range(LENGTH_S * FPS):
            picture = ground + grains[number % len(grains)]
            if number >= COMES_S * FPS:
                left = width // 4 + abs(number * width // 100 % (width // 2) - width // 4)
                picture[height * 4 // 10 : height * 6 // 10, left : left + width // 10] = 235
            shades = np.repeat(picture.clip(16, 240).astype(np.uint8)[:, :, None], 3, axis=2)
            frame = av.VideoFrame.from_ndarray(shades, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return the same scene for the main and the sub stream."""
    folder = tmp_path_factory.mktemp("scene")
    return recording(folder / "main.mp4", MAIN), recording(folder / "sub.mp4", SUB)


@asynccontextmanager
async def watched(folder: Path, main: PathSpec, sub: PathSpec) -> AsyncIterator[Rig]:
    """Serve a camera of two streams and watch it, without a database."""
    clock, events = SystemClock(), FakeEvents()
    server = RtspServer([main, sub])
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        serving = group.create_task(server.run())
        await server.ready.wait()
        media = FolderMediaStore(folder, 0)
        config = two_streams(server.url("main"), server.url("sub"))
        shared = Surroundings(stack.enter_context(LanePool(1)), clock=clock)
        tools = DeskTools(cast(EventStore, events), media, ClipCutter(media), clock, ZoneInfo("Asia/Shanghai"))
        settings = Settings(data_dir=folder)
        parts = WorkerParts(
            site(config),
            settings,
            shared,
            {"motion": None},
            {},
            tools,
            cast(OpenCase, None),
            worker_id="w0",
            run_id="run_1",
        )
        unit = CameraUnit(config, parts)
        desk = group.create_task(unit.desk.run())
        unit.start()
        try:
            yield Rig(unit, events, clock, folder)
        finally:
            unit.stop()
            unit.desk.hurry()
            await asyncio.wait([desk])
            await asyncio.to_thread(unit.join, WAIT_S)
            serving.cancel()


def two_streams(main: str, sub: str) -> CameraConfig:
    streams = (StreamConfig(url=main, read_timeout_s=2), StreamConfig(url=sub, role="sub", read_timeout_s=2))
    return camera("gate", rules=(ENTER,)).model_copy(update={"streams": streams})


@pytest.mark.parametrize("late_s", [1.5, -1.0])
async def test_event_of_the_substream_has_its_clip_from_the_main_stream(
    tmp_path: Path, files: tuple[Path, Path], late_s: float
) -> None:
    """Whichever encoder is slower, the clip is of the large pictures and shows the thing come at the event's time."""
    main = PathSpec("main", files[0], start_s=4.0 - late_s, clock_offset_s=120.0 - late_s)
    async with watched(tmp_path, main, PathSpec("sub", files[1], start_s=4.0, clock_offset_s=120.0)) as rig:
        event, evidence = await rig.shown()
        state, watchers = rig.unit.state, rig.unit._stream.watchers
        assert (state.tier, state.width, state.notes) == ("sub", MAIN[0], ())
        assert watchers["main"]._inspection.frames == 0
        assert watchers["sub"]._inspection.frames > 0
    clip, snapshot = evidence[EvidenceKind.CLIP], evidence[EvidenceKind.SNAPSHOT]
    assert (clip.width, snapshot.width) == (MAIN[0], MAIN[0])
    pictures = rig.decoded(clip)
    comes = next(at for at, _, there in pictures if there)
    assert abs((comes - event.started_at).total_seconds()) < 0.5
    assert pictures[0][0] <= event.started_at - timedelta(seconds=3)


async def test_main_stream_is_watched_while_the_substream_is_away(
    tmp_path: Path, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds after the substream is gone the main stream is analysed, and says why; later the substream is again."""
    monkeypatch.setattr(choice, "SETTLE_S", 4.0)
    fault = parse_fault("refuse@8s+8s")[1]
    sub = PathSpec("sub", files[1], start_s=20.0, faults=(parse_fault("reset@8s")[1], fault))
    async with watched(tmp_path, PathSpec("main", files[0], start_s=20.0), sub) as rig:
        unit = rig.unit
        await rig.until(lambda: unit.state.state is CameraStateName.ONLINE)
        assert unit.state.tier == "sub"
        await rig.until(lambda: unit.state.tier == "main" and unit.state.state is CameraStateName.ONLINE)
        assert list(unit.state.notes) == ["sub_unavailable"]
        looks = unit.state.looks
        await rig.until(lambda: unit.watcher._inspection.frames > 1)
        await rig.until(lambda: unit.state.tier == "sub")
        assert list(unit.state.notes) == []
        await rig.until(lambda: unit.state.looks > looks + 3)


async def test_clip_is_of_the_substream_while_the_main_stream_is_away(tmp_path: Path, files: tuple[Path, Path]) -> None:
    """A clip of low resolution is better than none."""
    main = PathSpec("main", files[0], start_s=4.0, faults=(parse_fault("reset@4s")[1], parse_fault("refuse@4s")[1]))
    async with watched(tmp_path, main, PathSpec("sub", files[1], start_s=4.0)) as rig:
        event, evidence = await rig.shown()
        assert list(rig.unit.state.notes) == ["evidence_from_sub"]
        assert rig.unit.live() is not None
    clip = evidence[EvidenceKind.CLIP]
    assert clip.width == SUB[0]
    pictures = rig.decoded(clip)
    comes = next(at for at, _, there in pictures if there)
    assert abs((comes - event.started_at).total_seconds()) < 0.5


async def test_main_stream_is_watched_where_the_substream_has_rare_keyframes(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    """A substream of a thrifty encoder would have to be decoded through: said, and watched on the main stream."""
    thrifty = recording(tmp_path / "thrifty.mp4", SUB, gop_s=30)
    async with watched(tmp_path, PathSpec("main", files[0]), PathSpec("sub", thrifty)) as rig:
        await rig.until(lambda: rig.unit.state.tier == "main")
        assert list(rig.unit.state.notes) == ["sub_long_gop"]
        await rig.until(lambda: rig.unit.watcher._inspection.frames > 1)
