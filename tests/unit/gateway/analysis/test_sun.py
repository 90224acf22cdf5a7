"""Sunrise and sunset against published times, to three minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.analysis.sun import is_day

CHINA = timedelta(hours=8)


@pytest.mark.parametrize(
    ("lon", "lat", "day", "rises", "sets"),
    [
        (116.40, 39.90, (2026, 6, 21), (4, 46), (19, 46)),  # Beijing, midsummer
        (116.40, 39.90, (2026, 12, 22), (7, 33), (16, 53)),  # and midwinter
        (87.60, 43.80, (2026, 3, 20), (8, 15), (20, 22)),  # Ürümqi, by Beijing time
        (113.26, 23.13, (2026, 9, 23), (6, 18), (18, 26)),  # Guangzhou
    ],
)
def test_sunrise_and_sunset(
    lon: float, lat: float, day: tuple[int, int, int], rises: tuple[int, int], sets: tuple[int, int]
) -> None:
    """Dark before, light after, and the other way round."""
    slack = timedelta(minutes=4)
    rise, fall = (datetime(*day, *clock, tzinfo=UTC) - CHINA for clock in (rises, sets))
    assert not is_day(lon, lat, rise - slack)
    assert is_day(lon, lat, rise + slack)
    assert is_day(lon, lat, fall - slack)
    assert not is_day(lon, lat, fall + slack)
