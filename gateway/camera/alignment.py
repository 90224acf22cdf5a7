"""How the moments of a camera's two streams compare: one encoder takes longer than the other, by up to a second.

Moments are told by arrival. Where both streams send sender reports, the camera's own clock says which pictures were
taken at the same time. Only the difference counts: a clock that is wrong is wrong in both.
"""

from __future__ import annotations

from fractions import Fraction

from gateway.camera.packets import WallClock

# Encoders differ by a second at most; more is two clocks, or one that was set between two reports.
MAX_SHIFT_S = 3.0


def utc_ahead_s(told: WallClock, pts: int, at_s: float, time_base: Fraction) -> float:
    """Return the camera's Unix time minus our moment, for the same picture.

    Args:
        told: The newest sender report of the session.
        pts: The picture's own ticks in that session (`RawPacket.pts`).
        at_s: The moment that the timeline gave it.
        time_base: Seconds per tick.
    """
    return told.utc_s + float((pts - told.pts) * time_base) - at_s


def shift_s(analysed_utc_ahead_s: float | None, other_utc_ahead_s: float | None) -> float | None:
    """Return how much later a moment of the analysed stream shows in the other.

    None: one of them does not tell, or they are so far apart that their clocks cannot be the same.
    """
    if analysed_utc_ahead_s is None or other_utc_ahead_s is None or apart(analysed_utc_ahead_s, other_utc_ahead_s):
        return None
    return analysed_utc_ahead_s - other_utc_ahead_s


def apart(first_utc_ahead_s: float | None, second_utc_ahead_s: float | None) -> bool:
    """Say whether two streams tell times that cannot be of one clock."""
    if first_utc_ahead_s is None or second_utc_ahead_s is None:
        return False
    return abs(first_utc_ahead_s - second_utc_ahead_s) > MAX_SHIFT_S
