"""Decoding and analysis of many cameras on a few threads: each camera in order, the most urgent camera first."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Self

import structlog

from gateway.camera.budget import CpuBudget
from gateway.camera.gate import DecodeRequest
from gateway.clock import Clock, SystemClock
from gateway.errors import GridPatrolError
from gateway.supervise import attempt
from gateway.types import FrameOrigin

logger = structlog.get_logger(__name__)

# Waiting GOPs per camera: enough to ride out one slow moment of the others, little enough to stay current.
MAX_GOPS = 3
# A turn handles this many requests (a second of a burst) before the next camera has its own.
REQUESTS_PER_TURN = 25
# A turn that took so much CPU time ends early: each of these requests is dear, and the next in line may be cheap.
TURN_CPU_S = 0.1
# While a look has waited for longer, no burst takes a turn.
LOOK_PATIENCE_S = 1.0

Work = Callable[[DecodeRequest], None]


@dataclass(frozen=True, slots=True)
class LaneStats:
    """What the lanes of a pool do; the last three count from its beginning."""

    waiting_looks: int
    waiting_bursts: int  # GOPs of bursts
    refused_looks: int
    refused_bursts: int
    cpu_s: float  # on the pool's threads; native code with threads of its own is not in it


@dataclass(slots=True)
class _Gop:
    """A look, or one GOP of a burst or of a stream that is decoded through; its beginning may be done already.

    Never empty. One that is decoded through may become a burst in the middle, and the other way round.
    """

    since_s: float  # waits since then
    lossless: bool
    requests: deque[DecodeRequest]

    @property
    def kind(self) -> FrameOrigin:
        """What its next request is for."""
        return self.requests[0].kind


class _GopQueue:
    """What waits for one camera, in order; bounded in GOPs. For one thread at a time."""

    def __init__(self, max_gops: int) -> None:
        self._max_gops = max_gops
        self._torn = True  # what continues a GOP would lack its beginning
        self.gops: deque[_Gop] = deque()

    @property
    def full(self) -> bool:
        """True when another GOP would push out the oldest."""
        return len(self.gops) >= self._max_gops

    def add(self, request: DecodeRequest, now_s: float, *, lossless: bool) -> list[_Gop]:
        """Append a request and return the GOPs that gave way to it."""
        begins = request.packets[0].keyframe or request.restart
        if self._torn and not begins:
            return []
        self._torn = False
        if begins or not self.gops:
            self.gops.append(_Gop(now_s, lossless, deque()))
        self.gops[-1].requests.append(request)
        return [self._give_way() for _ in range(len(self.gops) - self._max_gops)]

    def take_head(self) -> DecodeRequest:
        """Remove and return the next request; there must be one."""
        gop = self.gops[0]
        request = gop.requests.popleft()
        if not gop.requests:
            self.gops.popleft()
        return request

    def refuse_burst(self) -> None:
        """Drop the burst at the head as far as it is here; it can go on with its next keyframe only."""
        while self.gops and self.gops[0].kind is FrameOrigin.BURST:
            self.gops.popleft()
        self._torn = not self.gops

    def clear(self) -> None:
        """Drop everything; what continues it is dropped too."""
        self.gops.clear()
        self._torn = True

    def _give_way(self) -> _Gop:
        gone = self.gops.popleft()
        # A camera that looks often would otherwise always seem to have waited less than one that looks seldom.
        if gone.kind is FrameOrigin.LOOK is self.gops[0].kind:
            self.gops[0].since_s = gone.since_s
        return gone


class Lane:
    """One camera's queue: bounded in GOPs. When full the oldest GOP is dropped whole and counted; the newest stay.

    `submit` may be called from any thread; `work` runs on one pool thread at a time.

    Attributes:
        dropped_gops: GOPs, looks included, that gave way to newer ones.
        refused_looks: Those of them that were looks.
        refused_bursts: How often a burst lost a GOP for want of room, or was cut off by the budget.
        crashes: Requests whose work failed.
    """

    def __init__(
        self, name: str, work: Work, pool: LanePool, max_gops: int, on_refused: Callable[[], None] | None = None
    ) -> None:
        self.name = name
        self._work = work
        self._pool = pool
        self._on_refused = on_refused
        self._changed = threading.Condition(pool.lock)
        self._queue = _GopQueue(max_gops)
        self._closed = False
        self._in_turn = False
        self.dropped_gops = 0
        self.refused_looks = 0
        self.refused_bursts = 0
        self.crashes = 0

    @property
    def waiting(self) -> int:
        """Requests submitted and neither done, dropped, nor being worked on."""
        with self._changed:
            return sum(len(gop.requests) for gop in self._queue.gops)

    def submit(self, request: DecodeRequest, *, lossless: bool = False) -> None:
        """Queue a request; one that begins with a keyframe begins a new GOP.

        Args:
            request: What to do. One that continues a GOP that was dropped is dropped too.
            lossless: Wait for room instead of dropping, and never be refused: for recordings that are read without
                pacing.
        """
        with self._changed:
            if lossless:
                self._changed.wait_for(lambda: self._closed or self._pool.closed or not self._queue.full)
            if self._closed or self._pool.closed:
                return
            gone = self._queue.add(request, self._pool.now_s(), lossless=lossless)
            bursts = sum(gop.kind is FrameOrigin.BURST for gop in gone)
            self.dropped_gops += len(gone)
            self._count_refused(len(gone) - bursts, bursts)
            self._pool.file(self)
            in_turn = self._in_turn  # then its thread comes back to it
        for _ in range(bursts):
            self.tell_refused()
        if not in_turn:
            self._pool.wake()

    def drain(self, timeout_s: float) -> bool:
        """Wait until all that was submitted is done; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._in_turn and not self._queue.gops, timeout_s)

    def discard(self) -> None:
        """Drop what waits: it belongs to a stream that is no more."""
        with self._changed:
            self._drop()

    def close(self) -> None:
        """Drop what waits and take nothing more; the request being worked on is finished."""
        with self._changed:
            self._closed = True
            self._drop()

    def run(self, request: DecodeRequest) -> None:
        """Do the work of one request on the calling thread; its failure is counted and told in the log."""
        error = attempt(self.name, partial(self._work, request))
        if error is None:
            return
        self.crashes += 1
        if isinstance(error, GridPatrolError):
            logger.warning("analysis lost a piece", lane=self.name, error=str(error))

    def tell_refused(self) -> None:
        """Tell the camera that a burst was refused or lost a GOP; without the pool's lock."""
        if self._on_refused is not None:
            attempt(self.name, self._on_refused)

    # What follows is the pool's, called with its lock held.

    @property
    def head(self) -> _Gop | None:
        """What would be worked on next."""
        return self._queue.gops[0] if self._queue.gops else None

    @property
    def in_turn(self) -> bool:
        """True while a thread is at work for this lane."""
        return self._in_turn

    def waiting_of(self, kind: FrameOrigin) -> int:
        """GOPs of that kind."""
        return sum(gop.kind is kind for gop in self._queue.gops)

    def begin_turn(self) -> tuple[_Gop, DecodeRequest]:
        """Take the lane for the calling thread; return the oldest GOP, to `take` from, and its first request."""
        self._in_turn = True
        gop = self._queue.gops[0]
        self._changed.notify_all()
        return gop, self._queue.take_head()

    def take(self, gop: _Gop) -> DecodeRequest | None:
        """Remove the next request of the GOP; None when it is done, or was dropped meanwhile."""
        if self.head is not gop:
            return None
        self._changed.notify_all()
        return self._queue.take_head()

    def end_turn(self, gop: _Gop, now_s: float) -> None:
        """Give the lane back; what remains of the GOP waits anew."""
        gop.since_s = now_s
        self._in_turn = False
        self._changed.notify_all()

    def refuse_burst(self) -> None:
        """Drop the burst at the head; the caller tells so when it has let go of the lock."""
        self._queue.refuse_burst()
        self._count_refused(0, 1)
        self._pool.file(self)

    def end(self) -> None:
        """Drop what waits, for the pool is closed."""
        self._drop()

    def _drop(self) -> None:
        self._queue.clear()
        self._pool.file(self)
        self._changed.notify_all()

    def _count_refused(self, looks: int, bursts: int) -> None:
        self.refused_looks += looks
        self.refused_bursts += bursts
        self._pool.count_refused(looks, bursts)


@dataclass(frozen=True, slots=True)
class _Errand:
    """A turn that belongs to no lane; as urgent as a look."""

    since_s: float
    run: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Choice:
    """The next turn, and whose bursts were refused in choosing."""

    run: Callable[[], None] | None
    refused: list[Lane] = field(default_factory=list)


class LanePool:
    """The threads behind the lanes: a context manager, closed after the cameras that use it. Threads run inside it.

    Looks come first, the longest waiting before the others. Then bursts, as far as the budget allows: the camera that
    took the least time of late goes first, and a burst gives up its turn as soon as a look waits. A burst that the
    budget does not allow is dropped and counted.

    Args:
        threads: How many; with none somebody must call `run_turn`.
        budget: Without one nothing is refused for want of time, only for want of room.
        clock: By which waiting is measured.
        cpu_s: CPU seconds of the calling thread.

    Attributes:
        lock: Guards the lanes' queues too, for choosing needs them all. Held for microseconds, never while working.
        closed: Nothing is taken any more.
    """

    def __init__(
        self,
        threads: int,
        budget: CpuBudget | None = None,
        *,
        clock: Clock | None = None,
        cpu_s: Callable[[], float] = time.thread_time,
    ) -> None:
        self.lock = threading.Lock()
        self.closed = False
        self.now_s = (clock or SystemClock()).monotonic
        self._cpu_s = cpu_s
        self._budget = budget or CpuBudget()
        self._changed = threading.Condition(self.lock)
        self._threads = [threading.Thread(target=self._serve, name=f"lane-{n}") for n in range(threads)]
        # Lanes that wait for a turn, by what they have at their head; the lower the number, the more urgent.
        self._looks: dict[Lane, float] = {}  # waits since then
        self._bursts: dict[Lane, float] = {}  # recent CPU seconds when it began to wait: all decay alike
        self._errands: deque[_Errand] = deque()
        self._in_turn: dict[Lane, None] = {}
        self._refused_looks = 0
        self._refused_bursts = 0
        self._spent_s = 0.0

    @property
    def stats(self) -> LaneStats:
        """What waits now, and what was refused and spent so far; from any thread."""
        with self.lock:
            lanes = [*self._looks, *self._bursts, *self._in_turn]
            return LaneStats(
                sum(lane.waiting_of(FrameOrigin.LOOK) for lane in lanes) + len(self._errands),
                sum(lane.waiting_of(FrameOrigin.BURST) for lane in lanes),
                self._refused_looks,
                self._refused_bursts,
                self._spent_s,
            )

    def lane(
        self, name: str, work: Work, max_gops: int = MAX_GOPS, *, on_refused: Callable[[], None] | None = None
    ) -> Lane:
        """Return a new lane that runs `work` for each request, in order.

        Args:
            name: The camera, for the log and the budget.
            work: Runs on the pool's threads, one at a time.
            max_gops: Room, in GOPs.
            on_refused: Hears that a burst was refused or lost a GOP, once for each count of `Lane.refused_bursts`;
                called on the thread that submits or on one of the pool. Must not block.
        """
        return Lane(name, work, self, max_gops, on_refused)

    def schedule(self, turn: Callable[[], None]) -> None:
        """Queue a turn that belongs to no lane; it is as urgent as a look. The caller bounds how many wait."""
        with self.lock:
            if self.closed:
                return
            self._errands.append(_Errand(self.now_s(), turn))
        self.wake()

    def wake(self) -> None:
        """Have a thread see whether there is something to do."""
        with self.lock:
            self._changed.notify()

    def run_turn(self) -> bool:
        """Take the most urgent turn in the calling thread; False when there was nothing that may be done now."""
        with self.lock:
            now_s = self.now_s()
            choice = self._choose(now_s)
            if self._has_turn(now_s):
                self._changed.notify()  # for the next thread, which does the same
        for lane in choice.refused:
            lane.tell_refused()
        if choice.run is not None:
            choice.run()
        return choice.run is not None or bool(choice.refused)

    def file(self, lane: Lane) -> None:
        """Put the lane where its head belongs; called with the lock held after every change of its queue."""
        head = None if lane.in_turn else lane.head
        if head is None:
            self._looks.pop(lane, None)
            self._bursts.pop(lane, None)
        elif head.kind is FrameOrigin.LOOK:
            self._looks[lane] = head.since_s
            self._bursts.pop(lane, None)
        elif lane not in self._bursts:
            self._looks.pop(lane, None)
            self._bursts[lane] = self._budget.recent_s(lane.name, self.now_s())

    def count_refused(self, looks: int, bursts: int) -> None:
        """Add to the totals; called with the lock held."""
        self._refused_looks += looks
        self._refused_bursts += bursts

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.lock:
            self.closed = True
            self._errands.clear()
            for lane in (*self._looks, *self._bursts, *self._in_turn):
                lane.end()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _serve(self) -> None:
        while not self.closed:
            if not self.run_turn():
                with self.lock:
                    self._changed.wait_for(lambda: self.closed or self._has_turn(self.now_s()))

    def _has_turn(self, now_s: float) -> bool:
        urgent = bool(self._looks or self._errands)
        return urgent or (bool(self._bursts) and not self._overdue(now_s))

    def _overdue(self, now_s: float) -> bool:
        """True when a look waits too long: behind its own camera's turn, for any other would be next."""
        heads = (lane.head for lane in self._in_turn)
        return any(h is not None and h.kind is FrameOrigin.LOOK and now_s - h.since_s > LOOK_PATIENCE_S for h in heads)

    def _choose(self, now_s: float) -> _Choice:
        look = min(self._looks, key=self._looks.__getitem__) if self._looks else None
        if self._errands and (look is None or self._errands[0].since_s <= self._looks[look]):
            return _Choice(partial(self._run_errand, self._errands.popleft()))
        if look is not None:
            return _Choice(self._begin_turn(look))
        return _Choice(None) if self._overdue(now_s) else self._choose_burst(now_s)

    def _choose_burst(self, now_s: float) -> _Choice:
        refused: list[Lane] = []
        while self._bursts:
            lane = min(self._bursts, key=self._bursts.__getitem__)
            if self._allows(lane, now_s):
                return _Choice(self._begin_turn(lane), refused)
            lane.refuse_burst()
            refused.append(lane)
        return _Choice(None, refused)

    def _begin_turn(self, lane: Lane) -> Callable[[], None]:
        gop, request = lane.begin_turn()
        self._in_turn[lane] = None
        self.file(lane)
        return partial(self._run_lane, lane, gop, request)

    def _allows(self, lane: Lane, now_s: float) -> bool:
        head = lane.head
        free = head is None or head.lossless or head.kind is FrameOrigin.LOOK
        return free or self._budget.allows_burst(lane.name, now_s)

    def _run_lane(self, lane: Lane, gop: _Gop, first: DecodeRequest) -> None:
        request: DecodeRequest | None = first
        left = REQUESTS_PER_TURN
        began_s = before_s = self._cpu_s()
        while request is not None:
            lane.run(request)
            left -= 1
            after_s = self._cpu_s()
            may_go_on = left > 0 and after_s - began_s < TURN_CPU_S
            request = self._go_on(lane, gop, after_s - before_s, may_go_on=may_go_on)
            before_s = after_s

    def _go_on(self, lane: Lane, gop: _Gop, cpu_s: float, *, may_go_on: bool) -> DecodeRequest | None:
        """Book what a request took; return the next, or end the turn: a look waits, or the budget is used up."""
        with self.lock:
            now_s = self.now_s()
            self._spend(lane.name, cpu_s, now_s)
            urgent = self._looks or self._errands or self._overdue(now_s)
            if may_go_on and not urgent and self._allows(lane, now_s):
                request = lane.take(gop)
                if request is not None:
                    return request
            lane.end_turn(gop, now_s)
            self._in_turn.pop(lane)
            self.file(lane)
            return None

    def _run_errand(self, errand: _Errand) -> None:
        began_s = self._cpu_s()
        attempt("errand", errand.run)
        with self.lock:
            self._spend(None, self._cpu_s() - began_s, self.now_s())

    def _spend(self, name: str | None, cpu_s: float, now_s: float) -> None:
        self._spent_s += cpu_s
        self._budget.spend(name, cpu_s, now_s)
