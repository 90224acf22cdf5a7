"""The real worker process at work on a site of simulated cameras, and what it says of itself in its database."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.clock import SystemClock
from gateway.configuration import open_configuration
from gateway.fleet.local import worker_environment
from gateway.settings import Settings
from scripts.benches.serving import ROOT
from storage.records import CameraState, CameraStateName
from storage.stores import Stores, open_stores

STOP_TIMEOUT_S = 30.0  # its own drain comes first
POLL_S = 0.5
LOG_TAIL_LINES = 30
CONNECT_TIMEOUT_S = 180.0  # hundreds of cameras, a few at a time

# The watched zone: a strip across the whole picture, so that what crosses the picture is in it all the way.
ZONE = [[0.0, 0.45], [1.0, 0.45], [1.0, 0.8], [0.0, 0.8]]
FAST_RULE: Mapping[str, Any] = {"id": "intrusion", "type": "zone_intrusion", "cadence_s": 2, "dwell_s": 3}
SLOW_RULE: Mapping[str, Any] = {"id": "parking", "type": "illegal_parking", "cadence_s": 10, "dwell_s": 60}


@dataclass(frozen=True, slots=True)
class Watched:
    """One camera of a bench's site."""

    id: str
    url: str
    fast: bool  # looks at every keyframe are due, else one every 10 s
    sub_url: str = ""  # of a camera with a substream


def write_site(folder: Path, cameras: Sequence[Watched]) -> Path:
    """Write a site of one grid and return its folder."""
    folder.mkdir(parents=True)
    region, grid = {"code": "620702001001", "name": "bench"}, {"id": "g1", "code": "62070200100101", "name": "bench"}
    grids = [{**grid, "region_code": region["code"]}]
    site = {"regions": [region], "grids": grids, "cameras": [_camera(camera) for camera in cameras]}
    (folder / "site.yaml").write_text(json.dumps(site))  # JSON is YAML
    return folder


def _camera(camera: Watched) -> dict[str, Any]:
    legal = {"purpose": "bench", "legal_basis": "art7_gov", "installer_unit": "bench", "placement_class": "public_road"}
    return {
        "id": camera.id,
        "name": camera.id,
        "grids": ["g1"],
        "position": {"lon": 100.4, "lat": 38.9, "place": "bench"},
        "legal": {**legal, "signage_confirmed": True},
        "streams": [{"url": camera.url}, *([{"url": camera.sub_url, "role": "sub"}] if camera.sub_url else [])],
        "zones": [{"id": "z", "name": "z", "polygon": ZONE}],
        "rules": [{**(FAST_RULE if camera.fast else SLOW_RULE), "zone": "z"}],
    }


class WatchingWorker:
    """A running worker. See `watching`.

    Attributes:
        stores: The database it writes to.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path, stores: Stores, cameras: Sequence[Watched]) -> None:
        self._process = process
        self._log = log
        self._cameras = cameras
        self.stores = stores
        self.pid = process.pid

    async def states(self) -> dict[str, CameraState]:
        """Return what it last wrote of each camera."""
        found = await self.stores.fleet.states()
        return {c.id: found[c.id] for c in self._cameras if c.id in found}

    async def connected(self, share: float = 1.0) -> int:
        """Wait until so large a share of the cameras is online; return how many are.

        Raises:
            RuntimeError: The worker ended, or they are not in time.
        """
        due_s = time.monotonic() + CONNECT_TIMEOUT_S
        while True:
            online = sum(s.state is CameraStateName.ONLINE for s in (await self.states()).values())
            if online >= share * len(self._cameras):
                return online
            if self._process.poll() is not None or time.monotonic() > due_s:
                raise RuntimeError(f"only {online} of {len(self._cameras)} cameras came online\n{self._last_words()}")
            await asyncio.sleep(POLL_S)

    def words(self) -> list[str]:
        """Return the lines of its log: warnings and errors."""
        return self._log.read_text("utf-8", "replace").splitlines()

    def _last_words(self) -> str:
        return "\n".join(self.words()[-LOG_TAIL_LINES:])


@asynccontextmanager
async def watching(folder: Path, cameras: Sequence[Watched], **settings: object) -> AsyncIterator[WatchingWorker]:
    """Run the worker on these cameras, with data below a new folder, for the length of the block.

    It is started as the fleet starts it. Its log is `worker.log` in the folder.
    """
    site, data = write_site(folder / "site", cameras), folder / "data"
    data.mkdir()
    chosen = {"data_dir": data, "streams_per_host": 2 * len(cameras) + 1, "log_level": "warning", **settings}
    environment = {key: value for key, value in worker_environment().items() if not key.startswith("GRIDPATROL_")}
    environment |= {f"GRIDPATROL_{key.upper()}": str(value) for key, value in chosen.items()}
    async with open_stores(f"sqlite:///{data / 'gridpatrol.db'}", migrate=True) as stores:
        configuration = await open_configuration(Settings(data_dir=data), stores, SystemClock())
        await configuration.take_over(site)
        with (folder / "worker.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: ASYNC220 - a moment, once
                [sys.executable, "-m", "gateway", "worker", "--data", str(data), "--shard", "0/1"],
                env=environment, cwd=ROOT, stdin=subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            yield WatchingWorker(process, folder / "worker.log", stores, cameras)
        finally:
            await asyncio.to_thread(_end, process)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()
