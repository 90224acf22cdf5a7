from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camera_configs.models import ZoneConfig
from gateway.analysis.zones import WHOLE_PICTURE, Zone, box_area, foot_point, intersection, iou
from gateway.types import Box

L_SHAPE = Zone("l", ((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.9, 0.5), (0.9, 0.9), (0.1, 0.9)))
INSET = Zone("inset", ((0.02, 0.02), (0.98, 0.02), (0.98, 0.98), (0.02, 0.98)))
unit = st.floats(0, 1)


def test_an_empty_box_is_nowhere() -> None:
    """A box without area has no share of any zone and no overlap with another."""
    flat = Box(0.2, 0.2, 0.2, 0.6)
    assert L_SHAPE.share_inside(flat) == 0
    assert iou(flat, flat) == 0


def test_the_notch_of_a_concave_zone_is_outside() -> None:
    """A point or box in the notch is not in the zone."""
    assert L_SHAPE.contains((0.3, 0.3))
    assert not L_SHAPE.contains((0.7, 0.3))
    assert not L_SHAPE.touches(Box(0.6, 0.15, 0.8, 0.4))


def test_share_of_a_box_in_a_concave_zone() -> None:
    """Three quarters of the square around the inner corner lie in the L."""
    assert L_SHAPE.share_inside(Box(0.4, 0.4, 0.6, 0.6)) == pytest.approx(0.75)


def test_margin_reaches_out_for_things_about_to_enter() -> None:
    """A box beside the zone touches it only with a margin."""
    beside = Box(0.92, 0.6, 0.95, 0.7)
    assert not L_SHAPE.touches(beside)
    assert L_SHAPE.touches(beside, 0.05)


def test_a_person_cut_at_the_bottom_stands_in_an_inset_zone() -> None:
    """Feet below the picture's edge are taken to be just inside it; so are those at its sides."""
    assert INSET.holds(Box(0.4, 0.3, 0.6, 1.0))
    assert INSET.holds(Box(0.0, 0.3, 0.02, 1.0))
    assert foot_point(Box(0.4, 0.3, 0.6, 1.0)) == (0.5, 0.97)


def test_a_person_in_front_of_the_zone_is_not_in_it() -> None:
    """The head over the zone does not count, the foot does."""
    assert not Zone("far", ((0.0, 0.0), (1.0, 0.0), (1.0, 0.4), (0.0, 0.4))).holds(Box(0.4, 0.2, 0.5, 0.6))


def test_whole_picture_holds_everything() -> None:
    """Without a polygon the zone is the picture."""
    box = Box(0.1, 0.1, 0.2, 0.2)
    assert WHOLE_PICTURE.holds(box)
    assert WHOLE_PICTURE.touches(box)
    assert WHOLE_PICTURE.share_inside(box) == 1


def test_zone_of_a_configuration() -> None:
    """Id and polygon come from the configuration."""
    config = ZoneConfig(id="weir", name="Weir", polygon=((0, 0), (1, 0), (1, 1)))
    assert Zone.of(config) == Zone("weir", ((0, 0), (1, 0), (1, 1)))


@given(unit, unit)
def test_contains_agrees_with_opencv(x: float, y: float) -> None:
    """Away from the edges, our answer is that of an independent implementation."""
    distance = cv2.pointPolygonTest(np.array(L_SHAPE.polygon, np.float32), (x, y), True)
    if abs(distance) > 1e-4:
        assert L_SHAPE.contains((x, y)) == (distance > 0)


@given(unit, unit, unit, unit)
def test_overlap_is_symmetric_and_bounded(x1: float, y1: float, x2: float, y2: float) -> None:
    """Intersection never exceeds either box, IoU stays within 0-1, and order does not matter."""
    a, b = Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)), Box(0.25, 0.25, 0.75, 0.75)
    assert intersection(a, b) == intersection(b, a) <= min(box_area(a), box_area(b)) + 1e-12
    assert 0 <= iou(a, b) <= 1 + 1e-9
    assert 0 <= INSET.share_inside(a) <= 1


@pytest.mark.parametrize(("point", "near"), [((0.51, 0.3), True), ((0.55, 0.3), False), ((0.3, 0.3), True)])
def test_near_is_within_the_margin(point: tuple[float, float], near: bool) -> None:
    """Inside counts as near."""
    assert L_SHAPE.is_near(point, 0.02) == near
    assert WHOLE_PICTURE.is_near(point, 0.0)
