"""Tests of gateway.camera.snapshots.likeness."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gateway.camera.snapshots.likeness import likeness, structure_of
from gateway.camera.snapshots.probe import LEAST_LIKENESS
from gateway.types import Luma
from tests.unit.gateway.camera.snapshots.pictures import Picture, view


def luma(picture: Picture) -> Luma:
    """Return the picture in grey."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), np.uint8)


def like(one: Picture, other: Picture) -> float:
    """Compare two pictures that have structure."""
    first, second = structure_of(luma(one)), structure_of(luma(other))
    assert first is not None
    assert second is not None
    return likeness(first, second)


@pytest.mark.parametrize("level", [0, 20, 128])
def test_an_empty_picture_has_no_structure(level: int) -> None:
    """Nor has one with noise alone: a cap on the lens."""
    grey = np.full((540, 960), level, np.uint8)
    noise = np.random.default_rng(1).normal(0, 3, grey.shape)
    assert structure_of(grey) is None
    assert structure_of(np.clip(grey + noise, 0, 255).astype(np.uint8)) is None


@pytest.mark.parametrize("seed", range(5))
def test_another_place_is_not_alike(seed: int) -> None:
    """Whatever the light."""
    assert like(view(seed), view(seed + 100)) < LEAST_LIKENESS / 2


def test_a_turned_camera_is_not_alike() -> None:
    """A tenth of the picture is enough to put every zone in the wrong place."""
    assert like(view(1), np.roll(view(1), 96, axis=1)) < LEAST_LIKENESS


@pytest.mark.parametrize("light", [0.15, 0.5, 1.15])
@pytest.mark.parametrize("size", [(1920, 1080), (704, 576), (352, 288)])
def test_the_same_place_is_alike_in_any_light_and_size(light: float, size: tuple[int, int]) -> None:
    """Dusk, noise, and the stretched sizes of old recorders."""
    assert like(view(3), view(3, size, light=light, grain=1)) > LEAST_LIKENESS


def test_a_crop_of_a_few_lines_is_alike() -> None:
    """Two encoders of one camera do not agree on the last lines."""
    assert like(view(3), view(3)[6:, 8:]) > LEAST_LIKENESS
