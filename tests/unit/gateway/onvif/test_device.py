"""A device is read as it is: clock first, then logged in by that clock; wrong hosts, old and odd devices included."""

from __future__ import annotations

import re
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.onvif import soap
from gateway.onvif.device import OnvifDevice
from gateway.onvif.errors import DeviceAuthFailed, DeviceRefused, DeviceUnreachable, NotOnvif
from gateway.onvif.soap import Credentials
from gateway.simulator.onvif_words import envelope, fault, stamp, system_date_and_time
from tests.unit.gateway.onvif.rig import DAY_S, PASSWORD, USER, http, peer, serving, spec

LOGIN = Credentials(USER, PASSWORD)
IMPOSSIBLE = (
    "<tt:UTCDateTime><tt:Time><tt:Hour>25</tt:Hour><tt:Minute>0</tt:Minute><tt:Second>0</tt:Second></tt:Time>"
    "<tt:Date><tt:Year>2026</tt:Year><tt:Month>13</tt:Month><tt:Day>40</tt:Day></tt:Date></tt:UTCDateTime>"
)


def device(address: str, login: Credentials | None = LOGIN) -> OnvifDevice:
    return OnvifDevice(address, login, SystemClock())


def operation_of(request: bytes) -> str:
    """Return what a request asks for."""
    found = re.search(rb"Body>\s*<(?:\w+:)?(\w+)", request)
    assert found is not None
    return found[1].decode()


async def test_a_device_is_read() -> None:
    """What it is, its streams with main and sub, its presets."""
    async with serving(spec(presets={"1": "门口"})) as server, device(server.url("gate")) as gate:
        information = await gate.information()
        main, sub = await gate.profiles()
        presets = await gate.presets([main, sub])
        assert gate.clock_offset_s == pytest.approx(0, abs=1.1)
        assert not gate.rewritten
    assert (information.manufacturer, information.serial) == ("GridPatrol", "SIM-gate")
    assert (main.role, main.codec, main.width, main.fps, main.gop) == ("main", "h264", 1920, 25.0, 50)
    assert (main.stream_url, main.snapshot_url) == ("rtsp://127.0.0.1:8554/gate", "http://127.0.0.1:8080/snapshot/gate")
    assert (sub.role, sub.stream_url, sub.snapshot_url) == ("sub", "rtsp://127.0.0.1:8554/gate-sub", None)
    assert [(p.token, p.name) for p in presets] == [("1", "门口")]


@pytest.mark.parametrize("offset_s", [-2 * DAY_S, 3_600.0, 400 * DAY_S])
async def test_a_wrong_clock_does_not_stop_the_login(offset_s: float) -> None:
    """The login is dated by the device's clock, which anybody may ask."""
    async with serving(spec(clock_offset_s=offset_s)) as server, device(server.url("gate")) as gate:
        assert gate.clock_offset_s == pytest.approx(offset_s, abs=1.1)
        assert (await gate.information()).serial == "SIM-gate"


async def test_a_wrong_password_is_named_and_tried_once() -> None:
    """So is a missing one."""
    async with serving() as server:
        for login in (Credentials(USER, "wrong"), None):
            async with device(server.url("gate"), login) as gate:
                with pytest.raises(DeviceAuthFailed):
                    await gate.information()
        assert server.devices["gate"].refused == 2


async def test_addresses_of_a_wrong_host_are_put_right() -> None:
    """Services, streams, snapshots: all on the host that was contacted; ports hold, as the device knows its own."""
    async with serving(spec(advertised_host="192.168.1.64")) as server, device(server.url("gate")) as gate:
        main, _ = await gate.profiles()
        assert gate.rewritten
        assert gate.offers(soap.MEDIA)
        assert not gate.offers(soap.PTZ)
    assert main.stream_url == "rtsp://127.0.0.1:8554/gate"
    assert main.snapshot_url == "http://127.0.0.1:8080/snapshot/gate"


async def test_turning_to_a_preset() -> None:
    """An unknown one is refused; a device that cannot move says so."""
    async with serving(spec(presets={"2": "路口"}), spec("fixed")) as server:
        async with device(server.url("gate")) as gate:
            await gate.go_to_preset("main", "2")
            assert server.devices["gate"].moved_to == "2"
            with pytest.raises(DeviceRefused):
                await gate.go_to_preset("main", "9")
        async with device(server.url("fixed")) as fixed:
            assert await fixed.presets(await fixed.profiles()) == []
            with pytest.raises(NotOnvif):
                await fixed.go_to_preset("main", "2")


async def test_nobody_is_there() -> None:
    """Entering fails, and leaves nothing open."""
    with pytest.raises(DeviceUnreachable):
        async with device("http://127.0.0.1:9/onvif/device_service"):
            pass


def odd(**answers: bytes) -> Any:
    """Return a peer's way of answering: by operation, with a refusal for the rest."""

    def answering(request: bytes) -> bytes:
        operation = operation_of(request)
        return answers.get(operation, http(fault("ter:ActionNotSupported", "no"), "500 Error"))

    return answering


async def test_an_old_device_knows_capabilities_only() -> None:
    """GetServices came later."""
    told = envelope(
        "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://10.0.0.1/onvif/media</tt:XAddr>"
        "<tt:StreamingCapabilities/></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>"
    )
    async with peer(odd(GetCapabilities=http(told))) as made, device(made.url) as old:
        assert old.clock_offset_s is None
        assert old.offers(soap.MEDIA)
        assert old.rewritten
        with pytest.raises(DeviceRefused):
            await old.profiles()
    assert f"/onvif/media HTTP/1.1\r\nHost: 127.0.0.1:{made.port}".encode() in made.heard[-1]


async def test_a_clock_behind_a_login() -> None:
    """Some tell it to nobody but those who are logged in; the login is then dated by our clock."""
    now = SystemClock().now()

    def answering(request: bytes) -> bytes:
        if operation_of(request) == "GetSystemDateAndTime" and b"UsernameToken" in request:
            return http(envelope(system_date_and_time(now)))
        if operation_of(request) == "GetCapabilities":
            return http(envelope("<tds:GetCapabilitiesResponse/>"))
        return http(fault("ter:NotAuthorized", "no"), "400 Bad Request")

    async with peer(answering) as made:
        with pytest.raises(DeviceAuthFailed):
            async with device(made.url):
                pass
    asked = [operation_of(request) for request in made.heard]
    assert asked == ["GetSystemDateAndTime", "GetSystemDateAndTime", "GetServices"]
    assert stamp(now)[:16].encode() in made.heard[1]


@pytest.mark.parametrize(
    "moment",
    [
        "",
        "<tt:UTCDateTime/>",
        IMPOSSIBLE,
    ],
)
async def test_an_impossible_time_is_no_time(moment: str) -> None:
    """Nothing is known of such a clock, and nothing fails for it."""
    told = envelope(
        "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
        f"<tt:DaylightSavings>false</tt:DaylightSavings>{moment}</tds:SystemDateAndTime>"
        "</tds:GetSystemDateAndTimeResponse>"
    )
    services = envelope(
        "<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace>"
        "<tds:XAddr>http://127.0.0.1/m</tds:XAddr></tds:Service></tds:GetServicesResponse>"
    )
    async with (
        peer(odd(GetSystemDateAndTime=http(told), GetServices=http(services))) as made,
        device(made.url) as odd_one,
    ):
        assert odd_one.clock_offset_s is None


async def test_a_service_address_that_is_none() -> None:
    """Told as what it is."""
    services = envelope(
        "<tds:GetServicesResponse><tds:Service><tds:Namespace>http://www.onvif.org/ver10/media/wsdl</tds:Namespace>"
        "<tds:XAddr>not an address</tds:XAddr></tds:Service></tds:GetServicesResponse>"
    )
    async with peer(odd(GetServices=http(services))) as made:
        with pytest.raises(NotOnvif):
            async with device(made.url):
                pass
