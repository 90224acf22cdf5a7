"""The shipped detector and its evidence on real recordings; the figures of the model card come from here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.fire_smoke import open_fire_smoke
from detectors.onnx_model import OnnxDetector
from detectors.onnx_session import SessionOptions
from gateway.analysis.condition import Condition, Patience, Subject
from gateway.analysis.fire import FireEvidence, FireView
from gateway.types import Bgr, Box, Phase, Signal

LOOKS_S, BURST_S = 2.0, 0.2  # between frames: the gate's slow looks, and its bursts
DWELL_S, CLEAR_S = 3.0, 3.0  # of the rules in truth.json
TOLERANCE_S = 8.0  # dwell and 5 s: how late an event may begin


@cache
def detector() -> OnnxDetector:
    return open_fire_smoke(SessionOptions(threads=1, use_gpu=False))


def frames(clip: Path, every_s: float) -> Iterator[tuple[float, Bgr]]:
    """Yield second and picture at a cadence."""
    reader = cv2.VideoCapture(str(clip))
    rate = reader.get(cv2.CAP_PROP_FPS)
    due_s, index = 0.0, 0
    while reader.grab():
        if index / rate + 1e-6 >= due_s:
            due_s += every_s
            yield index / rate, np.asarray(reader.retrieve()[1], np.uint8)
        index += 1
    reader.release()


def views(picture: Bgr) -> list[FireView]:
    """Return what the detector sees, in 0-1."""
    found = detector().detect([picture])[0]
    edge = np.array([picture.shape[1], picture.shape[0]] * 2)
    labels = [detector().labels[k] for k in found.class_id]
    boxes = [Box(*map(float, row)) for row in found.xyxy / edge]
    return [FireView(*x) for x in zip(labels, boxes, map(float, found.confidence), strict=True)]


def events(clip: Path, every_s: float) -> list[Signal]:
    """Return the events that the rule raises."""
    evidence = FireEvidence()
    condition = Condition(Subject("c", "r", "smoke_fire", None), Patience(DWELL_S, CLEAR_S, cool_down_s=0))
    signals = [
        signal
        for at_s, picture in frames(clip, every_s)
        for signal in condition.update(evidence.update(views(picture), picture, at_s), at_s)
    ]
    return [s for s in signals if s.phase is Phase.RAISED]


def truth(media: Path) -> dict[str, list[tuple[float, float]]]:
    """Return spans of fire or smoke by recording."""
    clips = json.loads((media / "open" / "truth.json").read_text("utf-8"))
    return {
        c["file"]: [(e["start_s"], e["end_s"]) for e in c["events"] if e.get("type") == "smoke_fire"] for c in clips
    }


@pytest.mark.media
@pytest.mark.parametrize("name", ["house_fire", "alley_smoke", "alley_arson_fire", "bowl_fire_floor"])
def test_fire_and_smoke_become_one_event_in_time(media: Path, name: str) -> None:
    """In a burst one event begins within dwell and 5 s of the truth, and no frame before it says anything."""
    file = f"{name}.mp4"
    ((start_s, _),) = truth(media)[file]
    (event,) = events(media / "open" / file, BURST_S)
    assert start_s - 1.0 <= event.since_s <= start_s + TOLERANCE_S
    assert event.at_s - event.since_s >= DWELL_S


@pytest.mark.media
def test_slow_looks_find_an_unseen_fire(media: Path) -> None:
    """At a look every 2 s a house on fire is told of within the tolerance."""
    first = events(media / "open" / "house_fire.mp4", LOOKS_S)[0]
    assert first.at_s <= TOLERANCE_S


@pytest.mark.media
@pytest.mark.parametrize("name", ["night_led_square", "motorway_traffic", "road_topview", "alley_firefighters"])
def test_screens_traffic_and_firefighters_are_no_fire(media: Path, name: str) -> None:
    """Nothing is raised where nothing burns, though the detector is wrong in some frames."""
    assert truth(media)[f"{name}.mp4"] == []
    assert events(media / "open" / f"{name}.mp4", BURST_S) == []
