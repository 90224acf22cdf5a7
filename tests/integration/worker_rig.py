"""One worker as a process of its own, started as the fleet starts it, that a test may kill."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from gateway.fleet.local import worker_environment
from storage.stores import open_stores
from tests.integration.gateway_rig import ROOT, STOP_TIMEOUT_S, Rig
from tests.unit.gateway.fleet.processes import configure

STREET_FPS = 12
STREET_PX = (640, 360)
_PROGRAM = "import runpy; runpy.run_module('gateway', run_name='__main__')"


@dataclass
class WorkerProcess:
    """The worker of all cameras of a rig, which has been configured. See `worker_of`.

    Attributes:
        before: Python that runs before the worker's own program, for times that are too long for a test.
    """

    rig: Rig
    before: str = ""
    process: Process | None = None

    async def start(self) -> None:
        """Begin a life; the end of its standard input would end it."""
        # The words that the rig finds its workers by are those of the fleet's own command.
        command = ("-c", f"{self.before}\n{_PROGRAM}", "worker", "--data", str(self.rig.data), "--shard", "0/1")
        environment = {k: v for k, v in worker_environment().items() if not k.startswith("GRIDPATROL_")}
        environment["GRIDPATROL_SETTINGS"] = str(self.rig.folder / "settings.toml")
        with (self.rig.folder / "worker.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, *command), env=environment, cwd=ROOT, stdin=PIPE, stdout=log, stderr=log
            )

    async def end(self, how: signal.Signals) -> int:
        """Send a signal and return the exit code."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            self.process.send_signal(how)
        async with asyncio.timeout(STOP_TIMEOUT_S):
            return await self.process.wait()

    @property
    def running(self) -> bool:
        """Whether it lives: one that could not start need not be waited for."""
        return self.process is not None and self.process.returncode is None

    @property
    def said(self) -> str:
        """What it has logged over all its lives."""
        return (self.rig.folder / "worker.log").read_text("utf-8", "replace")


@asynccontextmanager
async def worker_of(rig: Rig, before: str = "", database_url: str = "") -> AsyncIterator[WorkerProcess]:
    """Give a worker, not yet started; it is killed at the end of the block, and its words are printed.

    The site goes into the database first: that of the settings, or the default one.
    """
    worker = WorkerProcess(rig, before)
    rig.data.mkdir(exist_ok=True)
    address = database_url or f"sqlite:///{rig.data / 'gridpatrol.db'}"
    async with open_stores(address, migrate=True) as stores:
        await configure(stores, rig.data, rig.site)
    try:
        yield worker
    finally:
        if worker.running:
            await worker.end(signal.SIGKILL)
        sys.stdout.write(f"--- worker.log\n{worker.said[-20_000:]}\n")


def write_street(path: Path, comes_s: int, goes_s: int, length_s: int) -> Path:
    """Encode a textured, slightly noisy place in which somebody walks about between two moments."""
    rng = np.random.default_rng(7)
    ground = np.kron(rng.integers(60, 180, (9, 16)), np.ones((40, 40))).astype(np.int16)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=STREET_FPS, options={"preset": "ultrafast", "g": str(STREET_FPS)})
        assert isinstance(video, av.VideoStream)
        (video.width, video.height), video.pix_fmt = STREET_PX, "yuv420p"
        for number in range(length_s * STREET_FPS):
            picture = ground + rng.integers(-3, 4, ground.shape, np.int16)
            if comes_s * STREET_FPS <= number < goes_s * STREET_FPS:
                left = 150 + abs(number * 4 % 600 - 300)
                picture[150:240, left : left + 60] = 235
            shades = np.repeat(picture.clip(16, 240).astype(np.uint8)[:, :, None], 3, axis=2)
            container.mux(video.encode(av.VideoFrame.from_ndarray(shades, format="rgb24")))
        container.mux(video.encode(None))
    return path
