"""Keeps the counts of lines: added up by the hour in memory, written every few seconds."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from gateway.clock import Clock
from gateway.types import Crossing
from storage.errors import StorageError
from storage.protocols_counts import CountStore
from storage.records_counts import LineCount

logger = structlog.get_logger(__name__)

# What a worker that is killed may lose of its counts.
WRITE_EVERY_S = 10.0
# Sums of an hour, line and kind that wait while the database is away: a day of 400 lines with two kinds each. Beyond,
# the oldest give way.
MAX_WAITING = 20_000
KEPT = timedelta(hours=2)


class _Key(NamedTuple):
    hour: datetime
    camera_id: str
    zone_id: str
    label: str


class CountClerk:
    """Adds up the crossings of a worker's cameras.

    What is written is the sum of this source so far, so that a sum written twice counts once.

    Args:
        store: Where sums go.
        clock: Tells the hour of a moment.
        source: This run of this worker: nobody else writes under that name, and it never begins anew.

    Attributes:
        lost: Sums given up because too many waited.
    """

    def __init__(self, store: CountStore, clock: Clock, source: str) -> None:
        self._store = store
        self._clock = clock
        self._source = source
        self._lock = threading.Lock()
        self._sums: dict[_Key, list[int]] = {}  # along and against
        self._changed: set[_Key] = set()
        self.lost = 0

    def note(self, camera_id: str, crossings: Iterable[Crossing]) -> None:
        """Take in what crossed a camera's lines; on any thread."""
        with self._lock:
            for crossing in crossings:
                hour = self._clock.utc_at(crossing.at_s).replace(minute=0, second=0, microsecond=0)
                key = _Key(hour, camera_id, crossing.zone_id, crossing.label)
                self._sums.setdefault(key, [0, 0])[0 if crossing.along else 1] += 1
                self._changed.add(key)
            self._bound()

    async def run(self) -> None:
        """Write until cancelled; `write` once more afterwards."""
        while True:
            await self._clock.sleep(WRITE_EVERY_S)
            await self.write()

    async def write(self) -> None:
        """Write the sums that have grown. A database that is away costs nothing but memory at first."""
        with self._lock:
            keys, self._changed = self._changed, set()
            rows = [self._row(key) for key in keys]
        if not rows:
            return
        kept = False
        try:
            await self._store.put(rows)
            kept = True
        except StorageError as exc:
            logger.warning("counts cannot be saved", rows=len(rows), error=str(exc))
        finally:
            self._settle(keys, kept=kept)  # of a cancelled write nobody knows: again, which changes nothing

    def _settle(self, keys: set[_Key], *, kept: bool) -> None:
        """Forget hours that are written and so long over that nothing more comes: a sum must not begin anew."""
        before = self._clock.now() - KEPT
        with self._lock:
            self._changed |= set() if kept else keys
            over = [key for key in self._sums if key.hour < before and key not in self._changed]
            for key in over if kept else ():
                del self._sums[key]
            self._bound()

    def _bound(self) -> None:
        while len(self._sums) > MAX_WAITING:
            oldest = min(self._sums)
            del self._sums[oldest]
            self._changed.discard(oldest)
            self.lost += 1

    def _row(self, key: _Key) -> LineCount:
        along, against = self._sums[key]
        return LineCount(key.camera_id, key.zone_id, key.hour, key.label, self._source, along, against)
