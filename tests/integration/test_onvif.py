"""From discovery to picture with devices that answer as real ones do: multicast, logins, clocks, streams, events.

Three simulated devices over the real camera simulator: one normal, one whose clock is two days off and that believes
to have another host, one whose password is typed wrongly at first.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from gateway.clock import SystemClock
from gateway.interfaces import Interface
from gateway.onvif.device import OnvifDevice
from gateway.onvif.discovery import Found, discover
from gateway.onvif.events import EventStream
from gateway.onvif.soap import Credentials
from gateway.onvif.sweep import sweep
from gateway.onvif.topics import HintKind, SceneHint
from gateway.simulator.onvif_cameras import OnvifOptions, onvif_devices
from gateway.simulator.onvif_server import FACE_TOPIC, MOTION_TOPIC, SIGNAL_LOSS_TOPIC, TAMPER_TOPIC, OnvifServer
from gateway.simulator.server import PathSpec, RtspServer
from gateway.web.onboarding import Connection, OnboardingDesk, OnboardingFailed
from tests.unit.gateway.simulator.clips import Recording, encode

USER, PASSWORD = "admin", "p:ss w0rd%40"
TWO_DAYS_S = 172_800.0
LOGIN = Credentials(USER, PASSWORD)
LOOPBACK = Interface("lo", "127.0.0.1")
NAMES = ("normal", "late", "guarded")


@dataclass
class Street:
    """The simulated devices and where they can be found."""

    devices: OnvifServer
    group: tuple[str, int]


@pytest.fixture
async def street(tmp_path: Path) -> AsyncIterator[Street]:
    """Give three cameras with two streams each, on free ports."""
    large = encode(tmp_path / "main.mp4", Recording(size=(640, 360), seconds=4.0, gop=25))
    small = encode(tmp_path / "sub.mp4", Recording(size=(320, 180), seconds=4.0, gop=25))
    specs = [
        PathSpec(name, file, auth="digest", username=USER, password=PASSWORD)
        for main in NAMES
        for name, file in ((main, large), (f"{main}-sub", small))
    ]
    async with running(specs) as made:
        yield made


@asynccontextmanager
async def running(specs: list[PathSpec]) -> AsyncIterator[Street]:
    """Serve them; the device `late` is wrong about time and host, `guarded` takes HTTP Digest only."""
    streams = RtspServer(specs, http_port=0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(streams.run())
        await streams.ready.wait()
        given = {d.name: d for d in onvif_devices(streams, specs, OnvifOptions())}
        given["late"] = replace(given["late"], clock_offset_s=-TWO_DAYS_S, advertised_host="10.255.255.1")
        given["guarded"] = replace(given["guarded"], login="http")
        devices = OnvifServer(list(given.values()), discovery_port=port, eventful=False)
        answering = group.create_task(devices.run())
        await devices.ready.wait()
        try:
            yield Street(devices, ("239.255.255.250", port))
        finally:
            serving.cancel()
            answering.cancel()


async def found_on(street: Street) -> dict[str, Found]:
    """Discover them by multicast on loopback."""
    found: list[Found] = []
    await discover(found.append, SystemClock(), 2.0, [LOOPBACK], street.group)
    return {each.name: each for each in found}


async def test_three_devices_from_discovery_to_picture(street: Street) -> None:
    """Found, connected, probed, seen; a wrong password is told as such, a wrong clock and a wrong host do no harm."""
    found = await found_on(street)
    assert set(found) == set(NAMES)
    assert {f.xaddr for f in found.values()} == {street.devices.url(name) for name in NAMES}
    desk = OnboardingDesk(SystemClock())
    with pytest.raises(OnboardingFailed) as caught:
        await desk.connect_device("me", found["guarded"].xaddr, Credentials(USER, "wrong"))
    assert caught.value.code == "auth_failed"
    made = {name: await desk.connect_device("me", found[name].xaddr, LOGIN) for name in NAMES}
    offsets = {name: connection.clock_offset_s or 0.0 for name, connection in made.items()}
    assert offsets["late"] == pytest.approx(-TWO_DAYS_S, abs=3)
    assert abs(offsets["normal"]) < 3
    assert {q.id for q in made["late"].quirks} == {"wrong_host", "clock_wrong"}
    assert made["normal"].quirks == ()
    for name in NAMES:
        await check_streams(desk, made[name], name)


async def check_streams(desk: OnboardingDesk, connection: Connection, name: str) -> None:
    """Main and sub are told apart, both are what was said, and there is a picture."""
    assert [(p.token, p.role) for p in connection.profiles] == [(name, "main"), (f"{name}-sub", "sub")]
    assert [p.name for p in connection.presets] == ["门口", "路口", "全景"]
    picture = cv2.imdecode(np.frombuffer(await desk.picture(connection, name), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[:2] == (360, 640)
    if name != "late":  # one that was found at a wrong host is enough to watch
        return
    probed = await desk.probe(connection, [name, f"{name}-sub"])
    assert [(p.code, p.probe and (p.probe.codec, p.probe.width)) for p in probed] == [
        (None, ("h264", 640)),
        (None, ("h264", 320)),
    ]
    assert all(p.probe is not None and p.probe.gop_s and p.probe.fps and p.probe.bitrate_kbps for p in probed)


async def test_events_of_a_late_device(street: Street) -> None:
    """Motion, tampering and loss of signal arrive on our clock; a face never does."""
    late, got = street.devices.devices["late"], list[SceneHint]()
    clock = SystemClock()
    stream = EventStream(lambda: OnvifDevice(street.devices.url("late"), LOGIN, clock), clock)
    late.emit(MOTION_TOPIC, {"IsMotion": "true"})
    async with asyncio.timeout(20), aclosing(stream.hints()) as hints:
        async for hint in hints:
            got.append(hint)
            if len(got) == 1:
                late.emit(FACE_TOPIC, {"IsFace": "true", "Name": "somebody"})
                late.emit(TAMPER_TOPIC, {"IsTamper": "true"})
                late.emit(SIGNAL_LOSS_TOPIC, {"State": "true"})
            if len(got) == 3:
                break
    assert [hint.kind for hint in got] == [HintKind.MOTION, HintKind.TAMPER, HintKind.SIGNAL_LOSS]
    assert all(abs((clock.now() - hint.at).total_seconds()) < 30 for hint in got)
    assert stream.topics.identity == 1
    assert late.subscriptions == 0


async def test_a_sweep_finds_the_same_devices(street: Street) -> None:
    """Where multicast does not pass, addresses do."""
    ports = [int(street.devices.url(name).split(":")[2].split("/")[0]) for name in NAMES]
    found: list[Found] = []
    await sweep(["127.0.0.1", "127.0.0.2"], ports, found.append, lambda: None)
    assert {each.xaddr for each in found} == {street.devices.url(name) for name in NAMES}
