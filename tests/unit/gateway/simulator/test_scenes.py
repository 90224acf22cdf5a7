"""What the scenes say happens is what can be seen in them."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from camera_configs.geometry import check_polygon
from gateway.simulator.scenery.things import Stage
from gateway.simulator.scenes import SCENES, SceneTruth

SIZE = (320, 180)


def stage(name: str) -> Stage:
    """A small stage of a scene, always the same."""
    return SCENES[name].stage(SIZE, 1.0, np.random.default_rng(zlib.crc32(name.encode())))


def change_in_zone(name: str, quiet_s: float, during_s: float) -> float:
    """How much a zone's luma differs between two moments, as the mean of the larger differences."""
    made = stage(name)
    zone = np.array(next(iter(SCENES[name].zones.values()))) * SIZE
    (x1, y1), (x2, y2) = zone.min(axis=0).astype(int), zone.max(axis=0).astype(int)
    before, during = (soft(made.paint(5, s)[y1:y2, x1:x2]) for s in (quiet_s, during_s))
    return float(np.sort(np.abs(before - during).ravel())[-20:].mean())


def soft(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Luma averaged over 3x3, so that the sensor's noise counts little."""
    luma = picture.mean(axis=2)
    rows, columns = (s - s % 3 for s in luma.shape)
    return np.asarray(luma[:rows, :columns].reshape(rows // 3, 3, columns // 3, 3).mean(axis=(1, 3)))


def test_specs_are_sound() -> None:
    """Zones are simple polygons in 0-1, events lie within the loop and name a rule or a camera fault."""
    for name, spec in SCENES.items():
        assert spec.name == name
        for zone in spec.zones.values():
            check_polygon(zone, line=len(zone) == 2)
        for event in spec.events:
            assert 0 < event.start_s < event.end_s <= 60
            assert event.rule in spec.zones or event.rule.startswith("camera_fault.")
            assert event.type not in spec.negative_for


def test_all_incidents_asked_for_exist() -> None:
    """The five incidents, those of the road, and scenes in which nothing happens."""
    types = {e.type for spec in SCENES.values() for e in spec.events}
    five = {"fire_lane_blocked", "water_intrusion", "abandoned_object", "smoke_fire", "camera_fault.covered"}
    assert types == five | {"zone_intrusion", "congestion"}
    assert {n for n, s in SCENES.items() if not s.events} == {"quiet", "rain", "night"}


def test_truth_has_the_shape_of_recorded_truth() -> None:
    """The same keys as the shared recordings' truth, so that the same scorer reads both."""
    spec = SCENES["weir"]
    plain = SceneTruth("a.mp4", "weir", spec.shows, spec.rules, spec.events, spec.negative_for, {"fps": 12.0}).to_json()
    assert set(plain) >= {"file", "shows", "realism", "setup", "events", "negative_for", "tolerance_s", "media"}
    assert plain["setup"]["rules"][0]["objects"] == ["person"]
    event = plain["events"][0]
    assert (event["rule"], event["type"]) == ("pool", "water_intrusion")
    assert (event["start_s"], event["end_s"], event["count"]) == (18.5, 37.5, 1)


@pytest.mark.parametrize(
    ("name", "quiet_s", "during_s", "after_s"),
    [("fire_lane", 2.0, 30.0, 58.0), ("square", 1.0, 52.0, None), ("forest", 5.0, 55.0, None)],
)
def test_the_incident_is_seen_in_its_zone(name: str, quiet_s: float, during_s: float, after_s: float | None) -> None:
    """During the event the zone looks different; after it, as before."""
    assert change_in_zone(name, quiet_s, during_s) > 20
    if after_s is not None:
        assert change_in_zone(name, quiet_s, after_s) < 15


def test_somebody_is_in_the_water() -> None:
    """The red coat is in the pool during the event and nowhere in the picture of it before anybody comes."""
    made = stage("weir")
    zone = np.array(SCENES["weir"].zones["pool"]) * SIZE
    (x1, y1), (x2, y2) = zone.min(axis=0).astype(int), zone.max(axis=0).astype(int)

    def red(at_s: float) -> int:
        picture = made.paint(3, at_s)[y1:y2, x1:x2].astype(int)
        return int((picture[..., 2] > picture[..., 0] + 50).sum())

    assert red(1.0) == 0
    assert red(26.0) > 15


def test_covered_lens_is_dark_and_flat() -> None:
    """Between its times nothing of the square is left."""
    made = stage("covered")
    free, covered = soft(made.paint(1, 10.0)), soft(made.paint(1, 30.0))
    assert covered.mean() < 60 < free.mean()
    assert covered[20:40].std() < 12 < free[20:40].std()


def test_night_is_dark_and_its_car_glares() -> None:
    """Lamps outshine everything else."""
    made = stage("night")
    assert made.paint(1, 1.0).mean() < 60
    assert (made.paint(1, 30.0).min(axis=2) > 240).sum() > (made.paint(1, 1.0).min(axis=2) > 240).sum() + 20


def test_nothing_happens_in_the_quiet_scene() -> None:
    """Light and leaves only: far less than an incident."""
    made = stage("quiet")
    first, later = soft(made.paint(1, 3.0)), soft(made.paint(1, 33.0))
    assert np.median(np.abs(first / first.mean() - later / later.mean())) < 0.05


def test_pictures_are_repeatable() -> None:
    """The same moment is the same picture, rain and noise included."""
    assert (stage("rain").paint(9, 20.0) == stage("rain").paint(9, 20.0)).all()
