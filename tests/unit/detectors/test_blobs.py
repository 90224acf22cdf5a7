"""One look's changed pixels told apart, on hand-made planes of 96 x 160 px."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors.background import Change, Plane
from detectors.blobs import BlobFinder, Patch, Region

SHAPE = (96, 160)
NOW_S = 100.0
SETTLE_S = 3.0
ABSORB_S = 60.0
THING: Region = (slice(30, 60), slice(40, 80))
OLD_S = NOW_S - 20
ROUND_CORNERS_PX = 4  # what cleaning takes from a rectangle


def _flat(grey: float = 120.0) -> Plane:
    return np.full(SHAPE, grey, np.float32)


def _with(region: Region, grey: float, plane: Plane | None = None) -> Plane:
    plane = _flat() if plane is None else plane.copy()
    plane[region] = grey
    return plane


def _find(
    thumb: Plane, slow: Plane, since_s: Plane | None = None, *, min_area: float = 0.001, absorb_s: float = ABSORB_S
) -> list[Patch]:
    """Call foreground what differs by more than 9 grey levels; without `since_s` all of it has just come."""
    distance = np.abs(thumb - slow)
    foreground = ((distance > 9) * np.uint8(255)).astype(np.uint8)
    since_s = _flat(NOW_S) if since_s is None else since_s
    finder = BlobFinder(min_area, SETTLE_S, _flat(absorb_s))
    return finder.find(thumb, slow, Change(distance / 9, foreground, foreground), since_s, NOW_S)


def _shadow() -> Plane:
    """Return the flat place with a patch a quarter darker, soft at its edge."""
    return np.asarray(cv2.GaussianBlur(_with((slice(20, 76), slice(30, 130)), 90), (0, 0), 4), np.float32)


def test_no_change_no_blob() -> None:
    """An empty look costs nothing and finds nothing."""
    assert _find(_flat(), _flat()) == []


def test_small_things_are_dropped() -> None:
    """Below the share asked for, and single pixels always."""
    assert _find(_with(THING, 20), _flat(), min_area=0.1) == []
    assert _find(_with((slice(30, 31), slice(40, 41)), 20), _flat(), min_area=0) == []


def test_a_line_of_a_shaken_camera_is_no_thing() -> None:
    """A kerb found three pixels aside is the same kerb."""
    kerb = _with((slice(20, 80), slice(60, 64)), 20)
    assert _find(np.roll(kerb, 3, axis=1), kerb) == []


def test_moving_light_is_not_told() -> None:
    """A soft shadow that has just come is no thing, moving or still."""
    assert _find(_shadow(), _flat()) == []


def test_light_that_lies_still_is_handed_to_the_background() -> None:
    """Told as explained, so that the caller absorbs it."""
    (patch,) = _find(_shadow(), _flat(), _flat(OLD_S))
    assert patch.explained
    assert not patch.absorbed


def test_a_thing_in_a_shadow_stands_out() -> None:
    """The shadow is dropped, the dark thing in it is told at its own place."""
    (patch,) = _find(_with(THING, 10, _shadow()), _flat())
    rows, columns = patch.region
    assert abs(rows.start - 30) + abs(rows.stop - 60) + abs(columns.start - 40) + abs(columns.stop - 80) <= 4
    assert patch.blob.since_s is None


def test_a_hard_edge_is_no_shadow() -> None:
    """As dark as a shadow, but cut out: a thing of one colour."""
    (patch,) = _find(_with(THING, 80), _flat())
    assert not patch.explained


def test_what_has_just_come_moves() -> None:
    """Box and area are shares of the picture, the strength is the mean excess."""
    (patch,) = _find(_with(THING, 20), _flat())
    blob = patch.blob
    assert blob.since_s is None
    assert blob.box == pytest.approx((40 / 160, 30 / 96, 80 / 160, 60 / 96))
    assert round(blob.area * 160 * 96) == 30 * 40 - ROUND_CORNERS_PX
    assert blob.strength == pytest.approx(100 / 9)
    assert patch.region == THING
    assert patch.mask.shape == (30, 40)


def test_what_has_stopped_is_still_since_then() -> None:
    """Neither explained nor absorbed: something for the rules."""
    (patch,) = _find(_with(THING, 20), _flat(), _with(THING, OLD_S))
    assert patch.blob.since_s == OLD_S
    assert (patch.explained, patch.absorbed) == (False, False)


def test_before_it_has_settled_it_moves() -> None:
    """Two seconds without a change are not three."""
    (patch,) = _find(_with(THING, 20), _flat(), _flat(NOW_S - SETTLE_S + 1))
    assert patch.blob.since_s is None


def test_newer_parts_do_not_make_a_thing_younger() -> None:
    """A third of it was hidden by a passer-by a moment ago."""
    since_s = _with((THING[0], slice(40, 53)), NOW_S - 5, _with(THING, OLD_S))
    (patch,) = _find(_with(THING, 20), _flat(), since_s)
    assert patch.blob.since_s == OLD_S


def test_after_absorb_s_it_belongs_to_the_scene() -> None:
    """To the second."""
    (patch,) = _find(_with(THING, 20), _flat(), _flat(OLD_S), absorb_s=20)
    assert patch.absorbed
    (patch,) = _find(_with(THING, 20), _flat(), _flat(OLD_S), absorb_s=21)
    assert not patch.absorbed


def test_where_a_thing_has_left_there_is_a_ghost() -> None:
    """The outline is in the background, not in the picture."""
    (patch,) = _find(_flat(), _with(THING, 20), _flat(OLD_S))
    assert patch.explained


def test_a_passer_by_who_touches_a_parked_thing_is_told_beside_it() -> None:
    """Two fifths of the component stand still: one moving blob, and a still one of that part."""
    since_s = _with((THING[0], slice(40, 56)), OLD_S, _flat(NOW_S))
    moving, still = _find(_with(THING, 20), _flat(), since_s)
    assert (moving.blob.since_s, still.blob.since_s) == (None, OLD_S)
    assert moving.region == THING
    assert still.region == (THING[0], slice(40, 56))
    assert not still.explained


def test_the_largest_come_first_and_snow_is_cut_off() -> None:
    """Twenty at most, however many there are."""
    plane = _flat()
    for i in range(30):
        top, left, side = 16 * (i // 8) + 2, 20 * (i % 8) + 4, 6 + i % 5
        plane[top : top + side, left : left + side] = 20
    areas = [p.blob.area for p in _find(plane, _flat())]
    assert len(areas) == 20
    assert areas == sorted(areas, reverse=True)


def test_a_thing_at_the_corner_of_the_picture_is_told() -> None:
    """The margin that is looked at around it ends with the picture."""
    (patch,) = _find(_with((slice(0, 20), slice(140, 160)), 20), _flat())
    assert patch.blob.box == pytest.approx((140 / 160, 0, 1, 20 / 96))
