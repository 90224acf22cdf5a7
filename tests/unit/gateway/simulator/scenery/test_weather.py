"""Smoke grows, rain falls, sensors make noise, and the clock tells the time."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from gateway.simulator.scenery.lens import Picture
from gateway.simulator.scenery.weather import Caption, LensCover, Plume, Rain, Sensor, Smoke, glow


def dark() -> Picture:
    return np.full((180, 320, 3), 40, np.uint8)


def smoke_at(at_s: float, ends_s: float = 1e9) -> Picture:
    picture = dark()
    plume = Plume((160.0, 150.0), begins_s=10.0, grows_s=20.0, scale_px=6.0, ends_s=ends_s)
    Smoke(np.random.default_rng(8), plume).draw(picture, at_s)
    return picture


def test_no_smoke_before_its_time_and_long_after() -> None:
    """Nothing before it begins; a fire that ends is clear a puff's life later."""
    assert (smoke_at(9.9) == 40).all()
    assert (smoke_at(60.0, ends_s=30.0) == 40).all()


def test_smoke_rises_and_grows() -> None:
    """It covers more and reaches higher, and stays above its foot."""
    shares, tops = [], []
    for at_s in (12.0, 20.0, 40.0):
        cover = np.argwhere(smoke_at(at_s).max(axis=2) > 50)
        shares.append(len(cover))
        tops.append(int(cover[:, 0].min()))
        assert cover[:, 0].max() < 165
    assert shares == sorted(shares)
    assert tops == sorted(tops, reverse=True)


def test_rain_differs_from_picture_to_picture() -> None:
    """And is the same for the same number."""
    rain = Rain(1, 1.0)
    pictures = [dark() for _ in range(3)]
    for picture, number in zip(pictures, (4, 5, 4), strict=True):
        rain.fall(picture, number)
    assert (pictures[0] != pictures[1]).any()
    assert (pictures[0] == pictures[2]).all()


def test_sensor_noise_and_drift() -> None:
    """Noise as strong as asked for, different from picture to picture; the light drifts slowly."""
    sensor = Sensor(np.random.default_rng(9), (320, 180), 5.0, 0.2)
    flat = np.full((180, 320, 3), 120, np.uint8)
    first, second = sensor.expose(flat, 1, 0.0), sensor.expose(flat, 2, 0.0)
    assert 4 < first.std() < 9
    assert (first != second).any()
    means = [sensor.expose(flat, 1, s).mean() for s in range(0, 60, 5)]
    assert np.ptp(means) > 20
    assert abs(sensor.expose(flat, 1, 0.2).mean() - means[0]) < 3


@pytest.mark.parametrize(("at_s", "covered"), [(4.9, 0.0), (7.0, 1.0), (10.1, 0.0)])
def test_cover_comes_and_goes(at_s: float, covered: float) -> None:
    """All or nothing outside the second in which it slides."""
    picture = np.full((180, 320, 3), 200, np.uint8)
    LensCover(np.random.default_rng(10), (320, 180), (5.0, 10.0)).draw(picture, at_s)
    assert (picture.max(axis=2) < 100).mean() == covered


def test_caption_runs() -> None:
    """The clock's lettering changes each second, the name does not."""
    caption = Caption("CAM", datetime(2026, 3, 14, 9, 0, 0), 180)  # noqa: DTZ001
    first, same, next_second = dark(), dark(), dark()
    for picture, at_s in ((first, 1.0), (same, 1.9), (next_second, 2.0)):
        caption.draw(picture, at_s)
    assert (first == same).all()
    assert (first[:40] != next_second[:40]).any()
    assert (first[100:] == next_second[100:]).all()
    assert (first[100:] > 150).any()


def test_glow() -> None:
    """A lamp's light fades to the ambient colour."""
    light = glow((320, 180), [(100.0, 90.0, 30.0, 0.8)], (0.1, 0.1, 0.2))
    assert light.shape == (180, 320, 3)
    assert light[90, 100, 2] == pytest.approx(1.0, abs=0.01)
    assert light[10, 310].tolist() == pytest.approx([0.1, 0.1, 0.2], abs=0.01)
