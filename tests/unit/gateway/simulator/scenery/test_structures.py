"""Plans, houses and ridges lie where they should."""

from __future__ import annotations

import numpy as np

from gateway.simulator.scenery.lens import Lens
from gateway.simulator.scenery.structures import House, Plan, Ridge, block, build, haze, post, ridge, sky

LENS = Lens(320, 180, height_m=6.0, pitch_deg=15)


def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def plan() -> Plan:
    return Plan(rng(), -10, 8, (20, 20), (100, 100, 100))


def test_marks_outside_a_plan_are_ignored() -> None:
    """A stripe that leaves the plan is cut; one wholly outside changes nothing."""
    ground = plan()
    before = ground.picture.copy()
    ground.stripe((30, 10), (40, 10), 0.2, (255, 255, 255))
    ground.area([(30, 10), (40, 10), (40, 20)], (0, 0, 0))
    assert (ground.picture == before).all()
    ground.stripe((-20, 10), (20, 10), 0.3, (255, 255, 255))
    assert (ground.picture != before).any()


def test_paint_lies_on_the_ground() -> None:
    """A painted square is seen at its place through the lens."""
    ground = plan()
    ground.paint([(-2, 14), (2, 14), (2, 18), (-2, 18)], (255, 255, 255), cover=1.5)
    seen, cover = ground.lay(LENS)
    inside, outside = LENS.project(np.array([[0.0, 16, 0], [5.0, 16, 0]])).astype(int)
    assert seen[inside[1], inside[0]].min() > 220
    assert seen[outside[1], outside[0]].max() < 150
    assert cover[inside[1], inside[0]] == 1
    assert cover[2, 160] == 0  # the sky


def test_slabs_dashes_and_shadows_darken() -> None:
    """Joints and shadows are darker than the surface, dashes leave gaps."""
    ground = plan()
    mean = ground.picture.mean()
    ground.slabs([(-10, 8), (10, 8), (10, 28), (-10, 28)], 1.0, 40)
    ground.shadow((0, 18), 4)
    assert ground.picture.mean() < mean
    striped = plan()
    striped.dashes(0, (8, 28), (2, 2), (255, 255, 255))
    column = striped.picture[:, 300].mean(axis=1)
    assert 0.3 < (column > 160).mean() < 0.7


def test_house_stands_on_the_ground() -> None:
    """From its roof to its foot the sky is gone, beside it the sky is untouched."""
    picture = sky(rng(), LENS, (200, 170, 140), (230, 220, 210))
    before = picture.copy()
    build(picture, LENS, rng(), House(3, 30, (10, 10, 12), 4, (150, 160, 170), (4, 4)))
    wall, side, beside = LENS.project(np.array([[8.0, 30, 5], [3.0, 35, 5], [-8.0, 30, 5]])).astype(int)
    assert (
        picture[wall[1] - 5 : wall[1] + 5, wall[0] - 5 : wall[0] + 5]
        != before[wall[1] - 5 : wall[1] + 5, wall[0] - 5 : wall[0] + 5]
    ).any()
    assert (picture[side[1], side[0]] != before[side[1], side[0]]).any()
    assert (picture[beside[1], beside[0]] == before[beside[1], beside[0]]).all()


def test_house_out_of_view_is_fine() -> None:
    """Nothing to draw, nothing to fail."""
    picture = np.zeros((180, 320, 3), np.uint8)
    build(picture, LENS, rng(), House(300, 30, (10, 10, 12), 4, (150, 160, 170)))
    assert (picture == 0).all()


def test_ridge_fills_from_crest_to_foot() -> None:
    """No hole shows the sky, and nothing above the trees changes."""
    picture = np.full((180, 320, 3), 255, np.uint8)
    ridge(picture, rng(), Ridge((0.4, 0.5), 0.9, 6, (60, 90, 60), 0.2))
    assert (picture[int(180 * 0.52) : int(180 * 0.88)].max(axis=2) < 250).all()
    assert (picture[: int(180 * 0.33)] == 255).all()


def test_posts_and_blocks() -> None:
    """Both stand at their foot; a block seen from above shows its lighter top."""
    picture = np.zeros((180, 320, 3), np.uint8)
    post(picture, LENS, (0, 20), 5)
    foot, top = LENS.project(np.array([[0.0, 20, 0.3], [0.0, 20, 4.8]])).astype(int)
    assert picture[foot[1], foot[0]].any()
    assert picture[top[1], top[0]].any()
    block(picture, LENS, (2, 18, 0), (4, 20, 1), (100, 100, 100))
    lid, front = LENS.project(np.array([[3.0, 19, 1.0], [3.0, 18, 0.5]])).astype(int)
    assert picture[lid[1], lid[0], 0] > picture[front[1], front[0], 0] > 0


def test_haze_grows_with_distance() -> None:
    """Far ground fades, near ground hardly."""
    picture = np.zeros((180, 320, 3), np.uint8)
    haze(picture, LENS, 100, 0.5)
    far, near = LENS.project(np.array([[0.0, 90, 0], [0.0, 12, 0]])).astype(int)
    assert picture[far[1], far[0]].mean() > 60 > 20 > picture[near[1], near[0]].mean()
