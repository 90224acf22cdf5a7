"""From GCJ-02 to WGS-84."""

from __future__ import annotations

import pytest

from gateway.desk.datum import gcj02_of_wgs84, wgs84_of_gcj02


def test_outside_china_nothing_moves() -> None:
    """The shift is applied there only."""
    assert wgs84_of_gcj02(2.35, 48.85) == (2.35, 48.85)
    assert gcj02_of_wgs84(2.35, 48.85) == (2.35, 48.85)


def test_the_shift_is_the_published_one() -> None:
    """A point that every implementation quotes."""
    assert gcj02_of_wgs84(116.404, 39.915) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)


@pytest.mark.parametrize("place", [(116.404, 39.915), (118.9, 35.1), (87.6, 43.8), (110.3, 20.0)])
def test_there_and_back_is_where_it_began(place: tuple[float, float]) -> None:
    """To a centimetre."""
    assert wgs84_of_gcj02(*gcj02_of_wgs84(*place)) == pytest.approx(place, abs=2e-7)
