"""Tests of gateway.camera.ring."""

from __future__ import annotations

import threading
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.camera.ring import PIN_HEAD_S, PacketRing
from gateway.types import Packet
from tests.unit.gateway.camera.scripts import packet, stream

GOP_BYTES = 25_000  # of `stream`


def fill(ring: PacketRing, packets: list[Packet]) -> PacketRing:
    """Append them all."""
    for each in packets:
        ring.append(each)
    return ring


def seconds_held(ring: PacketRing) -> list[int]:
    """The moments of the keyframes held."""
    return [round(p.at_s) for p in ring.since(-1e9) if p.keyframe]


def test_what_comes_before_the_first_keyframe_is_let_go() -> None:
    """Nothing can be shown of it."""
    ring = fill(PacketRing(), [packet(i) for i in range(20, 24)])
    assert ring.since(0) == []
    assert ring.newest_s is None
    assert ring.last_gop() == []
    assert ring.gop_before(1.0) == []


def test_a_gop_larger_than_the_ring_is_dropped_up_to_the_next_keyframe() -> None:
    """A single GOP that exceeds the bytes allowed leaves no headless rest behind."""
    ring = fill(PacketRing(max_bytes=10_500), stream(1.0))
    assert ring.since(0) == []
    assert ring.dropped_gops == 1
    assert fill(ring, [packet(25)]).last_gop() == [packet(25)]


def test_old_gops_leave_when_the_rest_covers_the_time() -> None:
    """Twelve seconds asked for are always covered, by whole GOPs, and not by much more."""
    ring = fill(PacketRing(seconds=12), stream(60.0))
    assert seconds_held(ring) == list(range(47, 60))


def test_a_stretch_begins_at_the_keyframe_before_it() -> None:
    """Asking from 3.5 s gives the picture at 3.0 s first, and everything since."""
    ring = fill(PacketRing(), stream(6.0))
    found = ring.since(3.5)
    assert found[0].at_s == 3.0
    assert found[0].keyframe
    assert found[-1].at_s == ring.newest_s
    assert ring.since(-50)[0].at_s == 0.0


def test_the_gop_before_is_whole() -> None:
    """For a moment in the fourth GOP it is the third; before the oldest there is none."""
    ring = fill(PacketRing(), stream(6.0))
    assert ring.gop_before(3.5) == stream(1.0, start_s=2.0)
    assert ring.gop_before(0.5) == []
    assert ring.last_gop() == stream(1.0, start_s=5.0)


def test_a_pin_keeps_what_age_would_take() -> None:
    """Pinned at 5.5 s, the GOP of 5 s is still there a minute later, and goes with the pin."""
    ring = fill(PacketRing(seconds=4), stream(8.0))
    ring.pin("event", 5.5)
    fill(ring, stream(60.0, start_s=8.0))
    assert seconds_held(ring)[0] == 5
    ring.unpin("event")
    ring.unpin("event")
    assert seconds_held(ring)[0] == 63


def test_under_pressure_the_dull_middle_goes_first() -> None:
    """A long event keeps its beginning and its present; whole GOPs of the middle are lost and counted."""
    ring = PacketRing(seconds=4, max_bytes=30 * GOP_BYTES)
    ring.pin("event", 2.0)
    fill(ring, stream(100.0))
    held = seconds_held(ring)
    head = [s for s in held if s <= 2 + PIN_HEAD_S]
    assert head == list(range(2, 18))
    assert held[-4:] == [96, 97, 98, 99]
    assert ring.dropped_gops == 100 - 2 - len(held)
    assert ring.size <= 30 * GOP_BYTES


def test_heads_give_way_only_when_nothing_else_is_left() -> None:
    """Where heads alone are too much, the latest of them go, never the first pictures of the event."""
    ring = PacketRing(seconds=2, max_bytes=8 * GOP_BYTES)
    ring.pin("event", 0.0)
    fill(ring, stream(14.0))
    assert seconds_held(ring)[:4] == [0, 1, 2, 3]
    assert seconds_held(ring)[-1] == 13


def test_clearing_forgets_packets_and_keeps_pins() -> None:
    """After a change of format the old packets are gone; what comes is pinned as before."""
    ring = fill(PacketRing(seconds=2), stream(4.0))
    ring.pin("event", 3.0)
    ring.clear()
    assert (ring.size, ring.since(0)) == (0, [])
    fill(ring, stream(20.0, start_s=5.0))
    assert seconds_held(ring)[0] == 5


def test_readers_see_whole_stretches_while_it_is_written() -> None:
    """A reader in another thread always gets packets that begin with a keyframe and have no hole."""
    ring = PacketRing(seconds=2)
    bad: list[list[Packet]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            found = ring.since(0)
            if found and (not found[0].keyframe or any(b.dts - a.dts != 3600 for a, b in pairwise(found))):
                bad.append(found)

    reader = threading.Thread(target=read)
    reader.start()
    fill(ring, stream(200.0))
    done.set()
    reader.join()
    assert bad == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 4000)), max_size=120),
    st.integers(2_000, 40_000),
    st.floats(0, 3),
    st.one_of(st.none(), st.floats(0, 4)),
)
def test_whatever_comes_only_whole_gops_are_held(
    script: list[tuple[bool, int]], max_bytes: int, seconds: float, pinned_s: float | None
) -> None:
    """No packet ever stands without its keyframe, the bytes are kept to, and the count of bytes is right."""
    ring = PacketRing(seconds, max_bytes)
    if pinned_s is not None:
        ring.pin("event", pinned_s)
    key_of: dict[int, int] = {}
    for index, (keyframe, size) in enumerate(script):
        each = packet(index, keyframe=keyframe, size=size)
        key_of[each.dts] = each.dts if keyframe or not index else key_of[packet(index - 1).dts]
        ring.append(each)
        held = ring.since(-1)
        assert ring.size == sum(p.size for p in held) <= max_bytes
        assert not held or held[0].keyframe
        for before, after in pairwise(held):
            assert after.keyframe or key_of[before.dts] == key_of[after.dts]
