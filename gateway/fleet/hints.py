"""The cameras of a worker whose own devices tell what they believe to see: one subscription per device, not camera.

A hint is a reason to look, never an event; and whatever becomes of a device, its camera's stream does not hear of it.
"""

from __future__ import annotations

import asyncio
import importlib
import random
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

import structlog

from camera_configs.models import CameraConfig
from gateway.clock import Clock
from gateway.fleet.passwords import Unseal, password_of
from gateway.onvif.topics import HintKind, SceneHint, TopicCounts
from gateway.supervise import Backoff, supervise

logger = structlog.get_logger(__name__)

MOST_DEVICES = 512  # per worker: each holds a connection; further ones are left out and counted
MOST_PER_HOST = 64  # devices at one host, which forwards ports to them
CONNECTING = 16  # at once, per worker
CONNECTING_PER_HOST = 2
SPREAD_S = 10.0  # over which first connections are spread: after a power cut everybody comes at once
FOLLOW_EVERY_S = 1.0
_LISTENING = "gateway.onvif.listening"  # costs half a second and 40 MB: only for those who need it


class HintedUnit(Protocol):
    """What is asked of a camera; all of it on the loop."""

    camera: CameraConfig

    def take_hint(self, kind: HintKind, *, active: bool) -> None:
        """Hear what its device believes."""

    def forget_hints(self) -> None:
        """Its device is not heard any more."""


class _Counts(Protocol):
    subscriptions: int
    renewals: int
    failures: int


class HintSource(Protocol):
    """A device's hints; `gateway.onvif.events.EventStream` is one."""

    @property
    def topics(self) -> TopicCounts:
        """What came."""

    @property
    def counts(self) -> _Counts:
        """What happened to subscriptions."""

    def hints(self) -> AsyncGenerator[SceneHint, None]:
        """Yield them for as long as it is read."""


@dataclass(frozen=True, slots=True)
class HintDevice:
    """A device, and the login by which it is asked."""

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def host(self) -> str:
        """What its number of connections is limited by."""
        return urlsplit(self.url).hostname or ""

    @property
    def login(self) -> tuple[str, str] | None:
        """None: as anybody."""
        return None if self.username is None else (self.username, self.password or "")


Turn = Callable[[], AbstractAsyncContextManager[object]]
# Makes a device's hints: how to wait for one's turn to connect, and who hears whether it is connected.
OpenSource = Callable[
    [HintDevice, Callable[[], AbstractAsyncContextManager[object]], Callable[[bool], None]], HintSource
]


class HintTier:
    """Listens to the devices of the cameras given to it for as long as `run` is awaited; used on one event loop.

    Args:
        clock: Paces everything.
        unseal: Opens sealed passwords.
        open_source: See `OpenSource`; None: over ONVIF.
        rng: Returns a float in [0, 1); spreads first connections.
    """

    def __init__(
        self,
        clock: Clock,
        unseal: Unseal | None = None,
        open_source: OpenSource | None = None,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._unseal = unseal
        self._open_source = open_source
        self._rng = rng
        self._units: dict[str, HintedUnit] = {}
        self._devices: dict[HintDevice, dict[str, HintedUnit]] = {}
        self._sources: dict[HintDevice, HintSource] = {}
        self._connected: set[HintDevice] = set()
        self._left_out: set[str] = set()
        self._past: Counter[str] = Counter()  # of sources that have ended
        self._looks = self._unplaced = 0
        self._all = asyncio.Semaphore(CONNECTING)
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @property
    def counters(self) -> Mapping[str, float]:
        """What was heard and what became of it, since the start; devices and those connected are of now."""
        found = self._past + sum(map(_figures, self._sources.values()), Counter())
        names = ("subscriptions", "renewals", "failures", "taken", "identity", "other", "unreadable", *HintKind)
        return {
            **{str(name): found[str(name)] for name in names},
            "looks": self._looks,
            "unplaced": self._unplaced,
            "devices": len(self._devices),
            "connected": len(self._connected),
            "left_out": len(self._left_out),
        }

    def follow(self, unit: HintedUnit) -> None:
        """Listen to a camera's device, if it has one that is to be heard; cheap where nothing changed."""
        camera, onvif = unit.camera, unit.camera.onvif
        if onvif is None or not onvif.events or self._units.get(camera.id) is unit:
            return
        self.drop(camera.id)
        self._units[camera.id] = unit
        device = HintDevice(onvif.url, onvif.username, password_of(onvif, self._unseal))
        if device not in self._devices and not self._has_room(device):
            self._left_out.add(camera.id)
            logger.warning("too many devices: hints left out", camera=camera.id, host=device.host)
            return
        self._devices.setdefault(device, {})[camera.id] = unit

    def drop(self, camera_id: str) -> None:
        """Have nothing more to do with a camera; the next `follow` of one of that id begins anew."""
        self._units.pop(camera_id, None)
        self._left_out.discard(camera_id)
        for device, units in list(self._devices.items()):
            if units.pop(camera_id, None) is not None and not units:
                del self._devices[device]

    def note_look(self) -> None:
        """A hint led to a look."""
        self._looks += 1

    async def run(self) -> None:
        """Listen until cancelled; may be run again."""
        listening: dict[HintDevice, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                for device in listening.keys() - self._devices.keys():
                    listening.pop(device).cancel()
                for device in self._devices.keys() - listening.keys():
                    listening[device] = group.create_task(self._listen(device), name=f"hints:{device.host}")
                await self._clock.sleep(FOLLOW_EVERY_S)

    def _has_room(self, device: HintDevice) -> bool:
        beside = sum(other.host == device.host for other in self._devices)
        return len(self._devices) < MOST_DEVICES and beside < MOST_PER_HOST

    async def _listen(self, device: HintDevice) -> None:
        await self._clock.sleep(SPREAD_S * self._rng())
        await supervise(f"hints:{device.host}", partial(self._hear, device), self._clock, Backoff())

    async def _hear(self, device: HintDevice) -> None:
        open_source = self._open_source
        if open_source is None:
            open_source = await asyncio.to_thread(self._over_onvif)
        source = open_source(device, partial(self._turn, device.host), partial(self._note_connection, device))
        self._sources[device] = source
        try:
            async with aclosing(source.hints()) as hints:
                async for hint in hints:
                    self._pass_on(device, hint)
        finally:
            self._past += _figures(self._sources.pop(device))

    def _over_onvif(self) -> OpenSource:
        device_hints = importlib.import_module(_LISTENING).device_hints

        def opened(device: HintDevice, turn: Turn, heard: Callable[[bool], None]) -> HintSource:
            found: HintSource = device_hints(device.url, device.login, self._clock, turn, heard)
            return found

        return opened

    @asynccontextmanager
    async def _turn(self, host: str) -> AsyncIterator[None]:
        """Hold a place among those that connect now."""
        mine = self._hosts.get(host) or asyncio.Semaphore(CONNECTING_PER_HOST)
        self._hosts[host] = mine
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(mine)
            await stack.enter_async_context(self._all)
            yield

    def _note_connection(self, device: HintDevice, there: bool) -> None:
        if there:
            self._connected.add(device)
            return
        self._connected.discard(device)
        for unit in self._devices.get(device, {}).values():
            unit.forget_hints()

    def _pass_on(self, device: HintDevice, hint: SceneHint) -> None:
        meant = meant_by(hint.source, self._devices.get(device, {}).values())
        self._unplaced += not meant
        for unit in meant:
            unit.take_hint(hint.kind, active=hint.active)


def meant_by(source: str, units: Iterable[HintedUnit]) -> list[HintedUnit]:
    """Return whose picture a device means: a camera of its own is always meant, of a recorder's those it names."""
    several = list(units)
    if not source or len(several) == 1:
        return several
    known = [(unit, unit.camera.onvif.sources if unit.camera.onvif else ()) for unit in several]
    return [u for u, names in known if source in names] or [u for u, names in known if not names]


def _figures(source: HintSource) -> Counter[str]:
    topics, counts = source.topics, source.counts
    named = {name: getattr(topics, name) for name in ("taken", "identity", "other", "unreadable")}
    named |= {name: getattr(counts, name) for name in ("subscriptions", "renewals", "failures")}
    return Counter(named) + Counter({kind.value: n for kind, n in topics.kinds.items()})
