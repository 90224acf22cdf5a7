"""A dead picture is told from a dark one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors.base import Image
from detectors.picture import is_black, read_picture

SHAPE = (1080, 1920)


def _noise(mean: float, deviation: float, seed: int = 1) -> Image:
    plane = np.random.default_rng(seed).normal(mean, deviation, SHAPE)
    return np.clip(plane, 0, 255).astype(np.uint8)


def _lettered(grey: int, text: str, at: tuple[int, int]) -> Image:
    plane = np.full(SHAPE, grey, np.uint8)
    cv2.putText(plane, text, at, cv2.FONT_HERSHEY_SIMPLEX, 3, (235,), 6)
    return plane


def _night(*, lamps: int, mean: float = 18, noise: float = 4) -> Image:
    """A street at night: lamps with their glow; between them a dim wall and a paler road."""
    light = np.zeros(SHAPE, np.float32)
    for i in range(lamps):
        cv2.circle(light, (300 + 500 * i, 300), 14, 255.0, -1)
    glow = np.asarray(cv2.GaussianBlur(light, (0, 0), 25), np.float32)
    plane = np.maximum(_noise(mean, noise).astype(np.float32), glow * 3 + light)
    return np.asarray(np.clip(plane, 0, 255), np.uint8)


@pytest.mark.parametrize(
    "plane",
    [
        np.zeros(SHAPE, np.uint8),
        np.full(SHAPE, 16, np.uint8),
        np.zeros((8, 8), np.uint8),
        _noise(20, 4),
        _noise(26, 12),
        _lettered(16, "2026-01-01 12:00:00", (40, 120)),
        _lettered(41, "NO VIDEO", (600, 560)),
    ],
    ids=["zero", "limited-range", "tiny", "cap", "cap-with-gain-up", "black-with-clock", "recorder-no-video"],
)
def test_dead_pictures_are_black(plane: Image) -> None:
    """Caps, black frames and recorders' cards."""
    assert is_black(read_picture(plane))


@pytest.mark.parametrize("lamps", [1, 3])
@pytest.mark.parametrize(("mean", "noise"), [(18, 4), (16, 0.2)])
def test_a_night_street_with_lamps_is_not_black(lamps: int, mean: float, noise: float) -> None:
    """Also where everything between the lamps is crushed to black."""
    assert not is_black(read_picture(_night(lamps=lamps, mean=mean, noise=noise)))


def test_a_dark_scene_without_lamps_is_not_black() -> None:
    """A pale road and a dark wall, a few grey levels apart, in moonlight."""
    plane = _noise(18, 4)
    plane[540:] += 10
    assert not is_black(read_picture(plane))


@pytest.mark.parametrize("grey", [80, 128, 255])
def test_a_plain_picture_that_is_not_dark_is_not_black(grey: int) -> None:
    """Fog or a covered lens is for other rules."""
    assert not is_black(read_picture(np.full(SHAPE, grey, np.uint8)))


def test_readings_mean_what_they_say() -> None:
    """Half black, half white."""
    plane = np.zeros((100, 200), np.uint8)
    plane[:, 100:] = 255
    middle = read_picture(plane).middle
    assert middle.mean_luma == pytest.approx(127.5, abs=1)
    assert middle.structure > 100
    assert middle.lamp_share == 0.5
