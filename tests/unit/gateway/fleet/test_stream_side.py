"""A stream that is opened and closed: one thread at a time, and what is held stays held."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from gateway.camera.watcher import CameraWatcher
from gateway.fleet.stream_side import StreamSide
from gateway.types import Packet
from tests.unit.gateway.camera.scripts import packet

WAIT_S = 10.0


class Ring:
    """Remembers pins."""

    def __init__(self) -> None:
        self.pins: dict[str, float] = {}

    def pin(self, key: str, from_s: float) -> None:
        self.pins[key] = from_s

    def unpin(self, key: str) -> None:
        self.pins.pop(key, None)

    def since(self, at_s: float) -> list[Packet]:
        return [packet(0, at_s=at_s)]


class Watcher:
    """Runs until it is told to stop, and once only."""

    def __init__(self) -> None:
        self.ring = Ring()
        self.runs = 0
        self.ran = threading.Event()

    def run(self, stop: threading.Event) -> None:
        self.runs += 1
        self.ran.set()
        stop.wait(WAIT_S)


class Made(list[Watcher]):
    """All watchers made."""

    def __call__(self) -> CameraWatcher:
        self.append(Watcher())
        return cast(CameraWatcher, self[-1])


@pytest.fixture
def made() -> Made:
    """Return the watchers that a test's stream has made."""
    return Made()


def test_no_stream_is_opened_after_the_end(made: Made) -> None:
    """A poller that still has something to say opens nothing while the worker stops."""
    side = StreamSide("camera:gate", made)
    side.end()
    side.open()
    assert not side.is_open
    assert made[0].runs == 0


def test_each_opening_is_a_watcher_of_its_own(made: Made) -> None:
    """Opened twice it is open once; closed and opened again, another one watches."""
    side = StreamSide("camera:gate", made)
    side.open()
    side.open()
    assert made[0].ran.wait(WAIT_S)
    side.close()
    side.close()
    side.open()
    assert made[1].ran.wait(WAIT_S)
    side.end()
    side.join(WAIT_S)
    assert [watcher.runs for watcher in made] == [1, 1]
    assert side.watcher is cast(CameraWatcher, made[1])


def test_pins_outlast_the_watcher(made: Made) -> None:
    """What was held for an event while the stream was closed is held in the ring of the next one."""
    side = StreamSide("camera:gate", made)
    side.open()
    side.close()
    side.pin("event", 5.0)
    side.pin("other", 6.0)
    side.unpin("other")
    side.open()
    assert made[1].ring.pins == {"event": 5.0}
    assert [p.at_s for p in side.since(3.0)] == [3.0]
    side.unpin("event")
    assert made[1].ring.pins == {}
    side.end()
    side.join(WAIT_S)
