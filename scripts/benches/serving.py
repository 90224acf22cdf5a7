"""Simulated cameras in processes of their own, and how late they were.

Run as a program it serves the paths of a plan (JSON on standard input) until SIGTERM, then prints what it noticed.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gateway.log import configure_logging
from gateway.simulator.faults import parse_fault
from gateway.simulator.server import PathSpec, RtspServer

END_TIMEOUT_S = 10.0
TURN_S = 0.05
# A packet that leaves so late arrives like one from a slow network: the figures would be of another site.
LATE_S = 1.0
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Show:
    """One simulated camera.

    Attributes:
        faults: As `gridpatrol simulate --fault` takes them, without a path.
    """

    path: str
    file: str
    start_s: float = 0.0
    faults: tuple[str, ...] = ()

    def spec(self) -> PathSpec:
        """Return it as the simulator wants it."""
        faults = tuple(parse_fault(text)[1] for text in self.faults)
        return PathSpec(self.path, Path(self.file), start_s=self.start_s, faults=faults)


@dataclass(frozen=True, slots=True)
class Noticed:
    """What went wrong at the serving side: none of it is the watcher's doing, but for groups it was too slow to take.

    Attributes:
        late_s: The longest that packets had to wait for the simulator's own turn.
        late_turns: How often that was more than `LATE_S`.
        dropped_gops: Groups of pictures left out because a client did not read.
    """

    late_s: float
    late_turns: int
    dropped_gops: int


class Simulator:
    """The process; its cameras are open once it exists. See `simulating`."""

    def __init__(self, shows: Sequence[Show]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert self._process.stdin is not None  # noqa: S101 - pipes were asked for
        self._process.stdin.write(json.dumps([asdict(show) for show in shows]) + "\n")
        self._process.stdin.close()
        self.urls: Mapping[str, str] = self._line()
        self.pid = self._process.pid
        self.noticed: Noticed | None = None

    def end(self) -> None:
        """Stop it and keep what it noticed."""
        self._process.send_signal(signal.SIGTERM)
        self.noticed = Noticed(**self._line())
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(END_TIMEOUT_S)
        self._let_go()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None  # noqa: S101 - pipes were asked for
        line = self._process.stdout.readline()
        if not line:
            self._let_go()
            raise RuntimeError("the simulator ended, see its words above")
        found: dict[str, Any] = json.loads(line)
        return found

    def _let_go(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@contextmanager
def simulating(shows: Sequence[Show]) -> Iterator[Simulator]:
    """Serve these cameras for the length of the block."""
    simulator = Simulator(shows)
    try:
        yield simulator
    finally:
        simulator.end()


def spread(file: Path, cameras: int, duration_s: float) -> list[Show]:
    """Return cameras that show one file, each from another moment of it."""
    return [Show(name_of(i), str(file), start_s=i * duration_s / cameras) for i in range(cameras)]


def name_of(index: int) -> str:
    """Return a camera's id, which is its path too."""
    return f"cam-{index:04d}"


async def _serve(specs: Sequence[PathSpec]) -> Noticed:
    server = RtspServer(specs)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run(), name="rtsp-server")
        await server.ready.wait()
        print(json.dumps({spec.path: server.url(spec.path) for spec in specs}), flush=True)
        late_s, late_turns = await _watch_lateness(stop)
        running.cancel()
    return Noticed(late_s, late_turns, server.counters.dropped_gops)


async def _watch_lateness(stop: asyncio.Event) -> tuple[float, int]:
    """Measure how long a turn of the loop, on which all packets leave, takes at worst."""
    worst_s, often = 0.0, 0
    while not stop.is_set():
        began_s = time.monotonic()
        await asyncio.sleep(TURN_S)
        late_s = time.monotonic() - began_s - TURN_S
        worst_s, often = max(worst_s, late_s), often + (late_s > LATE_S)
    return round(worst_s, 3), often


def main() -> None:
    """Serve the plan on standard input until SIGTERM."""
    configure_logging("console", "error", process="simulator")
    plan = [Show(**{**show, "faults": tuple(show["faults"])}) for show in json.loads(sys.stdin.readline())]
    print(json.dumps(asdict(asyncio.run(_serve([show.spec() for show in plan])))), flush=True)


if __name__ == "__main__":
    main()
