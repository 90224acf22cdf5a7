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

from camera_configs.models import CameraConfig, SiteConfig
from detectors.base import Detector
from gateway.analysis.analyst import Analyst
from gateway.analysis.events import EventBuilder, EventChange
from gateway.analysis.ruleset import RuleSet, foreground_for, make_rules
from gateway.camera.packets import StoredPayload
from gateway.clock import FakeClock
from gateway.types import Bgr, Frame, FrameOrigin, Luma, Outcome, Packet, Phase, Signal, VideoFormat

ANALYSED_FPS = 5
LOOK_EVERY_S = 2.0  # the GOP of every clip
BURST_TAIL_S = 4.0  # the gate decodes on for so long after the last motion
MATCH_LATE_S = 5.0
# Faults that may stand for one another, by the manifest.
_ALIKE = {"camera_fault.black", "camera_fault.covered", "camera_fault.frozen"}
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
    rules = found.truth["setup"]["rules"]
    return CameraConfig.model_validate(
        {
            "id": "cam",
            "name": found.name,
            "grids": ["g1"],
            "position": {"lon": 116.4, "lat": 39.9},
            "streams": [{"url": found.path.as_uri()}],
            "legal": {
                "purpose": "test",
                "legal_basis": "art7_gov",
                "installer_unit": "test",
                "placement_class": "public_road",
            },
            "zones": [{"id": f"z-{r['id']}", "name": r["id"], "polygon": r["zone"]} for r in rules],
            "rules": [
                {k: v for k, v in r.items() if k != "zone"} | {"zone": f"z-{r['id']}", "cool_down_s": 0} for r in rules
            ],
        }
    )


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
    site = SiteConfig.model_validate(
        {
            "regions": [{"code": "110101001001", "name": "Village"}],
            "grids": [{"id": "g1", "code": "1", "name": "One", "region_code": "110101001001"}],
            "cameras": [camera_of(found)],
        }
    )
    return EventBuilder(FakeClock(), site, "run_1", "motion").take(signals)


def packets_of(found: Clip) -> tuple[VideoFormat, list[Packet]]:
    """Return a clip's packets, as a file source would give them; `at_s` is media time."""
    with av.open(str(found.path)) as container:
        stream = container.streams.video[0]
        context, time_base = stream.codec_context, stream.time_base or Fraction(1)
        video = VideoFormat(
            context.name, context.width, context.height, time_base, bytes(context.extradata or b""), None
        )
        return video, [
            Packet(
                StoredPayload(bytes(p)),
                p.pts or 0,
                p.dts or 0,
                time_base,
                p.is_keyframe,
                p.size,
                float((p.pts or 0) * time_base),
            )
            for p in container.demux(stream)
            if p.size
        ]


def score(found: Clip, raised: list[Signal], armed: set[str]) -> Score:
    """Compare raised events with the truth; `armed` are ids of rules (and fault types) that could run."""
    dwell_s = {r["id"]: r["dwell_s"] for r in found.truth["setup"]["rules"]}
    due = [
        e
        for e in found.truth["events"]
        if e["rule"] in armed and e["end_s"] - e["start_s"] >= dwell_s.get(e["rule"], 0) + 1
    ]
    short = [e for e in found.truth["events"] if e["rule"] in armed and e not in due]
    left = sorted(raised, key=lambda s: s.since_s)
    hits, misses = 0, []
    for event in due:
        match = next((s for s in left if _matches(found, event, s, dwell_s.get(event["rule"], 0))), None)
        if match is None:
            misses.append(f"{event['rule']}@{event['start_s']:g}")
        else:
            hits += 1
            left.remove(match)
    extra = [s for s in left if not any(_matches(found, e, s, dwell_s.get(e["rule"], 0)) for e in short)]
    scored = [s for s in extra if s.rule_id in dwell_s or s.event_type in found.truth["negative_for"]]
    return Score(len(due), hits, tuple(f"{s.rule_id}@{s.since_s:.1f}" for s in scored), tuple(misses))


def _matches(found: Clip, event: dict[str, Any], signal: Signal, dwell_s: float) -> bool:
    alike = {event["rule"], signal.rule_id} <= _ALIKE
    if signal.rule_id != event["rule"] and not alike:
        return False
    earliest_s = event["start_s"] - found.truth["tolerance_s"]
    return bool(earliest_s <= signal.since_s <= min(event["end_s"], event["start_s"] + dwell_s + MATCH_LATE_S))
