"""Tests of gateway.camera.snapshots.look_queue."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gateway.camera.lane import LanePool
from gateway.camera.snapshots.look_queue import LookQueue
from gateway.camera.snapshots.poller import Polled
from gateway.errors import CameraError, StreamCorrupt

TIMEOUT_S = 10.0


class HeldTurns:
    """Turns that are taken when the test says so."""

    def __init__(self) -> None:
        self.turns: list[Callable[[], None]] = []

    def schedule(self, turn: Callable[[], None]) -> None:
        self.turns.append(turn)

    def run(self) -> None:
        while self.turns:
            self.turns.pop(0)()


def look(camera_id: str, at_s: float = 0.0) -> Polled:
    """Return a look without a picture."""
    return Polled(camera_id, b"", at_s)


class Rig:
    """A queue with everything around it in the test's hand."""

    def __init__(self, capacity: int = 3) -> None:
        self.turns = HeldTurns()
        self.done: list[Polled] = []
        self.failures: list[tuple[str, CameraError]] = []
        self.errors: list[Exception] = []
        self.queue = LookQueue(self.turns, self.work, lambda c, e: self.failures.append((c, e)), capacity)

    def work(self, polled: Polled) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.done.append(polled)


def test_a_full_queue_drops_the_oldest_and_counts() -> None:
    """The newest three of five are worked on."""
    rig = Rig(capacity=3)
    for name in "abcde":
        rig.queue.put(look(name))
    assert (rig.queue.waiting, rig.queue.dropped) == (3, 2)
    rig.turns.run()
    assert [p.camera_id for p in rig.done] == ["c", "d", "e"]
    assert rig.queue.waiting == 0


def test_a_newer_look_replaces_the_waiting_one_of_its_camera() -> None:
    """In its place in the queue."""
    rig = Rig()
    for polled in (look("a", 1), look("b", 2), look("a", 3)):
        rig.queue.put(polled)
    rig.turns.run()
    assert rig.done == [look("a", 3), look("b", 2)]
    assert rig.queue.dropped == 1


def test_a_look_that_cannot_be_decoded_is_told() -> None:
    """And does not disturb the next."""
    rig = Rig()
    error = StreamCorrupt("a")
    rig.errors.append(error)
    rig.queue.put(look("a"))
    rig.queue.put(look("b"))
    rig.turns.run()
    assert rig.failures == [("a", error)]
    assert rig.done == [look("b")]
    assert rig.queue.crashes == 0


def test_a_bug_in_the_work_costs_one_look() -> None:
    """It is counted, and is not taken for the camera's fault."""
    rig = Rig()
    rig.errors.append(ZeroDivisionError())
    rig.queue.put(look("a"))
    rig.queue.put(look("b"))
    rig.turns.run()
    assert (rig.failures, rig.queue.crashes) == ([], 1)
    assert rig.done == [look("b")]


def test_one_camera_is_worked_on_one_look_at_a_time() -> None:
    """A second thread that finds only looks of a camera at work leaves them, and they are done afterwards, in order."""
    began, go_on, done = threading.Event(), threading.Event(), threading.Event()
    order: list[float] = []
    inside: list[int] = []

    def work(polled: Polled) -> None:
        inside.append(len(inside))
        began.set()
        assert go_on.wait(TIMEOUT_S)
        inside.pop()
        order.append(polled.at_s)
        assert not inside
        if len(order) == 2:
            done.set()

    with LanePool(2) as pool:
        queue = LookQueue(pool, work, lambda c, e: None)
        queue.put(look("a", 1))
        assert began.wait(TIMEOUT_S)
        queue.put(look("a", 2))
        go_on.set()
        assert done.wait(TIMEOUT_S)
    assert order == [1, 2]
    assert queue.crashes == 0


def test_cameras_are_worked_on_side_by_side() -> None:
    """Two threads, two cameras: each waits for the other to begin."""
    meeting = threading.Barrier(2, timeout=TIMEOUT_S)

    def meet(_: Polled) -> None:
        meeting.wait()

    with LanePool(2) as pool:
        queue = LookQueue(pool, meet, lambda c, e: None)
        queue.put(look("a"))
        queue.put(look("b"))
    assert queue.crashes == 0
    assert not meeting.broken
