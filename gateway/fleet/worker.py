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
from dataclasses import dataclass, replace
from functools import partial
from zoneinfo import ZoneInfo

import structlog

from camera_configs.models import CameraConfig, SiteConfig
from detectors import fire_smoke
from detectors.onnx_session import SessionOptions
from detectors.pool import InferencePool
from detectors.registry import MOTION, ModelRegistry, open_detector
from gateway.access.sealing import open_sealer
from gateway.analysis.ruleset import FIRE_TYPES
from gateway.camera.budget import CpuBudget
from gateway.camera.lane import LanePool
from gateway.camera.limits import StreamLimits
from gateway.camera.snapshots.client import SnapshotConnections
from gateway.camera.watcher import Surroundings
from gateway.casework.calendar import WorkingCalendar
from gateway.casework.open_case import AUTOMATIC, Scene, Terms, open_case
from gateway.clock import Clock, SystemClock
from gateway.desk.site_book import POLL_S, SiteBook
from gateway.evidence.clip import ClipCutter
from gateway.fleet.camera_unit import CameraUnit, WorkerParts, limit_keys
from gateway.fleet.count_clerk import CountClerk
from gateway.fleet.coverage_clerk import CoverageClerk
from gateway.fleet.event_desk import DeskTools
from gateway.fleet.garbage import collect_garbage
from gateway.fleet.hints import HintTier
from gateway.fleet.model_budget import ModelBudget
from gateway.fleet.passwords import Unseal
from gateway.fleet.polling_tier import PollingTier
from gateway.fleet.preset_pictures import preset_pictures
from gateway.fleet.roster import Roster, Turnover, see_off, switched_off
from gateway.fleet.scene_models import KnownTypes, asked_models
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

HEALTH_EVERY_S = 1.0
HEARTBEAT_EVERY_S = 5.0
# A camera thread notices a stop within its read timeout (10 s by default); the process does not wait for slow ones,
# whose threads are daemons.
JOIN_TIMEOUT_S = 2.0


async def run_worker(settings: Settings, shard: Shard) -> None:
    """Watch the shard until SIGTERM, SIGINT or the end of standard input; open clips are finished first.

    Which cameras these are is read from the database, and followed there while it runs.

    Raises:
        SettingsError, ModelLoadError, StorageError: It cannot start.
    """
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings.store_url, migrate=False))
        book = SiteBook(stores.config)
        await book.renew()
        pool = stack.enter_context(
            LanePool(settings.look_threads, CpuBudget(settings.decode_budget or settings.look_threads))
        )
        per_host = settings.streams_per_host
        limits = StreamLimits(per_host, per_key=limit_shares(book, shard, per_host))
        shared = Surroundings(pool, limits, clock=clock)
        unseal = open_sealer(settings.data_dir, settings.seal_key).open
        await Worker(settings, book, shard, stores, shared, unseal=unseal).run()


def limit_shares(book: SiteBook, shard: Shard, per_host: int) -> dict[str, int]:
    """Return how many streams this worker may open of each recorder or host that cannot serve all streams.

    In proportion to its part of the streams there, since workers cannot count each other's streams: of main streams,
    and of substreams once all main streams have a place.
    """
    mains, subs = _streams_by_key([camera for camera in book.site.cameras if camera.enabled])
    mains_here, subs_here = _streams_by_key(shard.cameras(book))

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
        self,
        settings: Settings,
        book: SiteBook,
        shard: Shard,
        stores: Stores,
        shared: Surroundings,
        *,
        unseal: Unseal | None = None,
    ) -> None:
        self._settings = settings
        self._book = book
        self._shard = shard
        self._stores = stores
        self._shared = shared
        self._unseal = unseal
        self._clock: Clock = shared.clock
        self._run_id = new_id("run")
        self._stopping = asyncio.Event()
        self._pools: dict[str, InferencePool | None] = {}
        self._scene_types: KnownTypes = {}
        self._desks: dict[CameraUnit, asyncio.Task[None]] = {}
        self._record: WorkerRecord | None = None

    async def run(self) -> None:
        """Work until asked to stop."""
        self._listen_for_stop()
        try:
            await self._open_detectors(self._shard.cameras(self._book))
            if not self._stopping.is_set():  # else the front died meanwhile; its successor has workers of its own
                async with SnapshotConnections() as connections:
                    await self._watch(self._parts(connections))
        finally:
            await asyncio.to_thread(close_pools, self._pools)
        logger.info("worker stopped", worker=self._shard.worker_id)

    async def _watch(self, parts: WorkerParts) -> None:
        roster = Roster(self._book, self._shard, partial(self._make_units, parts))
        await roster.fill()
        interface = WorkerHttp(
            roster.units,
            roster.masked,
            token := secrets.token_urlsafe(32),
            self._clock,
            parts.polling.viewer if parts.polling is not None else None,
        )
        clerk = CoverageClerk(self._stores.coverage, self._clock)
        async with interface.serving() as base_url:
            await self._register(base_url, token, roster.camera_ids)
            await clerk.begin(roster.camera_ids)
            for unit in roster:
                unit.start()
            logger.info("worker watches", worker=self._shard.worker_id, cameras=len(roster))
            try:
                await self._attend(roster, clerk, parts)
            finally:
                for unit in roster:
                    unit.stop()
                    unit.desk.mailbox.close()
                await asyncio.to_thread(_join, list(roster))
                await clerk.end()
                if parts.counts is not None:
                    await parts.counts.write()
                await self._unregister()

    async def _attend(self, roster: Roster, clerk: CoverageClerk, parts: WorkerParts) -> None:
        """Keep events, health and coverage until asked to stop, then finish what is in hand."""
        counters = partial(
            worker_counters, parts.detectors, parts.polling, clerk.ledger, parts.hints, parts.model_budget
        )
        async with asyncio.TaskGroup() as group:
            for unit in roster:
                self._open_desk(unit, group)
            health = group.create_task(self._report_health(roster, counters), name="health")
            ledger = group.create_task(clerk.run(roster), name="coverage")
            polls = group.create_task(self._poll(parts.polling), name="polling")
            hints = group.create_task(self._listen_to_devices(parts.hints), name="hints")
            garbage = group.create_task(collect_garbage(self._clock), name="garbage")
            counts = group.create_task(self._count(parts.counts), name="counts")
            change = Changeover(roster, clerk, parts.polling, parts.hints, group)
            book = group.create_task(self._follow_book(change), name="configuration")
            await self._stopping.wait()
            hints.cancel()  # says goodbye to devices meanwhile
            # From here on nothing opens a stream again, and nobody answers for the time.
            for task in (book, ledger, polls):
                task.cancel()
            await asyncio.wait([book, ledger, polls])
            clerk.stop()
            await self._drain(list(roster))
            for task in (health, garbage, counts):
                task.cancel()

    async def _follow_book(self, change: Changeover) -> None:
        """Take over each new version, for the cameras concerned; the others hear nothing of it."""
        while True:
            try:
                if await self._book.renew() is not None:
                    await self._change_over(change)
            except StorageError as exc:
                logger.warning("configuration cannot be read", error=str(exc))
            await self._clock.sleep(POLL_S)

    async def _change_over(self, change: Changeover) -> None:
        self._shared.limits.change(limit_shares(self._book, self._shard, self._settings.streams_per_host))
        turnover = await change.roster.follow()
        if turnover.is_empty:
            return
        for unit in turnover.ended:
            self._end(unit, change)
        for camera_id in turnover.gone:
            change.clerk.forget(camera_id)
        units = [change.roster.units[camera_id] for camera_id in turnover.began]
        before = {unit.camera.id for unit in turnover.ended}
        await self._begin(units, [unit.camera.id for unit in units if unit.camera.id not in before], change)
        await self._tell(turnover, change.roster)
        logger.info(
            "configuration taken over",
            version=self._book.version,
            began=len(turnover.began),
            ended=len(turnover.ended),
            cameras=len(change.roster),
        )

    def _end(self, unit: CameraUnit, change: Changeover) -> None:
        """Ask a unit to end; the events that it has in hand are finished beside its successor's first."""
        unit.stop()
        unit.desk.hurry()
        if change.polling is not None:
            change.polling.drop(unit.camera.id)
        if change.hints is not None:
            change.hints.drop(unit.camera.id)
        desk = self._desks.pop(unit)
        leaving = see_off(unit, desk, self._settings.drain_timeout_s, JOIN_TIMEOUT_S)
        change.group.create_task(leaving, name=f"leaving:{unit.camera.id}")

    async def _begin(self, units: Sequence[CameraUnit], fresh: Sequence[str], change: Changeover) -> None:
        for unit in units:
            self._open_desk(unit, change.group)
            unit.start()
        if fresh:
            await change.clerk.begin(fresh)

    async def _tell(self, turnover: Turnover, roster: Roster) -> None:
        """Write who watches what now, and that cameras are not watched any more."""
        assert self._record is not None  # noqa: S101 - made before anything is watched
        self._record = replace(self._record, camera_ids=roster.camera_ids)
        gone = [unit for unit in turnover.ended if unit.camera.id in turnover.gone]
        await self._stores.fleet.register(self._record)
        await self._stores.fleet.save_states([switched_off(unit, self._book.site, self._clock) for unit in gone])

    def _open_desk(self, unit: CameraUnit, group: asyncio.TaskGroup) -> None:
        self._desks[unit] = group.create_task(self._keep_desk(unit), name=f"desk:{unit.camera.id}")

    async def _poll(self, polling: PollingTier | None) -> None:
        if polling is not None:
            await supervise("polling", polling.run, self._clock, Backoff())

    async def _count(self, counts: CountClerk | None) -> None:
        if counts is not None:
            await supervise("counts", counts.run, self._clock, Backoff())

    async def _listen_to_devices(self, hints: HintTier | None) -> None:
        if hints is not None:
            await supervise("hints", hints.run, self._clock, Backoff())

    async def _make_units(
        self, parts: WorkerParts, cameras: Sequence[CameraConfig], site: SiteConfig
    ) -> list[CameraUnit]:
        await self._open_detectors(cameras)
        mine = replace(
            parts,
            site=site,
            scene_types=self._scene_types,
            model_budget=ModelBudget(
                self._settings.inference_budget or self._settings.look_threads, self._clock.monotonic
            ),
            open_case=CaseOpener(site, self._settings, self._clock),
            presets=await preset_pictures(parts.tools.media, cameras),
        )
        return [CameraUnit(camera, mine) for camera in cameras]

    async def _open_detectors(self, cameras: Sequence[CameraConfig]) -> None:
        self._scene_types = await asyncio.to_thread(ModelRegistry(self._settings.models_path).known_types)
        self._pools |= await asyncio.to_thread(
            load_detectors, self._settings, cameras, self._scene_types, frozenset(self._pools)
        )

    def _parts(self, connections: SnapshotConnections) -> WorkerParts:
        media = FolderMediaStore(self._settings.media_path, self._settings.min_free_mb << 20)
        zone = ZoneInfo(self._settings.timezone)
        return WorkerParts(
            site=self._book.site,
            settings=self._settings,
            shared=self._shared,
            detectors=self._pools,
            scene_types=self._scene_types,
            tools=DeskTools(self._stores.events, media, ClipCutter(media), self._clock, zone),
            open_case=CaseOpener(self._book.site, self._settings, self._clock),
            worker_id=self._shard.worker_id,
            run_id=self._run_id,
            polling=PollingTier(connections, self._shared.lanes, self._clock, self._unseal),
            hints=HintTier(self._clock, self._unseal),
            unseal=self._unseal,
            counts=CountClerk(self._stores.counts, self._clock, self._run_id),
        )

    async def _register(self, base_url: str, token: str, ids: tuple[str, ...]) -> None:
        now = self._clock.now()
        await self._stores.events.interrupt(ids, (self._run_id,), now)
        record = WorkerRecord(self._shard.worker_id, self._run_id, os.getpid(), base_url, token, ids, now, now)
        await self._stores.fleet.register(record)
        self._record = record

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

    async def _drain(self, units: Sequence[CameraUnit]) -> None:
        """Finish what is in hand within the drain timeout; what is not finished then is interrupted."""
        for unit in units:
            unit.stop()
            unit.desk.hurry()
        desks = [self._desks[unit] for unit in units]
        _, late = await asyncio.wait(desks, timeout=self._settings.drain_timeout_s) if desks else (set(), set())
        for task in late:
            logger.warning("events could not be finished in time", task=task.get_name())
            task.cancel()

    async def _report_health(self, roster: Roster, counters: Callable[[], Counters]) -> None:
        saved: dict[str, CameraState] = {}
        beat_s = -math.inf
        while True:
            for unit in roster:
                unit.tick()
            # A watcher makes a new state object when it has something to tell; until then nothing is written.
            fresh = {u.camera.id: u.state for u in roster if saved.get(u.camera.id) is not u.state}
            try:
                await self._stores.fleet.save_states(list(fresh.values()))
                saved |= fresh
                if self._record is not None and self._clock.monotonic() - beat_s >= HEARTBEAT_EVERY_S:
                    beat_s = self._clock.monotonic()
                    beat = replace(self._record, heartbeat_at=self._clock.now(), counters=counters())
                    await self._stores.fleet.register(beat)
            except StorageError as exc:
                logger.warning("health cannot be saved", error=str(exc))
            await self._clock.sleep(HEALTH_EVERY_S)


@dataclass(frozen=True, slots=True)
class Changeover:
    """What a change of the configuration works on."""

    roster: Roster
    clerk: CoverageClerk
    polling: PollingTier | None
    hints: HintTier | None
    group: asyncio.TaskGroup


def load_detectors(
    settings: Settings, cameras: Sequence[CameraConfig], types: KnownTypes, known: frozenset[str] = frozenset()
) -> Mapping[str, InferencePool | None]:
    """Open each detector that these cameras or their rules ask for, once, for all of them to share; not those `known`.

    To be closed with `close_pools`. Motion needs none: each camera learns its own background. The detector of fire and
    smoke, which comes with the package, is opened where a rule asks for it, and so are trained scene models.

    Raises:
        ModelLoadError: No such model, or one that cannot be used.
    """
    registry = ModelRegistry(settings.models_path)
    session = SessionOptions(threads=settings.inference_threads)
    specs = {camera.detector or settings.detector for camera in cameras} | set(asked_models(types, cameras))
    pools = {
        spec: None if spec == MOTION else InferencePool(open_detector(spec, registry, session), settings.look_threads)
        for spec in specs - known
    }
    asks_for_fire = any(rule.enabled and rule.type in FIRE_TYPES for camera in cameras for rule in camera.rules)
    if asks_for_fire and fire_smoke.NAME not in known:
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
        days = WorkingCalendar.of(site.work_days, ZoneInfo(settings.timezone))
        self._terms = Terms(tuple(endpoint.id for endpoint in settings.endpoints), settings.undo_window_s, days)
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
