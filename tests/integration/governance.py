"""The gateway's outbox against the reference platform, over real HTTP and real files."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp

from gateway.casework.open_case import Confirmation, Scene, Terms, open_case
from gateway.delivery.backoff import Backoff
from gateway.delivery.outbox import OutboxSettings, OutboxWorker
from gateway.delivery.webhook import WebhookChannel, WebhookEndpoint
from gateway.receiver.command import ReceiverOptions, run_receiver
from storage.records import Case, Delivery, Verdict
from tests.unit.gateway.web.house import House

SECRET = "whsec_" + "dGVzdC1zZWNyZXQtb2YtMjQtYnl0ZXM="
WAIT_S = 60.0
QUICK = OutboxSettings(lease_s=3.0, poll_s=0.05, backoff=Backoff(0.05, 0.2))

# Runs the platform in a process of its own, so that it can be killed.
PROGRAM = """
import asyncio, sys
from pathlib import Path
from gateway.receiver.command import ReceiverOptions, run_receiver
data, secret, callback_url, callback_secret = sys.argv[1:]
asyncio.run(run_receiver(
    ReceiverOptions(Path(data), secret, port=0, callback_url=callback_url, callback_secret=callback_secret, step_s=0.4),
    ready=lambda url: print(url, flush=True),
))
"""


@asynccontextmanager
async def platform(options: ReceiverOptions) -> AsyncIterator[str]:
    """Run the reference platform inside this process; yield its base URL."""
    started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_receiver(options, ready=started.set_result))
        async with asyncio.timeout(WAIT_S):
            base_url = await started
        try:
            yield base_url
        finally:
            task.cancel()


@asynccontextmanager
async def platform_process(options: ReceiverOptions) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Run the reference platform as a process; yield it with its base URL."""
    arguments = (str(options.data), options.secret, str(options.callback_url), str(options.callback_secret))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        base_url = ""
        async with asyncio.timeout(WAIT_S):
            while not base_url.startswith("http"):
                line = await process.stdout.readline()
                assert line, "the platform ended"
                base_url = line.decode().strip()
        yield process, base_url
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@asynccontextmanager
async def outbox(house: House, base_url: str) -> AsyncIterator[OutboxWorker]:
    """Run the outbox towards the platform."""
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        channel = WebhookChannel(WebhookEndpoint("plat", f"{base_url}/webhook", (SECRET,)), session, house.clock)
        worker = OutboxWorker(house.stores.outbox, {"plat": channel}, house.clock, asyncio.Event(), settings=QUICK)
        task = group.create_task(worker.run())
        try:
            yield worker
        finally:
            task.cancel()


async def confirm(house: House, number: int = 1) -> tuple[Case, Delivery]:
    """Save a confirmed event with its case and delivery, as a verdict does."""
    item = await house.add_event(number)
    event, site = await house.stores.events.get(item.event_id), house.context.site
    scene = Scene(event, (), site.camera(event.camera_id), site.grid(event.grid_id), site.event_type(event.event_type))
    by = Confirmation("acc_grid-worker", "grid-worker")
    case, step, deliveries = open_case(scene, by, Terms(("plat",), undo_window_s=0.0), house.clock.now())
    judged = replace(
        item, verdict=Verdict.CONFIRMED, judged_by=by.account_id, judged_at=house.clock.now(), case_id=case.id
    )
    await house.stores.reviews.judge(judged, (case, step, deliveries))
    return case, deliveries[0]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(WAIT_S):
        while not await holds():  # noqa: ASYNC110  # the other side is another process or thread
            await asyncio.sleep(0.05)


async def depth_is(house: House, wanted: Mapping[str, int]) -> None:
    """Wait until the outbox holds so many deliveries per state."""

    async def holds() -> bool:
        depth = await house.stores.outbox.depth()
        return all(depth[state] == number for state, number in wanted.items())

    await until(holds)


async def arrived(base_url: str) -> list[dict[str, Any]]:
    """Return what the platform has."""
    async with aiohttp.ClientSession() as session, session.get(f"{base_url}/cases.json") as answer:
        found: list[dict[str, Any]] = await answer.json()
        return found
