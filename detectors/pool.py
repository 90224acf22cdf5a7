"""One model for many threads: callers take turns at running it, and whoever runs takes the others' images along.

The pool has no threads of its own. A caller who finds a place free runs the model in its own thread, as if there were
no pool; one who finds none waits until another pass has answered it or left it its place. While all places are taken
requests gather, so batches grow with the load by themselves, and a lone caller never waits for anybody.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from detectors.base import Detections, Detector, Image, InferenceError

# Longer than any sound pass of a large model on a loaded CPU; what it ends is a hung driver.
DEFAULT_TIMEOUT_S = 30.0
# A caller has one request at a time, so this is also the number of threads that may wait.
DEFAULT_CAPACITY = 256  # requests


@dataclass(slots=True)
class PoolMetrics:
    """What a pool has done since it was made.

    Attributes:
        passes: Calls of the model.
        images: Pictures given to it.
        waiting: Requests in the queue now.
        busy_s: Seconds that passes took, all together.
        waited_s: Seconds that answered requests spent in the queue, all together.
        refused: Requests turned away because the queue was full or the pool closed.
        expired: Requests given up by their callers after the timeout.
        failed: Requests whose pass failed.
        split: Batches that failed as a whole and were tried again request by request.
    """

    passes: int = 0
    images: int = 0
    waiting: int = 0
    busy_s: float = 0.0
    waited_s: float = 0.0
    refused: int = 0
    expired: int = 0
    failed: int = 0
    split: int = 0

    @property
    def mean_batch(self) -> float:
        """Images per pass; 0 before the first."""
        return self.images / self.passes if self.passes else 0.0

    @property
    def image_s(self) -> float:
        """Seconds of the model per image; 0 before the first."""
        return self.busy_s / self.images if self.images else 0.0


@dataclass(eq=False, slots=True)
class _Request:
    images: tuple[Image, ...]
    asked_s: float
    leads: bool = False
    woken: threading.Event = field(default_factory=threading.Event)
    found: list[Detections] | None = None
    error: InferenceError | None = None

    def answer(self) -> list[Detections]:
        if self.error is not None:
            raise self.error
        if self.found is None:  # the pass that took it ended by something else than `InferenceError`
            raise InferenceError("the pass was lost")
        return self.found


class InferencePool:
    """A `Detector` that any number of threads may call; closed by its owner after the last of them.

    Requests are served in order of arrival, and a caller has one at a time: nobody gets a second turn before everybody
    who waited had one. A batch that fails is tried again request by request, so that one camera's picture does not
    cost the others theirs.

    Args:
        detector: A model that keeps nothing between calls (`per_camera` is False).
        threads: Passes side by side at most; 1 where the detector does not say that it can (`concurrent_passes`).
        max_batch: Images of one pass at most; no more than the detector's own `images_per_pass`, where it has one.
        max_wait_s: How long a pass may be held back while fewer images are there than the last pass had. A caller
            that was alone last time never waits.
        timeout_s: How long a caller waits for others' passes. A pass that it runs itself cannot be cut short.
        capacity: Requests that may wait; more are refused.
        clock_s: Monotonic seconds.
    """

    per_camera = False

    def __init__(
        self,
        detector: Detector,
        threads: int = 1,
        max_batch: int = 8,
        max_wait_s: float = 0.0,
        *,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        capacity: int = DEFAULT_CAPACITY,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        if detector.per_camera:
            raise ValueError(f"{detector.name} learns from one camera's pictures and cannot be shared")
        if min(threads, max_batch, capacity) < 1:
            raise ValueError("threads, max_batch and capacity are at least 1")
        self.name = detector.name
        self.labels = detector.labels
        self.wants_luma = detector.wants_luma
        self.threads = threads if getattr(detector, "concurrent_passes", False) else 1
        self.max_batch = min(max_batch, getattr(detector, "images_per_pass", 1))
        self._detector = detector
        self._max_wait_s = max_wait_s
        self._timeout_s = timeout_s
        self._capacity = capacity
        self._clock_s = clock_s
        self._changed = threading.Condition()
        self._queue: deque[_Request] = deque()
        self._running = 0  # places taken
        self._filling = 0  # of these, held back for more images
        self._last_batch = 1  # images
        self._closed = False
        self._counts = PoolMetrics()

    @property
    def metrics(self) -> PoolMetrics:
        """A snapshot; safe from any thread."""
        with self._changed:
            return replace(self._counts, waiting=len(self._queue))

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Find objects in images of the kind `wants_luma` says; blocks for the turn and the pass.

        Raises:
            InferenceError: The pass failed or gave no answer in time, the queue is full, or the pool is closed.
        """
        if not images:
            return []
        request = _Request(tuple(images), self._clock_s())
        self._enter(request)
        if not request.leads:
            self._wait(request)
        if request.leads:
            self._lead(request)
        return request.answer()

    def close(self) -> None:
        """Refuse all that waits and all that comes, and wait for the passes under way, for the timeout at most."""
        with self._changed:
            self._closed = True
            while self._queue:
                self._refuse(self._queue.popleft())
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._running, self._timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _enter(self, request: _Request) -> None:
        with self._changed:
            if self._closed or len(self._queue) >= self._capacity:
                self._counts.refused += 1
                raise InferenceError(f"{self.name}: {'closed' if self._closed else 'too many requests wait'}")
            if self._running < self.threads and not self._filling:
                self._running += 1
                request.leads = True
                return
            self._queue.append(request)
            if self._filling:
                self._changed.notify_all()

    def _wait(self, request: _Request) -> None:
        if request.woken.wait(self._timeout_s):
            return
        with self._changed:
            if request.woken.is_set():
                return
            if request in self._queue:
                self._queue.remove(request)
            self._counts.expired += 1
        raise InferenceError(f"{self.name}: no answer within {self._timeout_s:g} s")

    def _lead(self, request: _Request) -> None:
        """Run one pass with this request and others that wait, then leave the place to the next."""
        batch = [request]
        try:
            batch += self._company(request)
            self._run(batch)
        finally:
            self._hand_over(batch)

    def _company(self, request: _Request) -> list[_Request]:
        """Take from the queue, in order, what fits into one pass with this request."""
        with self._changed:
            self._gather(len(request.images))
            taken: list[_Request] = []
            size = len(request.images)
            while self._queue and size + len(self._queue[0].images) <= self.max_batch:
                taken.append(self._queue.popleft())
                size += len(taken[-1].images)
            self._note([request, *taken], size)
            return taken

    def _gather(self, own: int) -> None:
        """Hold back for as many images as the last pass had: its callers are likely to be back at once."""
        wanted = min(self.max_batch, self._last_batch)
        if not self._max_wait_s or own >= wanted:
            return
        self._filling += 1
        self._changed.wait_for(lambda: self._closed or own + self._waiting_images() >= wanted, self._max_wait_s)
        self._filling -= 1

    def _waiting_images(self) -> int:
        return sum(len(r.images) for r in self._queue)

    def _note(self, batch: Sequence[_Request], size: int) -> None:
        self._last_batch = size
        self._counts.waited_s += sum(self._clock_s() - r.asked_s for r in batch)

    def _run(self, batch: Sequence[_Request]) -> None:
        try:
            self._pass(batch)
        except InferenceError as exc:
            if len(batch) == 1:
                self._fail(batch[0], exc)
            else:
                self._run_apart(batch)

    def _run_apart(self, batch: Sequence[_Request]) -> None:
        with self._changed:
            self._counts.split += 1
        for request in batch:
            self._run([request])

    def _pass(self, batch: Sequence[_Request]) -> None:
        images = [image for request in batch for image in request.images]
        with self._changed:
            self._counts.passes += 1
            self._counts.images += len(images)
        began_s = self._clock_s()
        try:
            found = self._detector.detect(images)
        finally:
            with self._changed:
                self._counts.busy_s += self._clock_s() - began_s
        start = 0
        for request in batch:
            end = start + len(request.images)
            request.found = found[start:end]
            start = end

    def _fail(self, request: _Request, exc: InferenceError) -> None:
        request.error = exc
        with self._changed:
            self._counts.failed += 1

    def _refuse(self, request: _Request) -> None:
        self._counts.refused += 1
        request.error = InferenceError(f"{self.name}: closed")
        request.woken.set()

    def _hand_over(self, batch: Sequence[_Request]) -> None:
        """Let the next in the queue run, then wake those who were answered: the model must not stand idle."""
        with self._changed:
            self._counts.failed += sum(r.found is None and r.error is None for r in batch)
            if self._queue:
                following = self._queue.popleft()
                following.leads = True
                following.woken.set()
            else:
                self._running -= 1
                self._changed.notify_all()
        for request in batch[1:]:
            request.woken.set()
