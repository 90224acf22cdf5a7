"""Whether looking only where something happens finds what looking at everything finds.

Each recording gets a quiet stretch before and after it, and is analysed twice with the rules of its manifest: once
decoded in full, once through the watcher with its gate. Both read the same file as fast as they can, on media time.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import av
import cv2
import numpy as np

from camera_configs.models import CameraConfig
from camera_configs.taxonomy import event_type
from detectors.base import Detector
from detectors.onnx_model import OnnxDetector
from gateway.analysis.analyst import Analyst
from gateway.analysis.glance import Glance
from gateway.analysis.ruleset import RuleSet, foreground_for, make_rules
from gateway.camera.gate import BURST_FPS
from gateway.camera.lane import LanePool
from gateway.camera.source import FileSource
from gateway.camera.watcher import CameraWatcher, Surroundings, WatchPlan
from gateway.fleet.camera_unit import group_labels, watched_zones
from gateway.fleet.duty import Duties
from gateway.log import configure_logging
from gateway.types import Bgr, Frame, FrameOrigin, Luma, Outcome, Phase
from scripts.benches.machine import say
from scripts.benches.media import media_dir
from scripts.benches.streams import CACHE, GOP_S
from storage.records import CameraState

QUIET_S = 20.0  # before and after
GRAIN = 1.5  # grey levels on a held picture: a sensor never repeats itself
CRF = 20
MEDIA_MISSING = 3  # exit code
CAMERA_ID = "cam"
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """One event: by which rule, from when to when it lasted, and when it was raised; media seconds."""

    rule_id: str
    since_s: float
    raised_s: float
    until_s: float

    def overlaps(self, other: Found) -> bool:
        """Say whether both are the same thing seen twice."""
        return self.rule_id == other.rule_id and self.since_s <= other.until_s and other.since_s <= self.until_s


class PromptPool(LanePool):
    """Runs each turn at once, in the thread that asks for it.

    A camera sends a picture every 40 ms, and a look is over before the next; a file is read so fast that looks of
    later moments would stand in the queue before the first has called for a burst.
    """

    def wake(self) -> None:
        """Take all turns there are."""
        while self.run_turn():
            pass


@dataclass(slots=True)
class Analysis:
    """Takes in outcomes, and what they cost."""

    open: dict[str, tuple[float, float]] = field(default_factory=dict)
    events: list[Found] = field(default_factory=list)
    frames: int = 0
    cpu_s: float = 0.0
    last_s: float = 0.0

    def note(self, outcome: Outcome) -> None:
        """Keep the beginnings and ends of events."""
        self.frames += 1
        self.last_s = outcome.at_s
        for signal in outcome.signals:
            if signal.phase is Phase.RAISED:
                self.open[signal.rule_id] = (signal.since_s, signal.at_s)
            elif signal.phase is Phase.CLEARED and signal.rule_id in self.open:
                self._close(signal.rule_id, signal.at_s)

    def finish(self) -> None:
        """End what is open with the recording."""
        for rule_id in list(self.open):
            self._close(rule_id, self.last_s)
        self.events.sort(key=lambda e: e.since_s)

    def _close(self, rule_id: str, until_s: float) -> None:
        since_s, raised_s = self.open.pop(rule_id)
        self.events.append(Found(rule_id, since_s, raised_s, until_s))


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one recording showed to both."""

    name: str
    full: Analysis
    tiered: Analysis
    pairs: tuple[tuple[Found, Found], ...]
    missed: tuple[Found, ...]

    @property
    def extra_delay_s(self) -> float:
        """The most by which an event was raised later than by looking at everything; negative: never later."""
        return max((tiered.raised_s - full.raised_s for full, tiered in self.pairs), default=0.0)

    def row(self) -> str:
        """One line of the table."""
        ratio = self.tiered.cpu_s / self.full.cpu_s
        missed = ", ".join(f"{e.rule_id}@{e.since_s:.1f}" for e in self.missed)
        return (
            f"{self.name:34}{len(self.full.events):6}{len(self.tiered.events):8}{len(self.pairs):7}"
            f"{self.extra_delay_s:9.1f}{self.full.frames:8}{self.tiered.frames:8}{ratio:7.2f}  {missed}"
        )


def run(argv: Sequence[str]) -> int:
    """Measure; see `--help`."""
    options = _arguments().parse_args(argv)
    folder = media_dir() / "open"
    if not (folder / "truth.json").is_file():
        print(f"no recordings in {folder}: set GRIDPATROL_MEDIA to their folder", file=sys.stderr)
        return MEDIA_MISSING
    cv2.setNumThreads(1)
    configure_logging("console", "error", process="bench")
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    wanted = [t for t in truth if not options.clips or Path(t["file"]).stem in options.clips]
    detector: Detector | None = OnnxDetector(options.detector) if options.detector else None
    print(f"{'recording':34}{'full':>6}{'tiered':>8}{'both':>7}{'later s':>9}{'frames':>8}{'':>8}{'CPU':>7}  missed")
    results = []
    for clip in wanted:
        results.append(_compare_clip(folder / clip["file"], clip["setup"]["rules"], detector))
        print(results[-1].row(), flush=True)
    _summarise(results, detector)
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench recall", description=__doc__)
    parser.add_argument("--clips", nargs="*", default=[], help="names without .mp4 (default: all)")
    parser.add_argument("--detector", type=Path, help="an .onnx file of an object model (default: motion)")
    return parser


def _summarise(results: Sequence[Comparison], detector: Detector | None) -> None:
    full = sum(len(r.full.events) for r in results)
    both = sum(len(r.pairs) for r in results)
    cpu_full, cpu_tiered = sum(r.full.cpu_s for r in results), sum(r.tiered.cpu_s for r in results)
    say(
        {
            "bench": "recall",
            "events_full": full,
            "events_tiered": sum(len(r.tiered.events) for r in results),
            "recall": round(both / full, 4) if full else 1.0,
            "max_extra_delay_s": round(max((r.extra_delay_s for r in results), default=0.0), 2),
            "cpu_ratio": round(cpu_tiered / cpu_full, 3) if cpu_full else None,
            "events_both": both,
            "recordings": len(results),
            "detector": detector.name if detector else "motion",
            "gop_s": GOP_S,
            "quiet_s": QUIET_S,
        }
    )


def _compare_clip(file: Path, rules: Sequence[Mapping[str, Any]], detector: Detector | None) -> Comparison:
    padded = padded_clip(file)
    camera = camera_with(rules, padded)
    return compare(file.stem, decode_all(padded, camera, detector), watch(padded, camera, detector))


def compare(name: str, full: Analysis, tiered: Analysis) -> Comparison:
    """Pair events of the same rule that overlap in time, each at most once."""
    left = list(tiered.events)
    pairs, missed = [], []
    for event in full.events:
        match = next((e for e in left if e.overlaps(event)), None)
        if match is None:
            missed.append(event)
        else:
            pairs.append((event, match))
            left.remove(match)
    return Comparison(name, full, tiered, tuple(pairs), tuple(missed))


def camera_with(rules: Sequence[Mapping[str, Any]], file: Path) -> CameraConfig:
    """Return a camera with these rules, each with a zone of its own, and no cool-down: every event counts."""
    legal = {"purpose": "bench", "legal_basis": "art7_gov", "installer_unit": "bench", "placement_class": "public_road"}
    return CameraConfig.model_validate(
        {
            "id": CAMERA_ID,
            "name": CAMERA_ID,
            "grids": ["g1"],
            "position": {"lon": 116.4, "lat": 39.9},
            "streams": [{"url": file.absolute().as_uri()}],
            "legal": legal,
            "zones": [{"id": f"z-{r['id']}", "name": r["id"], "polygon": r["zone"]} for r in rules],
            "rules": [
                {**{k: v for k, v in r.items() if k != "zone"}, "zone": f"z-{r['id']}", "cool_down_s": 0} for r in rules
            ],
        }
    )


def decode_all(file: Path, camera: CameraConfig, detector: Detector | None) -> Analysis:
    """Decode every picture and analyse as many a second as a burst would."""
    analyst, _ = _analyst(camera, detector)
    made = Analysis()
    began_s = time.process_time()
    for frame in _frames(file):
        made.note(analyst.analyse(frame))
    made.cpu_s = time.process_time() - began_s
    made.finish()
    return made


def watch(file: Path, camera: CameraConfig, detector: Detector | None) -> Analysis:
    """Watch the recording as the worker would watch the camera, but as fast as it can be read.

    Raises:
        RuntimeError: The watcher could not read it to the end.
    """
    analyst, rules = _analyst(camera, detector)
    made = Analysis()
    stop, failures = threading.Event(), list[str]()

    def note_state(state: CameraState) -> None:
        if state.attempts:  # it would try again for ever
            failures.append(state.detail)
            stop.set()

    began_s = time.process_time()
    with PromptPool(0) as pool:
        CameraWatcher(
            _plan(camera, rules),
            Surroundings(pool),
            analyse=analyst.analyse,
            on_outcome=made.note,
            on_state=note_state,
            glance=Glance(watched_zones(rules)),
            make_source=partial(FileSource, CAMERA_ID, file, realtime=False),
        ).run(stop)
    if failures:
        raise RuntimeError(f"{file.name}: {failures[0]}")
    made.cpu_s = time.process_time() - began_s
    made.finish()
    return made


def _plan(camera: CameraConfig, rules: RuleSet) -> WatchPlan:
    duty = Duties(rules, event_type, ZoneInfo("UTC")).at(_EPOCH)
    return WatchPlan(camera.id, camera.streams[0], cadence_s=duty.cadence_s, dwell_s=duty.dwell_s, once=True)


def _analyst(camera: CameraConfig, detector: Detector | None) -> tuple[Analyst, RuleSet]:
    rules = make_rules(camera, group_labels(detector))
    utc_at: Callable[[float], datetime] = lambda at_s: _EPOCH + timedelta(seconds=at_s)  # noqa: E731
    return Analyst(camera, rules, foreground_for(camera, rules), detector, utc_at), rules


def _frames(file: Path) -> Iterator[Frame]:
    with av.open(str(file)) as container:
        container.streams.video[0].thread_count = 1
        due_s = 0.0
        for picture in container.decode(video=0):
            at_s = float((picture.pts or 0) * (picture.time_base or Fraction(0)))
            if at_s >= due_s - 1e-3 or picture.key_frame:
                due_s = at_s + 1 / BURST_FPS
                yield _frame(picture, at_s)


def _frame(picture: av.VideoFrame, at_s: float) -> Frame:
    plane = picture.planes[0]
    luma: Luma = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]

    def to_bgr() -> Bgr:
        return np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)

    origin = FrameOrigin.LOOK if picture.key_frame else FrameOrigin.BURST
    return Frame(CAMERA_ID, at_s, picture.pts or 0, luma, origin, to_bgr)


def padded_clip(file: Path) -> Path:
    """Return the recording between quiet stretches: its first and last picture held, with fresh grain on each."""
    folder = CACHE / "padded"
    target = folder / f"{file.stem}-{file.stat().st_mtime_ns}-v1.mp4"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part.mp4")
        _pad(file, part)
        part.rename(target)
    return target


def _pad(file: Path, target: Path) -> None:
    with av.open(str(file)) as source, av.open(str(target), "w") as output:
        read = source.streams.video[0]
        rate = read.average_rate or Fraction(25)
        gop = round(GOP_S * rate)
        options = {
            "preset": "veryfast",
            "crf": str(CRF),
            "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0",
        }
        video = output.add_stream("libx264", rate=rate, options=options)
        assert isinstance(video, av.VideoStream)  # noqa: S101 - what libx264 makes
        context = read.codec_context
        # libx264 wants even sizes for planar YUV.
        video.width, video.height, video.pix_fmt = context.width // 2 * 2, context.height // 2 * 2, "yuv420p"
        for index, luma in enumerate(_with_quiet(source, round(QUIET_S * rate))):
            picture = luma.reformat(video.width, video.height, format="yuv420p")
            picture.pts, picture.time_base = index, 1 / rate
            output.mux(video.encode(picture))
        output.mux(video.encode())


def _with_quiet(source: av.container.InputContainer, count: int) -> Iterator[av.VideoFrame]:
    chance = np.random.default_rng(3)
    last: av.VideoFrame | None = None
    for picture in source.decode(video=0):
        if last is None:
            yield from _held(picture, count, chance)
        last = picture
        yield picture
    if last is not None:
        yield from _held(last, count, chance)


def _held(picture: av.VideoFrame, count: int, chance: np.random.Generator) -> Iterator[av.VideoFrame]:
    planes = picture.to_ndarray(format="yuv420p")
    grain = np.rint(chance.normal(0.0, GRAIN, (picture.height, planes.shape[1]))).astype(np.int16)
    for _ in range(count):
        moved = np.roll(grain, tuple(chance.integers(0, 64, 2)), (0, 1))
        noisy = planes.copy()
        noisy[: picture.height] = np.clip(planes[: picture.height] + moved, 0, 255)
        yield av.VideoFrame.from_ndarray(noisy, format="yuv420p")
