"""Things that move, things that stop, and the many that are neither: light, noise, ghosts, a shaken camera."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from detectors.base import Image
from detectors.blobs import Blob
from detectors.foreground import ForegroundModel, ForegroundOptions, ForegroundReading
from tests.unit.detectors.scenes import HEIGHT, WIDTH, Place, Rect, overlap, times

CAR: Rect = (0.4, 0.5, 0.6, 0.75)
CADENCES_S = [0.2, 2.0, 10.0]


class Watch:
    """A model with its clock."""

    def __init__(self, options: ForegroundOptions | None = None, place: Place | None = None) -> None:
        self.model = ForegroundModel(options)
        self.place = place or Place()
        self.at_s = 5_000.0  # a machine that has been up for a while

    def see(self, picture: Image, dt_s: float) -> ForegroundReading:
        """Show one picture after some time."""
        self.at_s += dt_s
        return self.model.update(picture, self.at_s)

    def run(
        self, seconds: float, every_s: float, draw: Callable[[float], Image] | None = None
    ) -> list[ForegroundReading]:
        """Show pictures for a while; `draw` gets the seconds since the start of this run."""
        return [self.see(draw(t) if draw else self.place.picture(), every_s) for t in times(0, seconds, every_s)]

    def learn(self, every_s: float) -> None:
        """Let the model get used to the empty place."""
        self.run(max(10.0, 5 * every_s), every_s)


def _near(blobs: tuple[Blob, ...], rect: Rect, at_least: float = 0.5) -> Blob | None:
    return next((b for b in blobs if overlap(b.box, rect) >= at_least), None)


def test_the_first_looks_learn_without_alarm() -> None:
    """Whatever they show: nothing is known of the place yet."""
    watch = Watch()
    readings = [watch.see(watch.place.picture([((x, 0.5, x + 0.2, 0.7), 30)]), 0.2) for x in (0.1, 0.2, 0.3)]
    assert not any(r.ready or r.moving or r.still for r in readings)


@pytest.mark.parametrize("every_s", CADENCES_S)
def test_an_empty_noisy_place_stays_empty(every_s: float) -> None:
    """Sensor noise is no foreground at any cadence."""
    watch = Watch(place=Place(noise=8.0))
    watch.learn(every_s)
    readings = watch.run(40 * every_s, every_s)
    assert all(r.ready for r in readings)
    assert not any(r.moving or r.still or r.global_change for r in readings)


def test_time_that_stands_still_or_goes_back_does_no_harm() -> None:
    """Two frames of one moment, or a rebased stream."""
    watch = Watch()
    watch.learn(2.0)
    for dt_s in (0.0, -30.0, 0.0, 2.0):
        reading = watch.see(watch.place.picture(), dt_s)
    assert reading.ready
    assert not reading.moving


def test_a_new_picture_size_starts_a_new_model() -> None:
    """The camera was switched to another stream profile."""
    watch = Watch()
    watch.learn(2.0)
    small = cv2.resize(watch.place.picture(), (160, 120))
    assert not watch.see(np.asarray(small, np.uint8), 2.0).ready


def test_a_picture_all_ignored_is_never_foreground() -> None:
    """No division by an empty area either."""
    watch = Watch(ForegroundOptions(ignore=(((0, 0), (1, 0), (1, 1), (0, 1)),)))
    watch.learn(2.0)
    reading = watch.see(watch.place.picture([(CAR, 20)]), 2.0)
    assert (reading.moving, reading.still, reading.changed_share) == ((), (), 0.0)


@pytest.mark.parametrize("every_s", CADENCES_S)
def test_something_that_moves_is_told_where_it_is(every_s: float) -> None:
    """In each look, whether it has moved a little or a lot."""
    watch = Watch()
    watch.learn(every_s)
    for i in range(6):
        rect: Rect = (0.05 + 0.12 * i, 0.5, 0.2 + 0.12 * i, 0.7)
        reading = watch.see(watch.place.picture([(rect, 25)]), every_s)
        assert _near(reading.moving, rect, 0.4)
        assert not reading.global_change


@pytest.mark.parametrize("every_s", CADENCES_S)
def test_something_that_stops_is_still_since_it_stopped(every_s: float) -> None:
    """To the accuracy of the cadence."""
    watch = Watch()
    watch.learn(every_s)
    for x in (0.0, 0.15, 0.3):
        watch.see(watch.place.picture([((x, 0.5, x + 0.2, 0.75), 30)]), every_s)
    stopped_s = watch.at_s + every_s
    for reading in watch.run(max(60.0, 6 * every_s), every_s, lambda _: watch.place.picture([(CAR, 30)])):
        last = reading
    blob = _near(last.still, CAR, 0.7)
    assert blob is not None
    assert blob.since_s == pytest.approx(stopped_s, abs=1.0)
    assert blob.area == pytest.approx(0.05, rel=0.25)
    assert not last.moving


@pytest.mark.parametrize("every_s", [0.2, 2.0])
def test_a_passer_by_does_not_restart_a_stopped_thing(every_s: float) -> None:
    """Somebody walks, slowly, in front of the parked car."""
    watch = Watch()
    watch.learn(every_s)
    stopped_s = watch.at_s + every_s
    watch.run(40, every_s, lambda _: watch.place.picture([(CAR, 30)]))

    def walk(t: float) -> Image:
        return watch.place.picture([(CAR, 30), ((0.3 + 0.02 * t, 0.45, 0.38 + 0.02 * t, 0.8), 220)])

    watch.run(20, every_s, walk)
    last = watch.run(10, every_s, lambda _: watch.place.picture([(CAR, 30)]))[-1]
    blob = _near(last.still, CAR, 0.7)
    assert blob is not None
    assert blob.since_s == pytest.approx(stopped_s, abs=1.0)


def _settled_for(sway: float, every_s: float) -> float:
    """Show something that stands still, swaying by that share of the picture; return how long it has been settled."""
    watch = Watch(place=Place(noise=4.0))
    watch.learn(every_s)
    left, top, right, bottom = CAR

    def draw(t: float) -> Image:
        aside = sway * float(np.sin(t / 2))
        return watch.place.picture([((left + aside, top, right + aside, bottom), 30)])

    blob = _near(watch.run(40, every_s, draw)[-1].still, CAR)
    return 0.0 if blob is None or blob.settled_s is None else watch.at_s - blob.settled_s


@pytest.mark.parametrize("every_s", [0.2, 2.0])
def test_a_thing_settles_and_somebody_who_sways_does_not(every_s: float) -> None:
    """Both stand still as patches; of the thing nothing changes any more, of the person an edge now and then."""
    assert _settled_for(0.0, every_s) > 30
    assert _settled_for(0.012, every_s) < 15


def test_a_stopped_thing_is_told_until_absorb_s_and_not_after() -> None:
    """A rule's dwell must fit in; then it is furniture."""
    watch = Watch(ForegroundOptions(absorb_s=100))
    watch.learn(2.0)
    readings = watch.run(160, 2.0, lambda _: watch.place.picture([(CAR, 30)]))
    told = [i * 2.0 for i, r in enumerate(readings) if _near(r.still, CAR)]
    assert 90 <= max(told) <= 104
    assert not readings[-1].still
    assert not readings[-1].moving


def test_outside_watched_zones_things_are_absorbed_sooner() -> None:
    """A zone on the left; the same thing on both sides."""
    watched = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
    watch = Watch(ForegroundOptions(absorb_s=600, idle_absorb_s=30, watched=watched))
    watch.learn(2.0)
    left: Rect = (0.1, 0.4, 0.3, 0.6)
    right: Rect = (0.7, 0.4, 0.9, 0.6)
    last = watch.run(60, 2.0, lambda _: watch.place.picture([(left, 30), (right, 30)]))[-1]
    assert _near(last.still, left)
    assert not _near(last.still, right)


@pytest.mark.parametrize("every_s", [0.2, 2.0])
def test_what_drives_away_leaves_no_ghost(every_s: float) -> None:
    """A car that was there from the start is no foreground when it has gone."""
    watch = Watch()
    watch.run(30, every_s, lambda _: watch.place.picture([(CAR, 30)]))
    readings = watch.run(20, every_s)
    assert not any(_near(r.still, CAR, 0.3) for r in readings)
    assert not readings[-1].moving


@pytest.mark.parametrize("gain", [0.45, 0.8, 1.3])
def test_a_change_of_exposure_is_no_foreground(gain: float) -> None:
    """Dimmed in half a second, at 5 fps; the parked car keeps its time."""
    watch = Watch(place=Place(noise=2.0))
    watch.learn(0.2)
    stopped_s = watch.at_s + 0.2
    watch.run(10, 0.2, lambda _: watch.place.picture([(CAR, 60)]))

    def dim(t: float) -> Image:
        return watch.place.picture([(CAR, 60)], gain=1 + (gain - 1) * min(1.0, t / 0.5))

    readings = watch.run(20, 0.2, dim)
    assert not any(r.global_change for r in readings)
    last = readings[-1]
    assert len(last.still) == 1
    assert last.still[0].since_s == pytest.approx(stopped_s, abs=1.5)


def test_a_soft_shadow_is_no_foreground() -> None:
    """A cloud over part of the place: darker by a third, without an edge."""
    watch = Watch(place=Place(noise=2.0))
    watch.learn(2.0)
    cloud = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.circle(cloud, (400, 180), 90, 1.0, -1)
    cloud = np.asarray(cv2.GaussianBlur(cloud, (0, 0), 35), np.float32)
    readings = watch.run(30, 2.0, lambda _: watch.place.finish(watch.place.ground() * (1 - 0.33 * cloud)))
    assert not any(r.still for r in readings)
    assert not readings[-1].moving


def test_a_thing_in_a_shadow_is_still_told() -> None:
    """The cloud must not hide the car under it."""
    watch = Watch(place=Place(noise=2.0))
    watch.learn(2.0)
    cloud = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.circle(cloud, (320, 220), 130, 1.0, -1)
    cloud = np.asarray(cv2.GaussianBlur(cloud, (0, 0), 35), np.float32)

    def draw(t: float) -> Image:
        things = [(CAR, 235)] if t > 10 else []
        lit = watch.place.picture(things).astype(np.float32)
        return watch.place.finish(lit * (1 - 0.33 * cloud))

    last = watch.run(40, 2.0, draw)[-1]
    assert _near(last.still, CAR)


def test_slow_daylight_is_followed() -> None:
    """One half of the place brightens by 60 grey levels within ten minutes."""
    watch = Watch(place=Place(noise=2.0))
    watch.learn(5.0)
    half = np.zeros((HEIGHT, WIDTH), np.float32)
    half[:, WIDTH // 2 :] = 60.0
    readings = watch.run(600, 5.0, lambda t: watch.place.finish(watch.place.ground() * 0.7 + half * t / 600))
    assert not any(r.still for r in readings[-60:])


@pytest.mark.parametrize("every_s", [0.2, 2.0])
def test_a_turned_camera_is_a_global_change_and_the_new_view_is_learnt(every_s: float) -> None:
    """No blobs are told of a place that is not known."""
    watch = Watch()
    watch.learn(every_s)
    other = Place(seed=9)
    readings = watch.run(10, every_s, lambda _: other.picture())
    assert readings[0].global_change
    assert readings[0].changed_share > 0.6
    assert not readings[0].ready
    assert not any(r.moving or r.still for r in readings)
    assert readings[-1].ready


def test_a_camera_still_turning_is_not_averaged() -> None:
    """Three views one after the other; only the last counts."""
    watch = Watch()
    watch.learn(2.0)
    for seed in (7, 8, 9):
        assert watch.see(Place(seed).picture(), 2.0).global_change
    place = Place(9)
    readings = watch.run(20, 2.0, lambda _: place.picture())
    assert not any(r.moving or r.still for r in readings)


def test_after_a_black_picture_the_place_is_known_at_once() -> None:
    """Lights out and on again: somebody who came in the dark is told."""
    watch = Watch()
    watch.run(40, 2.0)
    black = np.full((HEIGHT, WIDTH), 16, np.uint8)
    dark = watch.run(30, 2.0, lambda _: black)
    assert dark[0].global_change
    back = watch.see(watch.place.picture([(CAR, 30)]), 2.0)
    assert back.global_change
    assert back.ready
    assert _near(watch.run(10, 2.0, lambda _: watch.place.picture([(CAR, 30)]))[-1].still, CAR)


def test_a_large_thing_is_no_global_change() -> None:
    """A bus fills half of the picture."""
    watch = Watch()
    watch.learn(2.0)
    bus: Rect = (0.1, 0.2, 0.75, 0.95)
    reading = watch.see(watch.place.picture([(bus, 30)]), 2.0)
    assert not reading.global_change
    assert _near(reading.moving, bus)


def test_ignored_parts_are_never_told() -> None:
    """A screen in one corner, a thing in the other."""
    ignore = (((0.35, 0.45), (0.65, 0.45), (0.65, 0.8), (0.35, 0.8)),)
    watch = Watch(ForegroundOptions(ignore=ignore))
    watch.learn(2.0)
    seen: Rect = (0.05, 0.1, 0.2, 0.3)
    reading = watch.see(watch.place.picture([(CAR, 30), (seen, 30)]), 2.0)
    assert len(reading.moving) == 1
    assert _near(reading.moving, seen)


def test_a_shaken_camera_shows_nothing() -> None:
    """Poles in the wind: the picture sways by a few pixels either way."""
    watch = Watch(place=Place(noise=2.0))
    watch.learn(0.2)
    readings = watch.run(20, 0.2, lambda t: watch.place.picture(shift_px=round(4 * np.sin(t * 3))))
    assert not any(r.still or r.global_change for r in readings)
    assert sum(bool(r.moving) for r in readings) <= len(readings) // 10


def test_a_restless_place_calms_down() -> None:
    """A flag flaps by 30 grey levels; after some minutes it is known."""
    watch = Watch(place=Place(noise=2.0))
    flag = (slice(100, 160), slice(300, 380))

    def draw(t: float) -> Image:
        plane = watch.place.ground()
        plane[flag] += 30 * np.sin(t * 2.4)
        return watch.place.finish(plane)

    readings = watch.run(900, 2.0, draw)
    assert not any(r.moving or r.still for r in readings[-30:])


def test_small_things_are_dropped() -> None:
    """A bird of 6 x 6 px in 640 x 360."""
    watch = Watch()
    watch.learn(2.0)
    bird: Rect = (0.5, 0.3, 0.5 + 6 / WIDTH, 0.3 + 6 / HEIGHT)
    assert not watch.see(watch.place.picture([(bird, 10)]), 2.0).moving
