"""How many cameras one core watches: the real worker with all model-free analysis on, against what others do.

Simulated cameras are served over RTSP by another process, each showing the same recording from another moment. First
the worker watches them all, then the baseline (see `baseline.py`) watches a few of the same streams. CPU seconds are
those of the watching side only, of all its threads and children, once everything is connected and warm.

A look is due at every keyframe (fast cameras) or once in 10 s (slow ones). Looks are counted where they can be: on
cameras that were not analysed more closely in the meantime because something moved.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from scripts.benches.baseline import baseline, size_for
from scripts.benches.machine import MachineMeter, ProcessMeter, Span, say, use_of
from scripts.benches.serving import Show, Simulator, simulating, spread
from scripts.benches.streams import MAIN, SUB, Recording, examine, recording_of
from scripts.benches.watching import FAST_RULE, SLOW_RULE, Watched, watching
from storage.records import CameraState

# By default: what two cores can serve and watch at the same time.
CAMERAS = {"main": 50, "fast": 30, "sub": 80, "mainsub": 40}
FAST_EVERY = 5  # one camera in so many looks at every keyframe
BASE_SETTLE_S = 8.0  # a worker with one camera has loaded what it needs by then
BASELINE_WARM_UP_S = 8.0
LEAST_LOOK_SHARE = 0.99
SUB_SUFFIX = "-sub"  # of the path of a camera's second stream
# A camera with so many more frames than looks due was analysed closely.
SPARE_LOOKS = 2


@dataclass(frozen=True, slots=True)
class Looks:
    """Looks of the cameras on which nothing moved; `active` is the number of the others."""

    done: float
    due: float
    active: int
    refused: int

    @property
    def share(self) -> float:
        """Done of due."""
        return self.done / self.due if self.due else 0.0


@dataclass(frozen=True, slots=True)
class Watch:
    """What the worker used and did."""

    span: Span
    looks: Looks
    base_rss_mb: float
    threads: int


def run(argv: Sequence[str]) -> int:
    """Measure; see `--help`."""
    options = _arguments().parse_args(argv)
    cameras = options.cameras or CAMERAS[options.mode]
    file = options.video or recording_of(SUB if options.mode == "sub" else MAIN)
    recording = examine(file)
    print(recording.text(), flush=True)
    meter = MachineMeter()
    with tempfile.TemporaryDirectory(prefix="gridpatrol-bench-") as folder:
        watch, doubts = asyncio.run(_watch(Path(folder), recording, cameras, options))
    ours = cameras / watch.span.cores
    rss_mb = (watch.span.rss_mb - watch.base_rss_mb) / max(1, cameras - 1)
    theirs, their_rss_mb = _baseline(recording, options)
    machine = meter.read()
    doubts += [machine.doubt] if machine.doubt else []
    print(f"{'':12}{'cameras':>10}{'% of a core':>14}{'cameras/core':>14}{'MB/camera':>12}")
    print(_row("ours", cameras, ours, rss_mb))
    if theirs:
        print(_row("baseline", options.baseline_cameras, theirs, their_rss_mb))
        print(f"ratio {ours / theirs:.2f}")
    _print_watch(watch)
    for doubt in doubts:
        print(f"DOUBTFUL: {doubt}")
    say(
        {
            "bench": "cameras-per-core",
            "mode": options.mode,
            "ours_per_core": round(ours, 1),
            "baseline_per_core": round(theirs, 1),
            "ratio": round(ours / theirs, 2) if theirs else None,
            "looks_done": round(watch.looks.done),
            "looks_due": round(watch.looks.due),
            "rss_mb_per_camera": round(rss_mb, 2),
            "ring_s": options.ring,
            "cameras": cameras,
            "cpu_percent_per_camera": round(100 * watch.span.cores / cameras, 3),
            "active_cameras": watch.looks.active,
            "looks_refused": watch.looks.refused,
            "base_rss_mb": round(watch.base_rss_mb, 1),
            "baseline_rss_mb_per_camera": round(their_rss_mb, 1),
            "seconds": round(watch.span.wall_s, 1),
            "stream": recording.text(),
            "stolen": round(machine.stolen, 3),
            "doubts": doubts,
        }
    )
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench cameras-per-core", description=__doc__)
    parser.add_argument(
        "--mode",
        choices=sorted(CAMERAS),
        default="main",
        help="main: 1080p, one camera in five looks at every keyframe, the others every 10 s; fast: 1080p, all at "
        "every keyframe; sub: as main on a substream; mainsub: as main, analysed on a substream while the 1080p stream "
        "is received and kept for evidence; the baseline decodes the 1080p stream (default main)",
    )
    parser.add_argument("--video", type=Path, help="recording to show (default: one that is painted and kept)")
    parser.add_argument("--cameras", type=int, help=f"simulated cameras (default {CAMERAS})")
    parser.add_argument("--seconds", type=float, default=60.0, help="of measuring (default 60)")
    parser.add_argument("--warm-up", type=float, default=25.0, help="seconds before that (default 25)")
    parser.add_argument("--ring", type=float, default=10.0, help="seconds kept in memory per camera (default 10)")
    parser.add_argument("--baseline-cameras", type=int, default=4, help="of the baseline, 0: none (default 4)")
    parser.add_argument("--baseline-seconds", type=float, default=30.0, help="of measuring it (default 30)")
    return parser


async def _watch(
    folder: Path, recording: Recording, cameras: int, options: argparse.Namespace
) -> tuple[Watch, list[str]]:
    with simulating(shows_of(recording, cameras, options.mode)) as simulator:
        watched = site_of(simulator.urls, options.mode)
        async with watching(folder / "one", watched[:1], ring_s=options.ring) as worker:
            await worker.connected()
            await asyncio.sleep(BASE_SETTLE_S)
            base_rss_mb = use_of(worker.pid).rss_mb
        async with watching(folder / "all", watched, ring_s=options.ring) as worker:
            print(f"{await worker.connected()} cameras connected", flush=True)
            await asyncio.sleep(options.warm_up)
            before, meter = await worker.states(), ProcessMeter(worker.pid)
            served = ProcessMeter(simulator.pid)
            await asyncio.sleep(options.seconds)
            span, after = meter.read(), await worker.states()
            print(f"serving took {served.read().cores:.2f} cores", flush=True)
            looks = count_looks(watched, before, after, recording.gop_s)
            watch = Watch(span, looks, base_rss_mb, use_of(worker.pid).threads)
            if words := worker.words():
                print(f"the worker warned {len(words)} times, lastly: {words[-1][:200]}")
    return watch, _doubts(simulator, looks)


def site_of(urls: Mapping[str, str], mode: str) -> list[Watched]:
    """Return the cameras; the fast ones are dealt out evenly."""
    cameras = [name for name in urls if not name.endswith(SUB_SUFFIX)]
    return [
        Watched(name, urls[name], mode == "fast" or i % FAST_EVERY == 0, urls.get(name + SUB_SUFFIX, ""))
        for i, name in enumerate(cameras)
    ]


def shows_of(recording: Recording, cameras: int, mode: str) -> list[Show]:
    """Return what is to be simulated: with `mainsub` each camera shows the same time of a smaller recording too."""
    shows = spread(recording.path, cameras, recording.duration_s)
    if mode != "mainsub":
        return shows
    file = str(recording_of(SUB))
    return [*shows, *(replace(show, path=show.path + SUB_SUFFIX, file=file) for show in shows)]


def count_looks(
    watched: Sequence[Watched], before: Mapping[str, CameraState], after: Mapping[str, CameraState], gop_s: float
) -> Looks:
    """Compare frames analysed between two reports of each camera with the looks that were due in that time."""
    done = due = 0.0
    active = refused = 0
    for camera in watched:
        then, now = before[camera.id], after[camera.id]
        rule = FAST_RULE if camera.fast else SLOW_RULE
        wanted = (now.updated_at - then.updated_at).total_seconds() / max(rule["cadence_s"], gop_s)
        frames = now.looks - then.looks
        refused += now.refused_looks - then.refused_looks
        if frames > wanted + SPARE_LOOKS:
            active += 1
        else:
            done, due = done + min(frames, wanted), due + wanted
    return Looks(done, due, active, refused)


def _doubts(simulator: Simulator, looks: Looks) -> list[str]:
    found = []
    noticed = simulator.noticed
    if noticed is not None and noticed.late_turns:
        found.append(f"the simulator was late {noticed.late_turns} times, by {noticed.late_s:.1f} s at worst")
    if noticed is not None and noticed.dropped_gops:
        found.append(f"{noticed.dropped_gops} groups of pictures were not sent, as they were not read in time")
    if looks.share < LEAST_LOOK_SHARE:
        found.append(f"only {looks.share:.1%} of the looks that were due were done")
    return found


def _baseline(recording: Recording, options: argparse.Namespace) -> tuple[float, float]:
    """Return cameras per core and MB per camera of the baseline; 0, 0 when it is not wanted."""
    count = options.baseline_cameras
    if not count:
        return 0.0, 0.0
    width, height = size_for(recording.width, recording.height)
    shows = spread(recording.path, count, recording.duration_s)
    with simulating(shows) as simulator, baseline(list(simulator.urls.values()), width, height) as process:
        time.sleep(BASELINE_WARM_UP_S)
        meter, reader_mb = ProcessMeter(process.pid), own_rss_mb(process.pid)
        time.sleep(options.baseline_seconds)
        span = meter.read()
    return count / span.cores, (span.rss_mb - reader_mb) / count


def own_rss_mb(pid: int) -> float:
    """Return the resident memory of a process without its children."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _row(name: str, cameras: int, per_core: float, rss_mb: float) -> str:
    return f"{name:12}{cameras:>10}{100 / per_core:>14.3f}{per_core:>14.1f}{rss_mb:>12.2f}"


def _print_watch(watch: Watch) -> None:
    looks = watch.looks
    print(f"looks done {looks.done:.0f} of {looks.due:.0f} due ({looks.share:.1%}), {looks.refused} refused")
    print(f"{looks.active} cameras were active meanwhile; their looks are not counted")
    print(f"worker: {watch.threads} threads, {watch.span.rss_mb:.0f} MB; with one camera {watch.base_rss_mb:.0f} MB")
