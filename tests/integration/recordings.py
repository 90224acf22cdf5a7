"""Running an analyst over the shared recordings, and scoring what it flags as their manifest says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from camera_configs.models import CameraConfig
from detectors.base import Detector
from gateway.analysis.analyst import Analyst
from gateway.analysis.events import EventBuilder, EventChange
from gateway.analysis.ruleset import RuleSet, foreground_for, make_rules
from gateway.clock import FakeClock
from gateway.evaluation import pipeline
from gateway.evaluation.cameras import camera_with
from gateway.evaluation.scoring import Raised, Terms, TruthEvent, judge, known_type
from gateway.types import Bgr, Frame, FrameOrigin, Luma, Outcome, Packet, Phase, Signal, VideoFormat

ANALYSED_FPS = 5
LOOK_EVERY_S = 2.0  # the GOP of every clip
BURST_TAIL_S = 4.0  # the gate decodes on for so long after the last motion
_EVERY_LABEL = ("person", "vehicle", "nonmotor", "animal")


@dataclass(frozen=True)
class Clip:
    """One entry of `open/truth.json`."""

    path: Path
    truth: dict[str, Any]

    @property
    def name(self) -> str:
        return self.path.stem


@dataclass
class Run:
    """What an analyst made of a clip."""

    raised: list[Signal] = field(default_factory=list)
    cleared: list[Signal] = field(default_factory=list)
    frames: int = 0
    inferences: int = 0


@dataclass(frozen=True)
class Score:
    """Counted over the events and rules that were armed."""

    due: int
    hits: int
    false_alarms: tuple[str, ...]
    misses: tuple[str, ...]


def clip(media: Path, name: str) -> Clip:
    """Return a clip by its name without `.mp4`."""
    truth = json.loads((media / "open" / "truth.json").read_text("utf-8"))
    return next(Clip(media / "open" / t["file"], t) for t in truth if t["file"] == f"{name}.mp4")


def camera_of(found: Clip) -> CameraConfig:
    """Return a camera with the clip's rules; each rule has its own zone, and no cool-down, as the scoring wants."""
    return camera_with(found.truth["setup"]["rules"], found.path)


def rules_of(camera: CameraConfig, detector: Detector | None) -> RuleSet:
    """Return the clip's rules, with or without a model."""
    return make_rules(camera, _EVERY_LABEL if detector else ())


def frames(found: Clip, fps: float = ANALYSED_FPS) -> Iterator[Frame]:
    """Decode a clip, thinned to `fps`; `at_s` is media time."""
    with av.open(str(found.path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        due_s = 0.0
        for picture in container.decode(video=0):
            at_s = float((picture.pts or 0) * (picture.time_base or Fraction(0)))
            if at_s < due_s - 1e-3 and not picture.key_frame:
                continue
            due_s = at_s + 1 / fps
            yield _frame(picture, at_s)


def _frame(picture: av.VideoFrame, at_s: float) -> Frame:
    plane = picture.planes[0]
    luma: Luma = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]

    def to_bgr() -> Bgr:
        return np.asarray(picture.to_ndarray(format="bgr24"), np.uint8)

    origin = FrameOrigin.LOOK if picture.key_frame else FrameOrigin.BURST
    return Frame("cam", at_s, picture.pts or 0, luma, origin, to_bgr)


def run(found: Clip, detector: Detector | None, *, gated: bool) -> Run:
    """Analyse a clip: every frame at 5 fps, or gated (keyframes only, and 5 fps while something moves)."""
    camera = camera_of(found)
    rules = rules_of(camera, detector)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    foreground = foreground_for(camera, rules)
    analyst = Analyst(camera, rules, foreground, detector, lambda at_s: start + timedelta(seconds=at_s))
    made, burst_until_s = Run(), -1.0
    for frame in frames(found):
        if gated and frame.origin is FrameOrigin.BURST and frame.at_s > burst_until_s:
            continue
        outcome = analyst.analyse(frame)
        burst_until_s = frame.at_s + BURST_TAIL_S if outcome.moving else burst_until_s
        _note(made, outcome)
    made.inferences = analyst.inferences
    return made


def _note(made: Run, outcome: Outcome) -> None:
    made.frames += 1
    made.raised += [s for s in outcome.signals if s.phase is Phase.RAISED]
    made.cleared += [s for s in outcome.signals if s.phase is Phase.CLEARED]


def events_of(found: Clip, signals: list[Signal]) -> list[EventChange]:
    """Return what an event builder makes of signals of a clip's camera."""
    return EventBuilder(FakeClock(), pipeline.site_of(camera_of(found)), "run_1", "motion").take(signals)


def packets_of(found: Clip) -> tuple[VideoFormat, list[Packet]]:
    """Return a clip's packets, as a file source would give them; `at_s` is media time."""
    whole = list(pipeline.packets_of("cam", found.path))
    return whole[0][0], [packet for _, packet in whole]


def score(found: Clip, raised: list[Signal], armed: set[str]) -> Score:
    """Compare raised events with the truth; `armed` are ids of rules (and fault types) that could run."""
    dwell_s = {r["id"]: r["dwell_s"] for r in found.truth["setup"]["rules"]}
    negative_for = frozenset(map(known_type, found.truth["negative_for"]))
    terms = Terms(dwell_s, frozenset(dwell_s), negative_for, found.truth["tolerance_s"])
    truth = [
        TruthEvent(known_type(e["rule"]), known_type(e["type"]), e["start_s"], e["end_s"])
        for e in found.truth["events"]
        if known_type(e["rule"]) in armed
    ]
    judged = judge(truth, [Raised(s.rule_id, s.event_type, s.since_s, s.at_s, s.at_s) for s in raised], terms)
    return Score(
        len(judged.hits) + len(judged.misses),
        len(judged.hits),
        tuple(f"{alarm.rule}@{alarm.start_s:.1f}" for alarm in judged.false_alarms),
        tuple(f"{miss.rule}@{miss.start_s:g}" for miss in judged.misses),
    )
