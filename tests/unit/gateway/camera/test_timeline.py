"""Tests of gateway.camera.timeline."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.camera.timeline import LATE_S, Stamp, Timeline
from tests.unit.gateway.camera.scripts import FRAME_TICKS, TIME_BASE

FRAME_S = FRAME_TICKS * float(TIME_BASE)


def play(timeline: Timeline, start: int, count: int, arrival_s: float, delay: float = 0.0) -> list[Stamp]:
    """Place `count` regular pictures that begin at tick `start`, each arriving on time plus `delay`."""
    return [
        timeline.place(start + i * FRAME_TICKS, start + i * FRAME_TICKS, arrival_s + i * FRAME_S + delay)
        for i in range(count)
    ]


def assert_sound(stamps: list[Stamp]) -> None:
    """Hold the promises of the class."""
    assert all(b.dts > a.dts for a, b in pairwise(stamps))
    assert all(s.pts >= s.dts for s in stamps)
    shown = sorted(stamps, key=lambda s: s.pts)
    assert all(b.at_s >= a.at_s - 1e-9 for a, b in pairwise(shown))


@pytest.mark.parametrize("second_start", [0, -(1 << 31), (1 << 40), 90_000 * 3, 90_000 * 4 - 1])
def test_a_jump_of_the_counter_is_a_seam_that_nobody_sees(second_start: int) -> None:
    """A restart, a wrap or a leap of the camera's counter: ticks and moments go on by the time that passed."""
    timeline = Timeline(TIME_BASE)
    stamps = play(timeline, 90_000 * 4, 50, 100.0) + play(timeline, second_start, 50, 102.0)
    assert_sound(stamps)
    assert timeline.seams == 1
    assert stamps[50].at_s == pytest.approx(102.0, abs=0.05)
    assert stamps[-1].at_s == pytest.approx(102.0 + 49 * FRAME_S, abs=0.05)


def test_a_new_session_goes_on_after_the_gap() -> None:
    """After a reconnection 30 s later the ticks have moved on by those 30 s, though the counter went on by little."""
    timeline = Timeline(TIME_BASE)
    stamps = play(timeline, 1000, 25, 10.0)
    timeline.reconnect()
    stamps += play(timeline, 1000 + 26 * FRAME_TICKS, 25, 41.0)
    assert_sound(stamps)
    assert stamps[25].dts - stamps[24].dts == pytest.approx(30.04 * 90_000, rel=0.01)
    assert stamps[25].at_s == pytest.approx(41.0, abs=0.01)


def test_jitter_is_smoothed_to_the_smallest_delay() -> None:
    """Packets that arrive up to 200 ms late keep the camera's own even pace."""
    timeline = Timeline(TIME_BASE)
    late = [0.0, 0.2, 0.05, 0.13, 0.0, 0.19] * 20
    stamps = [
        timeline.place(i * FRAME_TICKS, i * FRAME_TICKS, 50 + i * FRAME_S + delay) for i, delay in enumerate(late)
    ]
    assert all(b.at_s - a.at_s == pytest.approx(FRAME_S, abs=0.001) for a, b in pairwise(stamps))


def test_a_late_first_packet_is_caught_up_without_going_back() -> None:
    """When the anchor itself was 300 ms late, moments run slower until they are right, and never back."""
    timeline = Timeline(TIME_BASE)
    stamps = [timeline.place(0, 0, 50.3)] + [
        timeline.place(i * FRAME_TICKS, i * FRAME_TICKS, 50 + i * FRAME_S) for i in range(1, 50)
    ]
    assert_sound(stamps)
    assert stamps[-1].at_s == pytest.approx(50 + 49 * FRAME_S, abs=0.001)


def test_a_long_stall_moves_the_anchor() -> None:
    """A camera that slept for a minute without counting is placed at its arrival again."""
    timeline = Timeline(TIME_BASE)
    stamps = play(timeline, 0, 25, 0.0) + play(timeline, 25 * FRAME_TICKS, 25, 1.0, delay=60.0 + LATE_S)
    assert_sound(stamps)
    assert stamps[-1].at_s == pytest.approx(1.0 + 24 * FRAME_S + 60.0 + LATE_S, abs=0.05)


def test_a_slow_camera_clock_is_followed() -> None:
    """A crystal 100 ppm slow puts a picture 0.36 s off after an hour if nobody follows it."""
    timeline = Timeline(TIME_BASE)
    pace_s = 1.0001
    stamp = Stamp(0, 0, 0.0)
    for second in range(3600):
        stamp = timeline.place(second * 90_000, second * 90_000, second * pace_s)
    assert stamp.at_s == pytest.approx(3599 * pace_s, abs=0.01)


def test_reordered_pictures_lie_between_their_neighbours() -> None:
    """B-frames come after the picture they lean on and are shown before it."""
    timeline = Timeline(TIME_BASE)
    order = [0, 3, 1, 2, 6, 4, 5]
    stamps = [timeline.place((p + 2) * FRAME_TICKS, i * FRAME_TICKS, 20 + i * FRAME_S) for i, p in enumerate(order)]
    assert_sound(stamps)
    assert stamps[2].at_s < stamps[3].at_s < stamps[1].at_s


def test_missing_timestamps_are_filled_in() -> None:
    """A camera that gives no times at all is placed by arrival."""
    timeline = Timeline(TIME_BASE)
    stamps = [timeline.place(None, None, 5 + i * FRAME_S) for i in range(10)]
    assert_sound(stamps)
    assert stamps[-1].at_s == pytest.approx(5 + 9 * FRAME_S, abs=0.01)
    assert timeline.place(None, stamps[-1].dts, 5.4).pts > stamps[-1].pts


ticks = st.one_of(st.none(), st.integers(-(1 << 34), 1 << 34), st.integers(0, 200_000))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(ticks, ticks, st.floats(0, 20), st.booleans()), min_size=1, max_size=60))
def test_nothing_makes_it_go_back(script: list[tuple[int | None, int | None, float, bool]]) -> None:
    """Whatever a camera counts, ticks grow, and no picture is placed after its arrival or before an earlier one."""
    timeline = Timeline(TIME_BASE)
    arrival_s = 1000.0
    stamps: list[Stamp] = []
    for pts, dts, wait_s, reconnect in script:
        arrival_s += wait_s
        if reconnect:
            timeline.reconnect()
        stamps.append(timeline.place(pts, dts, arrival_s))
        assert stamps[-1].at_s <= arrival_s + 1e-6
    assert all(b.dts > a.dts for a, b in pairwise(stamps))
    assert all(s.pts >= s.dts for s in stamps)
    newest = [s for i, s in enumerate(stamps) if s.pts > max((e.pts for e in stamps[:i]), default=-1)]
    assert all(b.at_s >= a.at_s for a, b in pairwise(newest))
