"""The simulated device behaves as a real one: who may ask what, by which clock, and what it keeps for whom."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

import pytest

from gateway.clock import FakeClock
from gateway.simulator.onvif_device import (
    LOGIN_WINDOW_S,
    MAX_QUEUED,
    MAX_SUBSCRIPTIONS,
    OnvifDevice,
    OnvifDeviceSpec,
    OnvifStream,
    SoapAnswer,
    read_soap,
)
from gateway.simulator.onvif_words import ProfileFacts, stamp

BASE = "http://127.0.0.1:8800"
USER, PASSWORD = "admin", "secret"
STREAM = OnvifStream(ProfileFacts("main", "H264", 640, 360, 25.0, 512, 50), "rtsp://127.0.0.1:8554/gate")
SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"


def device(**changes: Any) -> OnvifDevice:
    given: dict[str, Any] = {"streams": (STREAM,), "username": USER, "password": PASSWORD, **changes}
    return OnvifDevice(OnvifDeviceSpec("gate", **given), FakeClock())


def token(created: datetime, password: str = PASSWORD, user: str = USER, nonce: bytes = b"0123456789") -> str:
    """Return a login as clients send it."""
    digest = hashlib.sha1(nonce + stamp(created).encode() + password.encode()).digest()
    return (
        f'<w:Security xmlns:w="{SECURITY}"><w:UsernameToken><w:Username>{user}</w:Username>'
        f"<w:Password>{b64encode(digest).decode()}</w:Password><w:Nonce>{b64encode(nonce).decode()}</w:Nonce>"
        f"<w:Created>{stamp(created)}</w:Created></w:UsernameToken></w:Security>"
    )


async def ask(
    one: OnvifDevice, operation: str, content: str = "", *, head: str = "", path: str = "/onvif/x"
) -> SoapAnswer:
    """Ask a device something."""
    message = (
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope">'
        f"<e:Header>{head}</e:Header><e:Body><{operation}>{content}</{operation}></e:Body></e:Envelope>"
    )
    asked = read_soap(message.encode(), path, BASE)
    assert asked is not None
    return await one.answer(asked, admitted=False)


@pytest.mark.parametrize("data", [b"", b"<a/>", b"<!DOCTYPE a><a/>", b"\xff", b"<a", b"<?xml encoding='x'?><a/>"])
def test_what_is_no_message_is_none(data: bytes) -> None:
    """Nothing is raised for what strangers send."""
    assert read_soap(data, "/onvif/x", BASE) is None


async def test_anybody_may_ask_the_time_and_the_services() -> None:
    """As the specification has it; nothing else is told."""
    one = device()
    for operation in ("GetSystemDateAndTime", "GetServices", "GetCapabilities"):
        assert (await ask(one, operation)).status == 200
    refused = await ask(one, "GetDeviceInformation")
    assert (refused.status, b"ter:NotAuthorized" in refused.body, one.refused) == (400, True, 1)
    assert (await ask(device(username=""), "GetDeviceInformation")).status == 200


async def test_a_right_login_is_admitted_once() -> None:
    """The same nonce again is somebody who has listened."""
    one = device()
    login = token(one.now())
    assert (await ask(one, "GetDeviceInformation", head=login)).status == 200
    assert (await ask(one, "GetDeviceInformation", head=login)).status == 400


@pytest.mark.parametrize("aside_s", [-LOGIN_WINDOW_S - 1, LOGIN_WINDOW_S + 1])
async def test_a_login_at_another_time_is_refused(aside_s: float) -> None:
    """The time is the device's own, right or wrong."""
    one = device(clock_offset_s=-172_800.0)
    assert (await ask(one, "GetDeviceInformation", head=token(one.now()))).status == 200
    late = token(one.now() + timedelta(seconds=aside_s), nonce=b"another")
    assert (await ask(one, "GetDeviceInformation", head=late)).status == 400


@pytest.mark.parametrize(
    "head",
    [
        token(FakeClock().now(), password="wrong"),
        token(FakeClock().now(), user="root"),
        token(FakeClock().now()).replace("<w:Nonce>", "<w:Nonce>!"),
        f'<w:Security xmlns:w="{SECURITY}"><w:UsernameToken/></w:Security>',
        "",
    ],
)
async def test_wrong_logins(head: str) -> None:
    """Password, name, nonce, nothing."""
    assert (await ask(device(), "GetProfiles", head=head)).status == 400


async def test_the_time_is_its_own() -> None:
    """Two days behind."""
    answer = await ask(device(clock_offset_s=-172_800.0), "GetSystemDateAndTime")
    assert b"<tt:Day>30</tt:Day>" in answer.body


async def test_a_wrong_host_stands_in_every_address() -> None:
    """Services, stream, subscription."""
    one = device(username="", advertised_host="10.9.9.9", presets={"1": "门口"})
    assert b"http://10.9.9.9:8800/onvif/media" in (await ask(one, "GetServices")).body
    asked = await ask(one, "GetStreamUri", "<ProfileToken>main</ProfileToken>")
    assert b"rtsp://10.9.9.9:8554/gate" in asked.body
    assert b"http://10.9.9.9:8800/onvif/pull/" in (await ask(one, "CreatePullPointSubscription")).body
    assert one.address(BASE) == "http://10.9.9.9:8800/onvif/device_service"


async def test_what_it_does_not_have() -> None:
    """Another profile, snapshots, presets, anything not simulated."""
    one = device(username="")
    for operation, content in (
        ("GetStreamUri", "<ProfileToken>other</ProfileToken>"),
        ("GetSnapshotUri", "<ProfileToken>main</ProfileToken>"),
        ("GotoPreset", "<PresetToken>9</PresetToken>"),
        ("SystemReboot", ""),
    ):
        assert (await ask(one, operation, content)).status == 400
    assert b"/onvif/ptz" not in (await ask(one, "GetServices")).body


def pull_path(answer: SoapAnswer) -> str:
    """Return where a new subscription is pulled from."""
    text = answer.body.decode()
    return text[text.index("/onvif/pull/") : text.index("</wsa5:Address>")]


async def test_events_wait_for_who_has_subscribed() -> None:
    """States first, then changes, up to the limit asked for; the oldest of too many give way."""
    one = device(username="")
    one.emit("tns1:VideoSource/MotionAlarm", {"State": "false"})
    path = pull_path(await ask(one, "CreatePullPointSubscription"))
    first = await ask(one, "PullMessages", "<MessageLimit>1</MessageLimit>", path=path)
    assert b'PropertyOperation="Initialized"' in first.body
    for number in range(MAX_QUEUED + 5):
        one.emit("tns1:VideoSource/MotionAlarm", {"State": str(number)})
    many = await ask(one, "PullMessages", "<MessageLimit>1000</MessageLimit>", path=path)
    assert many.body.count(b"<wsnt:NotificationMessage>") == MAX_QUEUED
    assert b'Value="4"' not in many.body


async def test_a_pull_waits_for_news() -> None:
    """And answers as soon as there are any; with nothing when the time is up."""
    one = device(username="")
    path = pull_path(await ask(one, "CreatePullPointSubscription"))
    content = "<Timeout>PT20S</Timeout><MessageLimit>5</MessageLimit>"
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        pulling = group.create_task(ask(one, "PullMessages", content, path=path))
        await asyncio.sleep(0)
        one.emit("tns1:VideoSource/SignalLoss", {"State": "true"})
    assert b"SignalLoss" in pulling.result().body
    nothing = await ask(one, "PullMessages", "<Timeout>PT0.01S</Timeout>", path=path)
    assert (nothing.status, b"NotificationMessage" in nothing.body) == (200, False)


async def test_subscriptions_end() -> None:
    """By being unsubscribed, by time, by a restart; renewing keeps them."""
    one = device(username="")
    clock = one._clock
    assert isinstance(clock, FakeClock)
    kept, ended = [pull_path(await ask(one, "CreatePullPointSubscription")) for _ in range(2)]
    assert (await ask(one, "Unsubscribe", path=ended)).status == 200
    assert (await ask(one, "PullMessages", path=ended)).status == 500
    assert (await ask(one, "Renew", "<TerminationTime>PT1H</TerminationTime>", path=kept)).status == 200
    await clock.advance(3_599.0)
    assert (await ask(one, "Renew", "<TerminationTime>nonsense</TerminationTime>", path=kept)).status == 200
    await clock.advance(61.0)
    assert (await ask(one, "Renew", path=kept)).status == 500
    again = pull_path(await ask(one, "CreatePullPointSubscription"))
    assert one.subscriptions == 1
    one.forget_subscriptions()
    assert (await ask(one, "PullMessages", path=again)).status == 500


async def test_subscriptions_are_few() -> None:
    """As with real devices."""
    one = device(username="")
    answers = [await ask(one, "CreatePullPointSubscription") for _ in range(MAX_SUBSCRIPTIONS + 1)]
    assert [a.status for a in answers] == [200] * MAX_SUBSCRIPTIONS + [500]


async def test_presets() -> None:
    """Told with their names, and gone to."""
    one = device(username="", presets={"1": "门口 <东>"})
    assert escape("门口 <东>").encode() in (await ask(one, "GetPresets")).body
    assert (await ask(one, "GotoPreset", "<PresetToken>1</PresetToken>")).status == 200
    assert one.moved_to == "1"


def test_it_is_the_same_device_each_time() -> None:
    """Its endpoint comes from its name; no repr shows its password."""
    first, second = device().spec, device(password="other").spec
    assert first.endpoint == second.endpoint
    assert PASSWORD not in repr(first)
