"""Connections are kept for a while, for few, and never shown with their passwords."""

from __future__ import annotations

import pytest

from camera_configs.models import StreamConfig
from gateway.camera.stream_probe import StreamProbe
from gateway.clock import FakeClock, SystemClock
from gateway.errors import CameraSilent, NotFound
from gateway.onvif.soap import Credentials
from gateway.simulator.onvif_device import OnvifStream
from gateway.web import onboarding
from gateway.web.onboarding import KEEP_S, MAX_KEPT, OnboardingDesk, OnboardingFailed, TooManyConnections
from tests.unit.gateway.onvif.rig import MAIN, PASSWORD, USER, http, peer, serving, spec

LOGIN = Credentials(USER, PASSWORD)
URL = "rtsp://camera.example/1"


def seen(_: StreamConfig, __: str | None) -> StreamProbe:
    return StreamProbe("h264", 640, 360, None, None, None, None, 1.0, b"jpeg")


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> OnboardingDesk:
    """Return a desk that sees the same in every stream."""
    monkeypatch.setattr(onboarding, "probe_stream", seen)
    return OnboardingDesk(FakeClock())


async def test_connections_are_forgotten(desk: OnboardingDesk) -> None:
    """After half an hour, with their passwords; or when they are let go."""
    clock = desk._clock
    assert isinstance(clock, FakeClock)
    first = await desk.connect_stream("me", URL, LOGIN)
    assert desk.get(first.id, "me") is first
    with pytest.raises(NotFound):
        desk.get(first.id, "somebody")
    await clock.advance(KEEP_S + 1)
    with pytest.raises(NotFound):
        desk.get(first.id, "me")
    second = await desk.connect_stream("me", URL, LOGIN)
    desk.forget(second.id)
    desk.forget(second.id)
    with pytest.raises(NotFound):
        desk.get(second.id, "me")


async def test_there_is_a_bound(desk: OnboardingDesk) -> None:
    """More at once is no wizard but a script."""
    for _ in range(MAX_KEPT):
        await desk.connect_stream("me", URL, None)
    with pytest.raises(TooManyConnections):
        await desk.connect_stream("me", URL, None)


async def test_no_repr_shows_a_password(desk: OnboardingDesk) -> None:
    """Tracebacks show them, and pictures would fill them."""
    made = await desk.connect_stream("me", URL, LOGIN)
    assert PASSWORD not in repr(made)
    assert "jpeg" not in repr(made)


async def test_a_picture_comes_from_the_stream_where_there_is_no_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Devices name snapshots that they do not serve; the second time nobody is asked."""
    monkeypatch.setattr(onboarding, "probe_stream", seen)
    desk = OnboardingDesk(SystemClock())
    async with serving(spec(streams=(OnvifStream(MAIN.facts, MAIN.stream_url, "http://127.0.0.1:9/none"),))) as server:
        connection = await desk.connect_device("me", server.url("gate"), LOGIN)
    assert await desk.picture(connection, "main") == b"jpeg"
    assert connection.pictures == {"main": b"jpeg"}
    with pytest.raises(NotFound):
        await desk.picture(connection, "other")


async def test_a_stream_that_fails_is_told_in_the_wizards_words(
    desk: OnboardingDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence is a time-out; a profile without stream has no video."""

    def silent(_: StreamConfig, __: str | None) -> StreamProbe:
        raise CameraSilent("onboarding", "camera.example: says nothing")

    made = await desk.connect_stream("me", URL, LOGIN)
    monkeypatch.setattr(onboarding, "probe_stream", silent)
    assert [(p.code, p.probe) for p in await desk.probe(made, ["stream"])] == [("timeout", None)]
    with pytest.raises(OnboardingFailed) as caught:
        await desk.connect_stream("me", URL, LOGIN)
    assert caught.value.code == "timeout"


async def test_devices_without_streams_and_no_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that shows nothing, a web page, nobody."""
    desk = OnboardingDesk(SystemClock())
    page = http(b"<html/>")
    async with serving(spec("blind", streams=())) as server, peer(lambda _: page) as web:
        for address, code in (
            (server.url("blind"), "no_video"),
            (web.url, "not_onvif"),
            ("http://127.0.0.1:9/onvif/device_service", "unreachable"),
        ):
            with pytest.raises(OnboardingFailed) as caught:
                await desk.connect_device("me", address, LOGIN)
            assert caught.value.code == code
        monkeypatch.setattr(onboarding, "CONNECT_TIMEOUT_S", 0.0)
        with pytest.raises(OnboardingFailed) as caught:
            await desk.connect_device("me", server.url("blind"), LOGIN)
        assert caught.value.code == "timeout"
