"""Tests of gateway.supervise."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gateway.clock import FakeClock
from gateway.errors import CameraUnreachable, StreamEnded
from gateway.supervise import Backoff, attempt, supervise


def steady() -> Backoff:
    """One second, then two, then four ..., without chance."""
    return Backoff(base_s=1.0, cap_s=60.0, jitter=0.0)


async def _run_for(clock: FakeClock, seconds: float, errors: list[Exception | None]) -> list[float]:
    """Supervise work that ends with one of `errors` after another, then lasts; return when it was begun."""
    begun: list[float] = []
    left = iter(errors)

    async def run_once() -> None:
        begun.append(clock.monotonic())
        error = next(left, "last")
        if error == "last":
            await asyncio.Event().wait()
        if isinstance(error, Exception):
            raise error

    task = asyncio.create_task(supervise("door", run_once, clock, steady()))
    await clock.advance(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return begun


async def test_failures_are_retried_after_growing_pauses() -> None:
    """Three failures in a row are followed by pauses of one, two and four seconds."""
    error = CameraUnreachable("cam", "dead")
    assert await _run_for(FakeClock(), 60, [error, error, error]) == [0.0, 1.0, 3.0, 7.0]


async def test_a_bug_is_logged_with_its_traceback_and_does_not_end_the_work() -> None:
    """An unexpected error is shown and retried like any other."""
    with capture_logs() as logs:
        begun = await _run_for(FakeClock(), 10, [ZeroDivisionError("bug")])
    assert begun == [0.0, 1.0]
    assert [(e["event"], e.get("exc_info")) for e in logs] == [("supervised work crashed", True)]


async def test_every_error_of_a_group_is_reported() -> None:
    """A task group that fails twice leaves two warnings and, for its bug, a traceback."""
    group = ExceptionGroup("g", [CameraUnreachable("a"), ExceptionGroup("h", [StreamEnded("b"), ValueError()])])
    with capture_logs() as logs:
        await _run_for(FakeClock(), 10, [group])
    assert [e.get("kind") for e in logs] == ["CameraUnreachable", "StreamEnded", None]


async def test_an_ordinary_end_is_begun_again_too() -> None:
    """Work that returns is not over: a supervised service has no end."""
    assert await _run_for(FakeClock(), 2, [None]) == [0.0, 1.0]


async def test_a_long_run_begins_the_pauses_anew() -> None:
    """After an hour of success the first pause is short again."""
    backoff = steady()
    assert [backoff.next_pause_s() for _ in range(3)] == [1.0, 2.0, 4.0]
    assert backoff.next_pause_s(ran_for_s=3600) == 1.0
    assert backoff.failures == 1


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=40), st.floats(0, 1))
def test_pauses_stay_within_their_ceiling(chances: list[float], jitter: float) -> None:
    """No pause is negative or exceeds the cap, whatever chance says."""
    rolls = iter(chances)
    backoff = Backoff(base_s=0.5, cap_s=8.0, jitter=jitter, rng=lambda: next(rolls))
    pauses = [backoff.next_pause_s() for _ in chances]
    assert all(0 <= p <= min(8.0, 0.5 * 2**i) for i, p in enumerate(pauses))


def test_an_attempt_returns_the_error_it_met() -> None:
    """A thread learns what went wrong, expected or not, and lives on."""

    def fail(error: Exception) -> None:
        raise error

    expected, bug = StreamEnded("cam"), KeyError("bug")
    with capture_logs() as logs:
        assert attempt("lane", lambda: None) is None
        assert attempt("lane", lambda: fail(expected)) is expected
        assert attempt("lane", lambda: fail(bug)) is bug
    assert [e["event"] for e in logs] == ["work in a thread crashed"]
