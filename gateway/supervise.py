"""Trying again with growing pauses; the one place that catches unexpected errors instead of ending the program."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator

import structlog

from gateway.clock import Clock
from gateway.errors import GridPatrolError

logger = structlog.get_logger(__name__)


class Backoff:
    """Pauses that grow by `factor` up to `cap_s`, each shortened at random so that crowds spread out.

    Args:
        base_s: Ceiling of the first pause.
        cap_s: Ceiling that no pause exceeds.
        factor: Growth of the ceiling from one failure to the next.
        jitter: Random share of each pause: 1.0 is full jitter, 0.0 none.
        stable_s: A run that lasted this long counts as a success, and the pauses begin anew.
        rng: Returns a float in [0, 1).
    """

    def __init__(
        self,
        base_s: float = 1.0,
        cap_s: float = 60.0,
        factor: float = 2.0,
        *,
        jitter: float = 1.0,
        stable_s: float = 30.0,
        rng: Callable[[], float] = random.random,
    ) -> None:
        self._base_s = base_s
        self._cap_s = cap_s
        self._factor = factor
        self._jitter = jitter
        self._stable_s = stable_s
        self._rng = rng
        self._ceiling_s = base_s
        self.failures = 0  # since the last stable run

    def next_pause_s(self, ran_for_s: float = 0.0) -> float:
        """Return how long to wait now; call once per failure, with the time that the failed run had lasted."""
        if ran_for_s >= self._stable_s:
            self.reset()
        ceiling_s = self._ceiling_s
        self.failures += 1
        self._ceiling_s = min(self._cap_s, ceiling_s * self._factor)
        return ceiling_s * (1.0 - self._jitter * self._rng())

    def reset(self) -> None:
        """Forget the failures so far."""
        self.failures = 0
        self._ceiling_s = min(self._base_s, self._cap_s)


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """Yield the single exceptions inside nested groups, in order."""
    for exc in group.exceptions:
        if isinstance(exc, BaseExceptionGroup):
            yield from leaves(exc)
        else:
            yield exc


async def supervise(
    name: str,
    run_once: Callable[[], Awaitable[object]],
    clock: Clock,
    backoff: Backoff,
    expected: tuple[type[Exception], ...] = (GridPatrolError,),
) -> None:
    """Run `run_once` for ever, pausing after each end of it; returns only by being cancelled.

    `expected` errors become one warning each; anything else is a bug, logged with its traceback, after which the
    work is tried again all the same. A cancellation passes through untouched.
    """
    while True:
        started_s = clock.monotonic()
        try:
            await run_once()
        except* expected as group:
            for exc in leaves(group):
                logger.warning("supervised work failed", name=name, error=str(exc), kind=type(exc).__name__)
        except* Exception:  # a bug: show it, keep everything else alive
            logger.exception("supervised work crashed", name=name)
        await clock.sleep(backoff.next_pause_s(ran_for_s=clock.monotonic() - started_s))


def attempt(name: str, run_once: Callable[[], object]) -> Exception | None:
    """Run `run_once` once in the calling thread; return its error instead of raising it.

    For threads that must outlive a bug in their work. Errors that are not `GridPatrolError` are logged here with
    their traceback; the others are the caller's to report.
    """
    try:
        run_once()
    except GridPatrolError as exc:
        return exc
    except Exception as exc:
        logger.exception("work in a thread crashed", name=name)
        return exc
    return None
