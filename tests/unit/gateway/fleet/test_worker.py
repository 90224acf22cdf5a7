"""The worker process: what it writes, and how it ends."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import cast

import aiohttp
import numpy as np
import pytest

from camera_configs.models import CameraConfig, RuleConfig, StreamConfig
from detectors import fire_smoke
from detectors.base import InferenceError, ModelLoadError
from gateway.camera.lane import LanePool
from gateway.camera.watcher import Surroundings
from gateway.clock import FakeClock
from gateway.fleet.camera_unit import CameraUnit
from gateway.fleet.shards import Shard
from gateway.fleet.worker import CaseOpener, Worker, close_pools, limit_shares, load_detectors, run_worker
from gateway.settings import Settings
from storage.errors import StorageError
from storage.records import CameraState, CameraStateName, CoverageState, WorkerRecord
from storage.stores import Stores, open_stores
from tests.unit.gateway.analysis.making import FakeDetector
from tests.unit.gateway.camera.scripts import write_clip
from tests.unit.gateway.evidence.making import event
from tests.unit.gateway.fleet.cameras import book_of, camera, site
from tests.unit.gateway.fleet.processes import configure, environment, gateway, until, write_site


def at_recorder(camera_id: str, recorder: str | None, host: str = "192.0.2.1") -> CameraConfig:
    return camera(camera_id, url=f"rtsp://{host}/x").model_copy(update={"recorder": recorder})


@pytest.mark.parametrize("per_host", [1, 2, 5, 8])
def test_workers_share_what_a_recorder_serves(per_host: int) -> None:
    """All workers together open no more streams of one recorder than it is allowed, but each at least one."""
    cameras = [at_recorder(f"cam-{i}", "nvr") for i in range(10)]
    shares = [limit_shares(book_of(*cameras), Shard(i, 4), per_host)["nvr"] for i in range(4)]
    assert min(shares) >= 1
    assert sum(shares) <= max(per_host, 4)


def test_recorder_that_is_not_crowded_is_not_shared_out() -> None:
    """Where everybody has a place nobody is given a smaller one; cameras that are switched off take none."""
    cameras = [at_recorder(f"cam-{i}", None) for i in range(4)] + [
        camera("off", enabled=False, url="rtsp://192.0.2.1/")
    ]
    assert limit_shares(book_of(*cameras), Shard(0, 2), 4) == {}
    assert limit_shares(book_of(*cameras), Shard(0, 2), 3) == {"192.0.2.1": 1}


@pytest.mark.parametrize("per_host", [10, 11, 14])
def test_substreams_are_shared_out_after_all_main_streams(per_host: int) -> None:
    """No worker's substreams take a place that another worker's main stream needs, whoever has them."""
    streams = (StreamConfig(url="rtsp://192.0.2.1/a"), StreamConfig(url="rtsp://192.0.2.1/b", role="sub"))
    plain = [at_recorder(f"plain-{i}", "nvr") for i in range(5)]
    both = [at_recorder(f"both-{i}", "nvr").model_copy(update={"streams": streams}) for i in range(5)]
    shards = [Shard(i, 3) for i in range(3)]
    book = book_of(*plain, *both)
    shares = [limit_shares(book, shard, per_host)["nvr"] for shard in shards]
    assert sum(shares) <= per_host
    for share, shard in zip(shares, shards, strict=True):
        assert share >= len(shard.cameras(book))


def test_missing_model_is_an_error_before_anything_is_watched(tmp_path: Path) -> None:
    """A detector that a camera names and nobody has is refused."""
    asks = camera("gate").model_copy(update={"detector": "nowhere"})
    with pytest.raises(ModelLoadError):
        load_detectors(Settings(data_dir=tmp_path), [asks], {})


def test_motion_needs_no_model(tmp_path: Path) -> None:
    """Cameras without a detector of their own share the default, which is opened once; motion is none."""
    assert load_detectors(Settings(data_dir=tmp_path), [camera("a"), camera("b")], {}) == {"motion": None}


def test_models_are_shared_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is opened once, answers all cameras through a pool, and takes nothing more when that is closed."""
    monkeypatch.setattr("gateway.fleet.worker.open_detector", lambda *_: FakeDetector())
    cameras = [camera(name).model_copy(update={"detector": "onnx:x"}) for name in ("a", "b")]
    pools = load_detectors(Settings(data_dir=tmp_path), cameras, {})
    pool = pools["onnx:x"]
    assert pool is not None
    assert (len(pools), pool.labels) == (1, FakeDetector.labels)
    image = np.zeros((9, 16, 3), np.uint8)
    assert len(pool.detect([image])[0].confidence) == 0
    close_pools({**pools, "motion": None})
    with pytest.raises(InferenceError, match="closed"):
        pool.detect([image])


def test_fire_detector_is_opened_once_where_a_rule_asks_for_it(tmp_path: Path) -> None:
    """It comes with the package: a fresh installation sees smoke and fire without adding any model."""
    fire = RuleConfig(id="fire", type="smoke_fire")
    pools = load_detectors(Settings(data_dir=tmp_path), [camera("a", rules=(fire,)), camera("b")], {})
    assert set(pools) == {"motion", fire_smoke.NAME}
    pool = pools[fire_smoke.NAME]
    assert pool is not None
    assert pool.labels == ("fire", "smoke")
    close_pools(pools)


class CrashingDesk:
    """A desk whose first run ends in a bug."""

    def __init__(self) -> None:
        self.runs = 0
        self.finished = asyncio.Event()

    async def run(self) -> None:
        self.runs += 1
        if self.runs == 1:
            raise KeyError("a bug")
        self.finished.set()


@dataclass
class CrashingUnit:
    """What a worker sees of a camera with such a desk."""

    camera: CameraConfig
    desk: CrashingDesk


async def test_bug_in_one_desk_is_a_pause_for_one_camera(tmp_path: Path) -> None:
    """The desk is run again after a pause; the worker does not hear of it."""
    clock, unit = FakeClock(), CrashingUnit(camera("gate"), CrashingDesk())
    with LanePool(1) as lanes:
        shared = Surroundings(lanes, clock=clock)
        worker = Worker(Settings(), book_of(unit.camera), Shard(0, 1), cast(Stores, None), shared)
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(worker._keep_desk(cast(CameraUnit, unit)))
            await clock.advance(0)
            assert unit.desk.runs == 1
            await clock.advance(1)
    assert unit.desk.runs == 2


def test_case_of_an_event_that_reports_itself() -> None:
    """The case is opened by nobody in particular, in the event's own place."""
    opened, clock = replace(event(), grid_id="east"), FakeClock()
    place = site(camera(opened.camera_id))
    case, step, deliveries = CaseOpener(place, Settings(), clock)(opened, ())
    assert (case.event_id, case.opened_at, step.case_id, list(deliveries)) == (opened.id, clock.now(), case.id, [])


@asynccontextmanager
async def migrated(data_dir: Path) -> AsyncIterator[Stores]:
    await asyncio.to_thread(data_dir.mkdir)
    async with open_stores(f"sqlite:///{data_dir / 'gridpatrol.db'}", migrate=True) as stores:
        yield stores


async def test_worker_watches_writes_and_stops_by_sigterm(tmp_path: Path) -> None:
    """It registers, tells its cameras' states, serves pictures to who has its token, and leaves nothing behind."""
    clip = write_clip(tmp_path / "clip.mp4", 2.0)
    folder = write_site(tmp_path / "site", clip.as_uri())
    async with migrated(tmp_path / "data") as stores:
        await configure(stores, tmp_path / "data", folder)

        async def registered() -> WorkerRecord | None:
            return next(iter(await stores.fleet.workers()), None)

        async def seen() -> CameraState | None:
            state = (await stores.fleet.states()).get("gate")
            return state if state is not None and state.last_picture_at is not None else None

        arguments = ("worker", "--shard", "0/1")
        async with gateway(*arguments, env=environment(tmp_path / "data")) as process:
            worker = await until(registered)
            assert (worker.worker_id, worker.pid, worker.camera_ids) == ("w0", process.pid, ("gate",))
            state = await until(seen)
            assert (state.worker_id, state.codec, state.width) == ("w0", "h264", 160)
            url, proof = f"{worker.base_url}/cameras/gate/picture", {"Authorization": f"Bearer {worker.token}"}
            async with aiohttp.ClientSession() as http, http.get(url, headers=proof) as answer:
                assert answer.status == 200
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
        assert await stores.fleet.workers() == []
        last = (await stores.coverage.last(["gate"]))["gate"]
        whole = await stores.coverage.rows("gate", last.end - timedelta(days=1), last.end)
        assert whole[-1].state is CoverageState.OFFLINE  # the mark of an orderly end
        assert {CoverageState.LOOKED, CoverageState.ANALYSED} & {row.state for row in whole}
        assert all(one.end == other.start for one, other in pairwise(whole))


async def test_worker_stops_when_its_front_is_gone(tmp_path: Path) -> None:
    """The end of its standard input is the end of the fleet; a camera that cannot be reached does not hold it up."""
    folder = write_site(tmp_path / "site")
    async with migrated(tmp_path / "data") as stores:
        await configure(stores, tmp_path / "data", folder)

        async def tried() -> CameraState | None:
            state = (await stores.fleet.states()).get("gate")
            return state if state is not None and state.attempts else None

        async with gateway("worker", "--shard", "0/1", env=environment(tmp_path / "data")) as process:
            state = await until(tried)
            assert state.state is CameraStateName.UNREACHABLE
            [worker] = await stores.fleet.workers()
            assert worker.heartbeat_at >= worker.started_at
            assert process.stdin is not None
            process.stdin.close()
            assert await process.wait() == 0
        assert await stores.fleet.workers() == []


async def test_worker_makes_no_tables(tmp_path: Path) -> None:
    """On an empty database it fails with a message: only the front migrates."""
    with pytest.raises(StorageError, match="start the gateway"):
        await run_worker(Settings(data_dir=tmp_path), Shard(0, 1))
