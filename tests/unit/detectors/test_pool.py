"""Many threads share one model: in turn, in batches, and nobody pays for another's bad picture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from detectors.base import Detections, Detector, Image, InferenceError
from detectors.onnx_model import OnnxDetector
from detectors.pool import InferencePool
from tests.unit.detectors import graphs
from tests.unit.detectors.graphs import SIDE, names

SOON_S = 10.0  # ends a test that has failed
BAD = 255


def picture(value: int) -> Image:
    return np.full((2, 2, 3), value, np.uint8)


def one_box(value: int) -> Detections:
    """Return what the fake model sees in a picture of that value: a box that names it."""
    return Detections(np.zeros((1, 4), np.float32), np.ones(1, np.float32), np.array([value], np.int64))


def seen(found: Sequence[Detections]) -> list[int]:
    return [int(d.class_id[0]) for d in found]


class FakeModel:
    """Answers each picture by its value; passes wait at a gate that the test opens."""

    name = "fake"
    labels: tuple[str, ...] = ("thing",)
    per_camera = False
    wants_luma = False
    concurrent_passes = True
    images_per_pass = 4

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.entered = threading.Semaphore(0)
        self.batches: list[list[int]] = []
        self.threads: list[str] = []
        self.error: Exception | None = None

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        values = [int(i[0, 0, 0]) for i in images]
        self.batches.append(values)
        self.threads.append(threading.current_thread().name)
        self.entered.release()
        assert self.gate.wait(SOON_S)
        if self.error is not None:
            raise self.error
        if BAD in values:
            raise InferenceError("a bad picture")
        return [one_box(value) for value in values]


class Sequential(FakeModel):
    """A model that does not say that it can be called side by side, nor that it takes batches."""

    concurrent_passes = False
    images_per_pass = 1


class Learning(FakeModel):
    """A detector that belongs to one camera."""

    per_camera = True


def open_model() -> FakeModel:
    """Return a model whose passes wait for nothing."""
    model = FakeModel()
    model.gate.set()
    return model


class Crowd:
    """Callers in threads of their own, entering the pool one after another."""

    def __init__(self, pool: InferencePool, executor: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._executor = executor

    def call(self, *values: int) -> Future[list[Detections]]:
        return self._executor.submit(self._pool.detect, [picture(v) for v in values])

    def queue(self, *values: int) -> Future[list[Detections]]:
        """Call, and return once the request waits."""
        waiting = self._pool.metrics.waiting
        called = self.call(*values)
        until(lambda: self._pool.metrics.waiting > waiting)
        return called


def until(holds: Callable[[], bool]) -> None:
    turn = threading.Event()
    for _ in range(10_000):
        if holds():
            return
        turn.wait(0.001)
    pytest.fail("it never happened")


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    """Return threads for callers; what hangs is not waited for."""
    made = ThreadPoolExecutor(16)
    yield made
    made.shutdown(wait=False, cancel_futures=True)


def busy(model: FakeModel, pool: InferencePool, executor: ThreadPoolExecutor) -> tuple[Crowd, Future[list[Detections]]]:
    """Return a crowd whose first member is inside the model."""
    crowd = Crowd(pool, executor)
    first = crowd.call(1)
    assert model.entered.acquire(timeout=SOON_S)
    return crowd, first


def test_a_detector_that_learns_is_refused() -> None:
    """One camera's background must not be taught by another's pictures."""
    with pytest.raises(ValueError, match="cannot be shared"):
        InferencePool(Learning())


@pytest.mark.parametrize(("threads", "max_batch", "capacity"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_a_pool_of_nothing_is_refused(threads: int, max_batch: int, capacity: int) -> None:
    """Numbers that no caller could ever be served with."""
    with pytest.raises(ValueError, match="at least 1"):
        InferencePool(FakeModel(), threads, max_batch, capacity=capacity)


def test_a_failed_pass_fails_its_caller_and_no_other() -> None:
    """The error is the model's, and the pool goes on."""
    with InferencePool(open_model()) as pool:
        with pytest.raises(InferenceError, match="a bad picture"):
            pool.detect([picture(BAD)])
        assert seen(pool.detect([picture(3)])) == [3]
        assert pool.metrics.failed == 1


def test_one_bad_picture_costs_its_neighbours_nothing(executor: ThreadPoolExecutor) -> None:
    """The batch is tried again request by request."""
    model = FakeModel()
    pool = InferencePool(model)
    crowd, first = busy(model, pool, executor)
    good, bad, other = crowd.queue(2), crowd.queue(BAD), crowd.queue(4)
    model.gate.set()
    assert seen(first.result(SOON_S)) == [1]
    assert (seen(good.result(SOON_S)), seen(other.result(SOON_S))) == ([2], [4])
    with pytest.raises(InferenceError, match="a bad picture"):
        bad.result(SOON_S)
    assert (pool.metrics.split, pool.metrics.failed) == (1, 1)


def test_a_bug_in_the_model_leaves_nobody_waiting(executor: ThreadPoolExecutor) -> None:
    """Who ran the pass gets the bug itself, its company an `InferenceError`, and the place is free again."""
    model = FakeModel()
    pool = InferencePool(model)
    crowd, first = busy(model, pool, executor)
    second, third = crowd.queue(2), crowd.queue(3)
    model.error = TypeError("a bug")
    model.gate.set()
    with pytest.raises(TypeError):
        first.result(SOON_S)
    with pytest.raises(TypeError):
        second.result(SOON_S)
    with pytest.raises(InferenceError, match="lost"):
        third.result(SOON_S)
    model.error = None
    assert seen(pool.detect([picture(5)])) == [5]


def test_a_full_queue_refuses_and_counts(executor: ThreadPoolExecutor) -> None:
    """More callers than the pool was made for are told at once."""
    model = FakeModel()
    pool = InferencePool(model, capacity=1)
    crowd, first = busy(model, pool, executor)
    second = crowd.queue(2)
    with pytest.raises(InferenceError, match="too many"):
        pool.detect([picture(3)])
    model.gate.set()
    assert (seen(first.result(SOON_S)), seen(second.result(SOON_S))) == ([1], [2])
    assert pool.metrics.refused == 1


def test_a_caller_does_not_wait_for_ever(executor: ThreadPoolExecutor) -> None:
    """While a pass hangs, who waits for its turn gives up, and leaves the queue."""
    model = FakeModel()
    pool = InferencePool(model, timeout_s=0.01)
    _, first = busy(model, pool, executor)
    with pytest.raises(InferenceError, match="no answer within"):
        pool.detect([picture(2)])
    assert (pool.metrics.expired, pool.metrics.waiting) == (1, 0)
    model.gate.set()
    assert seen(first.result(SOON_S)) == [1]
    assert model.batches == [[1]]


def test_closing_refuses_what_waits_and_what_comes(executor: ThreadPoolExecutor) -> None:
    """The pass under way is finished first."""
    model = FakeModel()
    pool = InferencePool(model)
    crowd, first = busy(model, pool, executor)
    second = crowd.queue(2)
    closing = executor.submit(pool.close)
    with pytest.raises(InferenceError, match="closed"):
        second.result(SOON_S)
    assert not closing.done()
    model.gate.set()
    closing.result(SOON_S)
    assert seen(first.result(0)) == [1]
    with pytest.raises(InferenceError, match="closed"):
        pool.detect([picture(3)])
    assert pool.metrics.refused == 2


def test_a_lone_caller_runs_the_model_itself() -> None:
    """No other thread takes part, and nothing waits."""
    model = open_model()
    pool = InferencePool(model, max_wait_s=SOON_S)
    assert [seen(pool.detect([picture(v)])) for v in (1, 2)] == [[1], [2]]
    assert set(model.threads) == {threading.current_thread().name}
    assert (pool.metrics.passes, pool.metrics.mean_batch, pool.metrics.waiting) == (2, 1.0, 0)


def test_nothing_to_see_asks_nobody() -> None:
    """No images: no pass."""
    pool = InferencePool(open_model())
    assert pool.detect([]) == []
    assert (pool.metrics.passes, pool.metrics.mean_batch) == (0, 0.0)


def test_requests_gather_while_the_model_is_busy_and_are_served_in_order(executor: ThreadPoolExecutor) -> None:
    """A batch takes whole requests, oldest first, as many as fit; each caller gets the answers to its own images."""
    model = FakeModel()
    pool = InferencePool(model)
    crowd, first = busy(model, pool, executor)
    calls = [crowd.queue(2), crowd.queue(3, 4), crowd.queue(5, 6), crowd.queue(7)]
    model.gate.set()
    assert seen(first.result(SOON_S)) == [1]
    assert [seen(c.result(SOON_S)) for c in calls] == [[2], [3, 4], [5, 6], [7]]
    assert model.batches == [[1], [2, 3, 4], [5, 6, 7]]


def test_passes_run_side_by_side_where_the_model_can(executor: ThreadPoolExecutor) -> None:
    """Two places: the second caller waits for nobody."""
    model = FakeModel()
    pool = InferencePool(model, threads=2)
    crowd, first = busy(model, pool, executor)
    second = crowd.call(2)
    assert model.entered.acquire(timeout=SOON_S)
    model.gate.set()
    assert (seen(first.result(SOON_S)), seen(second.result(SOON_S))) == ([1], [2])


def test_a_model_that_promises_nothing_is_called_by_one_at_a_time() -> None:
    """Neither side by side nor in batches."""
    pool = InferencePool(Sequential(), threads=4, max_batch=8)
    assert (pool.threads, pool.max_batch) == (1, 1)


def test_a_pass_waits_for_those_who_were_there_last_time(executor: ThreadPoolExecutor) -> None:
    """After a batch of three the next pass is held back until three have come again."""
    model = FakeModel()
    pool = InferencePool(model, max_wait_s=SOON_S)
    crowd, first = busy(model, pool, executor)
    calls = [crowd.queue(v) for v in (2, 3, 4)]
    model.gate.set()
    assert [seen(c.result(SOON_S)) for c in (first, *calls)] == [[1], [2], [3], [4]]
    again = [crowd.call(v) for v in (5, 6, 7)]
    assert [seen(c.result(SOON_S)) for c in again] == [[5], [6], [7]]
    assert sorted(model.batches[-1]) == [5, 6, 7]


def test_hundreds_of_calls_from_many_threads_all_get_their_own_answers(executor: ThreadPoolExecutor) -> None:
    """Nothing is lost, mixed up or left behind under contention."""
    pool = InferencePool(open_model(), threads=2)
    values = [v % BAD for v in range(800)]
    calls = [executor.submit(pool.detect, [picture(v)]) for v in values]
    assert [seen(c.result(SOON_S))[0] for c in calls] == values
    metrics = pool.metrics
    assert (metrics.images, metrics.waiting, metrics.failed, metrics.refused) == (len(values), 0, 0, 0)


def test_a_pool_is_a_detector_like_the_one_it_shares(tmp_path: Path, executor: ThreadPoolExecutor) -> None:
    """A real graph answers through the pool as it does directly, also in a batch."""
    answer = graphs.yolov8_answer([(28, 20, 32, 16, 1, 0.8)], 3)
    model = OnnxDetector(graphs.save(tmp_path / "m.onnx", [answer], metadata=names("fire", "smoke", "steam")))
    pool = InferencePool(model, threads=2)
    assert isinstance(pool, Detector)
    assert (pool.name, pool.labels, pool.wants_luma) == (model.name, model.labels, False)
    image: Image = np.full((SIDE, SIDE, 3), 114, np.uint8)
    (direct,) = model.detect([image])
    for call in [executor.submit(pool.detect, [image]) for _ in range(20)]:
        (found,) = call.result(SOON_S)
        assert np.allclose(found.xyxy, direct.xyxy)
        assert found.class_id.tolist() == direct.class_id.tolist()
