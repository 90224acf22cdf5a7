"""How all cameras are, kept in memory and brought up to date by what changed: one read serves list, map and board."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from camera_configs.models import SiteConfig
from gateway.clock import Clock
from gateway.desk.camera_index import CameraIndex, Mask
from gateway.desk.site_outages import AWAY
from storage.protocols import ChangeStore
from storage.protocols_desk import DeskStore
from storage.records import CLOCK_WARN_S, CameraStateName
from storage.records_desk import OpenFault, SiteOutage, StateBrief

CHANGES_AT_ONCE = 500
# More changed cameras than this are read in one go with all others.
READ_ALL_FROM = 1_000
# Changes are purged after days, and clocks of cameras drift without a change: then everything is read anew.
TRUSTED_FOR = timedelta(minutes=5)
# A busy site raises and closes events all the time.
FAULTS_FOR = timedelta(seconds=2)


_NAMES: tuple[CameraStateName, ...] = tuple(CameraStateName)
_CODE_OF = {name: code for code, name in enumerate(_NAMES)}
_CONNECTING, _DISABLED = _CODE_OF[CameraStateName.CONNECTING], _CODE_OF[CameraStateName.DISABLED]


@dataclass(frozen=True, slots=True)
class Columns:
    """What is known of each camera, by position in the index; brought up to date camera by camera.

    Attributes:
        codes: States, as places in `CameraStateName`.
        since: Seconds since 1970; infinite where nothing was heard of a camera.
        drifting: Whose clock is wrong by more than a technician should leave.
    """

    codes: NDArray[np.int8]
    since: NDArray[np.float64]
    drifting: Mask

    @classmethod
    def of(cls, index: CameraIndex, briefs: Iterable[StateBrief]) -> Columns:
        """Return the columns of a whole site."""
        codes = np.where(index.enabled, _CONNECTING, _DISABLED).astype(np.int8)
        empty = cls(codes, np.full(len(index), np.inf), np.zeros(len(index), np.bool_))
        return empty.with_news(index, briefs)

    def with_news(self, index: CameraIndex, briefs: Iterable[StateBrief]) -> Columns:
        """Return them with these cameras' states; cameras that the index does not know are left out."""
        codes, since, drifting = self.codes.copy(), self.since.copy(), self.drifting.copy()
        for brief in briefs:
            n = index.position.get(brief.camera_id)
            if n is None:
                continue
            codes[n] = _CODE_OF[brief.state] if index.enabled[n] else _DISABLED
            since[n] = brief.since.timestamp()
            drifting[n] = brief.clock_offset_s is not None and abs(brief.clock_offset_s) >= CLOCK_WARN_S
        return Columns(codes, since, drifting)


@dataclass(frozen=True)
class Snapshot:
    """All cameras as they are now. Read-only; later reads make another one.

    Attributes:
        faults: By camera id, oldest first.
        remembered: For readers who work things out camera by camera: kept from snapshot to snapshot.
    """

    index: CameraIndex
    at: datetime
    briefs: Mapping[str, StateBrief]
    columns: Columns
    faults: Mapping[str, Sequence[OpenFault]]
    outages: Sequence[SiteOutage]
    remembered: dict[str, Any] = field(repr=False, compare=False)

    def state(self, position: int) -> CameraStateName:
        """Return a camera's state: of one that nothing was heard of, that it is being connected to."""
        return _NAMES[int(self.columns.codes[position])]

    def in_states(self, names: Iterable[CameraStateName]) -> Mask:
        """Return who is in one of these states, by position."""
        return np.isin(self.columns.codes, [_CODE_OF[name] for name in names])

    @cached_property
    def online(self) -> Mask:
        """Who is online, by position."""
        return self.in_states([CameraStateName.ONLINE])

    @cached_property
    def away(self) -> Mask:
        """Who is away, by position: neither by anybody's will nor still being connected to."""
        return self.in_states(AWAY)

    @cached_property
    def faulty(self) -> Mask:
        """Who is there and has a fault, by position."""
        mask = np.zeros(len(self.index), np.bool_)
        mask[[n for camera_id in self.faults if (n := self.index.position.get(camera_id)) is not None]] = True
        return mask & ~self.away & self.index.enabled

    @cached_property
    def troubled(self) -> Mask:
        """Who may have a fault of any kind, by position: the rest need not be looked at."""
        return (self.away | self.faulty | self.columns.drifting) & self.index.enabled


class Pulse:
    """Reads what changed since the last time; safe to be asked by many at once."""

    def __init__(self, desk: DeskStore, changes: ChangeStore, clock: Clock) -> None:
        self._desk = desk
        self._changes = changes
        self._clock = clock
        self._turn = asyncio.Lock()
        self._position = 0
        self._read_all_at: datetime | None = None
        self._faults_at: datetime | None = None
        self._faults_due = True
        self._briefs: dict[str, StateBrief] = {}
        self._columns: Columns | None = None
        self._remembered: dict[str, Any] = {}
        self._faults: dict[str, list[OpenFault]] = {}
        self._outages: list[SiteOutage] = []
        self._latest: Snapshot | None = None

    async def read(self, site: SiteConfig) -> Snapshot:
        """Return all cameras of this site as they are now.

        Raises:
            StorageError: The database cannot be asked.
        """
        async with self._turn:
            latest = self._latest
            if latest is None or latest.index.site is not site:
                self._columns = None
                self._remembered = {}
                index = await asyncio.to_thread(CameraIndex, site)
            else:
                index = latest.index
            moved = await self._follow(index)
            if latest is None or moved or latest.index is not index:
                latest = self._latest = self._snapshot(index)
            return latest

    def _snapshot(self, index: CameraIndex) -> Snapshot:
        columns = self._columns or Columns.of(index, self._briefs.values())
        self._columns = columns
        return Snapshot(
            index, self._clock.now(), self._briefs, columns, self._faults, tuple(self._outages), self._remembered
        )

    async def _follow(self, index: CameraIndex) -> bool:
        now = self._clock.now()
        stale = self._read_all_at is None or not timedelta(0) <= now - self._read_all_at < TRUSTED_FOR
        cameras, others = (set[str](), False) if stale else await self._changed()
        if stale or len(cameras) > READ_ALL_FROM:
            await self._read_all(now)
            return True
        if cameras:
            found = await self._desk.briefs(sorted(cameras))
            self._briefs = self._briefs | {brief.camera_id: brief for brief in found}
            self._columns = self._columns and self._columns.with_news(index, found)
        self._faults_due |= others
        faults = await self._read_faults(now)
        return bool(cameras) or faults

    async def _changed(self) -> tuple[set[str], bool]:
        cameras, others = set[str](), False
        while True:
            fresh = await self._changes.since(self._position, CHANGES_AT_ONCE)
            cameras.update(change.ref_id for change in fresh if change.kind == "camera")
            others |= any(change.kind in {"event", "review", "site"} for change in fresh)
            self._position = fresh[-1].id if fresh else self._position
            if len(fresh) < CHANGES_AT_ONCE:
                return cameras, others

    async def _read_all(self, now: datetime) -> None:
        self._position = await self._changes.last_id()  # before the states: what comes in between is read twice
        self._briefs = {brief.camera_id: brief for brief in await self._desk.briefs()}
        self._columns = None
        self._faults_due, self._faults_at = True, None
        await self._read_faults(now)
        self._read_all_at = now

    async def _read_faults(self, now: datetime) -> bool:
        recent = self._faults_at is not None and timedelta(0) <= now - self._faults_at < FAULTS_FOR
        if not self._faults_due or recent:
            return False
        faults: dict[str, list[OpenFault]] = {}
        for fault in await self._desk.open_faults():
            faults.setdefault(fault.camera_id, []).append(fault)
        self._faults, self._outages = faults, await self._desk.open_outages()
        self._faults_at, self._faults_due = now, False
        return True
