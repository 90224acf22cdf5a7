"""A picture that comes again is told from one that merely shows nothing new."""

from __future__ import annotations

import numpy as np

from detectors.base import Image
from gateway.analysis.health.repetition import LEARNT_PAIRS, Repetition
from gateway.types import FrameOrigin

LOOK, BURST = FrameOrigin.LOOK, FrameOrigin.BURST


def sample(number: int, noise: float = 1.0) -> Image:
    """Return a still scene with fresh noise."""
    scene = np.tile(np.linspace(40, 200, 160), (80, 1))
    return np.asarray(np.clip(scene + np.random.default_rng(number).normal(0, noise, scene.shape), 0, 255), np.uint8)


def learnt(origin: FrameOrigin = LOOK) -> Repetition:
    """Return one that has seen the camera's noise, ten seconds apart, until 50 s."""
    repetition = Repetition()
    for n in range(6):
        assert repetition.update(sample(n), origin, n * 10.0) is None
    return repetition


def test_nothing_is_known_of_the_first_pictures() -> None:
    """A camera that starts frozen cannot be told from a very clean one."""
    repetition = Repetition()
    assert [repetition.update(sample(0), LOOK, float(n)) for n in range(LEARNT_PAIRS + 3)] == [None] * (
        LEARNT_PAIRS + 3
    )


def test_a_camera_without_noise_is_never_frozen() -> None:
    """Painted pictures, and encoders that leave nothing of a still scene."""
    repetition = Repetition()
    said = [repetition.update(sample(0, noise=0.0), LOOK, float(n)) for n in range(20)]
    assert set(said) == {None}


def test_the_same_picture_stands_since_it_was_first_seen() -> None:
    """That is the picture before the first repetition."""
    repetition = learnt()
    assert [repetition.update(sample(5), LOOK, 60.0 + n) for n in range(3)] == [50.0] * 3


def test_a_held_picture_coded_anew_is_the_same() -> None:
    """Coding it again changes a level here and there."""
    repetition = learnt()
    again = sample(5)
    again[::9, ::9] += 1
    assert repetition.update(again, LOOK, 60.0) == 50.0


def test_anything_that_moves_is_life() -> None:
    """One tile is enough: a clock between the lettering bands, a bird."""
    repetition = learnt()
    again = sample(5)
    again[30:40, 60:76] += 30
    assert repetition.update(again, LOOK, 60.0) is None


def test_it_lives_again() -> None:
    """The next new picture ends it."""
    repetition = learnt()
    assert repetition.update(sample(5), LOOK, 60.0) is not None
    assert repetition.update(sample(6), LOOK, 70.0) is None


def test_pictures_between_keyframes_are_compared_among_themselves() -> None:
    """An encoder repeats what does not change from picture to picture; that is no frozen camera."""
    repetition = learnt()
    assert [repetition.update(sample(9), BURST, 60 + n / 5) for n in range(10)] == [None] * 10


def test_another_size_starts_anew() -> None:
    """Another stream of the camera."""
    repetition = learnt()
    assert repetition.update(sample(5)[:40], LOOK, 60.0) is None
