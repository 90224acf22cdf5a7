"""The painted scenes: what happens in each, when, and the zones and rules that should notice it.

Times are given for a loop of 60 s and scaled to the length asked for. Zones are polygons in 0-1 of the picture, made
by projecting a piece of ground; they hold for every 16:9 size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from gateway.simulator import places
from gateway.simulator.places import Place, Size
from gateway.simulator.scenery.car import Car, Headlights
from gateway.simulator.scenery.figures import Layer, Route, Waypoint
from gateway.simulator.scenery.lens import Lens
from gateway.simulator.scenery.person import Look, Walker
from gateway.simulator.scenery.things import Bag, Stage
from gateway.simulator.scenery.weather import Caption, LensCover, Plume, Rain, Sensor, Smoke, glow

Polygon = tuple[tuple[float, float], ...]

LOOP_S = 60.0  # the length for which the times below are written
_BASE: Size = (960, 540)
_BEGINS = datetime(2026, 3, 14, 9, 12, 30)  # noqa: DTZ001  lettering in the picture, local by nature
_BEGINS_AT_NIGHT = datetime(2026, 3, 14, 22, 40, 0)  # noqa: DTZ001


@dataclass(frozen=True, slots=True)
class SceneRule:
    """A rule that a scene is made for."""

    id: str
    type: str
    zone: Polygon
    dwell_s: float
    clear_s: float = 3.0
    objects: tuple[str, ...] = ()
    arrow: Polygon = ()  # from, to: which way counts


@dataclass(frozen=True, slots=True)
class SceneEvent:
    """Something that happens; times in seconds of a 60 s loop. `rule` is a rule's id, or the type of a camera fault."""

    rule: str
    type: str
    start_s: float
    end_s: float
    notes: str = ""


@dataclass(frozen=True, slots=True)
class SceneSpec:
    """A scene that can be painted.

    Attributes:
        stage: Builds it for a size, a time scale (length / 60 s) and a generator.
    """

    name: str
    shows: str
    caption: str
    stage: Callable[[Size, float, np.random.Generator], Stage]
    rules: tuple[SceneRule, ...] = ()
    events: tuple[SceneEvent, ...] = ()
    negative_for: tuple[str, ...] = ()

    @property
    def zones(self) -> dict[str, Polygon]:
        """The zone of each rule, by rule id."""
        return {rule.id: rule.zone for rule in self.rules}


@dataclass(frozen=True, slots=True)
class SceneTruth:
    """What a painted file really shows, in the shape of one entry of a `truth.json`."""

    file: str
    scene: str
    shows: str
    rules: tuple[SceneRule, ...]
    events: tuple[SceneEvent, ...]  # times of this file
    negative_for: tuple[str, ...]
    media: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the entry as plain data."""
        return {
            "file": self.file,
            "scene": self.scene,
            "shows": self.shows,
            "realism": "painted",
            "setup": {"rules": [_rule_json(r) for r in self.rules]},
            "events": [_event_json(e) for e in self.events],
            "negative_for": list(self.negative_for),
            "tolerance_s": 1.0,
            "hard": "",
            "notes": "painted by gridpatrol",
            "licence": "Apache-2.0",
            "media": dict(self.media),
        }


def _rule_json(rule: SceneRule) -> dict[str, Any]:
    plain: dict[str, Any] = {"id": rule.id, "type": rule.type, "zone": [list(p) for p in rule.zone]}
    plain |= {"dwell_s": rule.dwell_s, "clear_s": rule.clear_s}
    plain |= {"arrow": [list(p) for p in rule.arrow]} if rule.arrow else {}
    return plain | ({"objects": list(rule.objects)} if rule.objects else {})


def _event_json(event: SceneEvent) -> dict[str, Any]:
    times = {"start_s": round(event.start_s, 2), "end_s": round(event.end_s, 2)}
    return {"rule": event.rule, "type": event.type, **times, "notes": event.notes, "count": 1}


def _ground_zone(lens: Lens, outline: Sequence[tuple[float, float]]) -> Polygon:
    at = lens.project(np.array([(x, y, 0.0) for x, y in outline])) / (lens.width, lens.height)
    return tuple((round(float(np.clip(u, 0, 1)), 4), round(float(np.clip(v, 0, 1)), 4)) for u, v in at)


def _route(scale: float, *points: tuple[float, float, float] | tuple[float, float, float, bool]) -> Route:
    return Route([Waypoint(p[0] * scale, p[1], p[2], eased=len(p) > 3) for p in points])


def _standing(x: float, y: float, *, towards_us: bool = True) -> Route:
    step = -0.02 if towards_us else 0.02
    return Route([Waypoint(-2.0, x, y - step), Waypoint(-1.0, x, y), Waypoint(1e9, x, y)])


def _stage(place: Place, rng: np.random.Generator, caption: str, layers: Sequence[Layer], **more: Any) -> Stage:
    size = (place.lens.width, place.lens.height)
    noise, drift = more.pop("noise", 2.6), more.pop("drift", 0.05)
    sensor = Sensor(rng, size, noise, drift)
    lettering = Caption(caption, more.pop("begins", _BEGINS), size[1])
    return Stage(place.backdrop, (*place.layers, *layers), sensor, lettering, **more)


def _parked(lens: Lens) -> list[Layer]:
    bays = ((5.2, 14.6, (168, 166, 164)), (5.1, 31.4, (44, 42, 42)), (5.2, 42.8, (120, 60, 44)))
    return [Car(lens, _standing(x, y, towards_us=False), colour) for x, y, colour in bays]


def _lane_walkers(lens: Lens, scale: float) -> list[Layer]:
    """People on the pavement, outside the fire lane."""
    blue, grey = Look((120, 84, 50), (48, 46, 50)), Look((150, 152, 156), (74, 60, 48), 1.62)
    return [
        Walker(lens, _route(scale, (2, -5.5, 8), (24, -5.4, 38)), blue),
        Walker(lens, _route(scale, (28, -5.5, 46), (56, -5.6, 9)), grey),
    ]


def _fire_lane(size: Size, scale: float, rng: np.random.Generator) -> Stage:
    place = places.lane(size, rng)
    way = _route(scale, (5, -2.0, 68, True), (16, -2.05, 17.5), (46, -2.05, 17.5, True), (52, -1.6, 2.5))
    layers = [Car(place.lens, way, (60, 56, 142)), *_parked(place.lens), *_lane_walkers(place.lens, scale)]
    return _stage(place, rng, "CAM-01 FIRE LANE", layers)


def _weir(size: Size, scale: float, rng: np.random.Generator) -> Stage:
    place = places.weir(size, rng)
    way = _route(
        scale, (4, -14, 11.6), (14, -2.5, 12.2), (18, -1.8, 13.9), (24, -0.6, 17.6), (31, 1.4, 17.2), (38, 2.6, 13.9),
        (41, 4.0, 12.2), (52, 16, 11.4),
    )  # fmt: skip
    figure = Walker(place.lens, way, Look((52, 60, 168), (60, 52, 48))).wading((13.9, 40.0), 0.62)
    return _stage(place, rng, "CAM-02 WEIR", [figure])


def _square(size: Size, scale: float, rng: np.random.Generator) -> Stage:
    place = places.square(size, rng)
    lens = place.lens
    owner = Walker(
        lens, _route(scale, (4, -15, 20), (13, 1.6, 18.2), (16, 1.62, 18.2), (27, 17, 24)), Look((44, 44, 50)),
        carries_until_s=15 * scale,
    )  # fmt: skip
    others: list[Layer] = [
        Walker(lens, _route(scale, (0, -20, 34), (30, 20, 31)), Look((132, 104, 60), (60, 56, 52))),
        Walker(lens, _route(scale, (20, 18, 24.6), (46, -18, 23.6)), Look((70, 84, 150), (50, 46, 44), 1.6)),
        Walker(lens, _route(scale, (34, -16, 13.4), (50, 14, 13.0)), Look((150, 150, 148), (90, 70, 52), 1.74)),
    ]
    return _stage(place, rng, "CAM-03 SQUARE", [owner, Bag(lens, (2.1, 17.9), 15 * scale), *others])


def _forest(size: Size, scale: float, rng: np.random.Generator) -> Stage:
    place = places.forest(size, rng)
    width, height = size
    plume = Plume((width * 0.60, height * 0.60), 12 * scale, 30 * scale, height * 0.030, wind=0.55)
    return _stage(place, rng, "CAM-04 FOREST", [Smoke(rng, plume)], drift=0.03)


def _covered(size: Size, scale: float, rng: np.random.Generator) -> Stage:
    place = places.square(size, rng)
    walker = Walker(place.lens, _route(scale, (2, -20, 30), (30, 20, 27)), Look((132, 104, 60), (60, 56, 52)))
    cover = LensCover(rng, size, (20 * scale, 40 * scale))
    return _stage(place, rng, "CAM-05 SQUARE EAST", [walker], cover=cover)


def _quiet(size: Size, scale: float, rng: np.random.Generator) -> Stage:  # noqa: ARG001  nothing has a time here
    place = places.lane(size, rng)
    return _stage(place, rng, "CAM-06 LANE", _parked(place.lens), drift=0.16)


def _rain(size: Size, scale: float, rng: np.random.Generator) -> Stage:
    place = places.lane(size, rng)
    car = Car(place.lens, _route(scale, (12, 2.0, 3), (24, 1.9, 80)), (70, 66, 62), lamps_on=True)
    return _stage(place, rng, "CAM-07 LANE", [car, *_parked(place.lens)], rain=Rain(7, 1.0), noise=3.4)


def _night(size: Size, scale: float, rng: np.random.Generator) -> Stage:
    place = places.lane(size, rng)
    lens = place.lens
    lamps = []
    for x, y in ((-6.4, 30.0), (-6.4, 52.0), (7.5, 15.0)):
        at = lens.project(np.array([[x, y, 0.5]]))[0]
        lamps.append((float(at[0]), float(at[1]), lens.pixels_per_m(x, y) * 6.5, 0.75))
    way = _route(scale, (20, -2.0, 80), (34, -2.0, 3))
    car = Car(lens, way, (120, 120, 122), lamps_on=True)
    walker = Walker(lens, _route(scale, (4, -5.5, 44), (38, -5.5, 9)), Look((70, 66, 62)))
    light = glow(size, lamps, (0.20, 0.165, 0.15))
    return _stage(
        place,
        rng,
        "CAM-08 LANE",
        [car, walker, *_parked(lens)],
        light=light,
        glare=Headlights(lens, way),
        noise=6.0,
        drift=0.02,
        begins=_BEGINS_AT_NIGHT,
    )


def _traffic(size: Size, scale: float, rng: np.random.Generator) -> Stage:
    place = places.lane(size, rng)
    ways = [
        (_route(scale, (2, -2.0, 70), (14, -2.05, 3)), (60, 56, 142)),
        (_route(scale, (14, -2.0, 70), (26, -2.05, 3)), (168, 166, 164)),
        (_route(scale, (20, 1.9, 3), (34, 1.8, 75)), (44, 42, 42)),
        (_route(scale, (38, -2.0, 3), (54, -1.9, 75)), (120, 60, 44)),  # on the wrong side
    ]
    cars: list[Layer] = [Car(place.lens, way, colour) for way, colour in ways]
    return _stage(place, rng, "CAM-09 LANE", [*cars, *_parked(place.lens), *_lane_walkers(place.lens, scale)])


def _jam(size: Size, scale: float, rng: np.random.Generator) -> Stage:
    place = places.lane(size, rng)
    colours = ((60, 56, 142), (168, 166, 164), (44, 42, 42), (120, 60, 44), (90, 96, 90))
    cars: list[Layer] = []
    for number, colour in enumerate(colours):
        stop_y, come_s = 12.0 + 6.5 * number, 2.0 + 2.0 * number
        way = _route(
            scale, (come_s, -2.0, 75), (come_s + 8, -2.0, stop_y), (30, -2.0, stop_y), (32, -2.0, stop_y - 1),
            (46 + number, -2.0, stop_y - 1), (48 + 2.5 * number, -2.0, 3),
        )  # fmt: skip
        cars.append(Car(place.lens, way, colour))
    return _stage(place, rng, "CAM-10 LANE", [*cars, *_parked(place.lens), *_lane_walkers(place.lens, scale)])


_FAULTS = ("black", "covered", "defocused", "frozen", "moved")
_NO_FAULT = tuple(f"camera_fault.{kind}" for kind in _FAULTS)
_FIRE_LANE_ZONE = _ground_zone(places.lane_lens(_BASE), [(-4.2, 11.5), (0.1, 11.5), (0.1, 25.5), (-4.2, 25.5)])
_POOL_ZONE = _ground_zone(places.weir_lens(_BASE), [(-11.8, 14.2), (9.4, 14.2), (9.4, 29.6), (-11.8, 29.6)])
_SQUARE_ZONE = _ground_zone(places.square_lens(_BASE), [(-4.0, 14.5), (7.0, 14.5), (7.0, 23.0), (-4.0, 23.0)])
_LANE_LENS = places.lane_lens(_BASE)
_GATE_LINE = _ground_zone(_LANE_LENS, [(-4.4, 18), (3.6, 18)])
_INWARDS = _ground_zone(_LANE_LENS, [(-0.4, 24), (-0.4, 13)])
_QUEUE_ZONE = _ground_zone(_LANE_LENS, [(-4.0, 10), (0.1, 10), (0.1, 42), (-4.0, 42)])
# The left half of the road in `traffic`, and which way it goes: for rules that the shipped table has no type for.
LEFT_LANE = _ground_zone(_LANE_LENS, [(-4.4, 9), (0.0, 9), (0.0, 60), (-4.4, 60)])
LEFT_LANE_ARROW = _INWARDS
_WOOD_ZONE: Polygon = ((0.0, 0.0), (1.0, 0.0), (1.0, 0.85), (0.0, 0.85))

SCENES: dict[str, SceneSpec] = {
    spec.name: spec
    for spec in (
        SceneSpec(
            "fire_lane",
            "Lane between blocks of flats: a red car comes, stands in the fire lane, drives off",
            "CAM-01 FIRE LANE",
            _fire_lane,
            (SceneRule("fire-lane", "fire_lane_blocked", _FIRE_LANE_ZONE, 5.0, objects=("vehicle",)),),
            (SceneEvent("fire-lane", "fire_lane_blocked", 16.0, 46.0, "stands still in between; people pass beside"),),
            ("smoke_fire", "abandoned_object", *_NO_FAULT),
        ),
        SceneSpec(
            "weir",
            "Weir and pool: a figure walks along the bank, wades into the water, leaves",
            "CAM-02 WEIR",
            _weir,
            (SceneRule("pool", "water_intrusion", _POOL_ZONE, 1.0, objects=("person",)),),
            (SceneEvent("pool", "water_intrusion", 18.5, 37.5, "feet in the pool"),),
            ("smoke_fire", "abandoned_object", *_NO_FAULT),
        ),
        SceneSpec(
            "square",
            "Paved square: somebody puts a bag down and leaves; others pass",
            "CAM-03 SQUARE",
            _square,
            (SceneRule("square", "abandoned_object", _SQUARE_ZONE, 10.0),),
            (SceneEvent("square", "abandoned_object", 15.0, 60.0, "owner 2 m away at 17.5, out of view at 27"),),
            ("smoke_fire", *_NO_FAULT),
        ),
        SceneSpec(
            "forest",
            "Wooded ridges: smoke rises from the middle ridge and grows",
            "CAM-04 FOREST",
            _forest,
            (SceneRule("wood", "smoke_fire", _WOOD_ZONE, 3.0),),
            (SceneEvent("wood", "smoke_fire", 12.0, 60.0, "faint for the first seconds, full after 30 s"),),
            ("zone_intrusion", *_NO_FAULT),
        ),
        SceneSpec(
            "covered",
            "Square: a cloth is pushed over the lens and taken away",
            "CAM-05 SQUARE EAST",
            _covered,
            (),
            (SceneEvent("camera_fault.covered", "camera_fault.covered", 21.0, 39.0, "slides in and out within 1 s"),),
            ("camera_fault.black", "camera_fault.frozen", "camera_fault.moved", "smoke_fire"),
        ),
        SceneSpec(
            "quiet",
            "Lane with parked cars: leaves move, clouds change the light, nothing happens",
            "CAM-06 LANE",
            _quiet,
            negative_for=("fire_lane_blocked", "zone_intrusion", "abandoned_object", "smoke_fire", *_NO_FAULT),
        ),
        SceneSpec(
            "rain",
            "The lane in rain: one car drives past without stopping",
            "CAM-07 LANE",
            _rain,
            negative_for=("fire_lane_blocked", "abandoned_object", "smoke_fire", *_NO_FAULT),
        ),
        SceneSpec(
            "night",
            "The lane at night under lamps: a car with lights passes, somebody walks home",
            "CAM-08 LANE",
            _night,
            negative_for=("fire_lane_blocked", "abandoned_object", "smoke_fire", *_NO_FAULT),
        ),
        SceneSpec(
            "traffic",
            "The lane: two cars come in, one goes out, another goes out on the wrong side; people walk beside",
            "CAM-09 LANE",
            _traffic,
            (SceneRule("gate", "zone_intrusion", _GATE_LINE, 0.0, objects=("vehicle",), arrow=_INWARDS),),
            (
                SceneEvent("gate", "zone_intrusion", 11.3, 14.0, "the first car over the line, inwards"),
                SceneEvent("gate", "zone_intrusion", 23.3, 26.0, "the second one, while another goes out beside it"),
            ),
            ("congestion", "smoke_fire", *_NO_FAULT),
        ),
        SceneSpec(
            "jam",
            "The lane: five cars queue up, move on by a metre, and drive off",
            "CAM-10 LANE",
            _jam,
            (SceneRule("queue", "congestion", _QUEUE_ZONE, 10.0, objects=("vehicle",)),),
            (SceneEvent("queue", "congestion", 12.0, 47.0, "two cars stand at 12, all five at 18"),),
            ("smoke_fire", *_NO_FAULT),
        ),
    )
}
