"""Tests of gateway.camera.alignment."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.camera.alignment import MAX_SHIFT_S, apart, shift_s, utc_ahead_s
from gateway.camera.packets import WallClock

BASE = Fraction(1, 90_000)
UTC_S = 1_700_000_000.0
seconds = st.floats(-1e5, 1e5, allow_nan=False)
ticks = st.integers(-(1 << 40), 1 << 40)


def test_streams_of_two_clocks_are_not_shifted() -> None:
    """Half a minute apart is no encoder's delay: somebody set one clock, or they are two devices."""
    assert shift_s(UTC_S + 30.0, UTC_S) is None
    assert apart(UTC_S + 30.0, UTC_S)


@pytest.mark.parametrize("told", [(None, UTC_S), (UTC_S, None), (None, None)])
def test_without_a_report_nothing_is_known(told: tuple[float | None, float | None]) -> None:
    """A stream that does not tell its time is not apart from the other either."""
    assert shift_s(*told) is None
    assert not apart(*told)


@given(
    delays=st.tuples(st.floats(0, 1.4), st.floats(0, 1.4)),
    scenes=st.tuples(seconds, seconds),
    reports=st.tuples(seconds, seconds),
    starts=st.tuples(ticks, ticks),
    wrong_s=seconds,
)
def test_the_shift_is_the_difference_of_the_encoders_delays(
    delays: tuple[float, float],
    scenes: tuple[float, float],
    reports: tuple[float, float],
    starts: tuple[int, int],
    wrong_s: float,
) -> None:
    """Whatever pictures and reports are compared, wherever ticks begin, and however wrong the camera's clock is."""
    told = []
    for delay_s, scene_s, report_s, start in zip(delays, scenes, reports, starts, strict=True):
        report = WallClock(UTC_S + wrong_s + report_s, start + round(report_s * 90_000), 0.0)
        told.append(utc_ahead_s(report, start + round(scene_s * 90_000), scene_s + delay_s, BASE))
    shift = shift_s(*told)
    assert shift == pytest.approx(delays[1] - delays[0], abs=1e-3)


@given(first=seconds, second=seconds, third=st.floats(-MAX_SHIFT_S, MAX_SHIFT_S))
def test_shifts_are_bounded_and_the_same_both_ways(first: float, second: float, third: float) -> None:
    """There and back again is where it began; nothing is ever moved by more than the bound."""
    for other in (second, first + third):
        there, back = shift_s(first, other), shift_s(other, first)
        assert (there is None) == (back is None) == apart(first, other)
        assert there is None or (back is not None and there == -back and abs(there) <= MAX_SHIFT_S)
