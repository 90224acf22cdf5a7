"""Another view is told from another light."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gateway.camera.snapshots.view import CHECK_EVERY_S, IN_A_ROW, ViewWatch
from gateway.types import Luma
from tests.unit.gateway.camera.snapshots.pictures import Picture, view

CADENCE_S = 10.0
DARK: Luma = np.full((135, 240), 20, np.uint8)


def luma(picture: Picture) -> Luma:
    grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    return np.asarray(cv2.resize(grey, (240, 135), interpolation=cv2.INTER_AREA), np.uint8)


HERE, THERE = luma(view(1)), luma(view(101))


def told_at_s(watch: ViewWatch, *shown: tuple[Luma, int]) -> list[float]:
    """Show each picture so often, and return when another view was told."""
    pictures = [picture for picture, times in shown for _ in range(times)]
    return [n * CADENCE_S for n, picture in enumerate(pictures) if watch.look(picture, n * CADENCE_S) is not None]


@pytest.mark.parametrize("light", [0.4, 0.7, 1.15])
def test_another_light_is_no_other_view(light: float) -> None:
    """A lamp that is switched, and noise."""
    assert told_at_s(ViewWatch(), (HERE, 10), (luma(view(1, light=light, grain=2)), 60)) == []


def test_a_turned_camera_is_told_within_a_minute_and_some_looks() -> None:
    """And again once a minute for as long as nobody does anything."""
    told = told_at_s(ViewWatch(), (HERE, 10), (THERE, 30))
    assert 100 < told[0] <= 100 + CHECK_EVERY_S + IN_A_ROW * CADENCE_S
    assert told[1:] == [told[0] + n * CHECK_EVERY_S for n in range(1, len(told))]
    assert len(told) > 2


def test_a_turn_of_a_tenth_of_the_picture_is_told() -> None:
    """Every zone is in the wrong place then."""
    assert told_at_s(ViewWatch(), (HERE, 10), (luma(np.roll(view(1), 96, axis=1)), 30))


def test_what_passes_before_the_lens_is_no_other_view() -> None:
    """Two looks of a lorry, then the street again."""
    assert told_at_s(ViewWatch(), (HERE, 6), (THERE, IN_A_ROW - 1), (HERE, 30)) == []


def test_darkness_is_neither() -> None:
    """A night without a lamp says nothing, and the morning shows the same view."""
    assert told_at_s(ViewWatch(), (DARK, 20), (HERE, 10), (DARK, 100), (HERE, 20)) == []


def test_detail_says_how_unlike_it_is() -> None:
    """For people."""
    watch = ViewWatch()
    watch.look(HERE, 0.0)
    found = [watch.look(THERE, 100.0 + n) for n in range(IN_A_ROW)]
    assert found[:-1] == [None] * (IN_A_ROW - 1)
    assert found[-1] is not None
    assert f"{IN_A_ROW} looks" in found[-1].detail
