"""The fleet of one machine: workers as supervised subprocesses.

A worker lives as long as the pipe to its standard input: when the front is gone, even by SIGKILL, the pipe closes and
the worker stops in good order, so that no camera is ever watched twice.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from gateway.clock import Clock
from gateway.desk.site_book import SiteBook
from gateway.errors import GridPatrolError
from gateway.fleet.shards import Shard, shards
from gateway.supervise import Backoff, supervise
from storage.errors import StorageError
from storage.protocols import EventStore, FleetStore
from storage.records import CameraState, CameraStateName, WorkerRecord

logger = structlog.get_logger(__name__)

# A worker that is killed rather than asked: longer than its own drain, so that it can finish clips.
STOP_GRACE_S = 5.0
# A crashed worker is back within seconds; one that crashes at once again and again must not burn the machine.
RESTART_BASE_S = 1.0
RESTART_CAP_S = 30.0
FORMER_WORKER_POLL_S = 0.2


class WorkerDied(GridPatrolError):
    """A worker process ended although nobody had asked it to."""

    def __init__(self, worker_id: str, exit_code: int) -> None:
        self.worker_id = worker_id
        self.exit_code = exit_code
        super().__init__(worker_id, exit_code)

    def __str__(self) -> str:
        how = f"by signal {-self.exit_code}" if self.exit_code < 0 else f"with exit code {self.exit_code}"
        return f"worker {self.worker_id} ended {how}"


def is_worker(pid: int, data_dir: Path) -> bool:
    """Say whether a process of that number is a worker of this data folder, not who was given the number since.

    A worker that has ended but was not yet asked for its exit code is none any more.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"worker" in words and b"--shard" in words and os.fsencode(data_dir.absolute()) in words


def worker_environment() -> dict[str, str]:
    """Return the environment of a worker.

    With a thread per camera, glibc would keep a pool of freed memory for each few of them: two are enough, for few
    threads run at a time, and save some 2 MB per camera (measured).
    """
    return {"MALLOC_ARENA_MAX": "2", **os.environ}


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What the local fleet needs to know.

    Attributes:
        data_dir: By it workers of this deployment are told from others.
    """

    data_dir: Path
    worker_count: int
    drain_timeout_s: float


class LocalFleet:
    """Runs one worker process per shard and cleans up after each that dies."""

    def __init__(self, plan: FleetPlan, book: SiteBook, events: EventStore, fleet: FleetStore, clock: Clock) -> None:
        self._plan = plan
        self._book = book
        self._events = events
        self._fleet = fleet
        self._clock = clock
        self._shards = shards(plan.worker_count)

    async def run(self) -> None:
        """Keep all workers running; cancelling stops them in good order. Call `forget_former_runs` before."""
        async with asyncio.TaskGroup() as group:
            for shard in self._shards:
                group.create_task(self._supervise(shard), name=f"worker:{shard.worker_id}")

    async def forget_former_runs(self) -> None:
        """Wait for the workers of a front that was killed, and interrupt the events that nobody ended.

        They stop by themselves and keep what they have in hand; only then is what is still open without a known end.
        """
        for worker in await self._fleet.workers():
            await self._outlive(worker)
            await self._fleet.unregister(worker.worker_id, worker.run_id)
        # Cameras that are no longer configured, too: nobody else would ever end their events.
        site = self._book.site
        await self._interrupt(sorted({c.id for c in site.cameras} | set(await self._fleet.states())))
        disabled = [c.id for c in site.cameras if not c.enabled]
        await self._mark(disabled, CameraStateName.DISABLED, "switched off in the configuration")

    async def _outlive(self, worker: WorkerRecord) -> None:
        due_s = self._clock.monotonic() + self._plan.drain_timeout_s + STOP_GRACE_S
        while is_worker(worker.pid, self._plan.data_dir) and self._clock.monotonic() < due_s:
            await self._clock.sleep(FORMER_WORKER_POLL_S)
        if is_worker(worker.pid, self._plan.data_dir):
            logger.warning("former worker did not stop in time and is killed", worker=worker.worker_id, pid=worker.pid)
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)

    async def _supervise(self, shard: Shard) -> None:
        while not shard.cameras(self._book):  # the first camera of a shard may come with a later version
            await self._book.changed()
        await supervise(
            f"worker:{shard.worker_id}",
            lambda: self._run_once(shard),
            self._clock,
            Backoff(RESTART_BASE_S, RESTART_CAP_S),
            (GridPatrolError, StorageError),
        )

    async def _run_once(self, shard: Shard) -> None:
        # In a session of its own: Ctrl-C in a terminal is for the front alone, which then asks its workers to stop.
        process = await asyncio.create_subprocess_exec(
            *self._command(shard), stdin=asyncio.subprocess.PIPE, start_new_session=True, env=worker_environment()
        )
        logger.info("worker started", worker=shard.worker_id, pid=process.pid)
        try:
            exit_code = await process.wait()
        finally:
            if process.returncode is None:
                await self._stop(process)
        await self._after_death(shard)
        raise WorkerDied(shard.worker_id, exit_code)

    def _command(self, shard: Shard) -> Sequence[str]:
        return (
            *(sys.executable, "-m", "gateway", "worker"),
            *("--data", os.fspath(self._plan.data_dir.absolute()), "--shard", str(shard)),
        )

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(self._plan.drain_timeout_s + STOP_GRACE_S):
                await process.wait()
        except TimeoutError:
            logger.warning("worker did not stop in time and is killed", pid=process.pid)
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _after_death(self, shard: Shard) -> None:
        camera_ids = [c.id for c in shard.cameras(self._book)]
        for worker in await self._fleet.workers():
            if worker.worker_id == shard.worker_id:
                await self._fleet.unregister(worker.worker_id, worker.run_id)
        await self._interrupt(camera_ids)
        await self._mark(camera_ids, CameraStateName.OFFLINE, "its worker process ended and is being restarted")

    async def _interrupt(self, camera_ids: Sequence[str]) -> None:
        changed = await self._events.interrupt(camera_ids, (), self._clock.now())
        for event in changed:
            logger.warning("event interrupted", event_id=event.id, camera=event.camera_id)

    async def _mark(self, camera_ids: Sequence[str], state: CameraStateName, detail: str) -> None:
        now = self._clock.now()
        known = await self._fleet.states()
        blank = CameraState(camera_id="", state=state, since=now, updated_at=now)
        await self._fleet.save_states(
            [
                replace(known.get(i, blank), camera_id=i, state=state, since=now, updated_at=now, detail=detail)
                for i in camera_ids
                if i not in known or known[i].state != state
            ]
        )
