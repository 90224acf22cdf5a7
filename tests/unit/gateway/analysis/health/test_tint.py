"""Colours are read rarely, and lean only where everything leans."""

from __future__ import annotations

import cv2
import numpy as np

from detectors.health import Plane, read_health
from detectors.preprocess import shrink
from gateway.analysis.health import fault_types as fault
from gateway.analysis.health.reference import View
from gateway.analysis.health.tint import DOUBT_EVERY_S, READ_EVERY_S, Tint
from gateway.types import Bgr, Chroma, Frame, FrameOrigin
from scripts.benches.injected import INJECTORS
from tests.unit.gateway.analysis.health.street import frame_of, street

BRIGHT: Plane = np.full((16, 30), 120, np.float32)


def known() -> tuple[Tint, View]:
    """Return a view with its colours learnt at 0 s."""
    frame = frame_of(street(0), 0.0)
    view = View(read_health(frame.luma, shrink(frame.luma, 240)), 0.0, known=True)
    tint = Tint()
    assert not tint.casts(frame, view, BRIGHT)
    tint.teach(view)
    assert view.chroma is not None
    return tint, view


def leaning(look: int) -> Bgr:
    """Return the street, red."""
    return INJECTORS[fault.COLOUR_CAST](street(look), 1, look)


def grey(look: int) -> Bgr:
    """Return the street by infrared light."""
    return np.repeat(frame_of(street(look), 0.0).luma[:, :, None], 3, axis=2)


def test_everything_red_is_a_cast() -> None:
    """It began when it was read, and ends when it is read again."""
    tint, view = known()
    assert tint.casts(frame_of(leaning(1), READ_EVERY_S), view, BRIGHT)
    assert tint.since_s == READ_EVERY_S
    again_s = READ_EVERY_S + DOUBT_EVERY_S
    assert tint.casts(frame_of(leaning(2), again_s), view, BRIGHT)
    assert tint.since_s == READ_EVERY_S
    assert not tint.casts(frame_of(street(3), again_s + DOUBT_EVERY_S), view, BRIGHT)


def test_between_two_readings_nothing_is_converted() -> None:
    """A picture in a burst never is."""
    tint, view = known()

    def forbidden() -> Bgr:
        raise AssertionError("converted")

    luma = frame_of(street(1), 0.0).luma
    assert not tint.casts(Frame("cam", 30.0, 0, luma, FrameOrigin.LOOK, forbidden), view, BRIGHT)
    assert not tint.casts(Frame("cam", 90.0, 0, luma, FrameOrigin.BURST, forbidden), view, BRIGHT)


def test_the_decoders_colour_planes_are_taken_where_there_are_any() -> None:
    """No conversion."""
    tint, view = known()
    frame = frame_of(street(1), READ_EVERY_S)
    chroma: Chroma = np.ascontiguousarray(cv2.cvtColor(leaning(1), cv2.COLOR_BGR2YCrCb)[::2, ::2, [2, 1]])
    frame.to_chroma = lambda: chroma
    assert tint.casts(frame, view, BRIGHT)


def test_losing_all_colour_is_another_light_and_no_cast() -> None:
    """The switch to infrared."""
    tint, view = known()
    assert not tint.casts(frame_of(grey(1), READ_EVERY_S), view, BRIGHT)
    assert tint.other_light(frame_of(grey(1), READ_EVERY_S), view)
    assert not tint.other_light(frame_of(street(1), READ_EVERY_S), view)


def test_a_red_lorry_is_no_cast() -> None:
    """Half of the picture leans."""
    tint, view = known()
    picture = street(1)
    picture[:, :240] = leaning(1)[:, :240]
    assert not tint.casts(frame_of(picture, READ_EVERY_S), view, BRIGHT)


def test_in_the_dark_nothing_has_a_colour() -> None:
    """And nothing is said of it."""
    tint, view = known()
    assert not tint.casts(frame_of(leaning(1), READ_EVERY_S), view, np.full((16, 30), 20, np.float32))
