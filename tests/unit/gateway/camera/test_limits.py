"""Tests of gateway.camera.limits."""

from __future__ import annotations

import threading
from contextlib import ExitStack

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


def test_second_streams_give_way_to_cameras_without_any() -> None:
    """As many are recalled as first streams wait, the youngest first; each that leaves lets one in."""
    limits, going, entered = StreamLimits(per_host=3), threading.Event(), threading.Semaphore(0)

    def wait(camera_id: str) -> None:
        with limits.stream(camera_id, "nvr", going):
            entered.release()
            going.wait(TIMEOUT_S)

    with ExitStack() as held:
        spares = [ExitStack() for _ in range(3)]
        places = [s.enter_context(limits.stream(str(i), "nvr", going, spare=True)) for i, s in enumerate(spares)]
        held.callback(going.set)
        threads = [threading.Thread(target=wait, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        while sum(place.recalled for place in places) < 2:
            assert all(thread.is_alive() for thread in threads)
        assert [place.recalled for place in places] == [False, True, True]
        for spare in spares[1:]:
            spare.close()
            assert entered.acquire(timeout=TIMEOUT_S)
        assert [place.recalled for place in places] == [False, True, True]
        assert limits.streams("nvr") == 3
        spares[0].close()
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert limits.streams("nvr") == 0


def test_second_stream_does_not_take_what_a_first_one_waits_for() -> None:
    """A place that becomes free goes to the camera without any stream, whoever asked first."""
    limits, stop, order = StreamLimits(per_host=1), threading.Event(), list[str]()
    waiting = {name: threading.Event() for name in ("spare", "first")}

    def wait(name: str) -> None:
        with limits.stream(name, "nvr", stop, waiting[name].set, spare=name == "spare"):
            order.append(name)

    threads = [threading.Thread(target=wait, args=(name,)) for name in waiting]
    with limits.stream("a", "nvr", stop):
        for thread, waits in zip(threads, waiting.values(), strict=True):
            thread.start()
            assert waits.wait(TIMEOUT_S)
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert order == ["first", "spare"]


def test_recalled_place_is_not_asked_for_again_once_nobody_waits() -> None:
    """A camera that stops waiting leaves the second streams alone from then on."""
    limits, stop = StreamLimits(per_host=1), threading.Event()
    with limits.stream("a", "nvr", stop, spare=True) as place:
        with pytest.raises(CameraBusy), limits.stream("b", "nvr", stopped()):
            pass
        assert not place.recalled


@pytest.mark.parametrize("per_host", [1, 2, 3])
def test_crowd_of_pairs_always_comes_to_an_end(per_host: int) -> None:
    """Cameras with two streams each, all at once through few places: everybody gets through, nothing locks up."""
    limits, done = StreamLimits(per_host=per_host, opens_per_host=1), list[str]()

    def watch(name: str, *, spare: bool) -> None:
        for _ in range(20):
            with (
                limits.stream(name, "nvr", threading.Event(), spare=spare),
                limits.opening(name, "nvr", threading.Event()),
            ):
                assert limits.streams("nvr") <= per_host
        done.append(name)

    threads = [threading.Thread(target=watch, args=(f"{i}",), kwargs={"spare": i % 2 == 1}) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert len(done) == len(threads)
