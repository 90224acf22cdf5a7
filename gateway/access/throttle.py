"""Slowing down guesses: some tries are free, then each one doubles the wait."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.errors import GridPatrolError

FREE_TRIES = 5
FIRST_WAIT_S = 2.0
# Long enough to make guessing hopeless, short enough that nobody can lock a colleague out for a shift.
LONGEST_WAIT_S = 300.0
FORGET_AFTER_S = 3_600.0  # without a further try
CAPACITY = 10_000  # keys; then the one tried longest ago gives way, and `dropped` counts it


class TooManyTries(GridPatrolError):
    """Wait before the next try.

    Attributes:
        retry_after_s: Seconds to wait.
    """

    def __init__(self, retry_after_s: float) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(retry_after_s)


@dataclass(slots=True)
class _Tries:
    number: int
    last_s: float


class Throttle:
    """Counts tries per key. A try is charged before it is made, so that parallel ones count as well."""

    def __init__(self, clock: Clock, free_tries: int = FREE_TRIES, capacity: int = CAPACITY) -> None:
        self._clock = clock
        self._free_tries = free_tries
        self._capacity = capacity
        self._tries: OrderedDict[str, _Tries] = OrderedDict()  # least recently tried first
        self.dropped = 0

    def wait_s(self, key: str) -> float:
        """Return how long the key must still wait; 0 means it may try."""
        tries = self._recent(key)
        if tries is None or tries.number < self._free_tries:
            return 0.0
        doublings = min(tries.number - self._free_tries, 16)
        pause_s = min(FIRST_WAIT_S * 2.0**doublings, LONGEST_WAIT_S)
        return max(0.0, tries.last_s + pause_s - self._clock.monotonic())

    def charge(self, key: str) -> None:
        """Count one try."""
        tries = self._recent(key)
        self._tries[key] = _Tries(tries.number + 1 if tries else 1, self._clock.monotonic())
        self._tries.move_to_end(key)
        if len(self._tries) > self._capacity:
            self._tries.popitem(last=False)
            self.dropped += 1

    def refund(self, key: str) -> None:
        """Take one try back: it succeeded. Earlier failures of the same key still count."""
        tries = self._tries.get(key)
        if tries is not None:
            tries.number -= 1

    def clear(self, key: str) -> None:
        """Forget all tries of a key."""
        self._tries.pop(key, None)

    def __len__(self) -> int:
        return len(self._tries)

    def _recent(self, key: str) -> _Tries | None:
        tries = self._tries.get(key)
        if tries is not None and self._clock.monotonic() - tries.last_s >= FORGET_AFTER_S:
            del self._tries[key]
            return None
        return tries
