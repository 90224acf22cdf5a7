"""One subscription per device, bounded; hints go to the cameras they mean, and failures go nowhere."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from camera_configs.models import CameraConfig, OnvifConfig
from gateway.clock import FakeClock
from gateway.fleet import hints as module
from gateway.fleet.hints import CONNECTING_PER_HOST, FOLLOW_EVERY_S, SPREAD_S, HintDevice, HintTier, Turn, meant_by
from gateway.onvif.events import EventCounts
from gateway.onvif.topics import HintKind, SceneHint, TopicCounts
from tests.unit.gateway.fleet.cameras import camera

URL = "http://192.0.2.4/onvif/device_service"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(eq=False)
class Unit:
    """A camera that writes down what it hears."""

    camera: CameraConfig
    heard: list[tuple[HintKind, bool]] = field(default_factory=list)
    forgotten: int = 0

    def take_hint(self, kind: HintKind, *, active: bool) -> None:
        self.heard.append((kind, active))

    def forget_hints(self) -> None:
        self.forgotten += 1


def unit(name: str, url: str = URL, *, events: bool = True, sources: tuple[str, ...] = ()) -> Unit:
    onvif = OnvifConfig(url=url, username="viewer", events=events, sources=sources)
    return Unit(camera(name).model_copy(update={"onvif": onvif}))


def hint(kind: HintKind = HintKind.MOTION, source: str = "", *, active: bool = True) -> SceneHint:
    return SceneHint(kind, active, NOW, source)


class Source:
    """A device that says what a test puts into it; `None` breaks off in an unforeseen way."""

    def __init__(
        self,
        turn: Turn,
        heard: Callable[[bool], None],
        admit: asyncio.Event | None = None,
    ) -> None:
        self.topics, self.counts = TopicCounts(), EventCounts()
        self.says: asyncio.Queue[SceneHint | None] = asyncio.Queue()
        self.connecting = asyncio.Event()
        self._admit = admit
        self.closed = False
        self._turn, self._heard = turn, heard

    async def hints(self) -> AsyncGenerator[SceneHint, None]:
        async with self._turn():
            self.connecting.set()
            if self._admit is not None:
                await self._admit.wait()
        self.counts.subscriptions += 1
        self._heard(True)
        try:
            while (said := await self.says.get()) is not None:
                self.topics.taken += 1
                self.topics.kinds[said.kind] += 1
                yield said
            raise RuntimeError("unforeseen")
        finally:
            self._heard(False)
            self.closed = True


@dataclass
class Town:
    """A tier that runs, and the devices it has opened."""

    tier: HintTier
    clock: FakeClock
    opened: dict[HintDevice, list[Source]]
    admit: asyncio.Event  # set: devices answer

    def source(self, url: str = URL) -> Source:
        return next(sources[-1] for device, sources in self.opened.items() if device.url == url)

    async def settle(self, seconds: float = FOLLOW_EVERY_S + SPREAD_S) -> None:
        await self.clock.advance(seconds)


@asynccontextmanager
async def running() -> AsyncIterator[Town]:
    clock = FakeClock()
    opened: dict[HintDevice, list[Source]] = {}
    admit = asyncio.Event()
    admit.set()

    def open_source(device: HintDevice, turn: Turn, heard: Callable[[bool], None]) -> Source:
        opened.setdefault(device, []).append(made := Source(turn, heard, admit))
        return made

    tier = HintTier(clock, open_source=open_source, rng=lambda: 0.5)
    task = asyncio.create_task(tier.run())
    try:
        yield Town(tier, clock, opened, admit)
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_device_that_breaks_off_is_heard_again_and_the_camera_forgets_what_it_said() -> None:
    """Whatever the failure: its camera does not notice, the counts go on, and nobody else is disturbed."""
    async with running() as town:
        mine, other = unit("gate"), unit("mill", "http://192.0.2.5/x")
        for each in (mine, other):
            town.tier.follow(each)
        await town.settle()
        town.source().says.put_nowait(hint(HintKind.TAMPER))
        town.source().says.put_nowait(None)
        await town.settle(5.0)
        assert (mine.heard, mine.forgotten) == ([(HintKind.TAMPER, True)], 1)
        town.source().says.put_nowait(hint())
        await town.settle()
        assert mine.heard[1:] == [(HintKind.MOTION, True)]
        counters = town.tier.counters
        assert (counters["subscriptions"], counters["taken"], counters["tamper"], counters["motion"]) == (3, 2, 1, 1)
        assert (counters["devices"], counters["connected"]) == (2, 2)
        assert (other.heard, other.forgotten) == ([], 0)


async def test_cameras_of_one_recorder_share_one_subscription() -> None:
    """Each hears of its own channel; what names no channel is for all, an unknown channel for nobody."""
    async with running() as town:
        one, two = unit("one", sources=("ch1", "vsc1")), unit("two", sources=("ch2",))
        for each in (one, two):
            town.tier.follow(each)
        await town.settle()
        assert len(town.opened) == 1
        for source in ("vsc1", "", "ch9"):
            town.source().says.put_nowait(hint(source=source))
        await town.settle(1.0)
        assert (len(one.heard), len(two.heard)) == (2, 1)
        assert town.tier.counters["unplaced"] == 1
        town.tier.drop("one")
        await town.settle()
        assert not town.source().closed
        town.tier.drop("two")
        await town.settle()
        assert town.source().closed
        assert town.tier.counters["connected"] == 0


async def test_only_so_many_connect_to_one_host_at_once() -> None:
    """After a power cut a recorder is not asked by everybody at the same moment."""
    async with running() as town:
        town.admit.clear()
        for number in range(5):
            town.tier.follow(unit(f"c{number}", f"http://192.0.2.4:{80 + number}/x"))
        town.tier.follow(unit("elsewhere", "http://192.0.2.5/x"))
        await town.settle()
        connecting = Counter(d.host for d, sources in town.opened.items() if sources[-1].connecting.is_set())
        assert connecting == {"192.0.2.4": CONNECTING_PER_HOST, "192.0.2.5": 1}
        town.admit.set()
        await town.settle()
        assert town.tier.counters["connected"] == 6


async def test_more_devices_than_a_worker_may_hold_are_left_out_and_counted() -> None:
    """The others are listened to; when one goes there is room again."""
    tier = HintTier(FakeClock(), open_source=lambda *_: Source(*_[1:]))
    for number in range(module.MOST_PER_HOST + 2):
        tier.follow(unit(f"c{number}", f"http://192.0.2.4:{1000 + number}/x"))
    assert (tier.counters["devices"], tier.counters["left_out"]) == (module.MOST_PER_HOST, 2)
    tier.drop(f"c{module.MOST_PER_HOST}")
    assert tier.counters["left_out"] == 1


def test_cameras_without_device_or_with_events_off_are_left_alone() -> None:
    """Nothing is opened for them."""
    tier = HintTier(FakeClock(), open_source=lambda *_: Source(*_[1:]))
    tier.follow(Unit(camera("gate")))
    tier.follow(unit("mill", events=False))
    assert tier.counters["devices"] == 0
    assert set(map(str, HintKind)) <= set(tier.counters)


def test_a_camera_that_is_alone_at_its_device_is_always_meant() -> None:
    """Whatever the device calls its picture."""
    alone, some = unit("a", sources=("x",)), unit("b")
    assert meant_by("other", [alone]) == [alone]
    assert meant_by("other", [alone, some]) == [some]
    assert meant_by("", [alone, some]) == [alone, some]


def test_a_password_shows_nowhere() -> None:
    """Not in the representation of what is logged when a bug shows itself."""
    device = HintDevice(URL, "viewer", "hunter2")
    assert "hunter2" not in repr(device)
    assert (device.login, device.host) == (("viewer", "hunter2"), "192.0.2.4")
    assert HintDevice(URL).login is None
