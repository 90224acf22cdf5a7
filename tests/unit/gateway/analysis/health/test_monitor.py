"""Each fault is named, and only that; what changes a scene without being a fault is not."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import cv2
import numpy as np
import pytest

from detectors.picture import read_picture
from gateway.analysis.health import fault_types as fault
from gateway.analysis.health.monitor import REFERENCE_WIDTH_PX, Health, HealthMonitor
from gateway.types import Bgr, FrameOrigin
from scripts.benches.injected import INJECTORS, settled
from tests.unit.gateway.analysis.health.street import HEIGHT, WIDTH, frame_of, street

EVERY_S = 10.0  # between looks
LEARNT_LOOKS = 8


def learnt(every_s: float = EVERY_S, looks: int = LEARNT_LOOKS) -> tuple[HealthMonitor, float]:
    """Return a monitor that knows the street, and the moment of its last look."""
    monitor = HealthMonitor()
    seen = watch(monitor, (street(n) for n in range(looks)), 0.0, every_s)
    assert {h.fault for h in seen} == {None}
    return monitor, (looks - 1) * every_s


def watch(
    monitor: HealthMonitor,
    pictures: Iterable[Bgr],
    from_s: float,
    every_s: float = EVERY_S,
    origin: FrameOrigin = FrameOrigin.LOOK,
) -> list[Health]:
    """Show pictures to a monitor."""
    return [look(monitor, p, from_s + n * every_s, origin) for n, p in enumerate(pictures)]


def look(monitor: HealthMonitor, picture: Bgr, at_s: float, origin: FrameOrigin = FrameOrigin.LOOK) -> Health:
    """Show one picture to a monitor."""
    frame = frame_of(picture, at_s, origin)
    return monitor.update(frame, read_picture(frame.luma, frame.small))


def faults(seen: Iterable[Health]) -> list[str | None]:
    """Return what was said of each picture."""
    return [h.fault for h in seen]


@pytest.mark.parametrize("every_s", [0.2, 10.0])
@pytest.mark.parametrize("kind", sorted(set(INJECTORS) - {fault.COLOUR_CAST}))
def test_each_fault_is_named_and_ends(kind: str, every_s: float) -> None:
    """At any cadence, from the first picture that shows it to the last."""
    sound = settled if kind == fault.MOVED else np.asarray  # what is knocked had a margin to show
    monitor, looks = HealthMonitor(), max(LEARNT_LOOKS, int(8 / every_s))
    watch(monitor, (sound(street(n)) for n in range(looks)), 0.0, every_s)
    faulty = [INJECTORS[kind](street(100 + n), 1, n) for n in range(3)]
    assert faults(watch(monitor, faulty, looks * every_s, every_s)) == [kind] * 3
    after = watch(monitor, (sound(street(200 + n)) for n in range(2)), (looks + 4) * every_s, every_s)
    assert faults(after) == [None] * 2


def test_a_preset_is_no_move() -> None:
    """Wherever a camera is meant to look, it has not been knocked; what is no preset still is a move."""
    monitor, last_s = learnt()
    for meant, seed, moment_s in ((True, 2, last_s + 10), (False, 3, last_s + 60)):
        seen = []
        for number in range(3):
            frame = frame_of(street(number, seed=seed), moment_s + number * EVERY_S)
            seen.append(monitor.update(frame, read_picture(frame.luma, frame.small), meant=meant))
        assert faults(seen) == [None if meant else fault.MOVED] * 3


def test_a_colour_cast_is_named_within_two_readings_of_the_colours() -> None:
    """Colours are read once a minute only."""
    monitor, last_s = learnt()
    faulty = (INJECTORS[fault.COLOUR_CAST](street(100 + n), 1, n) for n in range(13))
    assert faults(watch(monitor, faulty, last_s + EVERY_S))[-5:] == [fault.COLOUR_CAST] * 5
    assert faults(watch(monitor, (street(200 + n) for n in range(4)), last_s + 14 * EVERY_S))[-2:] == [None] * 2


def test_a_frozen_picture_began_with_the_last_living_one() -> None:
    """The same picture again and again; since when, the pictures tell."""
    monitor, last_s = learnt()
    held = street(50)
    seen = watch(monitor, [held] * 4, last_s + EVERY_S)
    assert faults(seen) == [None, *[fault.FROZEN] * 3]
    assert {h.since_s for h in seen[1:]} == {last_s + EVERY_S}
    assert look(monitor, street(51), last_s + 5 * EVERY_S).fault is None


def test_a_moved_camera_has_moved_since_the_first_picture_of_its_new_view() -> None:
    """So that a camera on patrol, which never stays, begins anew at each stop."""
    monitor, last_s = learnt()
    seen = watch(monitor, (street(n, seed=9) for n in range(5)), last_s + EVERY_S)
    assert faults(seen) == [fault.MOVED] * 5
    assert {h.since_s for h in seen} == {last_s + EVERY_S}
    other = watch(monitor, (street(n, seed=10) for n in range(2)), last_s + 10 * EVERY_S)
    assert {h.since_s for h in other} == {last_s + 10 * EVERY_S}


def test_a_new_view_that_stays_becomes_the_reference() -> None:
    """Somebody has aimed the camera anew: after some time that is what it shows."""
    monitor, last_s = learnt()
    looks = 70
    seen = faults(watch(monitor, (street(n, seed=9) for n in range(looks)), last_s + EVERY_S))
    assert seen[0] == fault.MOVED
    assert seen[-1] is None
    assert look(monitor, street(0), last_s + (looks + 2) * EVERY_S).fault is None


def test_a_preset_that_is_visited_again_and_again_is_known() -> None:
    """A camera on patrol comes back to where it was."""
    monitor, at_s = learnt()
    said: list[str | None] = []
    for _ in range(4):
        said += faults(watch(monitor, (street(n, seed=9) for n in range(4)), at_s + EVERY_S))
        watch(monitor, (street(n) for n in range(4)), at_s + 6 * EVERY_S)
        at_s += 10 * EVERY_S
    assert said[0] == fault.MOVED
    assert said[-1] is None


def _dimmed(n: int) -> Bgr:
    return street(n, light=0.45)


def _lit_from_one_side(n: int) -> Bgr:
    ramp = np.linspace(0.5, 1.3, WIDTH, dtype=np.float32)[None, :, None]
    return np.asarray(np.clip(street(n) * ramp, 0, 255), np.uint8)


def _headlights(n: int) -> Bgr:
    picture = street(n, light=0.7)
    cv2.circle(picture, (120 + 40 * n, 200), 45, (250, 250, 250), -1)
    return picture


def _rain(n: int) -> Bgr:
    picture, chance = street(n), np.random.default_rng(n)
    for _ in range(150):
        x, y = int(chance.integers(0, WIDTH)), int(chance.integers(0, HEIGHT))
        cv2.line(picture, (x, y), (x + 2, y + 12), (190, 190, 190), 1)
    return picture


def _crowd(n: int) -> Bgr:
    picture, chance = street(n), np.random.default_rng(n)
    for _ in range(14):
        x, grey = int(chance.integers(0, WIDTH - 30)), int(chance.integers(20, 230))
        cv2.rectangle(picture, (x, 120), (x + 26, 240), (grey, grey, grey), -1)
    return picture


def _infrared(n: int) -> Bgr:
    grey = cv2.cvtColor(street(n, light=0.8), cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def _swaying(n: int) -> Bgr:
    return np.roll(street(n), (n % 3 - 1) * 5, axis=1)


@pytest.mark.parametrize(
    "change", [_dimmed, _lit_from_one_side, _headlights, _rain, _crowd, _infrared, _swaying], ids=lambda f: f.__name__
)
def test_what_a_sound_camera_shows_is_no_fault(change: Callable[[int], Bgr]) -> None:
    """Light, weather, people, the switch to infrared and a pole in the wind."""
    monitor, last_s = learnt()
    assert set(faults(watch(monitor, (change(n) for n in range(12)), last_s + EVERY_S))) == {None}


def test_infrared_light_that_shows_another_scene_is_a_second_reference() -> None:
    """By night most edges may be others: the loss of all colour says that it is the light."""
    monitor, last_s = learnt()

    def night(n: int) -> Bgr:
        grey = cv2.cvtColor(street(n, seed=9, light=0.7), cv2.COLOR_BGR2GRAY)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)

    assert set(faults(watch(monitor, (night(n) for n in range(12)), last_s + EVERY_S))) == {None}


def test_a_lorry_before_the_lens_covers_it_until_it_has_gone() -> None:
    """How long that must last is for the rule; nothing of it is learnt."""
    monitor, last_s = learnt()

    def lorry(n: int) -> Bgr:
        picture = street(n)
        cv2.rectangle(picture, (0, 0), (400, HEIGHT), (140, 140, 140), -1)
        return picture

    assert faults(watch(monitor, (lorry(n) for n in range(3)), last_s + EVERY_S)) == [fault.COVERED] * 3
    assert look(monitor, street(90), last_s + 5 * EVERY_S).fault is None


def test_lamps_that_go_out_are_darkness_not_a_cover() -> None:
    """What little is left has no edges; a site that wants to know arms the rule."""
    monitor, last_s = learnt()
    assert faults(watch(monitor, [street(n, light=0.06) for n in range(2)], last_s + EVERY_S)) == [fault.TOO_DARK] * 2


def test_what_makes_a_scene_unreadable() -> None:
    """A blurred or moved picture still shows who comes; a dark one shows his lamp."""
    unreadable = {k for k in (*fault.ALWAYS_FROM_PICTURES, fault.TOO_DARK) if Health(k).unreadable}
    assert unreadable == {fault.BLACK, fault.COVERED, fault.FROZEN, fault.TOO_BRIGHT, fault.NOISE}


def test_of_a_burst_one_picture_a_second_is_read() -> None:
    """What was said last holds between; a look is always read."""
    monitor, last_s = learnt()
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    said = watch(monitor, [street(0), *[black] * 6], last_s + 1, 0.2, FrameOrigin.BURST)
    assert faults(said) == [None] * 5 + [fault.BLACK] * 2
    assert look(monitor, street(1), last_s + 2.3).fault is None


def test_white_and_noise_are_faults_at_first_sight() -> None:
    """Of a camera of which nothing is known."""
    noise = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    assert look(HealthMonitor(), noise, 0.0).fault == fault.NOISE
    assert look(HealthMonitor(), np.full((HEIGHT, WIDTH, 3), 250, np.uint8), 0.0).fault == fault.TOO_BRIGHT


def test_another_stream_of_the_camera_has_references_of_its_own() -> None:
    """The substream may have another shape: nothing is said until its view is learnt."""
    monitor, last_s = learnt()
    other = (np.asarray(cv2.resize(street(n), (352, 288)), np.uint8) for n in range(6))
    assert set(faults(watch(monitor, other, last_s + EVERY_S))) == {None}
    assert look(monitor, street(90), last_s + 8 * EVERY_S).fault is None


def test_the_reference_picture_is_from_before_the_fault() -> None:
    """To be shown beside it; small enough to be kept in memory."""
    monitor, last_s = learnt()
    watch(monitor, (INJECTORS[fault.COVERED](street(n), 2, n) for n in range(70)), last_s + EVERY_S)
    reference = monitor.reference
    assert reference is not None
    assert reference.at_s <= last_s
    assert reference.picture.shape[1] <= REFERENCE_WIDTH_PX
