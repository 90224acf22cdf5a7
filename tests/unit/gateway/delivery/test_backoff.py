"""Waiting after failures, and leaving a dead endpoint alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.backoff import Backoff, Circuit


def test_span_doubles_up_to_the_limit() -> None:
    """5, 10, 20 ... seconds, never more than an hour, however many attempts."""
    backoff = Backoff()
    assert [backoff.span_s(n) for n in (0, 1, 2, 3, 11, 10_000)] == [5, 5, 10, 20, 3600, 3600]


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_pause_stays_within_the_span(attempts: int, share: float) -> None:
    """Full jitter: anything from nothing to the whole span."""
    assert 0 <= Backoff().pause_s(attempts, share) <= Backoff().span_s(attempts)


def _down(circuit: Circuit, at_s: float = 0.0) -> None:
    for _ in range(3):
        circuit.failed(at_s)


def test_two_failures_do_not_open_the_circuit() -> None:
    """A hiccup is no outage."""
    circuit = Circuit()
    circuit.failed(0)
    circuit.failed(0)
    assert not circuit.open
    assert circuit.admit(0)


def test_open_circuit_lets_one_probe_through_after_its_pause() -> None:
    """Three failures in a row: nothing for 5 s, then one at a time."""
    circuit = Circuit()
    _down(circuit)
    assert not circuit.admit(4.9)
    assert circuit.admit(5.0)
    assert not circuit.admit(5.0)


def test_failed_probes_wait_longer_each_time() -> None:
    """5, 10, 20, 40, 60, 60 seconds between probes."""
    circuit = Circuit()
    _down(circuit)
    waits, at_s = [], 0.0
    for _ in range(6):
        waits.append(circuit.wait_s(at_s))
        at_s += waits[-1]
        assert circuit.admit(at_s)
        circuit.failed(at_s)
    assert waits == [5, 10, 20, 40, 60, 60]


def test_receiver_may_ask_for_more_patience() -> None:
    """`Retry-After` is kept to."""
    circuit = Circuit()
    _down(circuit)
    circuit.failed(0, least_wait_s=300)
    assert circuit.wait_s(100) == 200


def test_answered_probe_closes_the_circuit() -> None:
    """Once it answers, everything goes again."""
    circuit = Circuit()
    _down(circuit)
    assert circuit.admit(5)
    circuit.passed()
    assert circuit.admit(5)
    assert circuit.admit(5)


def test_abandoned_probe_leaves_room_for_the_next() -> None:
    """A cancelled probe does not block the endpoint for good."""
    circuit = Circuit()
    _down(circuit)
    assert circuit.admit(5)
    circuit.left()
    assert circuit.admit(5)
