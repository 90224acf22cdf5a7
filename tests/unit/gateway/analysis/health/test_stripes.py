"""Stripes are told from everything else that has an up and a down."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.health import HealthReading, read_health
from detectors.preprocess import shrink
from gateway.analysis.health.stripes import stripes
from gateway.types import Bgr
from tests.unit.gateway.analysis.health.street import HEIGHT, WIDTH, frame_of, street


def reading(picture: Bgr) -> HealthReading:
    """Read a picture."""
    luma = frame_of(picture, 0.0).luma
    return read_health(luma, shrink(luma, 240))


USUAL = reading(street(0))


def barred(levels: float, cycles: int, *, upright: bool = False) -> Bgr:
    """Return the street behind so many bars."""
    size = WIDTH if upright else HEIGHT
    wave = levels * np.sin(2 * np.pi * cycles * np.arange(size) / size)
    over = wave[None, :, None] if upright else wave[:, None, None]
    return np.asarray(np.clip(street(1) + over, 0, 255), np.uint8)


@pytest.mark.parametrize("upright", [False, True])
@pytest.mark.parametrize("cycles", [12, 22, 40])
def test_bars_are_measured_in_grey_levels(cycles: int, upright: bool) -> None:
    """Lying and upright ones."""
    assert stripes(reading(barred(12, cycles, upright=upright)), USUAL) == pytest.approx(12, rel=0.35)


def test_the_same_street_has_none() -> None:
    """Nor has it in other light, which strengthens what is there."""
    assert stripes(reading(street(2)), USUAL) == 0.0
    assert stripes(reading(street(2, light=0.5)), USUAL) < 2


def test_a_thing_with_bars_of_its_own_is_none() -> None:
    """A zebra crossing, a chequered coat: it does not run through the picture."""
    picture = street(1)
    picture[:, 60:140] = barred(60, 22)[:, 60:140]
    assert stripes(reading(picture), USUAL) == 0.0


def test_a_few_broad_bands_are_the_scene() -> None:
    """Shadows of trees, people side by side."""
    assert stripes(reading(barred(30, 4)), USUAL) == 0.0
