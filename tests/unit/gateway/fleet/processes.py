"""Real processes of the gateway, and waiting for what they do."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from gateway.clock import SystemClock
from gateway.configuration import open_configuration
from gateway.settings import Settings
from storage.stores import Stores

T = TypeVar("T")

# A loaded machine needs ten seconds to import a worker.
PROCESS_TIMEOUT_S = 90.0
POLL_S = 0.05

SITE = """\
regions: [{{code: "620702001001", name: Town}}]
grids: [{{id: east, code: "62070200100101", name: East, region_code: "620702001001"}}]
cameras:
  - id: gate
    name: Gate
    grids: [east]
    position: {{lon: 100.4, lat: 38.9, place: East Street 3}}
    streams: [{{url: "{url}"}}]
    legal: {{purpose: fire safety, legal_basis: art7_gov, installer_unit: Town, placement_class: public_road}}
"""


def write_site(folder: Path, url: str = "rtsp://127.0.0.1:9/none") -> Path:
    """Write a site of one camera, by default one that nobody can reach; return its folder."""
    folder.mkdir(exist_ok=True)
    (folder / "site.yaml").write_text(SITE.format(url=url), encoding="utf-8")
    return folder


async def configure(stores: Stores, data_dir: Path, folder: Path) -> None:
    """Make a folder the configuration in force, as the gateway does at its start."""
    settings = Settings(data_dir=data_dir)
    await (await open_configuration(settings, stores, SystemClock())).take_over(folder)


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    """Return an environment with settings of this test only."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GRIDPATROL_")}
    settings = {"GRIDPATROL_DATA_DIR": str(data_dir), "GRIDPATROL_PORT": "0", "GRIDPATROL_WORKERS": "1"}
    return kept | settings | {"GRIDPATROL_MIN_FREE_MB": "0"} | more


@asynccontextmanager
async def gateway(*arguments: str, env: dict[str, str]) -> AsyncIterator[Process]:
    """Run `python -m gateway …`, killed at the end of the block if it still runs; stderr is left to the test's own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway"), *arguments, stdin=PIPE, stdout=PIPE, env=env
    )
    try:
        async with asyncio.timeout(PROCESS_TIMEOUT_S):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def until(ask: Callable[[], Awaitable[T | None]]) -> T:
    """Ask again and again until there is an answer."""
    async with asyncio.timeout(PROCESS_TIMEOUT_S):
        while not (found := await ask()):  # noqa: ASYNC110 - another process cannot set an Event of ours
            await asyncio.sleep(POLL_S)
        return found
