from __future__ import annotations

from fractions import Fraction

from gateway.camera.packets import StoredPayload
from gateway.evidence.window import MAX_CLIP_S, Span, choose, event_window, ready_at_s
from gateway.types import Packet


def ring(seconds: int, gop: int = 20, fps: int = 10) -> list[Packet]:
    return [Packet(StoredPayload(b""), i, i, Fraction(1, fps), i % gop == 0, 1, i / fps) for i in range(seconds * fps)]


def test_nothing_to_choose_from() -> None:
    """An empty ring, or one without a keyframe, gives nothing."""
    assert choose([], event_window(10, 11)) == []
    assert choose(ring(1)[1:], event_window(0, 1)) == []


def test_short_dwell_is_one_stretch() -> None:
    """A short event is shown whole, from 6 s before it began to 6 s after it was raised."""
    assert event_window(100, 105) == (Span(94, 111),)
    assert ready_at_s(105) == 111


def test_long_dwell_leaves_out_the_middle() -> None:
    """Five minutes of a parked car show it arriving and still there, in far less than a minute."""
    spans = event_window(100, 400)
    assert spans == (Span(94, 108), Span(394, 406))
    assert sum(s.end_s - s.start_s for s in spans) < MAX_CLIP_S


def test_window_never_exceeds_the_maximum() -> None:
    """Whatever the dwell, the stretches together stay within the maximum."""
    assert all(sum(s.end_s - s.start_s for s in event_window(0, d)) <= MAX_CLIP_S for d in range(600))


def test_whole_gops_from_the_keyframe_before() -> None:
    """The first picture is the keyframe at or before the start, so that everything asked for can be decoded."""
    chosen = choose(ring(30), [Span(11, 15)])
    assert (chosen[0].at_s, chosen[0].keyframe) == (10, True)
    assert chosen[-1].at_s == 15


def test_a_ring_that_begins_late_gives_what_it_has() -> None:
    """When the wanted start is already gone, the clip begins with the first keyframe left."""
    assert choose(ring(30)[105:], [Span(2, 15)])[0].at_s == 12


def test_overlapping_stretches_are_not_doubled() -> None:
    """A packet wanted twice is chosen once."""
    chosen = choose(ring(30), [Span(10, 16), Span(14, 20)])
    assert [p.pts for p in chosen] == list(range(100, 201))
