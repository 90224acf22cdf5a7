"""Whether looking only where something happens finds what looking at everything finds.

Each recording gets a quiet stretch before and after it, and is analysed twice with the rules of its manifest: once
decoded in full, once through the watcher with its gate. Both read the same file as fast as they can, on media time.
Recordings that the manifest calls hard are reported apart and counted in no sum, as it asks.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from camera_configs.models import CameraConfig
from detectors.registry import MOTION
from gateway.evaluation.cameras import camera_with
from gateway.evaluation.pipeline import Eyes, open_eyes, watch
from gateway.evaluation.scoring import Raised
from gateway.log import configure_logging
from scripts.benches.machine import say
from scripts.benches.media import media_dir
from scripts.benches.streams import CACHE, GOP_S

QUIET_S = 20.0  # before and after
GRAIN = 1.5  # grey levels on a held picture: a sensor never repeats itself
CRF = 20
MEDIA_MISSING = 3  # exit code
# Models are named by file here; nothing is looked up by name.
_NO_MODELS = Path("models")


@dataclass(frozen=True, slots=True)
class Analysis:
    """What one way of looking flagged, and what it cost."""

    events: tuple[Raised, ...]
    frames: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one recording showed to both."""

    name: str
    full: Analysis
    tiered: Analysis
    pairs: tuple[tuple[Raised, Raised], ...]
    missed: tuple[Raised, ...]

    @property
    def extra_delay_s(self) -> float:
        """The most by which an event was raised later than by looking at everything; negative: never later."""
        return max((tiered.raised_s - full.raised_s for full, tiered in self.pairs), default=0.0)

    def row(self) -> str:
        """One line of the table."""
        ratio = self.tiered.cpu_s / self.full.cpu_s
        missed = ", ".join(f"{e.rule}@{e.start_s:.1f}" for e in self.missed)
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
    eyes = open_eyes(str(options.detector or MOTION), _NO_MODELS)
    print(f"{'recording':34}{'full':>6}{'tiered':>8}{'both':>7}{'later s':>9}{'frames':>8}{'':>8}{'CPU':>7}  missed")
    results: list[Comparison] = []
    hard: list[Comparison] = []
    for clip in wanted:
        result = _compare_clip(folder / clip["file"], clip["setup"]["rules"], eyes)
        (hard if clip.get("hard") else results).append(result)
        print(result.row() + ("  (hard: not counted)" if clip.get("hard") else ""), flush=True)
    _summarise(results, hard, eyes.name)
    return 0


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("scripts/bench recall", description=__doc__)
    parser.add_argument("--clips", nargs="*", default=[], help="names without .mp4 (default: all)")
    parser.add_argument("--detector", type=Path, help="an .onnx file of an object model (default: motion)")
    return parser


def _summarise(results: Sequence[Comparison], hard: Sequence[Comparison], detector: str) -> None:
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
            "hard": {
                "events_full": sum(len(r.full.events) for r in hard),
                "events_both": sum(len(r.pairs) for r in hard),
            },
            "detector": detector,
            "gop_s": GOP_S,
            "quiet_s": QUIET_S,
        }
    )


def _compare_clip(file: Path, rules: Sequence[Mapping[str, Any]], eyes: Eyes) -> Comparison:
    padded = padded_clip(file)
    camera = camera_with(rules, padded)
    full = analysis_of(padded, camera, eyes, gated=False)
    return compare(file.stem, full, analysis_of(padded, camera, eyes, gated=True))


def compare(name: str, full: Analysis, tiered: Analysis) -> Comparison:
    """Pair events of the same rule that overlap in time, each at most once."""
    left = list(tiered.events)
    pairs, missed = [], []
    for event in full.events:
        match = next((e for e in left if overlap(e, event)), None)
        if match is None:
            missed.append(event)
        else:
            pairs.append((event, match))
            left.remove(match)
    return Comparison(name, full, tiered, tuple(pairs), tuple(missed))


def overlap(one: Raised, other: Raised) -> bool:
    """Say whether both are the same thing seen twice."""
    return one.rule == other.rule and one.start_s <= other.end_s and other.start_s <= one.end_s


def analysis_of(file: Path, camera: CameraConfig, eyes: Eyes, *, gated: bool) -> Analysis:
    """Watch the recording as the worker would watch the camera, or decode it all, as fast as it can be read."""
    began_s = time.process_time()
    watched = watch(file, camera, eyes, gated=gated)
    return Analysis(watched.events, watched.frames, time.process_time() - began_s)


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
