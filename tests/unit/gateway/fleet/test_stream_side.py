"""A camera's streams, opened and closed together: a thread each, and what is held stays held."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import cast

import pytest

from gateway.camera.choice import PATIENCE_S, SUB_UNAVAILABLE, Role, StreamChoice
from gateway.camera.watcher import CameraWatcher
from gateway.fleet.stream_side import StreamSide, Watchers
from storage.records import CameraStateName

WAIT_S = 10.0
NOW_S = 50.0


class Ring:
    """Remembers pins."""

    def __init__(self) -> None:
        self.pins: dict[str, float] = {}

    def pin(self, key: str, from_s: float) -> None:
        self.pins[key] = from_s

    def unpin(self, key: str) -> None:
        self.pins.pop(key, None)


class Watcher:
    """Runs until it is told to stop, and once only."""

    def __init__(self, *, armed: bool) -> None:
        self.ring = Ring()
        self.armed = armed
        self.state = SimpleNamespace(state=CameraStateName.CONNECTING)
        self.gop_s = 2.0
        self.runs = 0
        self.ran = threading.Event()

    def run(self, stop: threading.Event) -> None:
        self.runs += 1
        self.ran.set()
        stop.wait(WAIT_S)


class Made(list[dict[Role, Watcher]]):
    """All watchers made, for cameras of these streams."""

    def __init__(self, *roles: Role) -> None:
        super().__init__()
        self._roles = roles

    def __call__(self, analysed: Role) -> Watchers:
        self.append({role: Watcher(armed=role == analysed) for role in self._roles})
        return cast(Watchers, self[-1])


@pytest.fixture
def made() -> Made:
    """Return the watchers that a test's camera with one stream has made."""
    return Made("main")


@pytest.fixture
def two() -> Made:
    """Return those of a camera with two."""
    return Made("main", "sub")


def test_no_stream_is_opened_after_the_end(made: Made) -> None:
    """A poller that still has something to say opens nothing while the worker stops."""
    side = StreamSide("camera:gate", made)
    side.end()
    side.open(NOW_S)
    assert not side.is_open
    assert made[0]["main"].runs == 0


def test_each_opening_is_a_watcher_of_its_own(made: Made) -> None:
    """Opened twice it is open once; closed and opened again, another one watches."""
    side = StreamSide("camera:gate", made)
    side.open(NOW_S)
    side.open(NOW_S)
    assert made[0]["main"].ran.wait(WAIT_S)
    side.close()
    side.close()
    side.open(NOW_S)
    assert made[1]["main"].ran.wait(WAIT_S)
    side.end()
    side.join(WAIT_S)
    assert [watchers["main"].runs for watchers in made] == [1, 1]
    assert side.watcher is cast(CameraWatcher, made[1]["main"])


def test_both_streams_are_opened_and_closed_together(two: Made) -> None:
    """Each has a thread; the substream is the one to be analysed."""
    side = StreamSide("camera:gate", two, StreamChoice())
    side.open(NOW_S)
    assert all(watcher.ran.wait(WAIT_S) for watcher in two[0].values())
    assert {t.name for t in threading.enumerate()} >= {"camera:gate:main", "camera:gate:sub"}
    side.end()
    side.join(WAIT_S)
    assert not {t.name for t in threading.enumerate()} & {"camera:gate:main", "camera:gate:sub"}
    assert [two[0][role].armed for role in ("main", "sub")] == [False, True]


def test_pins_outlast_the_watchers_and_are_in_both_rings(two: Made) -> None:
    """What was held for an event while the streams were closed is held in the rings of the next ones."""
    side = StreamSide("camera:gate", two, StreamChoice())
    side.open(NOW_S)
    side.close()
    side.pin("event", 5.0)
    side.pin("other", 6.0)
    side.unpin("other")
    side.open(NOW_S)
    assert [watcher.ring.pins for watcher in two[1].values()] == [{"event": 5.0}] * 2
    side.unpin("event")
    assert [watcher.ring.pins for watcher in two[1].values()] == [{}] * 2
    side.end()
    side.join(WAIT_S)


def test_main_stream_takes_over_and_is_armed_when_opened_again(two: Made) -> None:
    """The change is told once; watchers made later know of it."""
    side = StreamSide("camera:gate", two, StreamChoice())
    assert not side.follow(NOW_S)
    side.open(NOW_S)
    two[0]["main"].state.state = CameraStateName.ONLINE
    two[0]["sub"].state.state = CameraStateName.SILENT
    changes = [side.follow(NOW_S + second) for second in range(int(PATIENCE_S) + 3)]
    assert changes.count(True) == 1
    assert (side.analysed, side.notes) == ("main", (SUB_UNAVAILABLE,))
    assert side.watcher is cast(CameraWatcher, two[0]["main"])
    side.close()
    side.open(NOW_S + 60.0)
    assert two[1]["main"].armed
    side.end()
    side.join(WAIT_S)


def test_pictures_come_from_the_main_stream_unless_only_the_other_is_there(two: Made) -> None:
    """Also from a stream that is away, if none is there: its last picture is better than none."""
    side = StreamSide("camera:gate", two, StreamChoice())
    main, sub = (cast(CameraWatcher, two[0][role]) for role in ("main", "sub"))
    assert side.best_first == [main, sub]
    two[0]["sub"].state.state = CameraStateName.ONLINE
    assert side.best_first == [sub, main]
    two[0]["main"].state.state = CameraStateName.ONLINE
    assert side.best_first == [main, sub]
    assert StreamSide("camera:gate", Made("main")).analysed == "main"
