"""A camera with nothing but a smoke_fire rule, and no model added: what is told of the recordings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from detectors.fire_smoke import open_fire_smoke
from detectors.onnx_model import OnnxDetector
from detectors.onnx_session import SessionOptions
from gateway.analysis.analyst import Analyst
from gateway.analysis.ruleset import foreground_for, make_rules
from gateway.types import FrameOrigin, Phase, Signal
from tests.integration.recordings import BURST_TAIL_S, clip, frames
from tests.unit.gateway.analysis.making import camera

pytestmark = [pytest.mark.media, pytest.mark.unpaced]

RULE = {"id": "fire", "type": "smoke_fire", "dwell_s": 3, "clear_s": 3, "cool_down_s": 0}
LATEST_S = 8.0  # of the truth's beginning: dwell and 5 s


@cache
def detector() -> OnnxDetector:
    return open_fire_smoke(SessionOptions(threads=1, use_gpu=False))


def raised(media: Path, name: str) -> list[Signal]:
    """Analyse a clip as the gate would: keyframes, and 5 fps while more is asked for; return the fires raised."""
    config = camera([RULE])
    rules = make_rules(config, fire=True)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    analyst = Analyst(
        config, rules, foreground_for(config, rules), None, lambda s: start + timedelta(seconds=s), fire=detector()
    )
    burst_until_s, found = -1.0, []
    for frame in frames(clip(media, name)):
        if frame.origin is FrameOrigin.BURST and frame.at_s > burst_until_s:
            continue
        outcome = analyst.analyse(frame)
        burst_until_s = frame.at_s + BURST_TAIL_S if outcome.moving else burst_until_s
        found += [s for s in outcome.signals if s.phase is Phase.RAISED and s.rule_id == "fire"]
    return found


@pytest.mark.parametrize("name", ["house_fire", "alley_smoke", "bowl_fire_floor", "alley_arson_fire"])
def test_smoke_and_fire_are_raised_once(media: Path, name: str) -> None:
    """One event, that begins with the fire as the truth has it."""
    found = clip(media, name)
    (start_s,) = [e["start_s"] for e in found.truth["events"] if e["type"] == "smoke_fire"]
    (event,) = raised(media, name)
    assert start_s - found.truth["tolerance_s"] <= event.since_s <= start_s + LATEST_S


@pytest.mark.parametrize(
    "name", ["night_led_square", "alley_firefighters", "one_by_one_person", "person_bicycle_car", "motorway_traffic"]
)
def test_nothing_is_raised_where_nothing_burns(media: Path, name: str) -> None:
    """Screens, foam, people, a car's lamps and grey traffic are no fire."""
    assert raised(media, name) == []
