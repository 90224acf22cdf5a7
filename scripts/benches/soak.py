"""Whether the worker stays as it is while cameras come and go for a long time.

Three cameras in five are sound, one in five flaps (its sessions are cut, then it refuses for a while), one in five has
one of the simulator's faults again and again. Memory, threads and descriptors of the worker are sampled; their growth
is the slope of a line through the samples after the warm-up. A fault is survived when its camera was seen online again
with a picture of after its end, before the next one begins.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from gateway.simulator.faults import FaultSpec, parse_fault
from scripts.benches.machine import MachineMeter, ProcessUse, say, use_of
from scripts.benches.serving import Show, name_of, simulating
from scripts.benches.streams import MAIN, SUB, examine, recording_of
from scripts.benches.watching import Watched, WatchingWorker, watching
from storage.protocols import Scope
from storage.records import CameraState, CameraStateName

SAMPLE_EVERY_S = 10.0
WARM_UP_SHARE = 0.2
LEAST_WARM_UP_S = 120.0
MOST_WARM_UP_SHARE = 0.5  # of short runs
# What a ledger may not have written yet (10 s by the promise), and whole seconds at both ends.
LEDGER_LAG_S = 20.0
FAST_EVERY = 5
# Each fault comes again after so long: the longest pause between tries fits in between, most of the time.
PERIOD_S = 120.0
FLAP_PERIOD_S = 60.0
FIRST_FAULT_S = 30.0
STAGGER_S = 7.0  # from camera to camera, so that not all fall ill at once
FLAPPING = ("reset@{at}s,every={flap}s", "refuse@{at}s+8s,every={flap}s")
FAULTS = (
    "stall@{at}s+25s,every={every}s",
    "half_open@{at}s+25s,every={every}s",
    "silent@{at}s+20s,every={every}s",
    "refuse@{at}s+20s,every={every}s",
    "reset@{at}s,every={every}s",
    "end@{at}s,every={every}s",
    "auth@{at}s+10s,every={every}s",
    "busy@{at}s+15s,every={every}s",
    "not_found@{at}s+15s,every={every}s",
    "loss=10%@{at}s+20s,every={every}s",
    "mid_gop_loss@{at}s,every={every}s",
    "reorder=20%@{at}s+20s,every={every}s",
    "corrupt=5%@{at}s+20s,every={every}s",
    "garbage@{at}s+10s,every={every}s",
    "slow=50%@{at}s+20s,every={every}s",
    "jitter=800ms@{at}s+20s,every={every}s",
    "no_rtcp@{at}s+40s,every={every}s",
    "tiny_nals=2000@{at}s+10s,every={every}s",
    "truncate@{at}s+15s,every={every}s",
    "freeze@{at}s+30s,every={every}s",
    "clock_step=60@{at}s,every={every}s",
    "pts_jump=100@{at}s,every={every}s",
    "pts_back@{at}s+20s,every={every}s",
)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One fault, once: seconds since the cameras were connected to first."""

    camera_id: str
    kind: str
    ends_s: float
    due_s: float  # the camera must be back before


@dataclass(slots=True)
class Record:
    """Samples of a run, by seconds since its beginning."""

    at_s: list[float] = field(default_factory=list)
    uses: list[ProcessUse] = field(default_factory=list)
    states: list[dict[str, CameraState]] = field(default_factory=list)
    walls: list[datetime] = field(default_factory=list)

    def growth_per_s(self, after_s: float, of: str) -> float:
        """Return the slope of one of the figures of `ProcessUse`."""
        points = [(t, getattr(use, of)) for t, use in zip(self.at_s, self.uses, strict=True) if t >= after_s]
        if len(points) < 2:
            return 0.0
        times, values = zip(*points, strict=True)
        return float(np.polyfit(times, values, 1)[0])

    def survived(self, occurrence: Occurrence) -> bool:
        """Say whether the camera was seen well between this fault and the next."""
        return any(
            occurrence.ends_s < at_s <= occurrence.due_s and self._well(index, occurrence)
            for index, at_s in enumerate(self.at_s)
        )

    def _well(self, index: int, occurrence: Occurrence) -> bool:
        state = self.states[index].get(occurrence.camera_id)
        if state is None or state.state is not CameraStateName.ONLINE or state.last_picture_at is None:
            return False
        ended = self.walls[0] + timedelta(seconds=occurrence.ends_s - self.at_s[0])
        return state.last_picture_at >= ended


def run(argv: Sequence[str]) -> int:
    """Soak; see `--help`."""
    options = _arguments().parse_args(argv)
    recording = examine(recording_of(MAIN if options.stream == "main" else SUB))
    print(recording.text(), flush=True)
    shows = plan(options.cameras, recording.path, recording.duration_s)
    meter = MachineMeter()
    with tempfile.TemporaryDirectory(prefix="gridpatrol-bench-") as folder:
        record, ledger_error_s = asyncio.run(_soak(Path(folder), shows, options.minutes * 60))
    _report(record, shows, ledger_error_s, options, meter)
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="(default 30)")
    parser.add_argument("--cameras", type=int, default=60, help="(default 60)")
    parser.add_argument("--stream", choices=("main", "sub"), default="sub", help="1080p or 704x576 (default sub)")
    return parser


def plan(cameras: int, file: Path, duration_s: float) -> list[Show]:
    """Return the cameras: of each five the fourth flaps and the fifth has one kind of fault."""
    shows = []
    for index in range(cameras):
        at_s = FIRST_FAULT_S + (index * STAGGER_S) % FLAP_PERIOD_S
        words = FLAPPING if index % 5 == 3 else (FAULTS[index // 5 % len(FAULTS)],) if index % 5 == 4 else ()
        faults = tuple(word.format(at=at_s, every=PERIOD_S, flap=FLAP_PERIOD_S) for word in words)
        shows.append(Show(name_of(index), str(file), index * duration_s / cameras, faults))
    return shows


def occurrences(shows: Sequence[Show], until_s: float) -> Iterator[Occurrence]:
    """Return the faults that are over, and whose time to come back is over too, by `until_s`."""
    for show in shows:
        # Of the faults of a camera that flaps the one that lasts longest decides.
        faults = [parse_fault(text)[1] for text in show.faults]
        if faults:
            yield from _times(show.path, max(faults, key=lambda f: f.for_s or 0.0), until_s)


def _times(camera_id: str, fault: FaultSpec, until_s: float) -> Iterator[Occurrence]:
    every_s = fault.every_s or until_s
    for number in range(fault.started(until_s)):
        begins_s = fault.at_s + number * every_s
        if begins_s + every_s <= until_s:
            yield Occurrence(camera_id, fault.kind, begins_s + (fault.for_s or 0.0), begins_s + every_s)


async def _soak(folder: Path, shows: Sequence[Show], seconds: float) -> tuple[Record, float]:
    with simulating(shows) as simulator:
        watched = [Watched(name, url, i % FAST_EVERY == 0) for i, (name, url) in enumerate(simulator.urls.items())]
        async with watching(folder / "all", watched, log_level="error") as worker:
            # A sound camera may come late on a busy machine; some of the others may be ill already.
            print(f"{await worker.connected(0.7)} cameras connected", flush=True)
            # Faults count from a camera's first connection, a little before this: what is judged is judged strictly.
            began_s, began = time.monotonic(), datetime.now(UTC)
            record = await _sample(worker, began_s, seconds)
            error_s = await _ledger_error_s(worker, [w.id for w in watched], began)
            if words := worker.words():
                print(f"the worker reported {len(words)} lines of errors, lastly: {words[-1][:200]}")
    return record, error_s


async def _sample(worker: WatchingWorker, began_s: float, seconds: float) -> Record:
    record = Record()
    while (at_s := time.monotonic() - began_s) < seconds:
        record.at_s.append(at_s)
        record.walls.append(datetime.now(UTC))
        record.uses.append(use_of(worker.pid))
        record.states.append(await worker.states())
        if len(record.at_s) % 6 == 1:
            use, online = record.uses[-1], [s for s in record.states[-1].values() if s.state is CameraStateName.ONLINE]
            print(
                f"{at_s / 60:6.1f} min {use.rss_mb:8.1f} MB {use.threads:5} threads {use.descriptors:5} descriptors "
                f"{len(online):4} online",
                flush=True,
            )
        await asyncio.sleep(SAMPLE_EVERY_S)
    return record


async def _ledger_error_s(worker: WatchingWorker, camera_ids: Sequence[str], began: datetime) -> float:
    """Return by how much the seconds of the worst camera miss, or exceed, the wall time."""
    start = began.replace(microsecond=0) + timedelta(seconds=1)
    end = (datetime.now(UTC) - timedelta(seconds=LEDGER_LAG_S)).replace(microsecond=0)
    wall_s = (end - start).total_seconds()
    totals = await worker.stores.coverage.totals(Scope(None), start, end, by="camera")
    return max(abs(sum(totals.get(camera_id, {}).values()) - wall_s) for camera_id in camera_ids)


def _report(
    record: Record, shows: Sequence[Show], ledger_error_s: float, options: argparse.Namespace, meter: MachineMeter
) -> None:
    length_s = record.at_s[-1]
    warm_s = min(max(WARM_UP_SHARE * length_s, LEAST_WARM_UP_S), MOST_WARM_UP_SHARE * length_s)
    growth = {name: record.growth_per_s(warm_s, name) for name in ("rss_mb", "threads", "descriptors")}
    judged = list(occurrences(shows, length_s))
    survived = [o for o in judged if record.survived(o)]
    kinds = sorted({o.kind for o in judged})
    print(f"{'fault':16}{'times':>7}{'survived':>10}")
    for kind in kinds:
        print(f"{kind:16}{sum(o.kind == kind for o in judged):7}{sum(o.kind == kind for o in survived):10}")
    measured_s = length_s - warm_s
    say(
        {
            "bench": "soak",
            "minutes": round(length_s / 60, 1),
            "cameras": options.cameras,
            "rss_growth_mb_per_h": round(growth["rss_mb"] * 3600, 1),
            "fd_growth": round(growth["descriptors"] * measured_s, 1),
            "thread_growth": round(growth["threads"] * measured_s, 1),
            "ledger_error_s": ledger_error_s,
            "faults_survived": len(survived),
            "faults": len(judged),
            "rss_mb": round(record.uses[-1].rss_mb, 1),
            "warm_up_s": round(warm_s),
            "stolen": round(meter.read().stolen, 3),
        }
    )
