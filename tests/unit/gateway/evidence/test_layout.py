from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.camera.packets import StoredPayload
from gateway.evidence.layout import TICKS_PER_S, lay_out
from gateway.types import Packet

EMPTY = StoredPayload(b"")


def stream(count: int, *, fps: float = 10, start_s: float = 0.0, first_dts: int = 0, gop: int = 10) -> list[Packet]:
    step = round(90_000 / fps)
    return [
        Packet(
            StoredPayload(b""),
            first_dts + i * step,
            first_dts + i * step,
            Fraction(1, 90_000),
            i % gop == 0,
            1,
            start_s + i / fps,
        )
        for i in range(count)
    ]


def test_nothing_gives_nothing() -> None:
    """No packets, or none that can be decoded, make an empty layout."""
    assert lay_out([]).packets == ()
    assert lay_out(stream(9, gop=10)[1:]).packets == ()
    assert lay_out([]).duration_s == 0


def test_leading_pictures_without_a_keyframe_are_left_out() -> None:
    """The clip begins with the first keyframe, at 0."""
    layout = lay_out(stream(20)[5:])
    assert len(layout.packets) == 10
    assert (layout.packets[0].dts, layout.packets[0].packet.keyframe) == (0, True)


def test_a_new_session_is_laid_after_the_old() -> None:
    """Timestamps that start anew after a reconnect neither jump back nor leave a hole."""
    first, second = stream(10, first_dts=9_000_000), stream(10, start_s=1.5)
    layout = lay_out(first + second)
    assert [p.dts for p in layout.packets] == [i * 9_000 for i in range(20)]
    assert [s.at_s for s in layout.stretches] == [0, 1.5]


def test_a_jump_of_timestamps_is_closed_up() -> None:
    """A camera that corrects its clock by an hour does not make an hour of clip."""
    layout = lay_out(stream(10) + stream(10, start_s=1.0, first_dts=3600 * 90_000))
    assert layout.duration_s == pytest.approx(2.0)


def test_equal_timestamps_are_forced_apart() -> None:
    """Two packets with one decode time still rise in the clip."""
    packets = stream(4)
    packets[2] = replace(packets[2], dts=packets[1].dts, pts=packets[1].pts)
    times = [p.dts for p in lay_out(packets).packets]
    assert times == sorted(set(times))


def test_pictures_shown_before_decoding_are_shown_at_once() -> None:
    """A pts before its dts is raised to it."""
    packets = [replace(p, pts=p.dts - 90) for p in stream(3)]
    assert all(p.pts == p.dts for p in lay_out(packets).packets)


def test_slow_cameras_have_no_gaps() -> None:
    """At a picture in three seconds, three seconds are no gap."""
    layout = lay_out(stream(6, fps=1 / 3, gop=2))
    assert len(layout.stretches) == 1
    assert len(layout.packets) == 6


@given(st.lists(st.tuples(st.integers(-200_000, 400_000), st.booleans()), max_size=60))
def test_decode_times_always_rise(steps: list[tuple[int, bool]]) -> None:
    """Whatever a camera's timestamps do, the clip's rise strictly and the stretches add up to its length."""
    dts, packets = 0, []
    for i, (step, keyframe) in enumerate(steps):
        dts += step
        packets.append(Packet(EMPTY, dts, dts, Fraction(1, 90_000), keyframe, 1, i * 0.5))
    layout = lay_out(packets)
    times = [p.dts for p in layout.packets]
    assert all(a < b for a, b in pairwise(times))
    total_s = sum(s.duration_s for s in layout.stretches)
    assert total_s == pytest.approx(layout.duration_s, abs=(len(layout.stretches) * layout.step + 1) / TICKS_PER_S)
