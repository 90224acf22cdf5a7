"""Tests of gateway.camera.lane."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from structlog.testing import capture_logs

from gateway.camera.budget import CREDIT_S, CpuBudget
from gateway.camera.gate import DecodeRequest
from gateway.camera.lane import LOOK_PATIENCE_S, REQUESTS_PER_TURN, Lane, LanePool, LaneStats
from gateway.clock import SystemClock
from gateway.errors import StreamCorrupt
from gateway.types import FrameOrigin
from tests.unit.gateway.camera.scripts import GOP, packet

TIMEOUT_S = 10.0


class HandClock(SystemClock):
    """Wall time and CPU time of one thread that never pauses in its work; moved by hand."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.cpu_s = 0.0

    def monotonic(self) -> float:
        return self.now_s

    def work(self, seconds: float) -> None:
        self.now_s += seconds
        self.cpu_s += seconds


class HeldPool(LanePool):
    """A pool without threads: turns are taken when the test says so, in the test's own thread."""

    def __init__(self, cores: float | None = None) -> None:
        self.time = HandClock()
        super().__init__(0, CpuBudget(cores), clock=self.time, cpu_s=lambda: self.time.cpu_s)

    def run(self) -> None:
        while self.run_turn():
            pass


def burst(index: int) -> DecodeRequest:
    """One packet of a burst."""
    return DecodeRequest(FrameOrigin.BURST, (packet(index),))


def look(index: int) -> DecodeRequest:
    """A look at one keyframe."""
    return DecodeRequest(FrameOrigin.LOOK, (packet(index, keyframe=True),))


def trickle(index: int) -> DecodeRequest:
    """One packet of a stream with long GOPs that is decoded through."""
    return DecodeRequest(FrameOrigin.LOOK, (packet(index),), restart=index == 0, fps=1.0)


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
    """A burst that comes while three GOPs of another wait is done after one turn of the other."""
    pool, done = HeldPool(), list[str]()

    def work(_: DecodeRequest) -> None:
        pool.time.work(0.001)
        done.append("busy")

    busy = pool.lane("busy", work)
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


def test_the_look_that_has_waited_longest_goes_first() -> None:
    """Before younger looks, and before bursts that wait longer still."""
    pool, done = HeldPool(), list[str]()
    lanes = {name: pool.lane(name, lambda _, name=name: done.append(name)) for name in "abc"}  # type: ignore[misc]
    for name, request in (("a", burst(0)), ("b", look(0)), ("c", look(0))):
        lanes[name].submit(request)
        pool.time.now_s += 1
    pool.run()
    assert done == ["b", "c", "a"]


def test_a_look_overtaken_by_newer_ones_hands_on_its_place() -> None:
    """A camera that looks often loses looks when all are late, counted, yet it is not passed over for ever."""
    pool, done = HeldPool(), list[str]()
    often = pool.lane("often", lambda r: done.append(f"often {numbers([r])[0]}"))
    seldom = pool.lane("seldom", lambda _: done.append("seldom"))
    often.submit(look(0))
    pool.time.now_s = 1.0
    seldom.submit(look(0))
    for index in range(1, 5):
        pool.time.now_s += 1
        often.submit(look(index))
    pool.run()
    assert done == ["often 2", "seldom", "often 3", "often 4"]
    assert (often.refused_looks, often.refused_bursts, often.dropped_gops) == (2, 0, 2)
    assert pool.stats.refused_looks == 2


def test_a_burst_gives_way_as_soon_as_a_look_waits() -> None:
    """The neighbour's look is done after the packet that is just being decoded, not after the turn."""
    pool, done = HeldPool(), list[str]()
    quiet = pool.lane("quiet", lambda _: done.append("quiet"))

    def work(request: DecodeRequest) -> None:
        done.append("busy")
        if numbers([request]) == [3]:
            quiet.submit(look(0))

    feed(pool.lane("busy", work), 0, GOP)
    pool.run()
    assert done == [*["busy"] * 4, "quiet", *["busy"] * (GOP - 4)]


def test_streams_that_are_decoded_through_take_turns_with_looks() -> None:
    """They count as looks and are never refused, but the rest of a GOP waits anew after each turn."""
    pool, done = HeldPool(cores=0.01), list[str]()

    def work(_: DecodeRequest) -> None:
        pool.time.work(0.1)
        done.append("long")

    long, quiet = pool.lane("long", work), pool.lane("quiet", lambda _: done.append("quiet"))
    for index in range(GOP):
        long.submit(trickle(index))
    pool.time.now_s = 1.0
    quiet.submit(look(0))
    pool.run()
    assert done == ["long", "quiet", *["long"] * (GOP - 1)]


def test_no_burst_begins_while_a_look_waits_too_long() -> None:
    """A look behind its own camera's long turn: the other threads leave the machine to that turn."""
    pool, done = HeldPool(), list[str]()
    other = pool.lane("other", lambda _: done.append("other"))
    begun: list[bool] = []

    def work(request: DecodeRequest) -> None:
        if request.kind is FrameOrigin.BURST:
            lane.submit(look(1))
            other.submit(burst(0))
            pool.time.work(LOOK_PATIENCE_S + 0.1)
            begun.append(pool.run_turn())  # as another thread would
        done.append(request.kind.value)

    lane = pool.lane("slow", work)
    lane.submit(burst(0))
    pool.run()
    assert begun == [False]
    assert done == ["burst", "look", "other"]


def test_a_refused_burst_is_dropped_counted_and_told() -> None:
    """What continues it is dropped too, silently; with the next keyframe a burst may begin again."""
    pool, done, told = HeldPool(cores=1.0), list[int](), list[str]()

    def work(request: DecodeRequest) -> None:
        pool.time.cpu_s += CREDIT_S / 5  # many times what the budget gives
        done.extend(numbers([request]))

    lane = pool.lane("web", work, on_refused=lambda: told.append("refused"))
    feed(lane, 0, 10)
    pool.run()
    feed(lane, 10, 5)
    pool.run()
    assert done == list(range(5))
    assert (lane.refused_bursts, lane.dropped_gops, told) == (1, 0, ["refused"])
    pool.time.now_s += CREDIT_S
    feed(lane, 15, 12)
    pool.run()
    assert done == [*range(5), GOP, GOP + 1]
    assert pool.stats == LaneStats(0, 0, 0, 1, pool.time.cpu_s)


def test_a_look_behind_a_refused_burst_is_done() -> None:
    """Refusing a burst uncovers it; budgets refuse no look."""
    pool, done = HeldPool(cores=1.0), list[int]()
    pool.schedule(partial(pool.time.work, 100.0))
    pool.run()
    lane = pool.lane("cam", lambda r: done.extend(numbers([r])))
    feed(lane, 0, 5)
    lane.submit(look(GOP))
    pool.run()
    assert done == [GOP]
    assert lane.refused_bursts == 1


def test_bursts_dropped_for_want_of_room_are_told() -> None:
    """Once for each GOP, to a listener whose failure costs nobody anything."""
    pool, told = HeldPool(), list[str]()

    def hear() -> None:
        told.append("refused")
        raise ZeroDivisionError

    lane = pool.lane("cam", lambda _: None, on_refused=hear)
    feed(lane, 0, 5 * GOP)
    assert (lane.refused_bursts, lane.refused_looks, len(told)) == (2, 0, 2)
    assert pool.stats == LaneStats(0, 3, 0, 2, 0.0)


def test_a_recording_is_never_refused() -> None:
    """Read without pacing it must be analysed whole, whatever it costs."""
    pool, done = HeldPool(cores=0.01), list[int]()

    def work(request: DecodeRequest) -> None:
        pool.time.work(1.0)
        done.extend(numbers([request]))

    lane = pool.lane("cam", work)
    for index in range(GOP):
        lane.submit(burst(index), lossless=True)
    pool.run()
    assert done == list(range(GOP))
    assert lane.refused_bursts == 0


def test_turns_of_no_lane_are_as_urgent_as_looks() -> None:
    """Polled looks wait in one line with the others; a failing one harms nobody."""
    pool, done = HeldPool(), list[str]()
    pool.lane("busy", lambda _: done.append("burst")).submit(burst(0))
    pool.lane("early", lambda _: done.append("early")).submit(look(0))
    pool.time.now_s = 1.0

    def fail() -> None:
        done.append("polled")
        raise ZeroDivisionError

    pool.schedule(fail)
    pool.time.now_s = 2.0
    pool.lane("late", lambda _: done.append("late")).submit(look(0))
    assert pool.stats.waiting_looks == 3
    pool.run()
    assert done == ["early", "polled", "late", "burst"]


class Camera:
    """Behaves as watcher and gate do: looks every 2 s, a burst while `busy` says so, looks again when refused."""

    def __init__(self, street: Street, name: str, cost_s: float, busy: Callable[[float], bool]) -> None:
        self._street = street
        self._cost_s = cost_s
        self._busy = busy
        self._bursting = False
        self.lane = street.pool.lane(name, self._work, on_refused=self._stop)
        self.looks = self.bursts = self.done = 0
        self.longest_wait_s = 0.0

    def send(self, index: int) -> None:
        """Submit picture `index` where it is wanted: 25 a second, a keyframe every other second."""
        at_s = index / GOP
        keyframe = index % (2 * GOP) == 0
        self._bursting = self._busy(at_s) and (self._bursting or keyframe)
        if self._bursting or keyframe:
            kind = FrameOrigin.BURST if self._bursting else FrameOrigin.LOOK
            self.looks += not self._bursting
            self.bursts += self._bursting
            self.lane.submit(DecodeRequest(kind, (packet(index, keyframe=keyframe, at_s=at_s),)))

    def _work(self, request: DecodeRequest) -> None:
        if request.kind is FrameOrigin.LOOK:
            waited_s = self._street.pool.time.now_s - request.packets[0].at_s
            self.longest_wait_s = max(self.longest_wait_s, waited_s)
        self.done += 1
        self._street.work(self._cost_s)

    def _stop(self) -> None:
        self._bursting = False


class Street:
    """Some cameras on one thread; pictures come while it works."""

    def __init__(self, cores: float, pictures: int) -> None:
        self.pool = HeldPool(cores)
        self.cameras: list[Camera] = []
        self._pictures = pictures
        self._sent = 0

    def run(self) -> None:
        """Let the time of all pictures pass."""
        while self._sent < self._pictures:
            if not self.pool.run_turn():
                self.pool.time.now_s = self._sent / GOP
                self._send()
        self.pool.run()

    def work(self, seconds: float) -> None:
        """Let computing time pass, and with it the time of day."""
        self.pool.time.work(seconds)
        self._send()

    def _send(self) -> None:
        while self._sent < self._pictures and self._sent / GOP <= self.pool.time.now_s:
            for camera in self.cameras:
                camera.send(self._sent)
            self._sent += 1


def busy_for_4_s_of_20(first_s: float, at_s: float) -> bool:
    """People come by now and then."""
    return (at_s - first_s) % 20 < 4


def test_a_spider_web_does_not_starve_its_neighbours() -> None:
    """It moves always and costs five times the budget; nine neighbours with looks and short bursts lose nothing."""
    street = Street(cores=0.5, pictures=180 * GOP)
    web = Camera(street, "web", 0.1, lambda _: True)
    neighbours = [Camera(street, f"cam-{n}", 0.004, partial(busy_for_4_s_of_20, 2.0 * n)) for n in range(9)]
    street.cameras = [web, *neighbours]
    street.run()
    stats = street.pool.stats
    for camera in neighbours:
        assert camera.done == camera.looks + camera.bursts
        assert camera.bursts >= 8 * 4 * GOP
        assert camera.longest_wait_s <= 0.1 + 9 * 0.004 + 1 / GOP  # one picture of the web's, and each other's looks
        assert (camera.lane.refused_looks, camera.lane.refused_bursts) == (0, 0)
    assert web.lane.refused_bursts > 10
    assert web.done > 100  # what the others leave is its own
    assert stats.refused_bursts == web.lane.refused_bursts
    assert stats.cpu_s <= 0.5 * (street.pool.time.now_s + 2 * CREDIT_S)


def test_a_closed_pool_finishes_what_runs_and_drops_the_rest() -> None:
    """Whoever waits for room or for the end is let go; nothing is taken any more."""
    begun, may_end = threading.Event(), threading.Event()
    done: list[int] = []

    def work(request: DecodeRequest) -> None:
        begun.set()
        assert may_end.wait(TIMEOUT_S)
        done.extend(numbers([request]))

    with LanePool(2) as pool:
        lane = pool.lane("cam", work, max_gops=1)
        feed(lane, 0, 5)
        assert begun.wait(TIMEOUT_S)
        reader = threading.Thread(target=partial(lane.submit, burst(GOP), lossless=True))
        reader.start()
        closer = threading.Thread(target=pool.__exit__, args=(None, None, None))
        closer.start()
        reader.join(TIMEOUT_S)
        assert not reader.is_alive()
        may_end.set()
        closer.join(TIMEOUT_S)
    pool.schedule(partial(done.append, -1))
    lane.submit(look(GOP))
    assert lane.drain(0)
    assert done == [0]


def test_all_threads_have_their_share() -> None:
    """Several cameras that ask at once are worked on side by side."""
    together = threading.Barrier(3)

    def meet(_: DecodeRequest) -> None:
        together.wait(TIMEOUT_S)

    with LanePool(3) as pool:
        lanes = [pool.lane(f"cam-{n}", meet) for n in range(3)]
        for lane in lanes:
            lane.submit(look(0))
        assert all(lane.drain(TIMEOUT_S) for lane in lanes)
    assert [lane.crashes for lane in lanes] == [0, 0, 0]
