"""Tests of gateway.camera.rtsp.reorder."""

from __future__ import annotations

import random

from gateway.camera.rtsp.reorder import WINDOW_S, Reorder
from tests.unit.gateway.camera.rtsp.build import rtp


class Network:
    """Gives packets to a `Reorder` and keeps what comes out; time moves by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.reorder = Reorder(lambda: self.now_s)
        self.out: list[int] = []

    def put(self, *numbers: int) -> list[int]:
        """Return the numbers so far."""
        for number in numbers:
            packet = rtp(b"x", number)
            if self.reorder.in_order(memoryview(packet)):
                self.out.append(number & 0xFFFF)
                self.drain()
        self.drain()
        return self.out

    def drain(self) -> None:
        while (packet := self.reorder.next()) is not None:
            self.out.append(int.from_bytes(packet[6:8], "big"))


def test_a_lost_packet_is_not_waited_for_for_ever() -> None:
    """Those behind it come out after the window."""
    network = Network()
    assert network.put(1, 2, 4, 5) == [1, 2]
    network.now_s = WINDOW_S - 0.01
    assert network.put(6) == [1, 2]
    network.now_s = WINDOW_S
    assert network.put() == [1, 2, 4, 5, 6]


def test_packets_that_come_twice_or_too_late_are_dropped() -> None:
    """And counted."""
    network = Network()
    assert network.put(10, 11, 11, 9, 12, 14, 14, 13) == [10, 11, 12, 13, 14]
    assert network.reorder.late == 3


def test_any_order_within_the_window_is_mended() -> None:
    """Also over the wrap of the numbers."""
    network = Network()
    numbers = list(range(65_500, 65_600))
    shuffled = numbers[:1]
    for i in range(1, len(numbers), 5):
        group = numbers[i : i + 5]
        random.Random(i).shuffle(group)
        shuffled += group
    assert network.put(*shuffled) == [n & 0xFFFF for n in numbers]


def test_too_many_held_are_let_out() -> None:
    """A loss is a loss, however fast they come."""
    network = Network()
    network.put(1, *range(3, 600))
    assert network.out[:2] == [1, 3]
    assert len(network.out) > 80


def test_a_new_beginning_is_taken_as_such() -> None:
    """A camera that was restarted counts from elsewhere; what was held of the old count is gone."""
    network = Network()
    assert network.put(100, 102, 40_000, 40_001, 5, 6) == [100, 40_000, 40_001, 5, 6]
