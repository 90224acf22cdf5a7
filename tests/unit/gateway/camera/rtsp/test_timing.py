"""Tests of gateway.camera.rtsp.timing."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.camera.rtsp.timing import StreamTimes

HZ = 90_000
FRAME = 3600


def times(depth: int = 0) -> StreamTimes:
    return StreamTimes(HZ, depth, FRAME)


def place(stream: StreamTimes, timestamps: list[int]) -> tuple[list[int | None], list[int | None]]:
    """Presentation and decoding times."""
    placed = [stream.place(t & 0xFFFFFFFF) for t in timestamps]
    return [p for p, _ in placed], [d for _, d in placed]


def test_a_clock_that_stands_still_gives_no_times() -> None:
    """Arrival has to do; a camera that repeats itself a few times is believed."""
    stream = times()
    placed = [stream.place(5) for _ in range(10)]
    assert placed[0] == (5, 5)
    assert placed[-1] == (None, None)
    assert stream.place(5 + FRAME) == (5 + FRAME, 5 + FRAME)


def test_timestamps_are_counted_on_over_their_wrap() -> None:
    """At 32 bits; and back, when a picture before the wrap is shown later."""
    start = (1 << 32) - 2 * FRAME
    pts, dts = place(times(), [start + i * FRAME for i in range(5)])
    assert pts == dts == [start + i * FRAME for i in range(5)]


def test_a_counter_that_begins_anew_begins_anew() -> None:
    """Far back or far on: decoding times follow, for the timeline to judge."""
    pts, dts = place(times(2), [500_000, 503_600, 507_200, 0, 3600, 900_000_000, 900_003_600])
    assert dts[3] == -2 * FRAME
    assert dts[5] == 900_000_000 - 2 * FRAME
    assert pts[3:] == [0, 3600, 900_000_000, 900_003_600]


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_pictures_out_of_order_get_growing_decoding_times(depth: int) -> None:
    """Whether the parameter set tells the depth or it must be learnt; then never after the presentation."""
    order = [0, 3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10, 15, 14, 13]
    pts, dts = place(times(depth), [i * FRAME for i in order])
    assert pts == [i * FRAME for i in order]
    ticks = [d for d in dts if d is not None]
    assert all(b > a for a, b in pairwise(ticks))
    assert all(d <= p for p, d in list(zip(pts, dts, strict=True))[9:] if p is not None and d is not None)


def test_a_known_depth_is_right_from_the_first_picture() -> None:
    """Decoding times are the sorted ones of presentation, two pictures late."""
    order = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8]
    pts, dts = place(times(1), [i * FRAME for i in order])
    assert dts == [(i - 1) * FRAME for i in range(10)]
    assert all((p or 0) >= (d or 0) for p, d in zip(pts, dts, strict=True))


@given(st.lists(st.integers(0, (1 << 32) - 1), max_size=60))
def test_any_timestamps_at_all_are_placed(timestamps: list[int]) -> None:
    """Nothing that a camera sends is an error, and what is given is what it said, modulo the wrap."""
    pts, _ = place(times(1), timestamps)
    assert all(p is None or p % (1 << 32) == t for p, t in zip(pts, timestamps, strict=True))


def test_a_report_is_placed_near_the_last_unit() -> None:
    """Before and after a wrap; before the first unit it sets the beginning."""
    stream = times()
    assert stream.near(500) == 500
    stream.place((1 << 32) - 100)
    assert stream.near(50) == 50
    assert stream.near((1 << 32) - 50) == -50
