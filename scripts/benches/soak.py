"""Whether the worker stays as it is while cameras come and go for a long time.

Three cameras in five are sound, one in five flaps (its sessions are cut, then it refuses for a while), one in five has
one of the simulator's faults again and again. Memory, threads and descriptors of the worker process are sampled; their
growth is the slope of a line through the samples of the second half. A fault has struck when its camera was seen well
just before; it is noticed when the camera's state tells of it; it is survived when the camera was seen online again,
with a picture of after the fault's end, before the next one begins. The ledger is read from the worker's database: its
error is what the rows of the worst camera lack, or have twice.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from gateway.simulator.faults import FaultSpec, parse_fault
from scripts.benches.machine import MachineMeter, ProcessUse, say, use_of
from scripts.benches.serving import Noticed, Show, name_of, simulating
from scripts.benches.streams import MAIN, SUB, examine, recording_of
from scripts.benches.watching import Watched, WatchingWorker, watching
from storage.protocols import CoverageStore
from storage.records import WATCHED, CameraState, CameraStateName, CoverageRow, CoverageState

SAMPLE_EVERY_S = 10.0
WARM_UP_SHARE = 0.5
# What a ledger may not have written yet (10 s by the promise), and whole seconds at both ends.
LEDGER_LAG_S = 12.0
FAST_EVERY = 5
CONNECTED_SHARE = 0.7  # to begin with: some may be ill already, and a busy machine needs its time for the last ones
# Each fault comes again after so long: the longest pause between tries fits in between, most of the time.
PERIOD_S = 120.0
AUTH_PERIOD_S = 300.0  # refused credentials are tried again slowly: cameras lock accounts
FLAP_PERIOD_S = 60.0
FIRST_FAULT_S = 60.0  # the worker has found its cameras by then
KNOCK_TIMEOUT_S = 10.0
LAST_WORDS = 30  # lines of its log that are shown when the worker dies
STAGGER_S = 7.0  # from camera to camera, so that not all fall ill at once
# These show only where a session is opened: one that is under way is cut first.
ON_OPENING = frozenset({"silent", "refuse", "auth", "busy", "not_found"})
CUT = "reset@{at}s,every={every}s"
FLAPPING = ("reset@{at}s,every={flap}s", "refuse@{at}s+8s,every={flap}s")
FAULTS = (
    "stall@{at}s+25s,every={every}s",
    "half_open@{at}s+25s,every={every}s",
    "silent@{at}s+20s,every={every}s",
    "refuse@{at}s+20s,every={every}s",
    "reset@{at}s,every={every}s",
    "end@{at}s,every={every}s",
    "auth@{at}s+40s,every={auth}s",
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
    """One fault, once: seconds since the faults' clocks were started."""

    camera_id: str
    kind: str
    begins_s: float
    ends_s: float
    due_s: float  # the camera must be back before


@dataclass(slots=True)
class Record:
    """Samples of a run, by seconds since the faults' clocks were started."""

    at_s: list[float] = field(default_factory=list)
    uses: list[ProcessUse] = field(default_factory=list)
    states: list[dict[str, CameraState]] = field(default_factory=list)
    walls: list[datetime] = field(default_factory=list)

    def growth_per_s(self, after_s: float, of: str) -> tuple[float, float]:
        """Return the slope of one of the figures of `ProcessUse`, and its standard error; 0 for too few samples."""
        points = [(t, getattr(use, of)) for t, use in zip(self.at_s, self.uses, strict=True) if t >= after_s]
        if len(points) < 4:
            return 0.0, 0.0
        times, values = zip(*points, strict=True)
        (slope, _), covariance = np.polyfit(times, values, 1, cov=True)
        return float(slope), float(np.sqrt(covariance[0, 0]))

    def struck(self, occurrence: Occurrence, since_s: float) -> bool:
        """Say whether the camera was well between that moment, the end of the fault before, and this fault."""
        return self._well(occurrence.camera_id, since_s, occurrence.begins_s)

    def noticed(self, occurrence: Occurrence) -> bool:
        """Say whether the camera's state told of the fault: not online, online anew, or something lost or noted."""
        states = [s for _, s in self._states(occurrence.camera_id, occurrence.begins_s, occurrence.due_s)]
        before = [s for _, s in self._states(occurrence.camera_id, -1.0, occurrence.begins_s)][-1:]
        begun = self._wall(occurrence.begins_s)
        return any(
            state.state is not CameraStateName.ONLINE
            or state.since >= begun
            or any(_traces(state) != _traces(earlier) for earlier in before)
            for state in states
        )

    def survived(self, occurrence: Occurrence) -> bool:
        """Say whether the camera was seen well between this fault and the next."""
        return self._well(occurrence.camera_id, occurrence.ends_s, occurrence.due_s)

    def _well(self, camera_id: str, after_s: float, until_s: float) -> bool:
        fresh = self._wall(after_s)
        return any(
            state.state is CameraStateName.ONLINE
            and state.last_picture_at is not None
            and state.last_picture_at >= fresh
            for _, state in self._states(camera_id, after_s, until_s)
        )

    def _states(self, camera_id: str, after_s: float, until_s: float) -> Iterator[tuple[float, CameraState]]:
        for at_s, states in zip(self.at_s, self.states, strict=True):
            if after_s < at_s <= until_s and camera_id in states:
                yield at_s, states[camera_id]

    def _wall(self, at_s: float) -> datetime:
        return self.walls[0] + timedelta(seconds=at_s - self.at_s[0])


def _traces(state: CameraState) -> tuple[object, ...]:
    return state.lost_packets, state.dropped_gops, state.notes, state.detail


def run(argv: Sequence[str]) -> int:
    """Soak; see `--help`."""
    options = _arguments().parse_args(argv)
    recording = examine(recording_of(MAIN if options.stream == "main" else SUB))
    print(recording.text(), flush=True)
    shows = plan(options.cameras, recording.path, recording.duration_s)
    meter = MachineMeter()
    with tempfile.TemporaryDirectory(prefix="gridpatrol-bench-") as folder:
        soaked = asyncio.run(_soak(Path(folder), shows, options.minutes * 60))
    _report(soaked, shows, options, meter)
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
        words = FLAPPING if index % 5 == 3 else _fault(index // 5) if index % 5 == 4 else ()
        faults = tuple(word.format(at=at_s, every=PERIOD_S, flap=FLAP_PERIOD_S, auth=AUTH_PERIOD_S) for word in words)
        shows.append(Show(name_of(index), str(file), index * duration_s / cameras, faults))
    return shows


def _fault(number: int) -> tuple[str, ...]:
    word = FAULTS[number % len(FAULTS)]
    kind = word.partition("@")[0]
    cut = CUT.replace("every}", "auth}") if kind == "auth" else CUT
    return (cut, word) if kind in ON_OPENING else (word,)


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
            yield Occurrence(camera_id, fault.kind, begins_s, begins_s + (fault.for_s or 0.0), begins_s + every_s)


@dataclass(frozen=True, slots=True)
class LedgerSums:
    """What the ledger of a run says.

    Attributes:
        error_s: By how much the rows of the worst camera miss, or exceed, the wall time.
        sound: Seconds per state of the cameras without faults.
        others: The same of the others.
    """

    error_s: float
    sound: Mapping[CoverageState, float]
    others: Mapping[CoverageState, float]

    @property
    def sound_watched(self) -> float:
        """The share of their time in which sound cameras were watched."""
        return sum(self.sound.get(state, 0.0) for state in WATCHED) / (sum(self.sound.values()) or 1.0)


@dataclass(frozen=True, slots=True)
class Soaked:
    """A run: `errors` are the lines of the worker's log."""

    record: Record
    ledger: LedgerSums
    errors: Sequence[str]
    noticed: Noticed


async def _soak(folder: Path, shows: Sequence[Show], seconds: float) -> Soaked:
    with simulating(shows) as simulator:
        watched = [Watched(name, url, i % FAST_EVERY == 0) for i, (name, url) in enumerate(simulator.urls.items())]
        await asyncio.gather(*(_knock(url) for url in simulator.urls.values()))
        clocks_s = time.monotonic()
        async with watching(folder / "all", watched, log_level="error") as worker:
            print(f"{await worker.connected(CONNECTED_SHARE)} cameras connected", flush=True)
            began = datetime.now(UTC)
            record = await _sample(worker, clocks_s, seconds)
            ill = {show.path for show in shows if show.faults}
            ledger = await _ledger(worker.stores.coverage, [w.id for w in watched], ill, began)
            errors = worker.words()
    assert simulator.noticed is not None  # noqa: S101 - it has ended
    return Soaked(record, ledger, errors, simulator.noticed)


async def _knock(url: str) -> None:
    """Ask for a path once: its faults count from the first request on, so that we know when each comes."""
    parts = urlsplit(url)
    async with asyncio.timeout(KNOCK_TIMEOUT_S):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(f"OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        await reader.readline()
        writer.close()


async def _sample(worker: WatchingWorker, clocks_s: float, seconds: float) -> Record:
    """Look at the worker again and again; raises `RuntimeError` when it is no more."""
    record = Record()
    began_s = time.monotonic()
    while time.monotonic() - began_s < seconds:
        at_s = time.monotonic() - clocks_s
        record.at_s.append(at_s)
        record.walls.append(datetime.now(UTC))
        record.uses.append(use_of(worker.pid))
        if not record.uses[-1].rss_mb:  # a process that has ended and was not waited for
            raise RuntimeError("\n".join(["the worker died", *worker.words()[-LAST_WORDS:]]))
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


async def _ledger(store: CoverageStore, camera_ids: Sequence[str], ill: Collection[str], began: datetime) -> LedgerSums:
    """Read the ledger from `began` until what must be written by now, row by row."""
    start = began.replace(microsecond=0) + timedelta(seconds=1)
    end = (datetime.now(UTC) - timedelta(seconds=LEDGER_LAG_S)).replace(microsecond=0)
    error_s, sound, others = 0.0, Counter[CoverageState](), Counter[CoverageState]()
    for camera_id in camera_ids:
        rows = await store.rows(camera_id, start, end)
        error_s = max(error_s, error_of(rows, start, end))
        for row in rows:
            (others if camera_id in ill else sound)[row.state] += int((row.end - row.start).total_seconds())
    return LedgerSums(error_s, sound, others)


def error_of(rows: Sequence[CoverageRow], start: datetime, end: datetime) -> float:
    """Return the seconds of a span that are in no row, and those that are in two."""
    edges = [start, *(moment for row in rows for moment in (row.start, row.end)), end]
    return sum(abs((after - before).total_seconds()) for before, after in zip(edges[::2], edges[1::2], strict=True))


def judged(record: Record, shows: Sequence[Show], until_s: float) -> list[Occurrence]:
    """Return the faults that really struck: their camera was seen well between the one before and them."""
    found, ended_s = [], dict[str, float]()
    for occurrence in occurrences(shows, until_s):
        if record.struck(occurrence, ended_s.get(occurrence.camera_id, -1.0)):
            found.append(occurrence)
        ended_s[occurrence.camera_id] = occurrence.ends_s
    return found


def _report(soaked: Soaked, shows: Sequence[Show], options: argparse.Namespace, meter: MachineMeter) -> None:
    record = soaked.record
    warm_s = record.at_s[0] + WARM_UP_SHARE * (record.at_s[-1] - record.at_s[0])
    growth = {name: record.growth_per_s(warm_s, name) for name in ("rss_mb", "threads", "descriptors")}
    planned, struck = list(occurrences(shows, record.at_s[-1])), judged(record, shows, record.at_s[-1])
    survived = [o for o in struck if record.survived(o)]
    noticed = [o for o in struck if record.noticed(o)]
    _print_faults(planned, struck, noticed, survived)
    _print_ledger(soaked.ledger)
    if soaked.errors:
        print(f"the worker reported {len(soaked.errors)} lines of errors, lastly: {soaked.errors[-1][:200]}")
    measured_s = record.at_s[-1] - warm_s
    say(
        {
            "bench": "soak",
            "minutes": round((record.at_s[-1] - record.at_s[0]) / 60, 1),
            "cameras": options.cameras,
            "rss_growth_mb_per_h": round(growth["rss_mb"][0] * 3600, 1),
            "rss_growth_error_mb_per_h": round(growth["rss_mb"][1] * 3600, 1),
            "fd_growth": round(growth["descriptors"][0] * measured_s, 1),
            "thread_growth": round(growth["threads"][0] * measured_s, 1),
            "ledger_error_s": soaked.ledger.error_s,
            "faults_survived": len(survived),
            "faults_noticed": len(noticed),
            "faults_struck": len(struck),
            "faults_planned": len(planned),
            "sound_watched": round(soaked.ledger.sound_watched, 4),
            "rss_mb": round(record.uses[-1].rss_mb, 1),
            "measured_s": round(measured_s),
            "worker_errors": len(soaked.errors),
            "simulator_late_turns": soaked.noticed.late_turns,
            "stolen": round(meter.read().stolen, 3),
        }
    )


def _print_faults(*stages: Sequence[Occurrence]) -> None:
    planned, struck, noticed, survived = stages
    print(f"{'fault':16}{'planned':>9}{'struck':>9}{'noticed':>9}{'survived':>9}")
    for kind in sorted({o.kind for o in planned}):
        counts = [sum(o.kind == kind for o in found) for found in (planned, struck, noticed, survived)]
        print(f"{kind:16}" + "".join(f"{count:9}" for count in counts))
    lost = [f"{o.camera_id} {o.kind} at {o.begins_s:.0f} s" for o in struck if o not in set(survived)]
    if lost:
        print("not back in time: " + ", ".join(lost))


def _print_ledger(ledger: LedgerSums) -> None:
    for name, seconds in (("sound", ledger.sound), ("others", ledger.others)):
        print(f"{name:8}" + "  ".join(f"{state.value} {number:.0f} s" for state, number in sorted(seconds.items())))
