"""Events are pulled, renewed and subscribed anew; what a device forgets or refuses is no end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.clock import FakeClock, SystemClock
from gateway.onvif.device import OnvifDevice
from gateway.onvif.errors import DeviceAuthFailed, DeviceRefused, DeviceTimeout
from gateway.onvif.events import AUTH_PAUSE_S, RENEW_AT, SUBSCRIPTION_S, EventStream
from gateway.onvif.quirks import Effect
from gateway.onvif.soap import Credentials
from gateway.onvif.topics import HintKind, SceneHint
from gateway.simulator.onvif_server import FACE_TOPIC, MOTION_TOPIC, SIGNAL_LOSS_TOPIC, TAMPER_TOPIC, OnvifServer
from gateway.supervise import Backoff
from tests.unit.gateway.onvif.rig import DAY_S, PASSWORD, USER, serving, spec
from tests.unit.gateway.onvif.test_topics import notification


def stream_of(server: OnvifServer) -> EventStream:
    clock = SystemClock()
    login = Credentials(USER, PASSWORD)
    return EventStream(lambda: OnvifDevice(server.url("gate"), login, clock), clock, backoff=Backoff(0.01, 0.02))


async def test_hints_of_a_device_whose_clock_is_wrong() -> None:
    """Motion, tampering and loss of signal come, on our clock; the face does not; saying goodbye is heard."""
    async with serving(spec(clock_offset_s=-2 * DAY_S, advertised_host="10.9.9.9")) as server:
        gate, events, got = server.devices["gate"], stream_of(server), list[SceneHint]()
        gate.emit(MOTION_TOPIC, {"IsMotion": "false"})
        async with asyncio.timeout(15), aclosing(events.hints()) as hints:
            async for hint in hints:
                got.append(hint)
                if len(got) == 1:
                    gate.emit(FACE_TOPIC, {"IsFace": "true", "Name": "somebody"})
                    gate.emit(MOTION_TOPIC, {"IsMotion": "true"})
                    gate.emit(TAMPER_TOPIC, {"IsTamper": "true"})
                    gate.emit(SIGNAL_LOSS_TOPIC, {"State": "true"})
                if len(got) == 4:
                    break
        kinds = [HintKind.MOTION, HintKind.MOTION, HintKind.TAMPER, HintKind.SIGNAL_LOSS]
        assert [h.kind for h in got] == kinds
        assert [(h.active, h.initial) for h in got] == [(False, True), (True, False), (True, False), (True, False)]
        assert all(abs(SystemClock().now() - h.at) < timedelta(seconds=30) for h in got)
        assert (events.topics.identity, events.topics.taken) == (1, 4)
        assert gate.served[-1] == "Unsubscribe"
        assert gate.subscriptions == 0


async def test_a_device_that_restarts_is_subscribed_to_anew() -> None:
    """Its memory is gone; ours is not."""
    async with serving() as server:
        gate, events = server.devices["gate"], stream_of(server)
        gate.emit(MOTION_TOPIC, {"IsMotion": "true"})
        async with asyncio.timeout(15), aclosing(events.hints()) as hints:
            assert (await anext(hints)).active
            gate.forget_subscriptions()
            again = await anext(hints)
        assert (again.kind, again.initial) == (HintKind.MOTION, True)
        assert (events.counts.subscriptions, events.counts.failures) == (2, 1)


class ScriptedDevice:
    """Answers calls as a test wants; `asked`: operations and the end of the subscription asked for, if any."""

    host = "scripted"
    clock_offset_s = -DAY_S

    def __init__(self, clock: FakeClock, **answers: Callable[[], Any]) -> None:
        self.clock = clock
        self.asked: list[tuple[str, str]] = []
        self._answers = answers

    async def call(self, binding: object, operation: str, **named: Any) -> Any:
        self.asked.append((operation, str(named.get("InitialTerminationTime") or named.get("TerminationTime") or "")))
        if operation in self._answers:
            return self._answers[operation]()
        if operation == "CreatePullPointSubscription":
            return SimpleNamespace(
                SubscriptionReference=SimpleNamespace(Address=SimpleNamespace(_value_1="http://d/s"))
            )
        return SimpleNamespace(NotificationMessage=[])

    def reachable(self, advertised: str) -> str:
        return advertised


def scripted(device: ScriptedDevice, *effects: Effect) -> EventStream:
    @asynccontextmanager
    async def opened() -> AsyncIterator[OnvifDevice]:
        yield cast("OnvifDevice", device)

    return EventStream(opened, device.clock, effects, Backoff(1.0, 1.0, jitter=0.0))


async def played(events: EventStream, clock: FakeClock, seconds: int) -> list[SceneHint]:
    """Read hints for so long on the fake clock."""
    got: list[SceneHint] = []

    async def read() -> None:
        async with aclosing(events.hints()) as hints:
            async for hint in hints:
                got.append(hint)  # noqa: PERF401  what was read before the end counts

    async with asyncio.TaskGroup() as group:
        task = group.create_task(read())
        for _ in range(4):
            await clock.advance(seconds / 4)
        task.cancel()
    return got


async def test_a_subscription_is_renewed_in_time() -> None:
    """And ended when nobody reads any more."""
    device = ScriptedDevice(FakeClock())
    events = scripted(device)
    await played(events, device.clock, int(SUBSCRIPTION_S * RENEW_AT) + 5)
    operations = [name for name, _ in device.asked]
    assert (operations.count("Renew"), events.counts.renewals) == (1, 1)
    assert operations.count("CreatePullPointSubscription") == 1
    assert operations[-1] == "Unsubscribe"
    assert device.asked[0][1] == "PT300S"


async def test_empty_answers_are_not_asked_for_without_pause() -> None:
    """Some devices do not wait: they are asked once a second."""
    device = ScriptedDevice(FakeClock())
    await played(scripted(device), device.clock, 10)
    assert 9 <= [name for name, _ in device.asked].count("PullMessages") <= 11


@pytest.mark.parametrize("effects", [(Effect.NO_RENEW, Effect.NO_UNSUBSCRIBE), ()])
async def test_a_device_that_does_not_renew(effects: tuple[Effect, ...]) -> None:
    """Known of it or found out: it is subscribed to anew, which is no failure and needs no pause."""

    def refuse() -> None:
        raise DeviceRefused("scripted", "Renew", "fault")

    device = ScriptedDevice(FakeClock(), Renew=refuse)
    events = scripted(device, *effects)
    await played(events, device.clock, int(SUBSCRIPTION_S * RENEW_AT) + 5)
    operations = [name for name, _ in device.asked]
    assert operations.count("CreatePullPointSubscription") == 2
    assert ("Renew" in operations, "Unsubscribe" in operations) == (not effects, not effects)
    assert events.counts.failures == 0


@pytest.mark.parametrize("known", [True, False])
async def test_a_device_that_knows_points_in_time_only(known: bool) -> None:
    """They are told by its own clock, a day behind ours."""
    tries: list[None] = []

    def create() -> Any:
        tries.append(None)
        if len(tries) == 1 and not known:
            raise DeviceRefused("scripted", "CreatePullPointSubscription", "fault")
        return SimpleNamespace(SubscriptionReference=SimpleNamespace(Address=SimpleNamespace(_value_1="http://d/s")))

    device = ScriptedDevice(FakeClock(), CreatePullPointSubscription=create)
    await played(scripted(device, *([Effect.ABSOLUTE_TERMINATION] if known else [])), device.clock, 2)
    ends = [end for name, end in device.asked if name == "CreatePullPointSubscription"]
    assert ends[-1] == "2025-12-31T00:05:00Z"
    assert len(ends) == (1 if known else 2)


async def test_a_wrong_password_is_not_tried_for_a_long_time() -> None:
    """Devices lock accounts, and other ways in with them."""

    def deny() -> None:
        raise DeviceAuthFailed("scripted", "CreatePullPointSubscription")

    device = ScriptedDevice(FakeClock(), CreatePullPointSubscription=deny)
    await played(scripted(device), device.clock, int(AUTH_PAUSE_S) - 10)
    assert len(device.asked) == 1


async def test_a_clock_that_was_set_is_read_anew_at_once() -> None:
    """A login that was good a moment ago is not a wrong password."""

    def deny() -> None:
        raise DeviceAuthFailed("scripted", "PullMessages")

    device = ScriptedDevice(FakeClock(), PullMessages=deny)
    events = scripted(device)
    await played(events, device.clock, 10)
    assert events.counts.subscriptions > 5


async def test_failures_are_waited_out() -> None:
    """A device that does not answer is asked again, not at once."""

    def late() -> None:
        raise DeviceTimeout("scripted", "PullMessages")

    device = ScriptedDevice(FakeClock(), PullMessages=late)
    events = scripted(device)
    assert await played(events, device.clock, 10) == []
    assert 8 <= events.counts.failures <= 11


async def test_a_flood_is_read_in_pieces() -> None:
    """A device that answers with thousands is read up to a bound per pull."""
    many = [notification("tns1:VideoSource/MotionAlarm", {"State": "true"})] * 5_000
    answers = iter([SimpleNamespace(NotificationMessage=many)])
    device = ScriptedDevice(FakeClock(), PullMessages=lambda: next(answers, SimpleNamespace(NotificationMessage=None)))
    assert len(await played(scripted(device), device.clock, 3)) == 100


async def test_no_address_to_pull_from() -> None:
    """An answer that leads nowhere is a failure like any other."""
    device = ScriptedDevice(FakeClock(), CreatePullPointSubscription=lambda: SimpleNamespace())
    events = scripted(device)
    await played(events, device.clock, 3)
    assert events.counts.failures > 0
    assert events.counts.subscriptions == 0
