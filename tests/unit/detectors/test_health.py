"""Measures of a picture's health move with what they are about, and with nothing else."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from detectors.base import Image
from detectors.health import TILES, HealthReading, change_by_tile, chroma_of, read_chroma, read_health
from detectors.preprocess import shrink


def scene(noise: float = 1.0, seed: int = 1) -> Image:
    """Return boxes in many greys, 1080p."""
    chance = np.random.default_rng(seed)
    plane = np.full((1080, 1920), 120, np.uint8)
    for _ in range(80):
        x, y = int(chance.integers(0, 1800)), int(chance.integers(0, 1000))
        cv2.rectangle(plane, (x, y), (x + int(chance.integers(40, 400)), y + 160), (int(chance.integers(30, 220)),), -1)
    return np.asarray(np.clip(plane + chance.normal(0, noise, plane.shape), 0, 255), np.uint8)


def read(luma: Image) -> HealthReading:
    """Read a plane."""
    return read_health(luma, shrink(luma, 240))


SHARP = read(scene())


@pytest.mark.parametrize("shape", [(1080, 1920), (240, 320), (135, 240), (288, 352), (90, 160), (40, 60)])
def test_any_size_can_be_read(shape: tuple[int, int]) -> None:
    """Down to pictures too small for noise to be told."""
    reading = read(np.asarray(cv2.resize(scene(), shape[::-1]), np.uint8))
    assert reading.texture.shape == reading.fineness.shape == TILES
    assert reading.edges.shape[0] == 2
    assert all(np.isfinite(p).all() for p in (reading.edges, reading.fineness, reading.rows, reading.columns))


def test_a_flat_picture_has_nothing() -> None:
    """And divides by nothing."""
    flat = read(np.full((1080, 1920), 120, np.uint8))
    assert not flat.edges.any()
    assert (flat.outline, flat.noise, flat.saturated) == (0.0, 0.0, 0.0)


def test_edges_keep_their_direction_when_the_light_turns() -> None:
    """Bright on dark or dark on bright is the same edge."""
    turned = read(np.asarray(255 - scene(), np.uint8))
    assert np.vdot(turned.edges, SHARP.edges) > 0.9 * np.vdot(SHARP.edges, SHARP.edges)


def test_fineness_falls_out_of_focus_and_not_with_the_light() -> None:
    """In the tiles that have something to show."""
    soft = read(np.asarray(cv2.GaussianBlur(scene(), (0, 0), 14), np.uint8))
    dim = read(np.asarray(scene() * 0.5, np.uint8))
    drawn = SHARP.texture > np.median(SHARP.texture)
    assert np.median(soft.fineness[drawn] / SHARP.fineness[drawn]) < 0.5
    assert np.median(dim.fineness[drawn] / SHARP.fineness[drawn]) > 0.7


@pytest.mark.parametrize("noise", [2.0, 10.0, 30.0])
def test_noise_is_measured_in_grey_levels(noise: float) -> None:
    """In the flattest places, so that edges do not count as noise."""
    assert read(scene(noise)).noise == pytest.approx(noise, rel=0.25)


def test_cloth_has_no_outlines() -> None:
    """However rough it is."""
    weave = np.random.default_rng(0).normal(0, 12, (90, 160)).astype(np.float32)
    cloth = np.asarray(np.clip(90 + cv2.resize(weave, (1920, 1080)), 0, 255), np.uint8)
    reading = read(cloth)
    assert reading.outline / reading.texture.mean() < 3 < SHARP.outline / SHARP.texture.mean()


def test_white_and_empty_is_saturated() -> None:
    """White with something in it is not."""
    plane = np.full((1080, 1920), 250, np.uint8)
    plane[:, 960:] = scene()[:, 960:]
    assert read(plane).saturated == pytest.approx(0.5, abs=0.1)
    assert SHARP.saturated == 0.0


def test_stripes_show_in_the_profiles() -> None:
    """Lying ones in the rows of all strips."""
    wave = 20 * np.sin(2 * np.pi * 20 * np.arange(1080) / 1080)
    striped = read(np.asarray(np.clip(scene() + wave[:, None], 0, 255), np.uint8))
    assert striped.rows.shape[0] == 4
    assert (striped.rows - SHARP.rows).std(axis=1).min() > 8


def test_lettering_bands_are_left_out_of_the_sample() -> None:
    """A clock above and a name below may change in a frozen picture."""
    lettered = scene()
    lettered[:80], lettered[-80:] = 255, 255
    assert not change_by_tile(SHARP.sample, read(lettered).sample).any()


def test_change_is_told_by_tile() -> None:
    """In grey levels."""
    moved = SHARP.sample.copy()
    moved[:10, :10] = 255 - moved[:10, :10]
    change = change_by_tile(SHARP.sample, moved)
    assert change[0, 0] > 5
    assert not change[2:, 3:].any()


def test_colours_are_distances_from_grey() -> None:
    """Blue difference first."""
    grey = np.full((1080, 1920, 3), 120, np.uint8)
    assert not read_chroma(chroma_of(grey)).any()
    blue = grey.copy()
    blue[:, :, 0] = 220
    chroma = read_chroma(chroma_of(blue))
    assert chroma.shape == (*TILES, 2)
    assert (chroma[:, :, 0] > 30).all()
    assert (chroma[:, :, 1] < 0).all()
