"""How far a check-in was from where it should be."""

from __future__ import annotations

import math

EARTH_RADIUS_M = 6_371_008.8  # mean radius
# A phone between houses is off by tens of metres; this is still the same place.
NEAR_M = 100.0
# Accuracies worse than this say nothing about where somebody is.
MOST_ACCURACY_M = 200.0


def distance_m(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """Return the distance between two positions (WGS-84, on a sphere: off by 0.5 % at most)."""
    phi1, phi2 = math.radians(lat1), math.radians(lat2)
    half = math.sin((phi2 - phi1) / 2) ** 2
    half += math.cos(phi1) * math.cos(phi2) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(min(1.0, math.sqrt(half)))


def is_near(distance: float | None, accuracy: float | None) -> bool | None:
    """Say whether a check-in can have been at the place; None where the place has no position."""
    if distance is None:
        return None
    return distance <= NEAR_M + min(accuracy or 0.0, MOST_ACCURACY_M)
