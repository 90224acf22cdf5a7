"""Keeps the coverage ledger of a worker: asks every camera once a second, writes every few, signs off at the end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

import structlog

from camera_configs.models import CameraConfig
from gateway.clock import Clock
from gateway.fleet.coverage import CoverageLedger
from storage.errors import StorageError
from storage.protocols import CoverageStore
from storage.records import CoverageRow, CoverageState

logger = structlog.get_logger(__name__)

TICK_S = 1.0


class Covered(Protocol):
    """What the clerk asks of a camera."""

    @property
    def camera(self) -> CameraConfig:
        """Whose time it is."""

    def coverage(self, now_s: float) -> CoverageState:
        """Say what was done with it in the second that has just passed."""


class CoverageClerk:
    """Accounts for every second of a worker's cameras. A database that is away costs nothing but memory at first.

    Attributes:
        ledger: What is not written yet.
    """

    def __init__(self, store: CoverageStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.ledger = CoverageLedger(clock.now())

    async def begin(self, camera_ids: Sequence[str]) -> None:
        """Go on where these cameras' rows end, or begin; raises `StorageError`."""
        last, now = await self._store.last(camera_ids), self._clock.now()
        self.ledger.expect([i for i in camera_ids if i not in last], now)
        self.ledger.resume(last, now)

    def forget(self, camera_id: str) -> None:
        """Sign a camera off: it is not watched here any more, in good order; the next write tells."""
        self.ledger.forget(camera_id, self._clock.now())

    async def run(self, units: Iterable[Covered]) -> None:
        """Tick and write until cancelled, side by side: a write that hangs holds no tick up, so no second is lost.

        `units` is gone through anew at each tick, so it may change in between.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tick(units), name="coverage:tick")
            group.create_task(self._write_on(), name="coverage:write")

    async def _tick(self, units: Iterable[Covered]) -> None:
        while True:
            now, now_s = self._clock.now(), self._clock.monotonic()
            for unit in units:
                self.ledger.note(unit.camera.id, unit.camera.grids[0], unit.coverage(now_s), now)
            await self._clock.sleep(TICK_S)

    async def _write_on(self) -> None:
        while True:
            await self._write(self.ledger.due(self._clock.now()))
            await self._clock.sleep(TICK_S)

    def stop(self) -> None:
        """Note an orderly end of the watching, now; `end` writes it."""
        self.ledger.put_back(self.ledger.stop(self._clock.now()))

    async def end(self) -> None:
        """Write what is left."""
        await self._write(self.ledger.take())

    async def _write(self, rows: Iterable[CoverageRow]) -> None:
        rows = list(rows)
        if not rows:
            return
        kept = False
        try:
            await self._store.extend(rows)
            kept = True
        except StorageError as exc:
            logger.warning("coverage cannot be saved", rows=len(rows), error=str(exc))
        finally:
            if not kept:  # a cancelled write too: rows that were written all the same change nothing
                self.ledger.put_back(rows)
