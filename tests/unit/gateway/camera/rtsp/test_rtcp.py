"""Tests of gateway.camera.rtsp.rtcp; sender reports are written by the simulator."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.camera.rtsp.rtcp import Told, read, receiver_report
from gateway.simulator.rtp import goodbye, sender_report


@given(st.binary(max_size=200))
def test_nothing_that_arrives_breaks_it(data: bytes) -> None:
    """A control packet is read as far as it is sound."""
    read(data)


def test_a_report_without_time_does_not_count() -> None:
    """Cameras without a clock send zero."""
    packet = bytearray(sender_report(1, utc_s=5.0, timestamp=7, packets=1, octets=2))
    packet[8:16] = bytes(8)
    assert read(bytes(packet)) == Told(None, goodbye=False)
    assert read(bytes(packet[:12])) == Told(None, goodbye=False)


def test_a_report_tells_the_cameras_clock() -> None:
    """Unix seconds, and the ticks of that moment."""
    told = read(sender_report(1, utc_s=1_700_000_000.25, timestamp=0xFFFFFFF0, packets=1, octets=2))
    assert told.report is not None
    assert told.report.utc_s == pytest.approx(1_700_000_000.25, abs=1e-6)
    assert told.report.timestamp == 0xFFFFFFF0
    assert not told.goodbye


def test_goodbye_is_heard_behind_a_report() -> None:
    """In one compound packet."""
    report = sender_report(1, utc_s=5.0, timestamp=7, packets=1, octets=2)
    assert read(report + goodbye(1)).goodbye
    assert read(goodbye(1)) == Told(None, goodbye=True)


def test_our_own_report() -> None:
    """A compound packet as the standard has it: RR with one block, then SDES with a name."""
    packet = receiver_report(1, 2, lost=3, highest=70_000, middle=0xABCD, delay_s=1.5)
    assert len(packet) % 4 == 0
    version, kind, words, ours, theirs, lost, highest, _, middle, delay = struct.unpack(">BBHIIIIIII", packet[:32])
    assert (version, kind, words, ours, theirs, lost, highest) == (0x81, 201, 7, 1, 2, 3, 70_000)
    assert (middle, delay) == (0xABCD, 98_304)
    assert packet[33] == 202
    assert b"gridpatrol" in packet
    assert read(packet) == Told(None, goodbye=False)
    assert receiver_report(1, 2, lost=0, highest=0, middle=0, delay_s=9.0)[28:32] == bytes(4)
