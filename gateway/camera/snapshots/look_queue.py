"""From the event loop to the lane threads: looks that wait to be decoded and analysed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

from gateway.camera.snapshots.poller import Polled
from gateway.errors import CameraError
from gateway.supervise import attempt

CAPACITY = 256  # looks; some 80 MB, and two seconds' work of one core


class Turns(Protocol):
    """Threads that take turns; `LanePool` is one."""

    def schedule(self, turn: Callable[[], None]) -> None:
        """Run `turn` on one of the threads, in order of asking."""


class LookQueue:
    """At most one waiting look per camera, `capacity` in all; the newest stay, and what gives way is counted.

    The looks of one camera are worked on one at a time and in order; those of different cameras side by side.

    Args:
        turns: Where the work runs.
        work: Decodes and analyses one look.
        on_failure: Hears of a look that could not be decoded, on the same thread.
        capacity: Looks.

    Attributes:
        dropped: Looks that gave way.
        crashes: Looks lost to an error that is not the camera's.
    """

    def __init__(
        self,
        turns: Turns,
        work: Callable[[Polled], None],
        on_failure: Callable[[str, CameraError], None],
        capacity: int = CAPACITY,
    ) -> None:
        self._turns = turns
        self._work = work
        self._on_failure = on_failure
        self._capacity = capacity
        self._lock = threading.Lock()
        self._waiting: dict[str, Polled] = {}
        self._at_work: set[str] = set()
        self._owed = 0  # turns that found nothing but looks of cameras at work
        self.dropped = 0
        self.crashes = 0

    @property
    def waiting(self) -> int:
        """Looks not begun."""
        return len(self._waiting)

    def put(self, look: Polled) -> None:
        """Queue a look; from any thread, never blocks."""
        with self._lock:
            crowded = look.camera_id in self._waiting
            if not crowded and len(self._waiting) >= self._capacity:
                self._waiting.pop(next(iter(self._waiting)))
                crowded = True
            self.dropped += crowded
            self._waiting[look.camera_id] = look
        if not crowded:
            self._turns.schedule(self._turn)

    def _turn(self) -> None:
        look = self._take()
        if look is None:
            return
        error = attempt(look.camera_id, partial(self._work, look))
        owed = self._finish(look)
        if isinstance(error, CameraError):
            self._on_failure(look.camera_id, error)
        elif error is not None:
            self.crashes += 1
        if owed:
            self._turns.schedule(self._turn)

    def _take(self) -> Polled | None:
        with self._lock:
            camera_id = next((c for c in self._waiting if c not in self._at_work), None)
            if camera_id is None:
                self._owed += 1
                return None
            self._at_work.add(camera_id)
            return self._waiting.pop(camera_id)

    def _finish(self, look: Polled) -> bool:
        with self._lock:
            self._at_work.discard(look.camera_id)
            owed = self._owed > 0 and bool(self._waiting)
            self._owed -= owed
            return owed
