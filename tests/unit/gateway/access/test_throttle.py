"""Slowing down guesses."""

from __future__ import annotations

from gateway.access.throttle import FORGET_AFTER_S, LONGEST_WAIT_S, Throttle
from gateway.clock import FakeClock


def charged(throttle: Throttle, key: str, times: int) -> float:
    for _ in range(times):
        throttle.charge(key)
    return throttle.wait_s(key)


def test_five_tries_are_free_then_the_wait_doubles() -> None:
    """After the fifth try 2 s, then 4, 8 ... up to the longest wait."""
    throttle = Throttle(FakeClock())
    assert charged(throttle, "ma", 4) == 0
    assert [charged(throttle, "ma", 1) for _ in range(4)] == [2, 4, 8, 16]
    assert charged(throttle, "ma", 1_000) == LONGEST_WAIT_S


def test_keys_do_not_hold_each_other_up() -> None:
    """One name under attack leaves the others alone."""
    throttle = Throttle(FakeClock())
    charged(throttle, "ma", 9)
    assert throttle.wait_s("he") == 0


async def test_waiting_frees_one_try_and_an_hour_forgets() -> None:
    """When the wait is over one may try again; a wrong one waits longer, until all is forgotten."""
    clock = FakeClock()
    throttle = Throttle(clock)
    charged(throttle, "ma", 6)
    await clock.advance(4)
    assert throttle.wait_s("ma") == 0
    assert charged(throttle, "ma", 1) == 8
    await clock.advance(FORGET_AFTER_S)
    assert charged(throttle, "ma", 4) == 0


def test_success_gives_back_one_try_or_all() -> None:
    """An address gets its own try back, a name starts afresh."""
    throttle = Throttle(FakeClock())
    charged(throttle, "10.0.0.1", 6)
    throttle.refund("10.0.0.1")
    assert throttle.wait_s("10.0.0.1") == 2
    throttle.clear("10.0.0.1")
    assert throttle.wait_s("10.0.0.1") == 0
    throttle.refund("unknown")
    assert len(throttle) == 0


def test_the_table_stays_small() -> None:
    """Made-up names push out the oldest, are counted, and take no memory."""
    throttle = Throttle(FakeClock(), capacity=3)
    for name in "abcde":
        throttle.charge(name)
    assert (len(throttle), throttle.dropped) == (3, 2)
