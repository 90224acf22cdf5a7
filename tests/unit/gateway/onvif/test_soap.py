"""Calls are bounded and their failures named; whatever a peer sends, nothing of it is expanded or repeated."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from gateway.onvif.errors import (
    DeviceAuthFailed,
    DeviceClockOff,
    DeviceRefused,
    DeviceTimeout,
    DeviceUnreachable,
    NotOnvif,
    OnvifError,
)
from gateway.onvif.safe_xml import MAX_MESSAGE_BYTES
from gateway.onvif.soap import DEVICE, Credentials, SoapCaller
from gateway.simulator.onvif_words import envelope, fault
from tests.unit.gateway.onvif.rig import PASSWORD, USER, Answering, http, peer, serving, spec, until
from tests.unit.gateway.onvif.test_safe_xml import HOSTILE, LAUGHS

LOGIN = Credentials(USER, PASSWORD)
INFORMATION = "GetDeviceInformation"


async def failure_of(answering: Answering, limit_s: float = 5.0) -> OnvifError:
    """Return what a call to such a peer fails with."""
    async with peer(answering) as made, SoapCaller(LOGIN) as caller:
        with pytest.raises(OnvifError) as caught:
            await caller.call(DEVICE, made.url, INFORMATION, limit_s=limit_s)
    assert PASSWORD not in str(caught.value)
    assert caught.value.__cause__ is None
    return caught.value


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
async def test_hostile_answers(body: bytes) -> None:
    """None is read further than it must be to see what it is."""
    assert isinstance(await failure_of(lambda _: http(body)), NotOnvif)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>log in</html>",
        b"<r/>",
        envelope("<tds:SomethingElse/>"),
        envelope(""),
        b"<a>" * 5_000,
    ],
)
async def test_answers_that_are_none_of_onvif(body: bytes) -> None:
    """Web pages, other messages, depths."""
    assert isinstance(await failure_of(lambda _: http(body)), NotOnvif)


async def test_an_answer_without_end_is_cut() -> None:
    """At the bound, whatever length was announced."""
    flood = b"<r>" + b"x" * (MAX_MESSAGE_BYTES + 100)
    assert isinstance(await failure_of(lambda _: http(flood)), NotOnvif)
    assert isinstance(await failure_of(lambda _: b"HTTP/1.1 200 OK\r\n\r\n" + flood), NotOnvif)


async def test_a_multipart_answer_is_not_taken_apart() -> None:
    """Its parts would not have been looked at."""
    body = b"--b\r\nContent-Type: text/xml\r\n\r\n" + LAUGHS + b"\r\n--b--"
    header = 'Content-Type: multipart/related; boundary="b"'
    assert isinstance(await failure_of(lambda _: http(body, "200 OK", header)), NotOnvif)


async def test_silence_and_closed_ports() -> None:
    """A time-out is no refusal."""
    assert isinstance(await failure_of(lambda _: None, limit_s=0.3), DeviceTimeout)
    assert isinstance(await failure_of(lambda _: b""), DeviceUnreachable)
    async with SoapCaller(LOGIN) as caller:
        with pytest.raises(DeviceUnreachable):
            await caller.call(DEVICE, "http://127.0.0.1:9/onvif/device_service", INFORMATION)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (http(b"no", "401 Unauthorized"), DeviceAuthFailed),
        (http(b"no", "403 Forbidden"), DeviceAuthFailed),
        (http(b"no", "404 Not Found"), NotOnvif),
        (http(b"", "500 Oops"), NotOnvif),
        (http(b"", "302 Found", "Location: http://169.254.169.254/"), NotOnvif),
        (http(fault("ter:NotAuthorized", "Sender not authorized"), "400 Bad Request"), DeviceAuthFailed),
        (http(fault("wsse:FailedAuthentication", "no"), "500 Error"), DeviceAuthFailed),
        (http(fault("ter:Other", "Wsse authorized time check failed."), "400 Bad Request"), DeviceClockOff),
        (http(fault("ter:ActionNotSupported", "not here"), "500 Error"), DeviceRefused),
    ],
)
async def test_refusals(answer: bytes, kind: type[OnvifError]) -> None:
    """By status, by subcode, by what devices say of the time; redirects are never followed."""
    assert isinstance(await failure_of(lambda _: answer), kind)


async def test_a_password_is_tried_once() -> None:
    """Devices lock accounts."""
    async with serving() as server, SoapCaller(Credentials(USER, "wrong")) as caller:
        with pytest.raises(DeviceAuthFailed):
            await caller.call(DEVICE, server.url("gate"), INFORMATION)
        assert server.devices["gate"].refused == 1


async def test_http_digest_is_answered() -> None:
    """For devices that were set to take nothing else."""
    async with serving(spec(login="http")) as server, SoapCaller(LOGIN) as caller:
        answer = await caller.call(DEVICE, server.url("gate"), INFORMATION)
        assert answer.SerialNumber == "SIM-gate"


async def test_the_password_never_travels() -> None:
    """Only its digest, with a nonce that is never used twice."""
    page = http(b"<r/>")
    async with peer(lambda _: page) as made, SoapCaller(LOGIN) as caller:
        for _ in range(2):
            with suppress(OnvifError):
                await caller.call(DEVICE, made.url, INFORMATION)
        with suppress(OnvifError):
            await caller.call(DEVICE, made.url, INFORMATION, login=False)
    first, second, third = made.heard
    assert PASSWORD.encode() not in first
    assert b"PasswordDigest" in first
    assert b"Nonce" in first
    assert first != second
    assert b"UsernameToken" not in third


async def test_cancelling_lets_go() -> None:
    """A person who has stopped waiting waits for nothing."""
    async with peer(lambda _: None) as made, SoapCaller(LOGIN) as caller, asyncio.TaskGroup() as group:
        task = group.create_task(caller.call(DEVICE, made.url, INFORMATION, limit_s=60))
        await until(lambda: made.heard)
        task.cancel()


def test_no_repr_shows_the_password() -> None:
    """Tracebacks show them."""
    assert PASSWORD not in repr(LOGIN)
