"""The worker process: watches one shard of the cameras and keeps their events."""

from __future__ import annotations

import asyncio
import math
import os
import secrets
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from camera_configs.loader import load_site
from camera_configs.models import CameraConfig, SiteConfig
from detectors import fire_smoke
from detectors.onnx_session import SessionOptions
from detectors.pool import InferencePool
from detectors.registry import ModelRegistry, open_detector
from gateway.analysis.ruleset import FIRE_TYPES
from gateway.camera.budget import CpuBudget
from gateway.camera.lane import LanePool
from gateway.camera.limits import StreamLimits
from gateway.camera.snapshots.client import SnapshotConnections
from gateway.camera.watcher import Surroundings
from gateway.casework.open_case import AUTOMATIC, Scene, Terms, open_case
from gateway.clock import Clock, SystemClock
from gateway.evidence.clip import ClipCutter
from gateway.fleet.camera_unit import CameraUnit, WorkerParts, limit_keys
from gateway.fleet.coverage_clerk import CoverageClerk
from gateway.fleet.event_desk import DeskTools
from gateway.fleet.garbage import collect_garbage
from gateway.fleet.polling_tier import PollingTier
from gateway.fleet.scene_models import asked_models
from gateway.fleet.shards import Shard
from gateway.fleet.worker_counters import Counters, worker_counters
from gateway.fleet.worker_http import WorkerHttp
from gateway.settings import Settings
from gateway.supervise import Backoff, supervise
from storage.errors import StorageError, StoreUnavailable
from storage.ids import new_id
from storage.media import FolderMediaStore
from storage.records import CameraState, Case, CaseStep, Delivery, Event, Evidence, WorkerRecord
from storage.stores import Stores, open_stores

logger = structlog.get_logger(__name__)

MOTION = "motion"
HEALTH_EVERY_S = 1.0
HEARTBEAT_EVERY_S = 5.0
# A camera thread notices a stop within its read timeout (10 s by default); the process does not wait for slow ones,
# whose threads are daemons.
JOIN_TIMEOUT_S = 2.0


async def run_worker(settings: Settings, config_dir: Path, shard: Shard) -> None:
    """Watch the shard until SIGTERM, SIGINT or the end of standard input; open clips are finished first.

    Raises:
        ConfigError, ModelLoadError, StorageError: It cannot start.
    """
    site = await asyncio.to_thread(load_site, config_dir)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings.store_url, migrate=False))
        pool = stack.enter_context(
            LanePool(settings.look_threads, CpuBudget(settings.decode_budget or settings.look_threads))
        )
        per_host = settings.streams_per_host
        limits = StreamLimits(per_host, per_key=limit_shares(site.cameras, shard, per_host))
        shared = Surroundings(pool, limits, clock=clock)
        await Worker(settings, site, shard, stores, shared).run()


def limit_shares(cameras: Sequence[CameraConfig], shard: Shard, per_host: int) -> dict[str, int]:
    """Return how many streams this worker may open of each recorder or host that cannot serve all streams.

    In proportion to its part of the streams there, since workers cannot count each other's streams: of main streams,
    and of substreams once all main streams have a place.
    """
    mains, subs = _streams_by_key([camera for camera in cameras if camera.enabled])
    mains_here, subs_here = _streams_by_key(shard.cameras(cameras))

    def share(key: str) -> int:
        left = per_host - mains[key]
        if left <= 0:
            return per_host * mains_here[key] // mains[key]
        return mains_here[key] + left * subs_here[key] // subs[key]

    return {key: max(1, share(key)) for key, total in (mains + subs).items() if total > per_host}


def _streams_by_key(cameras: Iterable[CameraConfig]) -> tuple[Counter[str], Counter[str]]:
    """Count main and substreams by what they share their number with."""
    keys = [limit_keys(camera) for camera in cameras]
    return Counter(first for first, *_ in keys), Counter(key for _, *others in keys for key in others)


class Worker:
    """The cameras of one shard and what they share."""

    def __init__(
        self, settings: Settings, site: SiteConfig, shard: Shard, stores: Stores, shared: Surroundings
    ) -> None:
        self._settings = settings
        self._site = site
        self._shard = shard
        self._stores = stores
        self._shared = shared
        self._clock: Clock = shared.clock
        self._run_id = new_id("run")
        self._stopping = asyncio.Event()
        self._cameras = shard.cameras(site.cameras)

    async def run(self) -> None:
        """Work until asked to stop."""
        self._listen_for_stop()
        pools = await asyncio.to_thread(load_detectors, self._settings, self._cameras)
        try:
            if not self._stopping.is_set():  # else the front died meanwhile; its successor has workers of its own
                async with SnapshotConnections() as connections:
                    await self._watch(self._parts(pools, connections))
        finally:
            await asyncio.to_thread(close_pools, pools)
        logger.info("worker stopped", worker=self._shard.worker_id)

    async def _watch(self, parts: WorkerParts) -> None:
        units = [CameraUnit(camera, parts) for camera in self._cameras]
        interface = WorkerHttp(
            {unit.camera.id: unit for unit in units},
            frozenset(unit.camera.id for unit in units if unit.camera.privacy_masks),
            token := secrets.token_urlsafe(32),
            self._clock,
            parts.polling.viewer if parts.polling is not None else None,
        )
        clerk = CoverageClerk(self._stores.coverage, self._clock)
        async with interface.serving() as base_url:
            record = await self._register(base_url, token)
            await clerk.begin(record.camera_ids)
            for unit in units:
                unit.start()
            logger.info("worker watches", worker=self._shard.worker_id, cameras=len(units))
            try:
                await self._attend(units, record, clerk, parts)
            finally:
                for unit in units:
                    unit.stop()
                    unit.desk.mailbox.close()
                await asyncio.to_thread(_join, units)
                await clerk.end()
                await self._unregister()

    async def _attend(
        self, units: Sequence[CameraUnit], record: WorkerRecord, clerk: CoverageClerk, parts: WorkerParts
    ) -> None:
        """Keep events, health and coverage until asked to stop, then finish what is in hand."""
        counters = partial(worker_counters, parts.detectors, parts.polling, clerk.ledger)
        async with asyncio.TaskGroup() as group:
            desks = [group.create_task(self._keep_desk(u), name=f"desk:{u.camera.id}") for u in units]
            health = group.create_task(self._report_health(units, record, counters), name="health")
            ledger = group.create_task(clerk.run(units), name="coverage")
            polls = group.create_task(self._poll(parts.polling), name="polling")
            garbage = group.create_task(collect_garbage(self._clock), name="garbage")
            await self._stopping.wait()
            # From here on nothing opens a stream again, and nobody answers for the time.
            ledger.cancel()
            polls.cancel()
            await asyncio.wait([ledger, polls])
            clerk.stop()
            await self._drain(units, desks)
            health.cancel()
            garbage.cancel()

    async def _poll(self, polling: PollingTier | None) -> None:
        if polling is not None:
            await supervise("polling", polling.run, self._clock, Backoff())

    def _parts(self, pools: Mapping[str, InferencePool | None], connections: SnapshotConnections) -> WorkerParts:
        media = FolderMediaStore(self._settings.media_path, self._settings.min_free_mb << 20)
        zone = ZoneInfo(self._settings.timezone)
        return WorkerParts(
            site=self._site,
            settings=self._settings,
            shared=self._shared,
            detectors=pools,
            tools=DeskTools(self._stores.events, media, ClipCutter(media), self._clock, zone),
            open_case=CaseOpener(self._site, self._settings, self._clock),
            worker_id=self._shard.worker_id,
            run_id=self._run_id,
            polling=PollingTier(connections, self._shared.lanes, self._clock),
        )

    async def _register(self, base_url: str, token: str) -> WorkerRecord:
        now = self._clock.now()
        ids = tuple(camera.id for camera in self._cameras)
        await self._stores.events.interrupt(ids, (self._run_id,), now)
        record = WorkerRecord(self._shard.worker_id, self._run_id, os.getpid(), base_url, token, ids, now, now)
        await self._stores.fleet.register(record)
        return record

    async def _unregister(self) -> None:
        try:
            await self._stores.fleet.unregister(self._shard.worker_id, self._run_id)
        except StoreUnavailable as exc:  # the fleet does it for workers that could not
            logger.warning("worker could not be unregistered", worker=self._shard.worker_id, error=str(exc))

    async def _keep_desk(self, unit: CameraUnit) -> None:
        """Run a camera's desk to its end; a bug in it costs this camera a pause, and the others nothing."""
        async with asyncio.TaskGroup() as group:
            name = f"events:{unit.camera.id}"
            running = group.create_task(supervise(name, unit.desk.run, self._clock, Backoff()), name=name)
            await unit.desk.finished.wait()
            running.cancel()

    def _listen_for_stop(self) -> None:
        loop = asyncio.get_running_loop()
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, self._stopping.set)
        # The fleet holds the other end of this pipe; when it closes, the front is gone and so must we be.
        lifeline = threading.Thread(target=_wait_for_end, args=(loop, self._stopping), name="lifeline", daemon=True)
        lifeline.start()

    async def _drain(self, units: Sequence[CameraUnit], desks: Sequence[asyncio.Task[None]]) -> None:
        """Finish what is in hand within the drain timeout; what is not finished then is interrupted."""
        for unit in units:
            unit.stop()
            unit.desk.hurry()
        _, late = await asyncio.wait(desks, timeout=self._settings.drain_timeout_s) if desks else (set(), set())
        for task in late:
            logger.warning("events could not be finished in time", task=task.get_name())
            task.cancel()

    async def _report_health(
        self, units: Sequence[CameraUnit], record: WorkerRecord, counters: Callable[[], Counters]
    ) -> None:
        saved: dict[str, CameraState] = {}
        beat_s = -math.inf
        while True:
            for unit in units:
                unit.tick()
            # A watcher makes a new state object when it has something to tell; until then nothing is written.
            fresh = {u.camera.id: u.state for u in units if saved.get(u.camera.id) is not u.state}
            try:
                await self._stores.fleet.save_states(list(fresh.values()))
                saved |= fresh
                if self._clock.monotonic() - beat_s >= HEARTBEAT_EVERY_S:
                    beat_s = self._clock.monotonic()
                    beat = replace(record, heartbeat_at=self._clock.now(), counters=counters())
                    await self._stores.fleet.register(beat)
            except StorageError as exc:
                logger.warning("health cannot be saved", error=str(exc))
            await self._clock.sleep(HEALTH_EVERY_S)


def load_detectors(settings: Settings, cameras: Sequence[CameraConfig]) -> Mapping[str, InferencePool | None]:
    """Open each detector that these cameras or their rules ask for, once, for all of them to share.

    To be closed with `close_pools`. Motion needs none: each camera learns its own background. The detector of fire and
    smoke, which comes with the package, is opened where a rule asks for it, and so are trained scene models.

    Raises:
        ModelLoadError: No such model, or one that cannot be used.
    """
    registry = ModelRegistry(settings.models_path)
    session = SessionOptions(threads=settings.inference_threads)
    specs = {camera.detector or settings.detector for camera in cameras} | set(asked_models(registry, cameras))
    pools = {
        spec: None if spec == MOTION else InferencePool(open_detector(spec, registry, session), settings.look_threads)
        for spec in specs
    }
    if any(rule.enabled and rule.type in FIRE_TYPES for camera in cameras for rule in camera.rules):
        pools[fire_smoke.NAME] = InferencePool(fire_smoke.open_fire_smoke(session), settings.look_threads)
    return pools


def close_pools(pools: Mapping[str, InferencePool | None]) -> None:
    """Refuse what still waits for a model, and wait for the passes under way; blocks."""
    for pool in pools.values():
        if pool is not None:
            pool.close()


class CaseOpener:
    """Makes the case of an event whose rule reports by itself."""

    def __init__(self, site: SiteConfig, settings: Settings, clock: Clock) -> None:
        self._site = site
        self._terms = Terms(tuple(endpoint.id for endpoint in settings.endpoints), settings.undo_window_s)
        self._clock = clock

    def __call__(self, event: Event, evidence: Sequence[Evidence]) -> tuple[Case, CaseStep, Sequence[Delivery]]:
        """Return the case, its first step and its deliveries, to be saved with the event."""
        camera, spec = self._site.camera(event.camera_id), self._site.event_type(event.event_type)
        scene = Scene(event, evidence, camera, self._site.grid(event.grid_id), spec)
        return open_case(scene, AUTOMATIC, self._terms, self._clock.now())


def _wait_for_end(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    # Not through sys.stdin: its buffer's lock, held by a daemon thread, aborts the interpreter's end.
    while os.read(sys.stdin.fileno(), 1):
        pass
    with suppress(RuntimeError):  # the loop has ended already, by a signal
        loop.call_soon_threadsafe(stopping.set)


def _join(units: Sequence[CameraUnit]) -> None:
    for unit in units:
        unit.join(JOIN_TIMEOUT_S / max(1, len(units)))
