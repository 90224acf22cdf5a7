"""A device is connected in turn, and who wants to hear of it is told when it is there and when not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from gateway.clock import SystemClock
from gateway.onvif.listening import device_hints
from gateway.onvif.topics import HintKind
from gateway.simulator.onvif_server import MOTION_TOPIC
from tests.unit.gateway.onvif.rig import DAY_S, PASSWORD, USER, serving, spec


async def test_a_device_is_heard_from_connection_to_goodbye() -> None:
    """With a clock two days off; one turn is taken for one connection, and given back once it stands."""
    said: list[bool] = []
    turns: list[str] = []

    @asynccontextmanager
    async def turn() -> AsyncIterator[None]:
        turns.append("taken")
        yield
        turns.append("given back")

    async with serving(spec(clock_offset_s=-2 * DAY_S)) as server:
        gate = server.devices["gate"]
        gate.emit(MOTION_TOPIC, {"IsMotion": "true"})
        events = device_hints(server.url("gate"), (USER, PASSWORD), SystemClock(), turn, said.append)
        async with asyncio.timeout(15), aclosing(events.hints()) as hints:
            hint = await anext(hints)
            assert (hint.kind, hint.active, turns) == (HintKind.MOTION, True, ["taken", "given back"])
            assert said == [True]
        assert (said, gate.subscriptions) == ([True, False], 0)


async def test_a_wrong_password_is_never_a_connection() -> None:
    """It is tried once, and nobody is told that the device is there."""
    said: list[bool] = []

    @asynccontextmanager
    async def turn() -> AsyncIterator[None]:
        yield

    async with serving() as server:
        events = device_hints(server.url("gate"), (USER, "wrong"), SystemClock(), turn, said.append)
        async with aclosing(events.hints()) as hints:
            waiting = asyncio.ensure_future(anext(hints))
            async with asyncio.timeout(15):
                while not events.counts.failures:  # noqa: ASYNC110  whoever fulfils it knows of no event
                    await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.wait([waiting])
        assert (said, events.counts.failures) == ([], 1)
