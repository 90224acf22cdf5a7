"""The picture of now against a reference."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gateway.analysis.health.offset import Lies, offset_of
from gateway.types import Bgr, Luma
from tests.unit.gateway.analysis.health.street import street


def luma(picture: Bgr) -> Luma:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def test_the_same_picture_lies_in_place() -> None:
    """Another look at another size, with other noise."""
    now = luma(cv2.resize(street(1), (960, 540)))  # type: ignore[arg-type]
    found = offset_of(luma(street()), now)
    assert found.lies is Lies.IN_PLACE
    assert abs(found.right) < 0.003
    assert abs(found.down) < 0.003


@pytest.mark.parametrize(("right", "down"), [(24, 0), (-30, 12), (7, 0)])
def test_a_shift_is_told_with_its_way(right: int, down: int) -> None:
    """From one per cent of the width on, to a quarter of a per cent."""
    found = offset_of(luma(street()), luma(np.roll(street(1), (down, right), (0, 1))))
    assert found.lies is Lies.ASIDE
    assert found.right == pytest.approx(right / 480, abs=0.0025)
    assert found.down == pytest.approx(down / 270, abs=0.004)


def test_another_place_is_elsewhere_and_the_dark_is_unclear() -> None:
    """Neither has a shift that zones could follow."""
    assert offset_of(luma(street()), luma(street(seed=2))).lies is Lies.ELSEWHERE
    assert offset_of(luma(street()), np.zeros((270, 480), np.uint8)).lies is Lies.UNCLEAR


def test_a_privacy_mask_holds_nothing_in_place() -> None:
    """It is at the same place in both pictures, whatever the camera did."""
    mask = ((0.3, 0.2), (0.8, 0.2), (0.8, 0.9), (0.3, 0.9))
    before, now = street(), np.roll(street(1), 24, 1)
    for picture in (before, now):
        picture[54:243, 144:384] = 0
    found = offset_of(luma(before), luma(now), [mask])
    assert found.lies is Lies.ASIDE
    assert found.right == pytest.approx(0.05, abs=0.004)


def test_half_hidden_is_in_place() -> None:
    """A lorry before the lens moves no zone."""
    hidden = street(1).copy()
    hidden[40:, :310] = street(seed=5)[40:, :310]
    assert offset_of(luma(street()), luma(hidden)).lies is Lies.IN_PLACE
