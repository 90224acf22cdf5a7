"""Whether the sun is up at a place: to a minute or two, which is more than a schedule needs."""

from __future__ import annotations

from datetime import UTC, datetime
from math import asin, atan2, cos, degrees, radians, sin

# Height of the sun's middle at sunrise and sunset: half its width and the air's refraction.
RISING_DEG = -0.833
_EPOCH = datetime(2000, 1, 1, 12, tzinfo=UTC)
_DAY_S = 86_400.0


def is_day(lon: float, lat: float, moment: datetime) -> bool:
    """Say whether a moment (aware) lies between sunrise and sunset at a place (degrees, WGS-84)."""
    return height_deg(lon, lat, moment) > RISING_DEG


def height_deg(lon: float, lat: float, moment: datetime) -> float:
    """Return the sun's height above the horizon in degrees; low-precision formulas of the Astronomical Almanac."""
    days = (moment - _EPOCH).total_seconds() / _DAY_S
    anomaly = radians(357.529 + 0.98560028 * days)
    ecliptic = radians(280.459 + 0.98564736 * days + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.00000036 * days)
    ascension = degrees(atan2(cos(tilt) * sin(ecliptic), cos(ecliptic)))
    declination = asin(sin(tilt) * sin(ecliptic))
    sidereal_deg = (18.697374558 + 24.06570982441908 * days) * 15.0
    hour_angle = radians(sidereal_deg + lon - ascension)
    north = radians(lat)
    return degrees(asin(sin(north) * sin(declination) + cos(north) * cos(declination) * cos(hour_angle)))
