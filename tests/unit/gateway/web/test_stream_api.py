"""Server-sent events: in scope, resumable, and ended when the session or the server ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import pytest

from gateway.web import stream_api
from storage.records import CameraStateName
from tests.unit.gateway.web.house import Client, House, SignedIn

WAIT_S = 20.0


@asynccontextmanager
async def following(house: House) -> AsyncIterator[None]:
    """Run the feed, as the composition root does."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(house.context.feed.run())
        yield
        task.cancel()


async def read_events(answer: aiohttp.ClientResponse, number: int) -> list[dict[str, str]]:
    """Read so many events, without comments."""
    found: list[dict[str, str]] = []
    async with asyncio.timeout(WAIT_S):
        while len(found) < number:
            block = (await answer.content.readuntil(b"\n\n")).decode().strip()
            fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
            if "event" in fields:
                found.append(fields)
    return found


async def open_stream(client: Client, last_id: int | None = None) -> aiohttp.ClientResponse:
    """Open the stream from an id on."""
    headers = {} if last_id is None else {"Last-Event-ID": str(last_id)}
    answer = await client.get("/api/v1/stream", headers=headers)
    assert (answer.status, answer.content_type) == (200, "text/event-stream")
    return answer


async def test_news_arrive_and_other_grids_stay_out(house: House, signed_in: SignedIn) -> None:
    """A worker of the east hears of the east's items and cameras, and of nothing in the west."""
    async with following(house):
        stream = await open_stream(await signed_in("grid-worker"))
        await house.add_event(1, "west")
        await house.report("cam-west", CameraStateName.ONLINE)
        await house.report("cam-east", CameraStateName.ONLINE)
        await house.add_event(2, "east")
        events = await read_events(stream, 2)
        stream.close()
    assert [event["event"] for event in events] == ["camera", "review"]
    assert events[1]["data"] == f'{{"ref_id": "rev_{2:026d}", "grid_id": "east"}}'


async def test_maintainer_hears_of_cameras_only(house: House, signed_in: SignedIn) -> None:
    """Kinds of news follow rights too."""
    await house.add_event(1)
    await house.report("cam-east", CameraStateName.ONLINE)
    async with following(house):
        stream = await open_stream(await signed_in("maintainer"), 0)
        events = await read_events(stream, 1)
        stream.close()
    assert events[0]["event"] == "camera"


async def test_resumes_after_the_last_id(house: House, signed_in: SignedIn) -> None:
    """A browser that was away hears what it missed, once."""
    for number in (1, 2, 3):
        await house.add_event(number)
    async with following(house):
        client = await signed_in("grid-worker")
        first = await open_stream(client, 0)
        seen = await read_events(first, 1)
        first.close()
        second = await open_stream(client, int(seen[0]["id"]))
        rest = await read_events(second, 2)
        second.close()
    assert [e["data"][12:42] for e in [*seen, *rest]] == [f"rev_{n:026d}" for n in (1, 2, 3)]


@pytest.mark.parametrize("given", ["rubbish", "-1", "9" * 30, "١"])
async def test_rubbish_for_a_last_id_starts_now(house: House, signed_in: SignedIn, given: str) -> None:
    """An id that is none is no crash."""
    client = await signed_in("grid-worker")
    house.context.feed.close()
    answer = await client.get("/api/v1/stream", headers={"Last-Event-ID": given})
    assert answer.status == 200
    assert (await answer.text()).startswith("retry:")


async def test_stream_ends_with_the_session(house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the next heartbeat after the session is over the stream ends; the browser then meets a 401."""
    monkeypatch.setattr(stream_api, "HEARTBEAT_S", 0.02)
    client = await signed_in("grid-worker")
    async with following(house):
        stream = await open_stream(client)
        house.clock.ahead = timedelta(days=2)
        async with asyncio.timeout(WAIT_S):
            text = await stream.text()
    assert text.startswith("retry:")
    assert (await client.get("/api/v1/stream")).status == 401
