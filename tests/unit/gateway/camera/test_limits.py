"""Tests of gateway.camera.limits."""

from __future__ import annotations

import threading

import pytest

from gateway.camera.limits import StreamLimits
from gateway.errors import CameraBusy

TIMEOUT_S = 10.0


def stopped() -> threading.Event:
    """A stop signal that is set already: a wait ends at once."""
    stop = threading.Event()
    stop.set()
    return stop


def test_a_stream_too_many_waits_and_says_so() -> None:
    """The third stream of a recorder with two is told to wait, and fails as busy when stopped."""
    limits, waits = StreamLimits(per_host=2), list[str]()
    with limits.stream("a", "nvr", stopped()), limits.stream("b", "nvr", stopped()):
        with (
            pytest.raises(CameraBusy) as caught,
            limits.stream("c", "nvr", stopped(), lambda: waits.append("c")),
        ):
            pass
        assert limits.streams("nvr") == 2
    assert caught.value.state == "waiting"
    assert waits == ["c"]
    assert limits.streams("nvr") == 0


def test_whoever_waits_goes_on_when_a_stream_is_given_back() -> None:
    """The freed place is taken by the waiting thread."""
    limits, entered = StreamLimits(per_host=1), threading.Event()

    def wait() -> None:
        with limits.stream("b", "nvr", threading.Event()):
            entered.set()

    with limits.stream("a", "nvr", threading.Event()):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not entered.is_set()
    assert entered.wait(TIMEOUT_S)
    thread.join(TIMEOUT_S)


def test_a_place_is_given_back_when_the_stream_fails() -> None:
    """An error inside does not use the place up."""
    limits = StreamLimits(per_host=1)
    with pytest.raises(ZeroDivisionError), limits.stream("a", "nvr", stopped()):
        raise ZeroDivisionError
    with limits.stream("b", "nvr", stopped()):
        assert limits.streams("nvr") == 1


def test_hosts_do_not_disturb_each_other() -> None:
    """A full recorder leaves another one alone; a recorder's own limit goes before the general one."""
    limits = StreamLimits(per_host=1, per_key={"big": 2})
    first, second = limits.stream("b", "big", stopped()), limits.stream("c", "big", stopped())
    with limits.stream("a", "small", stopped()), first, second:
        assert limits.streams("big") == 2


def test_few_streams_open_at_the_same_time() -> None:
    """Opening is counted apart from being open."""
    limits = StreamLimits(per_host=10, opens_per_host=1)
    with limits.stream("a", "nvr", stopped()), limits.stream("b", "nvr", stopped()):
        with limits.opening("a", "nvr", stopped()), pytest.raises(CameraBusy), limits.opening("b", "nvr", stopped()):
            pass
        with limits.opening("b", "nvr", stopped()):
            pass
