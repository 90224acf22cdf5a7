"""The memories of a scene, looked at one by one on planes of 32 x 48 px."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.background import DRIFT_S, HELD_S, Background, Mask, Plane, alpha, quantile

SHAPE = (32, 48)
THING = (slice(8, 20), slice(10, 26))
INSIDE = (14, 18)  # a pixel in the middle of THING
EVERYWHERE: Mask = np.full(SHAPE, 255, np.uint8)
PLACE: Plane = np.tile(np.linspace(60, 180, SHAPE[1], dtype=np.float32), (SHAPE[0], 1))
RESTLESS_TAU_S = 600.0


def _with_thing(grey: float = 20.0) -> Plane:
    plane = PLACE.copy()
    plane[THING] = grey
    return plane


def _look(background: Background, thumb: Plane, now_s: float, dt_s: float = 1.0, active: Mask = EVERYWHERE) -> Mask:
    """Show one look and return its foreground."""
    change = background.compare(thumb, now_s, active)
    background.update(thumb, change, now_s, dt_s, RESTLESS_TAU_S)
    return change.foreground


def test_a_capped_lens_is_no_exposure() -> None:
    """A black picture must not scale the memories to nothing."""
    background = Background(PLACE, 0.0)
    assert background.follow_exposure(np.zeros_like(PLACE)) == 1.0
    assert (background.slow == PLACE).all()


def test_a_place_too_dark_to_compare_has_no_gain() -> None:
    """Ratios of dark pixels are noise."""
    background = Background(np.full(SHAPE, 4, np.float32), 0.0)
    assert background.follow_exposure(PLACE) == 1.0


def test_a_thing_is_no_exposure() -> None:
    """It changes its own pixels, not the picture."""
    background = Background(PLACE, 0.0)
    assert background.follow_exposure(_with_thing()) == 1.0


def test_tiny_gains_are_left_to_the_slow_mean() -> None:
    """Half a per cent is within the noise of a median."""
    assert Background(PLACE, 0.0).follow_exposure(PLACE * np.float32(1.005)) == 1.0


@pytest.mark.parametrize("gain", [0.5, 1.3])
def test_a_gain_is_taken_over_by_the_memories(gain: float) -> None:
    """The next comparison finds nothing, neither changed nor jumped."""
    background = Background(PLACE, 0.0)
    thumb = PLACE * np.float32(gain)
    assert background.follow_exposure(thumb) == pytest.approx(gain, rel=0.01)
    change = background.compare(thumb, 1.0, EVERYWHERE)
    assert not change.foreground.any()
    assert not change.jumped.any()


def test_nothing_is_foreground_outside_the_active_part() -> None:
    """However much it changes."""
    background = Background(PLACE, 0.0)
    assert not background.compare(_with_thing(), 1.0, np.zeros(SHAPE, np.uint8)).foreground.any()


def test_a_sway_of_one_pixel_is_no_difference() -> None:
    """A sharp pole one pixel aside is still that pole."""
    before, after = PLACE.copy(), PLACE.copy()
    before[:, 20] = after[:, 21] = 10
    assert not Background(before, 0.0).compare(after, 1.0, EVERYWHERE).foreground.any()
    after[:, 23] = 10
    assert Background(before, 0.0).compare(after, 1.0, EVERYWHERE).foreground[:, 23].all()


def test_a_thing_is_foreground_where_it_stands() -> None:
    """Its excess counts in steps: 1 where it just counts."""
    background = Background(PLACE, 0.0)
    change = background.compare(_with_thing(), 1.0, EVERYWHERE)
    assert (change.foreground[THING] == 255).all()
    assert int(np.count_nonzero(change.foreground)) == 12 * 16
    assert (change.jumped == change.foreground).all()
    assert change.excess[INSIDE] == pytest.approx((PLACE[INSIDE] - 20) / 9, rel=0.05)


def test_what_stands_is_not_learnt() -> None:
    """Ten minutes at 1 fps: it is still foreground, and so is its rim."""
    background = Background(PLACE, 0.0)
    for second in range(1, 600):
        foreground = _look(background, _with_thing(), float(second))
    assert (foreground[THING] == 255).all()


def test_the_empty_place_is_learnt_by_elapsed_time() -> None:
    """One look after 60 s teaches as much as sixty looks a second apart."""
    brighter = PLACE + np.float32(5)
    once, often = Background(PLACE, 0.0), Background(PLACE, 0.0)
    _look(once, brighter, 60.0, 60.0)
    for second in range(1, 61):
        _look(often, brighter, float(second))
    expected = PLACE + 5 * np.float32(alpha(60, 60))
    np.testing.assert_allclose(once.slow, expected, atol=0.01)
    np.testing.assert_allclose(often.slow, expected, atol=0.01)


def test_light_that_drifts_is_taken_in_at_once() -> None:
    """A patch that grows brighter by 2 grey levels a second, without ever jumping."""
    background = Background(PLACE, 0.0)
    plane = PLACE.copy()
    for second in range(1, 60):
        plane[THING] += 1
        foreground = _look(background, plane, float(second))
        assert second <= DRIFT_S or not foreground.any()
    assert background.slow[INSIDE] > PLACE[INSIDE] + 40


def test_still_since_is_the_moment_of_the_last_jump() -> None:
    """Five seconds of the same thing, then another one in its place."""
    background = Background(PLACE, 0.0)
    for second in range(1, 6):
        _look(background, _with_thing(20), float(second))
    assert background.still_since()[INSIDE] == 1
    _look(background, _with_thing(240), 6.0)
    assert background.still_since()[INSIDE] == 6


@pytest.mark.parametrize(("hidden_s", "since_s"), [(5.0, 1.0), (HELD_S + 5, 21.0 + HELD_S + 5)])
def test_a_passer_by_does_not_restart_a_parked_thing(hidden_s: float, since_s: float) -> None:
    """Unless it hides the thing for longer than the memory holds."""
    background = Background(PLACE, 0.0)
    for second in range(1, 21):
        _look(background, _with_thing(20), float(second))
    _look(background, _with_thing(240), 21.0)
    _look(background, _with_thing(20), 21.0 + hidden_s)
    assert background.still_since()[INSIDE] == since_s


def test_a_restless_place_needs_more_to_count() -> None:
    """What flickers by 25 grey levels is foreground at first and not after ten minutes."""
    background = Background(PLACE, 0.0)
    flicker = PLACE.copy()
    flicker[THING] += 25
    assert _look(background, flicker, 1.0).any()
    for second in range(2, 600):
        foreground = _look(background, flicker if second % 2 else PLACE, float(second))
    assert not foreground.any()


def test_the_warm_up_takes_whatever_is_shown() -> None:
    """The second picture of two weighs a half."""
    background = Background(PLACE, 0.0)
    background.learn(_with_thing(20), 0.5)
    assert background.slow[INSIDE] == pytest.approx((PLACE[INSIDE] + 20) / 2)


def test_absorbed_things_are_background() -> None:
    """Only where the mask says."""
    background = Background(PLACE, 0.0)
    thumb = _with_thing()
    where = np.zeros((12, 16), np.bool_)
    where[:, :8] = True
    background.absorb(where, THING, thumb)
    foreground = background.compare(thumb, 1.0, EVERYWHERE).foreground
    assert foreground[14, 14] == 0
    assert foreground[14, 22] == 255


def test_after_another_scene_times_start_anew() -> None:
    """The background holds; a thing of before is as old as the return."""
    background = Background(PLACE, 0.0)
    for second in range(1, 6):
        _look(background, _with_thing(), float(second))
    background.resume(_with_thing(), 100.0)
    assert (_look(background, _with_thing(), 101.0)[THING] == 255).all()
    assert background.still_since()[INSIDE] == 101


def test_shares_of_the_picture() -> None:
    """Changed counts exposure as change, explained does not."""
    background = Background(PLACE, 0.0)
    share = 12 * 16 / PLACE.size
    assert background.share_changed(PLACE) == 0
    assert background.share_changed(_with_thing()) == pytest.approx(share)
    assert background.share_changed(PLACE * np.float32(0.5)) == 1
    assert background.share_explained(PLACE * np.float32(0.5)) == 1
    assert background.share_explained(_with_thing()) == pytest.approx(1 - share, abs=0.02)


def test_alpha_is_of_seconds_not_of_looks() -> None:
    """Nothing for no time, 63 % after one time constant, never more than all."""
    assert alpha(0, 60) == 0
    assert alpha(60, 60) == pytest.approx(0.632, abs=1e-3)
    assert alpha(1e9, 60) == 1


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.5, 3.0), (1.0, 4.0)])
def test_quantile_of_few_values(share: float, value: float) -> None:
    """The end of the range stays inside the array, in any order and shape."""
    assert quantile(np.array([[4.0, 1.0], [3.0, 2.0]]), share) == value
