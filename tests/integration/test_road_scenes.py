"""Lines, lanes and lamps on painted scenes, through the pipeline that watches a camera, with a real detector."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camera_configs.models import CameraConfig, SiteConfig
from camera_configs.taxonomy import EVENT_TYPES, WRONG_WAY
from detectors.onnx_model import OnnxDetector
from gateway.evaluation.cameras import camera_with
from gateway.evaluation.pipeline import Eyes, Session, Watched, site_of
from gateway.evaluation.scoring import Terms, TruthEvent, judge
from gateway.simulator import places
from gateway.simulator.painter import painted_scene
from gateway.simulator.scenery.weather import Caption, Sensor, glow
from gateway.simulator.scenes import LEFT_LANE, LEFT_LANE_ARROW, SceneTruth
from gateway.types import Bgr, Frame, FrameOrigin

# What a site writes that wants the type: the shipped table has none of that name.
OWN_TYPE = EVENT_TYPES["congestion"].model_copy(update={"id": WRONG_WAY, "dwell_s": 1.0, "ga_code": "07"})
WRONG = {"id": "wrong", "type": WRONG_WAY, "zone": LEFT_LANE, "arrow": LEFT_LANE_ARROW, "clear_s": 3.0}


@pytest.fixture(scope="module")
def eyes(media: Path) -> Eyes:
    """A real detector of vehicles."""
    return Eyes(OnnxDetector(media / "weights" / "yolox_nano.onnx"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where scenes are painted, once."""
    return tmp_path_factory.mktemp("scenes")


def watched(name: str, folder: Path, eyes: Eyes, *, count: tuple[str, ...] = ()) -> tuple[Watched, SceneTruth]:
    """Watch a scene with its own rule and one for the wrong way."""
    path, truth = painted_scene(name, folder, seconds=60, size=(640, 360), fps=6)
    rules: list[dict[str, Any]] = [*truth.to_json()["setup"]["rules"], WRONG]
    rules[0] |= {"count": count} if count else {}
    camera = camera_with(rules, path)
    return Session(camera, eyes, site=with_own_type(camera)).watch(path), truth


def with_own_type(camera: CameraConfig) -> SiteConfig:
    site = site_of(camera)
    return site.model_copy(update={"event_types": (*site.event_types, OWN_TYPE)})


def faultless(made: Watched, truth: SceneTruth) -> bool:
    """Say whether each event of the scene's own rule was raised once, and nothing else by it."""
    own = truth.rules[0]
    due = [TruthEvent(e.rule, e.type, e.start_s, e.end_s) for e in truth.events]
    terms = Terms({own.id: own.dwell_s}, frozenset({own.id}), frozenset(), 2.0)
    result = judge(due, [e for e in made.events if e.rule == own.id], terms)
    return (len(result.hits), result.misses, result.false_alarms) == (len(due), (), ())


@pytest.mark.media
@pytest.mark.unpaced
@pytest.mark.slow
def test_traffic_is_counted_and_the_wrong_way_is_told(folder: Path, eyes: Eyes) -> None:
    """Two in, two out, nobody of those who walk beside the line; one of the four drives on the wrong side."""
    made, truth = watched("traffic", folder, eyes, count=("vehicle", "person"))
    assert faultless(made, truth)
    assert Counter((c.label, c.along) for c in made.crossings) == {("vehicle", True): 2, ("vehicle", False): 2}
    [wrong] = [e for e in made.events if e.rule == "wrong"]
    assert 38 <= wrong.start_s <= 42
    assert wrong.raised_s <= 45


@pytest.mark.media
@pytest.mark.unpaced
@pytest.mark.slow
def test_a_queue_is_congestion_and_nobody_drives_the_wrong_way(folder: Path, eyes: Eyes) -> None:
    """One event while five cars stand, though they move on by a metre; they drive off the way they came."""
    made, truth = watched("jam", folder, eyes)
    assert faultless(made, truth)
    assert [e.rule for e in made.events] == [truth.rules[0].id]


# At four minutes for a picture, three nights are painted in a moment.
STEP_S = 240.0
EVENING = datetime(2026, 1, 10, 10, tzinfo=UTC)  # six in the evening in Beijing; dawn comes after 13 hours
POSTS = ((-5.6, 30.0), (-5.6, 52.0), (7.5, 15.0))
SIZE = (640, 360)


class Street:
    """The lane at night, its lamps lit or not."""

    def __init__(self) -> None:
        rng = np.random.default_rng(5)
        self._place = places.lane(SIZE, rng)
        self._sensor = Sensor(rng, SIZE, 6.0, 0.02)
        self._caption = Caption("CAM-11 LANE", datetime(2026, 1, 10, 18), SIZE[1])  # noqa: DTZ001
        self._number = 0

    def head(self, number: int) -> tuple[float, float]:
        """Return where a lamp's head is, px."""
        x, y = POSTS[number]
        at = self._place.lens.project(np.array([[x, y, 6.3]]))[0]
        return float(at[0]), float(at[1])

    def zone(self, number: int) -> list[list[float]]:
        """Return what somebody would draw around it."""
        (x, y), (w, h) = self.head(number), SIZE
        return [[(x + dx) / w, (y + dy) / h] for dx, dy in ((-16, -14), (16, -14), (16, 14), (-16, 14))]

    def paint(self, lit: tuple[bool, ...], *, sun: float = 0.0) -> Bgr:
        """Return a picture with these lamps lit; `sun`: how much daylight there is, 0-1."""
        lens, pools = self._place.lens, []
        for (x, y), burns in zip(POSTS, lit, strict=True):
            at = lens.project(np.array([[x, y, 0.5]]))[0]
            pools += [(float(at[0]), float(at[1]), lens.pixels_per_m(x, y) * 6.5, 0.75)] if burns else []
        light = np.maximum(glow(SIZE, pools, (0.20, 0.165, 0.15)), np.float32(sun))
        picture = np.asarray(cv2.multiply(self._place.backdrop, light.astype(np.float32), dtype=cv2.CV_8U), np.uint8)
        for number, burns in enumerate(lit):
            if burns:
                x, y = self.head(number)
                cv2.circle(picture, (round(x), round(y)), 4, (225, 245, 255), -1)
        self._number += 1
        picture = self._sensor.expose(np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.8), np.uint8), self._number, 0.0)
        self._caption.draw(picture, 0.0)
        return picture


def frame_of(picture: Bgr, at_s: float) -> Frame:
    luma = np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)
    return Frame("cam", at_s, 0, luma, FrameOrigin.LOOK, lambda: picture)


def test_a_lamp_that_goes_out_is_told_every_night_until_it_is_mended(tmp_path: Path) -> None:
    """Lit for a night, out for a night, mended in the third: one event, and none for its neighbour."""
    street = Street()
    rules = [{"id": f"lamp-{n}", "type": "light_out", "zone": street.zone(n)} for n in (0, 2)]
    camera = camera_with(rules, tmp_path / "street.mp4")
    camera = camera.model_copy(update={"position": camera.position.model_copy(update={"lon": 116.4, "lat": 39.9})})
    session = Session(camera, Eyes(), EVENING)
    nights = ((True, True, True), (True, True, False), (True, True, True))
    at_s = 0.0
    for lit in nights:
        for hour in range(24):
            by_day = 13 <= hour < 23
            for _ in range(6 if by_day else 15):
                picture = street.paint((False,) * 3 if by_day else lit, sun=1.0 if by_day else 0.0)
                session.take(frame_of(picture, at_s))
                at_s += 600.0 if by_day else STEP_S
    made = session.finish(at_s)
    lamps = [e for e in made.events if e.event_type == "light_out"]
    assert [e.rule for e in lamps] == ["lamp-2"]
    out = timedelta(seconds=lamps[0].start_s)
    assert timedelta(hours=23.5) <= out <= timedelta(hours=24.5)
    assert 1800 <= lamps[0].raised_s - lamps[0].start_s <= 2400
