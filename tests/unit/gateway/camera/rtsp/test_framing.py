"""Tests of gateway.camera.rtsp.framing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.camera.rtsp import framing as module
from gateway.camera.rtsp.framing import MAX_REST_BYTES, MAX_UNIT_BYTES, SLACK_BYTES, message_bytes
from gateway.camera.rtsp.units import H264
from tests.unit.gateway.camera.rtsp.build import (
    IDR,
    PPS,
    SLICE,
    SPS,
    feed,
    fragments,
    frame,
    new_framing,
    picture,
    rtp,
)

REPORT = b"\x80\xc8\x00\x06" + bytes(24)
GOODBYE = b"\x81\xcb\x00\x01" + bytes(4)
ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 7\r\nContent-Length: 4\r\n\r\nbody"


def stream(count: int = 20, first: int = 65_525) -> tuple[bytes, list[bytes]]:
    """Units as they come over a connection, and each for itself."""
    units = [
        b"".join(fragments(IDR * 30, first + 3 * i, 3600 * i))
        if i % 5
        else picture([SPS, PPS, IDR], first + 3 * i, 3600 * i)
        for i in range(count)
    ]
    return b"".join(units), units


def with_interruptions(units: list[bytes]) -> bytes:
    """Reports, answers, other tracks and line ends between the units."""
    between = [b"", frame(REPORT, 1), ANSWER, frame(b"\x80\x00sound", 2), b"\r\n", frame(b"", 0), frame(GOODBYE, 1)]
    return b"".join(unit + between[i % len(between)] for i, unit in enumerate(units))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 4000), max_size=30))
def test_any_split_of_the_stream_gives_the_same(cuts: list[int]) -> None:
    """Units, reports and answers alike."""
    _, units = stream()
    data = with_interruptions(units)
    framing = new_framing()
    got = feed(framing, data, sorted(min(cut, len(data)) for cut in cuts))
    assert [u.raw for u in got] == units
    assert [u.timestamp for u in got] == [3600 * i for i in range(len(units))]
    assert sorted(framing.controls) == [REPORT] * 3 + [GOODBYE] * 2
    assert framing.messages == [ANSWER] * 3
    assert (framing.lost, framing.resyncs, framing.packets) == (0, 0, 60)
    assert not any(u.torn for u in got)


def test_byte_by_byte() -> None:
    """The extreme of splitting."""
    data, units = stream(5)
    assert [u.raw for u in feed(new_framing(), data, range(1, len(data)))] == units


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=3000), st.lists(st.integers(0, 6000), max_size=8))
def test_nothing_that_arrives_breaks_it(garbage: bytes, cuts: list[int]) -> None:
    """Whatever comes, all of it is used up but for a frame that may yet be completed."""
    data = stream(5)[0] + garbage + stream(5)[0]
    feed(new_framing(), data, sorted(min(cut, len(data)) for cut in cuts))


def test_garbage_is_skipped_to_the_next_packet() -> None:
    """And counted once; what came whole before and after is there."""
    _, units = stream(6)
    noise = random.Random(1).randbytes(5000).replace(b"$", b"#")
    framing = new_framing()
    got = feed(framing, b"".join(units[:3]) + noise + b"".join(units[3:]), range(500, 7000, 500))
    assert [u.raw for u in got] == units
    assert framing.resyncs == 1
    assert not framing.hopeless


def test_garbage_full_of_frame_marks_is_no_packet() -> None:
    """Only what looks like a packet of ours is believed: channel, version, type."""
    _, units = stream(4)
    noise = (b"$\x00\xff\xff" + b"\x00" * 3 + b"$$$" + b"$\x09") * 50 + b"\x00" * 20
    framing = new_framing()
    assert feed(framing, units[0] + b"\x01" + noise + units[1])[-1].raw == units[1]


def test_a_torn_frame_costs_what_it_covers() -> None:
    """A length that lies: the packets under it are lost, those behind are found again."""
    _, units = stream(12)
    broken = bytearray(units[1])
    broken[2:4] = (len(units[1]) + 10).to_bytes(2, "big")
    framing = new_framing()
    got = feed(framing, units[0] + bytes(broken) + b"".join(units[2:]))
    assert [u.raw for u in got][-8:] == units[-8:]
    assert framing.resyncs == 1


def test_garbage_without_end_is_hopeless() -> None:
    """After a megabyte nobody believes in a hiccup; one sound packet restores the hope."""
    framing = new_framing()
    for _ in range(11):
        feed(framing, b"\x00" * 100_000)
    assert framing.hopeless
    feed(framing, stream(1)[0])
    assert not framing.hopeless


def test_lost_packets_are_counted_and_their_units_marked() -> None:
    """The unit that lacks one, and the neighbour that may."""
    packets = [p for i in range(4) for p in fragments(IDR * 9, 65_533 + 3 * i, i)]
    del packets[4]
    framing = new_framing()
    got = feed(framing, b"".join(packets))
    assert framing.lost == 1
    assert [u.torn for u in got][1]
    assert not got[0].torn
    assert not got[3].torn


def test_a_unit_whose_end_was_lost_ends_with_the_next() -> None:
    """By its timestamp."""
    first, second = fragments(IDR * 9, 1, 10)[:2], fragments(IDR * 9, 4, 20)
    got = feed(new_framing(), b"".join(first + second))
    assert [(u.timestamp, u.torn) for u in got] == [(10, True), (20, True)]


def test_a_new_source_is_no_loss() -> None:
    """An encoder that was restarted counts from anywhere."""
    framing = new_framing()
    feed(
        framing, rtp(IDR, 5, 1, marker=True) + rtp(IDR, 900, 9, marker=True, source=8) + rtp(IDR, 901, 10, marker=True)
    )
    assert framing.lost == 0
    assert framing.source == 7
    assert framing.packets == 3


def test_numbers_that_step_back_are_no_loss() -> None:
    """A packet that comes twice, or late."""
    framing = new_framing()
    feed(framing, b"".join(rtp(SLICE, n, n, marker=True) for n in (5, 6, 6, 7)))
    assert framing.lost == 0
    assert framing.last_sequence == 7


def test_a_camera_that_never_marks_is_cut_by_time() -> None:
    """A unit is known to be over when the next begins."""
    got = feed(new_framing(), b"".join(rtp(SLICE, n, n // 2) for n in range(10)))
    assert [u.timestamp for u in got] == [0, 1, 2, 3]


def test_a_camera_that_marks_every_packet_is_not_believed() -> None:
    """From the first unit that goes on after its marker, time alone decides."""
    first, later = b"\x65\x88first", b"\x65\x40later"
    data = b"".join(rtp(nal, 2 * i + j, i, marker=True) for i in range(5) for j, nal in enumerate((first, later)))
    got = feed(new_framing(), data)
    assert [u.timestamp for u in got] == [0, 0, 1, 2, 3]
    assert got[2].raw == rtp(first, 2, 1, marker=True) + rtp(later, 3, 1, marker=True)


def test_a_clock_that_stands_still_does_not_swallow_pictures() -> None:
    """The marker ends a unit, though the next has the same timestamp: a first slice begins a picture."""
    got = feed(new_framing(), b"".join(rtp(SLICE, n, 0, marker=True) for n in range(6)), range(40, 200, 40))
    assert len(got) == 6


def test_a_unit_too_large_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, with memory bounded; the next one is whole."""
    monkeypatch.setattr(module, "MAX_UNIT_BYTES", 100_000)
    assert MAX_UNIT_BYTES == 8 << 20
    framing = new_framing()
    huge = b"".join(rtp(b"\x41" + bytes(1000), n, 1) for n in range(200))
    got = feed(framing, huge + picture([SLICE], 200, 2), range(0, len(huge), 10_000))
    assert [u.timestamp for u in got] == [2]
    assert framing.oversized == 1


def test_what_is_left_over_is_bounded() -> None:
    """The longest frame but a byte, and a message that never ends."""
    framing = new_framing()
    longest = frame(b"\x80\x60" + bytes(65_533), 0)[:-1]
    assert framing.feed(memoryview(bytearray(longest + bytes(SLACK_BYTES))), len(longest)) == 0
    assert len(longest) < MAX_REST_BYTES
    endless = b"RTSP/1.0 200 OK\r\n" + b"x" * MAX_REST_BYTES
    assert framing.feed(memoryview(bytearray(endless + bytes(SLACK_BYTES))), len(endless)) > 0


def test_requests_of_the_camera_are_messages_too() -> None:
    """Some ask whether we are still there."""
    framing = new_framing()
    question = b"OPTIONS rtsp://here/x RTSP/1.0\r\nCSeq: 1\r\n\r\n"
    feed(framing, picture([SLICE], 1, 0) + question + picture([SLICE], 2, 1))
    assert framing.messages == [question]
    assert len(framing.units) == 2


def test_rtcp_and_packets_on_the_channels_agreed_upon() -> None:
    """Which are not always 0 and 1."""
    framing = module.Framing(H264, 4, 96, 7)
    feed(framing, rtp(SLICE, 1, 1, marker=True, channel=4) + frame(REPORT, 7) + rtp(SLICE, 1, 1, marker=True))
    assert len(framing.units) == 1
    assert framing.controls == [REPORT]


def test_the_length_of_a_message() -> None:
    """Head and body; nothing while a part is missing."""
    assert message_bytes(ANSWER + b"$\x00") == len(ANSWER)
    assert message_bytes(ANSWER[:-1]) == 0
    assert message_bytes(b"RTSP/1.0 200 OK\r\n") == 0
    assert message_bytes(b"RTSP/1.0 200 OK\r\n\r\nmore") == 19
