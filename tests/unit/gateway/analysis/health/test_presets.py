"""Which preset is in view, from pictures alone."""

from __future__ import annotations

import cv2
import numpy as np

from gateway.analysis.health.presets import PresetFinder, PresetPicture
from gateway.types import Bgr, Luma
from tests.unit.gateway.analysis.health.street import street


def luma(picture: Bgr) -> Luma:
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def small(picture: Bgr, size: tuple[int, int] = (240, 135)) -> Luma:
    return np.asarray(cv2.resize(luma(picture), size, interpolation=cv2.INTER_AREA), np.uint8)


def finder() -> PresetFinder:
    """Return a finder that knows two streets."""
    return PresetFinder([PresetPicture("a", luma(street(seed=1))), PresetPicture("b", luma(street(seed=2)))])


def stay(found: PresetFinder, picture: Bgr, start_s: float, seconds: float = 2.0) -> list[str | None]:
    """Show a picture twice a second."""
    return [found.look(small(picture), start_s + n / 2) for n in range(int(seconds * 2) + 1)]


def test_a_preset_counts_once_it_has_stayed_for_a_second() -> None:
    """A camera that turns passes through presets: one picture says nothing yet."""
    found = finder()
    assert stay(found, street(1), 0) == [None, None, "a", "a", "a"]
    assert stay(found, street(2, seed=2), 10) == [None, None, "b", "b", "b"]


def test_an_unknown_place_is_no_preset() -> None:
    """It is left at the first picture, and nothing is taken for it."""
    found = finder()
    stay(found, street(1), 0)
    assert set(stay(found, street(1, seed=3), 5, 20)) == {None}


def test_the_view_moved_aside_is_not_the_preset() -> None:
    """Turned by a tenth of the picture, zones do not fit any more; swaying on its pole, they do."""
    found = finder()
    stay(found, street(1), 0)
    assert stay(found, np.roll(street(2), 6, 1), 4)[-1] == "a"
    assert set(stay(found, np.roll(street(3), 48, 1), 8)) == {None}


def test_creeping_away_is_leaving() -> None:
    """What was learnt lately follows a slow turn, the reference picture does not."""
    found = finder()
    stay(found, street(1), 0)
    seen = [found.look(small(np.roll(street(n), n, 1)), 4.0 + 2 * n) for n in range(60)]
    assert seen[0] == "a"
    assert seen[-1] is None


def test_a_lorry_and_a_covered_lens_do_not_turn_the_camera() -> None:
    """Half of the view is hidden, then all of it: the preset stays; what is hidden is for the health rules to tell."""
    found = finder()
    stay(found, street(1), 0)
    lorry = street(2).copy()
    lorry[60:, :280] = 80
    assert set(stay(found, lorry, 4)) == {"a"}
    assert set(stay(found, np.full_like(lorry, 20), 8)) == {"a"}


def test_night_falls_on_a_preset() -> None:
    """A tenth of the light is the same place."""
    found = finder()
    stay(found, street(1), 0)
    assert set(stay(found, street(2, light=0.25), 4)) == {"a"}


def test_the_other_stream_has_another_shape() -> None:
    """References are drawn anew for it, and the preset is found again."""
    found = finder()
    stay(found, street(1), 0)
    seen = [found.look(small(street(2), (240, 196)), 4 + n / 2) for n in range(4)]
    assert seen[-1] == "a"


def test_a_privacy_mask_makes_no_two_views_alike() -> None:
    """Its border is in every picture, of every place."""
    mask = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.8), (0.1, 0.8))

    def masked(picture: Bgr) -> Bgr:
        cv2.fillPoly(picture, [np.array([[x * 480, y * 270] for x, y in mask]).astype(np.int32)], (0, 0, 0))
        return picture

    found = PresetFinder([PresetPicture("a", luma(masked(street())))], [mask])
    assert stay(found, masked(street(1)), 0)[-1] == "a"
    assert set(stay(found, masked(street(1, seed=2)), 5)) == {None}


def test_without_pictures_nothing_is_known() -> None:
    """Presets of which nobody took a picture cannot be told apart."""
    assert set(stay(PresetFinder([]), street(1), 0)) == {None}
