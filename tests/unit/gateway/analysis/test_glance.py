"""A glance notices what changed near a zone, and not light, noise or what is elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.analysis.glance import Glance
from gateway.types import Frame, FrameOrigin, Luma

LEFT_HALF = ((0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0))


def street(seed: int = 0) -> Luma:
    rng = np.random.default_rng(seed)
    ramp = np.linspace(60, 160, 640)[None, :] + np.linspace(0, 40, 360)[:, None]
    return np.clip(ramp + rng.normal(0, 2, (360, 640)), 0, 255).astype(np.uint8)


def person(x: int) -> Luma:
    picture = street(1).copy()
    picture[150:230, x : x + 28] = 30
    return picture


def frame(luma: Luma, at_s: float = 0.0) -> Frame:
    return Frame("cam", at_s, 0, luma, FrameOrigin.LOOK, lambda: np.zeros((*luma.shape, 3), np.uint8))


@pytest.fixture
def glance() -> Glance:
    seen = Glance([LEFT_HALF])
    assert not seen(frame(street()))  # the first look has nothing to compare with
    return seen


def test_somebody_in_the_zone_is_noticed(glance: Glance) -> None:
    """A person who was not there two seconds ago is worth a burst."""
    assert glance(frame(person(100)))


def test_noise_alone_is_nothing(glance: Glance) -> None:
    """The sensor's noise differs from look to look."""
    assert not any(glance(frame(street(seed))) for seed in range(1, 6))


def test_what_happens_elsewhere_is_nothing(glance: Glance) -> None:
    """A person far from every zone costs nothing."""
    assert not glance(frame(person(560)))


def test_light_of_the_whole_picture_is_nothing(glance: Glance) -> None:
    """A cloud changes all grey levels alike."""
    assert not glance(frame(np.clip(street(1).astype(int) + 25, 0, 255).astype(np.uint8)))


def test_another_picture_altogether_is_left_to_the_analysis(glance: Glance) -> None:
    """When nearly everything differs there is no use in decoding what lies between."""
    other = np.random.default_rng(9).integers(0, 255, (9, 16)).astype(np.uint8)
    assert not glance(frame(np.kron(other, np.ones((40, 40), np.uint8)).astype(np.uint8)))


def test_something_gone_is_noticed_too(glance: Glance) -> None:
    """A car that drove off changes the zone as much as one that came."""
    glance(frame(person(100)))
    assert glance(frame(street(2)))


def test_change_of_resolution_begins_anew(glance: Glance) -> None:
    """Pictures of different size are not compared."""
    assert not glance(frame(np.full((1080, 1920), 90, np.uint8)))


def test_without_zones_nothing_is_worth_a_burst() -> None:
    """A camera whose rules need no zone is content with looks."""
    glance = Glance([])
    glance(frame(street()))
    assert not glance(frame(person(100)))


def test_empty_polygon_means_the_whole_picture() -> None:
    """A rule for the whole picture watches everywhere."""
    glance = Glance([()])
    glance(frame(street()))
    assert glance(frame(person(560)))
