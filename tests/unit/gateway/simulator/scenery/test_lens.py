"""One perspective for everything."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.simulator.scenery.lens import Lens, picture_of

LENS = Lens(640, 360, height_m=6.0, pitch_deg=15)


def test_points_behind_the_camera_stay_finite() -> None:
    """They are drawn as if just before it."""
    assert np.isfinite(LENS.project(np.array([[0.0, -5.0, 0.0]]))).all()


def test_the_optical_axis_is_the_middle() -> None:
    """Where the camera points is the centre of the picture."""
    ahead = 6.0 / np.tan(np.radians(15))
    assert LENS.project(np.array([[0.0, ahead, 0.0]]))[0] == pytest.approx([320, 180])


def test_far_ground_reaches_the_horizon() -> None:
    """And nothing of it lies above."""
    assert LENS.project(np.array([[0.0, 1e7, 0.0]]))[0, 1] == pytest.approx(LENS.horizon_px, abs=0.1)


def test_ground_is_the_inverse_of_projecting() -> None:
    """Each pixel's ground point projects back to that pixel."""
    x, y = LENS.ground()
    rows, columns = np.array([200, 300, 359]), np.array([0, 320, 600])
    world = np.column_stack([x[rows, columns], y[rows, columns], np.zeros(3)]).astype(float)
    assert LENS.project(world) == pytest.approx(np.column_stack([columns, rows]).astype(float), abs=0.01)


def test_scale_falls_with_distance() -> None:
    """Twice as far along the axis is half as large."""
    near, far = (LENS.pixels_per_m(0, 6.0 / np.tan(np.radians(15)) * k, 6.0 - 6.0 * k) for k in (1, 2))
    assert near == pytest.approx(2 * far)


def test_plan_lands_where_points_do() -> None:
    """A white square of the plan is seen where its corners project to."""
    plan = np.zeros((400, 400, 3), np.uint8)
    plan[100:200, 150:250] = 255  # Y from 30 to 40, X from -5 to 5 with 10 px per metre
    seen = LENS.warp_plan(plan, -20.0, 10.0, 10.0)
    at = LENS.project(np.array([[0.0, 35.0, 0.0], [0.0, 45.0, 0.0]])).astype(int)
    assert seen[at[0, 1], at[0, 0]].tolist() == [255, 255, 255]
    assert seen[at[1, 1], at[1, 0]].tolist() == [0, 0, 0]


def test_clipping() -> None:
    """Brighter than white is white."""
    assert picture_of(np.array([-3.0, 12.7, 300.0])).tolist() == [0, 12, 255]
