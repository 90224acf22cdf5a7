"""What rules read from a frame."""

from __future__ import annotations

import pytest

from detectors.foreground import ForegroundReading
from gateway.analysis.observation import ForegroundView, certainty
from tests.unit.gateway.analysis.making import Patch, observation, track


def test_a_coasting_track_is_not_seen() -> None:
    """It is alive, but this very frame does not show it; the order of the others stays."""
    frame = observation(10.0, track(10.0, id=3), track(9.8, id=1), track(10.0, id=2))
    assert [t.id for t in frame.seen] == [3, 2]
    assert len(frame.tracks) == 3


def test_a_frame_without_tracks_shows_none() -> None:
    """Nobody there is an empty tuple."""
    assert observation(10.0).seen == ()


def test_certainty_stays_a_confidence() -> None:
    """Nothing is 0, what just counts is 0.5, and no strength reaches 1; more is surer."""
    values = [certainty(Patch((0, 0, 1, 1), strength=s)) for s in (0.0, 0.5, 1.0, 3.0, 1_000.0)]
    assert (values[0], values[2], values[3]) == pytest.approx((0, 0.5, 0.75))
    assert values == sorted(values)
    assert values[-1] < 1


def test_the_background_model_gives_what_the_rules_read() -> None:
    """Mypy holds the types of this assignment."""
    view: ForegroundView = ForegroundReading((), (), global_change=False, changed_share=0.0, ready=True)
    assert (list(view.moving), list(view.still), view.global_change, view.ready) == ([], [], False, True)
