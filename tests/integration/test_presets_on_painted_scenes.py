"""A camera that turns between painted places: zones of a preset count while that preset is in view, and only then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import cv2
import numpy as np
import pytest

from camera_configs.models import CameraConfig, LegalCard, Position, PresetConfig, RuleConfig, StreamConfig, ZoneConfig
from gateway.analysis.analyst import Analyst
from gateway.analysis.condition import MAX_GAP_S
from gateway.analysis.health.presets import PresetPicture
from gateway.analysis.ruleset import foreground_for, make_rules
from gateway.simulator import places
from gateway.simulator.places import Place
from gateway.simulator.scenery.figures import Route, Waypoint
from gateway.simulator.scenery.person import Look, Walker
from gateway.simulator.scenery.things import Stage
from gateway.simulator.scenery.weather import Caption, Sensor
from gateway.types import Bgr, Frame, FrameOrigin, Luma, Phase, Signal

SIZE = (480, 270)
FPS = 4
ZONE = ((0.3, 0.35), (0.7, 0.35), (0.7, 0.98), (0.3, 0.98))
Shown = Callable[[float], str]  # the place that the camera looks at, by time

pytestmark = [pytest.mark.slow, pytest.mark.unpaced]


def staged(make: Callable[[tuple[int, int], np.random.Generator], Place], *visits: tuple[float, float]) -> Stage:
    """Return a place that somebody crosses the middle of, from the first second of each visit to its last."""
    rng = np.random.default_rng(7)
    place = make(SIZE, rng)
    walkers = [
        Walker(place.lens, Route([Waypoint(a, -9, 17), Waypoint((a + b) / 2, 0, 14), Waypoint(b, 9, 17)]), Look())
        for a, b in visits
    ]
    sensor = Sensor(rng, SIZE, 2.6, 0.05)
    caption = Caption("CAM-09 PTZ", datetime(2026, 3, 14, 9, 12, 30), SIZE[1])  # noqa: DTZ001  lettering
    return Stage(place.backdrop, (*place.layers, *walkers), sensor, caption)


def luma_of(picture: Bgr) -> Luma:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV)[:, :, 0], np.uint8)


def frames(stages: dict[str, Stage], shown: Shown, seconds: float) -> Iterator[Frame]:
    """Paint what the camera shows."""
    for number in range(round(seconds * FPS)):
        at_s = number / FPS
        picture = stages[shown(at_s)].paint(number, at_s)
        origin = FrameOrigin.BURST if number % FPS else FrameOrigin.LOOK
        yield Frame("ptz", at_s, number, luma_of(picture), origin, lambda p=picture: p)  # type: ignore[misc]


def camera() -> CameraConfig:
    """Return a camera with two presets; only the lane has a zone."""
    return CameraConfig(
        id="ptz",
        name="东街球机",
        grids=("east",),
        position=Position(lon=117.0, lat=36.6),
        streams=(StreamConfig(url="rtsp://10.0.0.1/ptz"),),
        legal=LegalCard(purpose="p", legal_basis="art7_gov", installer_unit="u", placement_class="public_road"),
        presets=(PresetConfig(id="lane", name="小巷"), PresetConfig(id="square", name="广场")),
        zones=(ZoneConfig(id="z", name="通道", polygon=ZONE, preset="lane"),),
        rules=(RuleConfig(id="enter", type="zone_intrusion", zone="z", dwell_s=1, clear_s=3, cool_down_s=0),),
    )


def watched(
    stages: dict[str, Stage], shown: Shown, seconds: float, *, apart: bool = True
) -> tuple[list[Signal], dict[int, bool]]:
    """Analyse what the camera shows; return what its zone gave, and whether the view was unknown at each second."""
    config = camera()
    rules = make_rules(config)
    references = [PresetPicture(name, luma_of(stage.paint(0, 0.0))) for name, stage in stages.items() if name != "yard"]
    start = datetime(2026, 1, 1, 4, tzinfo=UTC)
    analyst = Analyst(
        config,
        rules,
        foreground_for(config, rules),
        None,
        lambda at_s: start + timedelta(seconds=at_s),
        presets=references if apart else None,
    )
    signals: list[Signal] = []
    unknown = {}
    for frame in frames(stages, shown, seconds):
        signals += analyst.analyse(frame).signals
        unknown[int(frame.at_s)] = analyst.view_unknown
    return [s for s in signals if s.rule_id == "enter"], unknown


def phases(signals: list[Signal]) -> list[tuple[Phase, int]]:
    return [(s.phase, round(s.at_s)) for s in signals if s.phase in {Phase.RAISED, Phase.CLEARED}]


def test_an_intruder_is_flagged_in_the_preset_of_the_zone_alone() -> None:
    """Somebody crosses the same place of the picture in both views: one event, of the lane."""
    stages = {"lane": staged(places.lane, (14, 26)), "square": staged(places.square, (44, 56))}
    signals, unknown = watched(stages, lambda at_s: "lane" if at_s < 34 or at_s >= 60 else "square", 70)
    (raised, raised_s), (cleared, _) = [p for p in phases(signals) if p[0] is not Phase.CANDIDATE]
    assert (raised, cleared) == (Phase.RAISED, Phase.CLEARED)
    assert 14 < raised_s < 26
    assert not [s for s in signals if 34 <= s.at_s < 60]
    assert not any(unknown[second] for second in range(2, 34))
    assert not any(unknown[second] for second in range(36, 60))


def test_the_same_walk_would_be_flagged_where_presets_are_not_told_apart() -> None:
    """The control: what the square shows stands in the zone, and moves enough to be flagged."""
    signals, _ = watched({"square": staged(places.square, (14, 26))}, lambda _: "square", 30, apart=False)
    assert phases(signals)[0][0] is Phase.RAISED


def test_an_event_rests_while_the_camera_looks_elsewhere() -> None:
    """Nothing is told of the zone meanwhile; the event ends once nobody has seen the zone for too long."""
    away_s = 18.0
    stages = {"lane": staged(places.lane, (12, 24)), "square": staged(places.square)}
    signals, _ = watched(stages, lambda at_s: "lane" if at_s < away_s else "square", away_s + MAX_GAP_S + 6)
    assert phases(signals)[0][0] is Phase.RAISED
    later = [s for s in signals if s.at_s >= away_s]
    assert [s.phase for s in later] == [Phase.CLEARED]
    assert later[0].at_s > away_s + MAX_GAP_S - 2


def test_an_unknown_view_is_silent_and_said_to_be_unknown() -> None:
    """The camera stands where no preset is: the zone keeps still, and the camera's page can say why."""
    stages = {
        "lane": staged(places.lane),
        "square": staged(places.square),
        "yard": staged(places.weir, (18, 30)),
    }
    signals, unknown = watched(stages, lambda at_s: "lane" if at_s < 10 else "yard", 34)
    assert signals == []
    assert all(unknown[second] for second in range(10, 34))
