"""From GCJ-02, the shifted coordinates of Chinese map services, to WGS-84.

The shift is the published approximation; it was reverse-engineered and is good to about a metre. Only ever applied when
a person says that the ledger is in GCJ-02: nothing in a number shows it.
"""

from __future__ import annotations

import math

_AXIS_M = 6_378_245.0  # Krasovsky 1940, as the shift uses it
_ECCENTRICITY_SQUARED = 0.006_693_421_622_965_943
# Each round shrinks the error a thousandfold; three leave less than a millimetre.
_ROUNDS = 3


def wgs84_of_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """Return longitude and latitude in WGS-84, rounded to 1e-7 degrees (a centimetre). Outside China nothing moves."""
    if not is_shifted(lon, lat):
        return lon, lat
    at_lon, at_lat = lon, lat
    for _ in range(_ROUNDS):
        moved_lon, moved_lat = gcj02_of_wgs84(at_lon, at_lat)
        at_lon, at_lat = at_lon - (moved_lon - lon), at_lat - (moved_lat - lat)
    return round(at_lon, 7), round(at_lat, 7)


def gcj02_of_wgs84(lon: float, lat: float) -> tuple[float, float]:
    """Return where a Chinese map service shows a WGS-84 position."""
    if not is_shifted(lon, lat):
        return lon, lat
    x, y = lon - 105.0, lat - 35.0
    radians = lat / 180.0 * math.pi
    magic = 1 - _ECCENTRICITY_SQUARED * math.sin(radians) ** 2
    root = math.sqrt(magic)
    per_lat = _AXIS_M * (1 - _ECCENTRICITY_SQUARED) / (magic * root) * math.pi / 180.0
    per_lon = _AXIS_M / root * math.cos(radians) * math.pi / 180.0
    return lon + _east(x, y) / per_lon, lat + _north(x, y) / per_lat


def is_shifted(lon: float, lat: float) -> bool:
    """Say whether the shift is applied there: a rectangle around China."""
    return 72.004 <= lon <= 137.8347 and 0.8293 <= lat <= 55.8271


def _north(x: float, y: float) -> float:
    base = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    return base + _waves(x, 6.0, 2.0) + _sum(y, ((20.0, 1.0), (40.0, 3.0))) + _sum(y, ((160.0, 12.0), (320.0, 30.0)))


def _east(x: float, y: float) -> float:
    base = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    return base + _waves(x, 6.0, 2.0) + _sum(x, ((20.0, 1.0), (40.0, 3.0))) + _sum(x, ((150.0, 12.0), (300.0, 30.0)))


def _waves(x: float, fast: float, slow: float) -> float:
    return (20.0 * math.sin(fast * x * math.pi) + 20.0 * math.sin(slow * x * math.pi)) * 2.0 / 3.0


def _sum(value: float, terms: tuple[tuple[float, float], ...]) -> float:
    return sum(height * math.sin(value * math.pi / length) for height, length in terms) * 2.0 / 3.0
