"""Simulated devices over HTTP: each at its own port, with both kinds of login, unmoved by nonsense."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from gateway.clock import FakeClock
from gateway.simulator.onvif_server import SCENE_PERIOD_S, OnvifServer
from tests.unit.gateway.onvif.rig import serving, spec

ASK = b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><%s/></e:Body></e:Envelope>'


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/onvif/device_service", b"", 404),
        ("POST", "/", ASK % b"GetServices", 404),
        ("POST", "/onvif/device_service", b"nonsense", 400),
        ("POST", "/onvif/device_service", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", 400),
        ("POST", "/onvif/device_service", ASK % b"GetDeviceInformation", 400),
        ("POST", "/onvif/device_service", ASK % b"GetServices", 200),
    ],
)
async def test_requests(method: str, path: str, body: bytes, status: int) -> None:
    """Answered by what they are; the connection is kept."""
    async with serving() as server, aiohttp.ClientSession() as session:
        base = server.url("gate").removesuffix("/onvif/device_service")
        for _ in range(2):
            async with session.request(method, base + path, data=body) as answer:
                assert answer.status == status


async def test_http_digest_comes_with_a_challenge() -> None:
    """What anybody may ask is answered without."""
    async with serving(spec(login="http")) as server, aiohttp.ClientSession() as session:
        async with session.post(server.url("gate"), data=ASK % b"GetServices") as answer:
            assert answer.status == 200
        async with session.post(server.url("gate"), data=ASK % b"GetProfiles") as answer:
            assert (answer.status, answer.headers["WWW-Authenticate"][:6]) == (401, "Digest")
        assert server.devices["gate"].refused == 0


async def test_heads_that_are_none() -> None:
    """Told so, and the connection closed."""
    async with serving() as server:
        port = int(server.url("gate").split(":")[2].split("/")[0])
        for head in (b"nonsense\r\n\r\n", b"POST /onvif/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"x" * 40_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(head)
            assert (await reader.read()).startswith(b"HTTP/1.1 400")
            writer.close()


async def test_devices_have_ports_of_their_own() -> None:
    """So that each can be told from the others by its address."""
    async with serving(spec("one"), spec("two")) as server:
        assert server.url("one") != server.url("two")


async def test_eventful_devices_tell_of_motion() -> None:
    """On and off, and with it what no client of ours takes in."""
    clock = FakeClock()
    server = OnvifServer([spec("gate")], discovery_port=None, clock=clock)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())
        await server.ready.wait()
        for wanted in ("true", "false"):
            await clock.advance(SCENE_PERIOD_S)
            states = server.devices["gate"]._states
            assert {topic.rpartition("/")[2]: n.data for (topic, _), n in states.items()}["Motion"] == {
                "IsMotion": wanted
            }
        assert any("Face" in topic for topic, _ in states)
        running.cancel()
