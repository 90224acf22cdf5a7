"""Cameras, frames and observations made by hand for the analysis tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from camera_configs.models import CameraConfig
from detectors.base import Detections, Image, InferenceError
from detectors.picture import read_picture
from gateway.analysis.condition import Condition, Patience, Subject
from gateway.analysis.observation import Observation
from gateway.types import Box, Frame, FrameOrigin, Luma, Phase, Signal, Track

LEFT_HALF = [(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]
IN_ZONE = Box(0.2, 0.3, 0.3, 0.6)
OUTSIDE = Box(0.7, 0.3, 0.8, 0.6)
DAYLIGHT = read_picture(np.tile(np.linspace(20, 230, 160, dtype=np.uint8), (90, 1)))


@dataclass(frozen=True)
class Patch:
    """A blob."""

    box: tuple[float, float, float, float]
    area: float = 0.03
    since_s: float | None = None
    strength: float = 3.0
    settled_s: float | None = -1e6


@dataclass(frozen=True)
class Reading:
    """A foreground reading."""

    moving: tuple[Patch, ...] = ()
    still: tuple[Patch, ...] = ()
    global_change: bool = False
    ready: bool = True


def condition(
    dwell_s: float = 5.0, clear_s: float = 3.0, cool_down_s: float = 0.0, zone: str | None = "z1"
) -> Condition:
    """Return a condition of rule r1 of camera cam."""
    return Condition(Subject("cam", "r1", "zone_intrusion", zone), Patience(dwell_s, clear_s, cool_down_s))


def phases(signals: Sequence[Signal]) -> list[tuple[Phase, float]]:
    """Return what was said when, without the repetitions."""
    return [(s.phase, s.at_s) for s in signals if s.phase is not Phase.ONGOING]


def track(
    at_s: float,
    box: Box = IN_ZONE,
    label: str = "person",
    *,
    id: int = 1,  # noqa: A002
    confidence: float = 0.8,
    first_seen_s: float = 0.0,
    still_since_s: float | None = None,
) -> Track:
    """Return a track seen at that moment."""
    return Track(id, label, box, confidence, first_seen_s, at_s, still_since_s)


def observation(at_s: float, *tracks: Track, **given: Any) -> Observation:
    """Return an observation with those tracks in an ordinary picture."""
    reading = given.pop("reading", Reading())
    picture = given.pop("picture", DAYLIGHT)
    return Observation("cam", at_s, tracks, reading, picture, **given)


def camera(rules: Sequence[dict[str, Any]], zones: Sequence[dict[str, Any]] = ()) -> CameraConfig:
    """Return a camera with a left-half zone `z1` and those rules."""
    zone = {"id": "z1", "name": "left", "polygon": LEFT_HALF}
    return CameraConfig.model_validate(
        {
            "id": "cam",
            "name": "Weir",
            "grids": ["g1"],
            "position": {"lon": 116.4, "lat": 39.9},
            "streams": [{"url": "rtsp://192.0.2.1/1"}],
            "legal": {
                "purpose": "test",
                "legal_basis": "art7_gov",
                "installer_unit": "unit",
                "placement_class": "waterside",
            },
            "zones": [zone, *zones],
            "rules": list(rules),
        }
    )


def frame(at_s: float, level: int = 120, origin: FrameOrigin = FrameOrigin.LOOK) -> Frame:
    """Return a frame with some contrast around that grey level; level 0 is black."""
    luma: Luma = np.full((90, 160), level, np.uint8)
    if level:
        luma[::2, ::3] = 255 - level
    return Frame("cam", at_s, 0, luma, origin, lambda: np.repeat(luma[:, :, None], 3, axis=2))


class FakeDetector:
    """Sees what a test puts into `sees`: (label, box in 0-1, confidence)."""

    name = "fake"
    labels: tuple[str, ...] = ("person", "car", "truck", "bicycle", "kite")
    per_camera = False
    wants_luma = False

    def __init__(self) -> None:
        self.sees: list[tuple[str, Box, float]] = []
        self.calls = 0
        self.broken = False

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Answer for the first image."""
        self.calls += 1
        if self.broken:
            raise InferenceError("out of memory")
        height, width = images[0].shape[:2]
        scale = np.array([width, height, width, height], np.float32)
        boxes = np.array([box for _, box, _ in self.sees], np.float32).reshape(-1, 4) * scale
        confidence = np.array([c for _, _, c in self.sees], np.float32)
        return [Detections(boxes, confidence, np.array([self.labels.index(n) for n, _, _ in self.sees], np.int64))]


class FakeForeground:
    """Gives the reading a test has put there."""

    def __init__(self) -> None:
        self.reading = Reading()

    def update(self, luma: Image, at_s: float) -> Reading:
        """Give the reading."""
        return self.reading


def seconds(start: float, end: float, step: float = 0.2) -> list[float]:
    """Return moments from start to end."""
    return [round(start + i * step, 3) for i in range(round((end - start) / step) + 1)]


def told(update: Callable[[float], list[Signal]], moments: Sequence[float]) -> list[Signal]:
    """Return all signals of these moments."""
    return [signal for at_s in moments for signal in update(at_s)]
