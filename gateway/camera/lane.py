"""Decoding and analysis of many cameras on a few threads: in order for each camera, in turn among them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Self

import structlog

from gateway.camera.gate import DecodeRequest
from gateway.errors import GridPatrolError
from gateway.supervise import attempt

logger = structlog.get_logger(__name__)

# Waiting GOPs per camera: enough to ride out one slow moment of the others, little enough to stay current.
MAX_GOPS = 3
# A turn handles this many requests (a second of a burst) before the next camera has its own.
REQUESTS_PER_TURN = 25

Work = Callable[[DecodeRequest], None]


class Lane:
    """One camera's queue: bounded in GOPs. When full the oldest GOP is dropped whole and counted; the newest stay.

    `submit` may be called from any thread; `work` runs on one pool thread at a time.
    """

    def __init__(self, name: str, work: Work, pool: LanePool, max_gops: int) -> None:
        self._name = name
        self._work = work
        self._pool = pool
        self._max_gops = max_gops
        self._changed = threading.Condition()
        self._gops: deque[deque[DecodeRequest]] = deque()
        self._in_turn = 0  # taken for the present turn and not begun
        self._scheduled = False
        self._closed = False
        self.dropped_gops = 0
        self.crashes = 0

    @property
    def waiting(self) -> int:
        """Requests submitted and neither done, dropped, nor being worked on."""
        with self._changed:
            return self._in_turn + sum(len(gop) for gop in self._gops)

    def submit(self, request: DecodeRequest, *, lossless: bool = False) -> None:
        """Queue a request; one that begins with a keyframe begins a new GOP.

        Args:
            request: What to do.
            lossless: Wait for room instead of dropping: for recordings that are read without pacing.
        """
        with self._changed:
            if lossless:
                self._changed.wait_for(lambda: self._closed or len(self._gops) < self._max_gops)
            if self._closed:
                return
            self._enqueue(request)
            if self._scheduled or not self._gops:
                return
            self._scheduled = True
        self._pool.schedule(self._turn)

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that was submitted is done; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._scheduled, timeout_s)

    def discard(self) -> None:
        """Drop what waits: it belongs to a stream that is no more."""
        with self._changed:
            self._gops.clear()
            self._changed.notify_all()

    def close(self) -> None:
        """Drop what waits and take nothing more; the request being worked on is finished."""
        with self._changed:
            self._closed = True
            self._gops.clear()
            self._changed.notify_all()

    def _enqueue(self, request: DecodeRequest) -> None:
        if request.packets[0].keyframe:
            self._gops.append(deque())
        elif not self._gops:
            self._gops.append(deque())  # goes on with a GOP whose beginning is already done
        self._gops[-1].append(request)
        while len(self._gops) > self._max_gops:
            self.dropped_gops += bool(self._gops.popleft())

    def _turn(self) -> None:
        for request in self._take_turn():
            self._in_turn -= 1
            error = attempt(self._name, partial(self._work, request))
            if error is not None:
                self._count(error)
        with self._changed:
            self._scheduled = bool(self._gops) and not self._closed
            self._changed.notify_all()
            if not self._scheduled:
                return
        self._pool.schedule(self._turn)

    def _take_turn(self) -> list[DecodeRequest]:
        """Take from the oldest GOP only, so that dropping never tears one that is half taken from the next."""
        with self._changed:
            if not self._gops:
                return []
            oldest = self._gops[0]
            taken = [oldest.popleft() for _ in range(min(REQUESTS_PER_TURN, len(oldest)))]
            if not oldest:
                self._gops.popleft()
            self._in_turn = len(taken)
            return taken

    def _count(self, error: Exception) -> None:
        self.crashes += 1
        if isinstance(error, GridPatrolError):
            logger.warning("analysis lost a piece", lane=self._name, error=str(error))


class LanePool:
    """The threads behind the lanes: a context manager, closed after the cameras that use it.

    Turns are taken in order of asking, and a lane asks for its next turn only after the last one: no camera's burst
    can starve another.
    """

    def __init__(self, threads: int) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="lane")

    def lane(self, name: str, work: Work, max_gops: int = MAX_GOPS) -> Lane:
        """Return a new lane that runs `work` for each request, in order."""
        return Lane(name, work, self, max_gops)

    def schedule(self, turn: Callable[[], None]) -> None:
        """Queue one turn of a lane."""
        self._executor.submit(turn)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
