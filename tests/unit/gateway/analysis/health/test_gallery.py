"""Which view a picture shows, and when a new one becomes a reference."""

from __future__ import annotations

import numpy as np

from detectors.health import HealthReading, read_health
from detectors.preprocess import shrink
from gateway.analysis.health.gallery import (
    LEAST_ADOPT_S,
    MAX_VIEWS,
    PRESET_STAYS,
    RELIT_S,
    Gallery,
)
from gateway.analysis.health.reference import View
from tests.unit.gateway.analysis.health.street import frame_of, street


def reading(look: int, seed: int = 1) -> HealthReading:
    """Read the street, or another."""
    luma = frame_of(street(look, seed=seed), 0.0).luma
    return read_health(luma, shrink(luma, 240))


def learnt() -> tuple[Gallery, View]:
    """Return a gallery that knows the street, until 50 s."""
    gallery = Gallery()
    view = gallery.learn(None, reading(0), 0.0)
    for n in range(1, 6):
        view = gallery.learn(view, reading(n), n * 10.0)
    return gallery, view


def stay(gallery: Gallery, view: View, from_s: float, until_s: float) -> None:
    """Look at another street for so long."""
    for n in range(int((until_s - from_s) / 10) + 1):
        gallery.learn(view, reading(n, seed=9), from_s + 10.0 * n)


def test_nothing_is_known_at_first() -> None:
    """Then the first picture is the reference."""
    gallery = Gallery()
    assert gallery.place(reading(0)).view is None
    assert gallery.learn(None, reading(0), 0.0).known


def test_another_street_is_apart() -> None:
    """It is compared with the view that it is most like."""
    gallery, view = learnt()
    assert not gallery.place(reading(7)).apart
    place = gallery.place(reading(7, seed=9))
    assert place.apart
    assert place.view is view


def test_a_waiting_view_is_recognised() -> None:
    """From its second picture on."""
    gallery, _ = learnt()
    waiting = gallery.add_apart(reading(0, seed=9), 60.0, moved=True)
    place = gallery.place(reading(1, seed=9))
    assert (place.view, place.apart) == (waiting, False)


def test_a_view_by_another_light_is_soon_known() -> None:
    """Within a minute or so."""
    gallery, _ = learnt()
    view = gallery.add_apart(reading(0, seed=9), 60.0, moved=False)
    stay(gallery, view, 70, 60 + RELIT_S - 10)
    assert not view.known
    stay(gallery, view, 60 + RELIT_S, 60 + RELIT_S)
    assert view.known


def test_a_moved_camera_is_not_soon_at_peace() -> None:
    """Not before the new view has stayed for long."""
    gallery, _ = learnt()
    view = gallery.add_apart(reading(0, seed=9), 60.0, moved=True)
    stay(gallery, view, 70, 60 + LEAST_ADOPT_S - 10)
    assert not view.known
    stay(gallery, view, 60 + LEAST_ADOPT_S, 60 + LEAST_ADOPT_S)
    assert view.known


def test_a_preset_is_known_after_a_few_visits() -> None:
    """Each stay counts once, however long."""
    gallery, home = learnt()
    view = gallery.add_apart(reading(0, seed=9), 60.0, moved=True)
    at_s = 60.0
    for _ in range(PRESET_STAYS - 1):
        assert not view.known
        gallery.learn(home, reading(1), at_s + 30)
        stay(gallery, view, at_s + 60, at_s + 80)
        at_s += 100
    assert view.known


def test_a_view_too_young_gives_way() -> None:
    """The camera was still turning when we began."""
    gallery = Gallery()
    first = gallery.learn(None, reading(0), 0.0)
    second = gallery.start_over(first, reading(0, seed=9), 1.0)
    assert second.known
    assert gallery.place(reading(1, seed=9)).view is second


def test_unknown_views_go_first_when_there_are_too_many() -> None:
    """A camera that turns all day must not forget its home."""
    gallery, home = learnt()
    for n in range(MAX_VIEWS + 3):
        gallery.add_apart(reading(0, seed=20 + n), 60.0 + n, moved=True)
    assert gallery.place(reading(7)).view is home


def test_a_picture_of_another_shape_has_no_view_yet() -> None:
    """Another stream of the camera."""
    gallery, _ = learnt()
    luma = np.ascontiguousarray(frame_of(street(0), 0.0).luma[:200])
    assert gallery.place(read_health(luma, shrink(luma, 240))).view is None
