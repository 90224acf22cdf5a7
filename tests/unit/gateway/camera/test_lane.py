"""Tests of gateway.camera.lane."""

from __future__ import annotations

import threading
from collections.abc import Callable

from structlog.testing import capture_logs

from gateway.camera.gate import DecodeRequest
from gateway.camera.lane import REQUESTS_PER_TURN, Lane, LanePool
from gateway.errors import StreamCorrupt
from gateway.types import FrameOrigin
from tests.unit.gateway.camera.scripts import GOP, packet

TIMEOUT_S = 10.0


class HeldPool(LanePool):
    """A pool whose turns are taken when the test says so, in the test's own thread."""

    def __init__(self) -> None:
        super().__init__(1)
        self.turns: list[Callable[[], None]] = []

    def schedule(self, turn: Callable[[], None]) -> None:
        self.turns.append(turn)

    def run(self) -> None:
        while self.turns:
            self.turns.pop(0)()


def burst(index: int) -> DecodeRequest:
    """One packet of a burst."""
    return DecodeRequest(FrameOrigin.BURST, (packet(index),))


def feed(lane: Lane, first: int, count: int) -> None:
    """Submit packets one by one."""
    for index in range(first, first + count):
        lane.submit(burst(index))


def numbers(done: list[DecodeRequest]) -> list[int]:
    """Which pictures were worked on."""
    return [round(r.packets[0].at_s * GOP) for r in done]


def test_an_overfull_lane_drops_its_oldest_gops_whole() -> None:
    """Of six waiting GOPs the last three are worked on, complete and in order; the loss is counted."""
    pool, done = HeldPool(), list[DecodeRequest]()
    lane = pool.lane("cam", done.append)
    feed(lane, 0, 6 * GOP)
    pool.run()
    assert numbers(done) == list(range(3 * GOP, 6 * GOP))
    assert lane.dropped_gops == 3


def test_a_gop_half_done_is_dropped_up_to_the_next_keyframe() -> None:
    """What remains of it goes; the decoder then goes on with a keyframe, never with a torn GOP."""
    pool, done = HeldPool(), list[DecodeRequest]()
    lane = pool.lane("cam", done.append)
    feed(lane, 0, 10)
    pool.run()
    feed(lane, 10, 4 * GOP)
    pool.run()
    assert numbers(done)[:10] == list(range(10))
    assert packet(numbers(done)[10]).keyframe
    assert numbers(done)[-1] == 4 * GOP + 9


def test_one_busy_camera_does_not_starve_another() -> None:
    """A look that comes while three GOPs of a burst wait is done after one turn of the burst."""
    pool, done = HeldPool(), list[str]()
    busy = pool.lane("busy", lambda _: done.append("busy"))
    quiet = pool.lane("quiet", lambda _: done.append("quiet"))
    feed(busy, 0, 3 * GOP)
    quiet.submit(burst(0))
    pool.run()
    assert done.index("quiet") == REQUESTS_PER_TURN
    assert done.count("busy") == 3 * GOP


def test_failing_work_loses_its_own_piece_only() -> None:
    """A damaged picture is a warning, a bug a traceback; the next request is worked on in both cases."""
    pool, done = HeldPool(), list[int]()

    def work(request: DecodeRequest) -> None:
        number = numbers([request])[0]
        if number == 1:
            raise StreamCorrupt("cam", "torn")
        if number == 2:
            raise ZeroDivisionError
        done.append(number)

    lane = pool.lane("cam", work)
    feed(lane, 0, 4)
    with capture_logs() as logs:
        pool.run()
    assert done == [0, 3]
    assert lane.crashes == 2
    assert [e["log_level"] for e in logs] == ["warning", "error"]


def test_order_is_kept_on_many_threads() -> None:
    """One camera's requests are worked on one after another, however many threads there are."""
    done: list[int] = []
    with LanePool(4) as pool:
        lane = pool.lane("cam", lambda r: done.extend(numbers([r])), max_gops=100)
        feed(lane, 0, 20 * GOP)
        assert lane.drain(TIMEOUT_S)
    assert done == list(range(20 * GOP))


def test_a_lossless_submit_waits_for_room() -> None:
    """A recording read as fast as possible loses nothing, though analysis is slower than reading."""
    done: list[int] = []
    gate = threading.Semaphore(0)

    def work(request: DecodeRequest) -> None:
        gate.acquire(timeout=TIMEOUT_S)
        done.extend(numbers([request]))

    with LanePool(1) as pool:
        lane = pool.lane("cam", work, max_gops=1)

        def read() -> None:
            for index in range(3 * GOP):
                lane.submit(burst(index), lossless=True)

        reader = threading.Thread(target=read)
        reader.start()
        gate.release(3 * GOP)
        reader.join(TIMEOUT_S)
        assert lane.drain(TIMEOUT_S)
    assert done == list(range(3 * GOP))
    assert lane.dropped_gops == 0


def test_a_closed_lane_takes_nothing_more() -> None:
    """What waits is dropped, and a reader waiting for room is let go."""
    pool, done = HeldPool(), list[DecodeRequest]()
    lane = pool.lane("cam", done.append, max_gops=1)
    feed(lane, 0, 5)
    lane.close()
    lane.submit(burst(GOP), lossless=True)
    pool.run()
    assert done == []


def test_discarding_drops_what_waits_and_goes_on() -> None:
    """After a change of format the old packets are not decoded, the new ones are."""
    pool, done = HeldPool(), list[DecodeRequest]()
    lane = pool.lane("cam", done.append)
    feed(lane, 0, 5)
    lane.discard()
    feed(lane, GOP, 1)
    pool.run()
    assert numbers(done) == [GOP]
