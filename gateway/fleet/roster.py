"""The cameras that a worker watches now: begun, begun anew and ended as the configuration changes, one by one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from camera_configs.documents import Key
from camera_configs.models import CameraConfig, SiteConfig
from camera_configs.taxonomy import is_camera_fault
from detectors.base import ModelLoadError
from gateway.clock import Clock
from gateway.desk.site_book import SiteBook
from gateway.fleet.camera_unit import CameraUnit
from gateway.fleet.shards import Shard
from storage.records import CameraState, CameraStateName

logger = structlog.get_logger(__name__)

KeepDesk = Callable[[CameraUnit], Awaitable[None]]
# Makes the unit of a camera, with what it shares; opens detectors that are not open yet. Raises `ModelLoadError`.
MakeUnits = Callable[[Sequence[CameraConfig], SiteConfig], Awaitable[Sequence[CameraUnit]]]


@dataclass(frozen=True, slots=True)
class Turnover:
    """What a change of the configuration did to a worker's cameras."""

    began: tuple[str, ...]  # those that were not watched before, too
    ended: tuple[CameraUnit, ...]  # those that are begun anew, too
    gone: frozenset[str]  # not watched by this worker any more

    @property
    def is_empty(self) -> bool:
        """Nothing of it concerned this worker."""
        return not self.began and not self.ended


class Roster:
    """Used on the worker's event loop. What is read of it while it changes is whole: a camera is in it once.

    Args:
        book: The site.
        shard: Which of its cameras are this worker's.
        make: See `MakeUnits`.

    Attributes:
        units: By camera id, those watched now.
        masked: Ids of those that must not be shown as video.
    """

    def __init__(self, book: SiteBook, shard: Shard, make: MakeUnits) -> None:
        self._book = book
        self._shard = shard
        self._make = make
        self._grounds: dict[str, Any] = {}  # what each unit was made from
        self.units: dict[str, CameraUnit] = {}
        self.masked: set[str] = set()

    def __iter__(self) -> Iterator[CameraUnit]:
        return iter(list(self.units.values()))

    def __len__(self) -> int:
        return len(self.units)

    @property
    def camera_ids(self) -> tuple[str, ...]:
        """Those watched now, in order."""
        return tuple(sorted(self.units))

    async def fill(self) -> None:
        """Make the units of the first moment; they are not started.

        Raises:
            ModelLoadError: A camera names a detector that is not there.
        """
        wanted = self._wanted()
        for unit in await self._make(list(wanted.values()), self._book.site):
            self._admit(unit, wanted)

    async def follow(self) -> Turnover:
        """Become what the book says now; the caller starts what began and sees off what ended.

        A camera whose detector cannot be opened stays as it was: what can be watched is.
        """
        wanted = self._wanted()
        fresh = [c for c in wanted.values() if self._grounds.get(c.id) != grounds_of(c, self._book)]
        made = await self._made(fresh)
        leaving = {i for i in self.units if i not in wanted}
        ended = [self.units[i] for i in sorted(leaving | {u.camera.id for u in made}) if i in self.units]
        for camera_id in leaving:
            del self.units[camera_id], self._grounds[camera_id]
            self.masked.discard(camera_id)
        for unit in made:
            self._admit(unit, wanted)
        return Turnover(tuple(unit.camera.id for unit in made), tuple(ended), frozenset(leaving))

    async def _made(self, cameras: Sequence[CameraConfig]) -> list[CameraUnit]:
        """Make units camera by camera, so that one that cannot be watched as it says costs no other."""
        made: list[CameraUnit] = []
        for camera in cameras:
            try:
                made += await self._make([camera], self._book.site)
            except ModelLoadError as exc:
                logger.error("camera cannot be watched as configured", camera=camera.id, error=str(exc))  # noqa: TRY400
        return made

    def _wanted(self) -> dict[str, CameraConfig]:
        return {camera.id: camera for camera in self._shard.cameras(self._book)}

    def _admit(self, unit: CameraUnit, wanted: Mapping[str, CameraConfig]) -> None:
        camera = wanted[unit.camera.id]
        self.units[camera.id] = unit
        self._grounds[camera.id] = grounds_of(camera, self._book)
        (self.masked.add if camera.privacy_masks else self.masked.discard)(camera.id)


def grounds_of(camera: CameraConfig, book: SiteBook) -> Any:
    """Return everything that a unit is made from; while it stays equal the camera need not be begun anew.

    Of a grid that is its region, of event types those of the camera's rules and of faults, which every camera has, and
    the calendar where a rule goes by it.
    """
    site = book.site
    types = {rule.type for rule in camera.rules}
    specs = [spec for spec in site.event_types if spec.id in types or is_camera_fault(spec.id)]
    regions = [grid.region_code for grid_id in camera.grids if (grid := site.find_grid(grid_id)) is not None]
    by_calendar = any(rule.auto_report or rule.schedule.days != "every" for rule in camera.rules)
    days = site.calendar if by_calendar else ()
    return book.digest_of(Key("camera", camera.id)) or camera, regions, specs, days


async def see_off(unit: CameraUnit, desk: asyncio.Task[None], drain_timeout_s: float, join_timeout_s: float) -> None:
    """Let a unit that was asked to end finish the events that it has in hand, for so long; then its threads."""
    _, late = await asyncio.wait([desk], timeout=drain_timeout_s)
    if late:
        logger.warning("events could not be finished in time", camera=unit.camera.id)
        desk.cancel()
    await asyncio.to_thread(unit.join, join_timeout_s)


def switched_off(unit: CameraUnit, site: SiteConfig, clock: Clock) -> CameraState:
    """Return the last state of a camera that is not watched any more."""
    now = clock.now()
    there = site.find_camera(unit.camera.id) is not None
    detail = "switched off in the configuration" if there else "removed from the configuration"
    return replace(unit.state, state=CameraStateName.DISABLED, since=now, updated_at=now, detail=detail, notes=())
