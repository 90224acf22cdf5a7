"""A simulated camera whose device tells of motion: looked at within seconds where its rules would wait ten minutes."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import pytest

from camera_configs.models import CameraConfig, OnvifConfig, RuleConfig, StreamConfig
from gateway.analysis.health.fault_types import ALWAYS_FROM_PICTURES
from gateway.camera.lane import LanePool
from gateway.camera.watcher import Surroundings
from gateway.clock import SystemClock
from gateway.fleet.camera_unit import CameraUnit, WorkerParts
from gateway.fleet.event_desk import DeskTools, OpenCase
from gateway.fleet.hints import HintTier
from gateway.settings import Settings
from gateway.simulator.onvif_cameras import OnvifOptions, onvif_devices
from gateway.simulator.onvif_device import OnvifDeviceSpec
from gateway.simulator.onvif_server import FACE_TOPIC, MOTION_TOPIC, TAMPER_TOPIC, OnvifServer
from gateway.simulator.server import PathSpec, RtspServer
from storage.media import FolderMediaStore
from storage.protocols import EventStore
from storage.records import CameraStateName
from tests.unit.gateway.fleet.cameras import camera, site
from tests.unit.gateway.fleet.desk_tools import FakeCutter, FakeEvents
from tests.unit.gateway.simulator.clips import Recording, encode

USER, PASSWORD = "admin", "p:ss w0rd%40"
CADENCE_S = 600.0
SOON_S = 5.0  # two keyframes, a second each, and a busy machine
WAIT_S = 30.0
FAULTS_OFF = tuple(RuleConfig(id=f"f{n}", type=kind, enabled=False) for n, kind in enumerate(ALWAYS_FROM_PICTURES))
ENTER = RuleConfig(id="enter", type="zone_intrusion", zone="yard", cadence_s=CADENCE_S, dwell_s=60)


@dataclass
class Gate:
    """The camera as it is watched, and its device."""

    unit: CameraUnit
    tier: HintTier
    spec: OnvifDeviceSpec
    devices: OnvifServer

    @property
    def looks(self) -> int:
        """Pictures that the gate has asked for."""
        return self.unit.watcher.gate.looks

    def says(self, topic: str, name: str, value: str = "true") -> None:
        """Have the device notify."""
        self.devices.devices["gate"].emit(topic, {name: value})


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Gate]:
    """Give a camera that is online, looked at once, and whose device is listened to."""
    clip = encode(tmp_path / "gate.mp4", Recording(size=(320, 180), seconds=4.0, gop=25))
    path = PathSpec("gate", clip, auth="digest", username=USER, password=PASSWORD)
    streams = RtspServer([path])
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(streams.run())
        await streams.ready.wait()
        [spec] = onvif_devices(streams, [path], OnvifOptions())
        async with devices_of(spec) as devices:
            tier = HintTier(SystemClock(), rng=lambda: 0.0)
            async with watching(configured(streams.url("gate"), devices.url("gate")), tier, tmp_path) as unit:
                made = Gate(unit, tier, spec, devices)
                await until(lambda: made.looks >= 1 and tier.counters["connected"] == 1)
                yield made
        serving.cancel()


@asynccontextmanager
async def devices_of(spec: OnvifDeviceSpec, port: int = 0) -> AsyncIterator[OnvifServer]:
    server = OnvifServer([spec], first_port=port, discovery_port=None, eventful=False)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        await server.ready.wait()
        yield server
        running.cancel()


def configured(stream: str, device: str) -> CameraConfig:
    login = {"username": USER, "password": PASSWORD}
    return camera("gate", rules=(ENTER, *FAULTS_OFF)).model_copy(
        update={
            "streams": (StreamConfig.model_validate({"url": stream, **login}),),
            "onvif": OnvifConfig.model_validate({"url": device, **login}),
        }
    )


@asynccontextmanager
async def watching(config: CameraConfig, tier: HintTier, folder: Path) -> AsyncIterator[CameraUnit]:
    """Watch as a worker does, but for the writing down."""
    clock, media = SystemClock(), FolderMediaStore(folder, 0)
    with LanePool(1) as lanes:
        zone = ZoneInfo("Asia/Shanghai")
        parts = WorkerParts(
            site=site(config),
            settings=Settings(data_dir=folder),
            shared=Surroundings(lanes, clock=clock),
            detectors={"motion": None},
            scene_types={},
            tools=DeskTools(cast(EventStore, FakeEvents()), media, FakeCutter(folder), clock, zone),
            open_case=cast(OpenCase, None),
            worker_id="w0",
            run_id="run_1",
            hints=tier,
        )
        unit = CameraUnit(config, parts)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(tier.run()), group.create_task(ticking(unit))]
            unit.start()
            yield unit
            unit.stop()
            await asyncio.to_thread(unit.join, WAIT_S)
            for task in tasks:
                task.cancel()
    assert not any(thread.name.startswith("camera:") for thread in threading.enumerate())


async def ticking(unit: CameraUnit) -> None:
    while True:
        unit.tick()
        await asyncio.sleep(0.2)


async def until(met: Callable[[], bool], within_s: float = WAIT_S) -> None:
    async with asyncio.timeout(within_s):
        while not met():  # noqa: ASYNC110  whoever fulfils it knows of no event
            await asyncio.sleep(0.02)


async def test_motion_told_by_the_device_is_looked_at_within_seconds(gate: Gate) -> None:
    """One look, counted; a face is dropped unread and leads to none; no event comes of either."""
    before = gate.looks
    gate.says(FACE_TOPIC, "IsFace")
    await until(lambda: gate.tier.counters["identity"] == 1)
    await asyncio.sleep(2.5)  # two keyframes
    assert gate.looks == before
    gate.says(MOTION_TOPIC, "IsMotion")
    await until(lambda: gate.looks > before, SOON_S)
    gate.says(MOTION_TOPIC, "IsMotion", "false")
    counters = gate.tier.counters
    assert (counters["motion"], counters["looks"], counters["taken"]) == (1, 1, 1)
    assert gate.unit.watcher.gate.hinted_looks >= 1


async def test_tampering_is_looked_at_and_noted_and_a_device_that_goes_takes_nothing_with_it(gate: Gate) -> None:
    """The note goes with the device, which is heard again when it is back; the stream hears of none of it."""
    before = gate.looks
    gate.says(TAMPER_TOPIC, "IsTamper")
    await until(lambda: gate.looks > before, SOON_S)
    await until(lambda: gate.unit.state.notes == ("device_tamper",))
    gate.devices.devices["gate"].forget_subscriptions()
    gate.says(TAMPER_TOPIC, "IsTamper", "false")
    await until(lambda: gate.unit.state.notes == ())
    await until(lambda: gate.tier.counters["subscriptions"] == 2)
    assert gate.tier.counters["failures"] == 1
    assert gate.unit.state.state is CameraStateName.ONLINE
    assert gate.unit.state.attempts == 0
