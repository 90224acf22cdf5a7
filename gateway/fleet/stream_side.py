"""A camera's streams, opened and closed together as often as they are wanted: each time new watchers, a thread each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from gateway.camera.choice import Role, StreamChoice, StreamFacts
from gateway.camera.watcher import CameraWatcher
from storage.records import CameraStateName

Watchers = Mapping[Role, CameraWatcher]
_ONLINE = CameraStateName.ONLINE


class StreamSide:
    """Used on the worker's event loop; `watchers` may be read from any thread.

    Args:
        name: Of the threads.
        make: Returns watchers that have not run yet, by the stream they read, of which the one named is to be armed;
            the same streams each time, main first.
        choice: Between the two of a camera that has a substream; None: there is only the main stream.

    Attributes:
        watchers: The present ones, or the last while the streams are closed.
    """

    def __init__(self, name: str, make: Callable[[Role], Watchers], choice: StreamChoice | None = None) -> None:
        self._name = name
        self._make = make
        self._choice = choice
        self._pins: dict[str, float] = {}
        self._stop: threading.Event | None = None  # of the present threads; None while closed
        self._threads: list[threading.Thread] = []  # closed ones end within their read timeout
        self._used = self._ended = False
        self.watchers = make(self.analysed)

    @property
    def analysed(self) -> Role:
        """The stream to be analysed now."""
        return "main" if self._choice is None else self._choice.analysed

    @property
    def notes(self) -> tuple[str, ...]:
        """What the choice of the stream gives to say."""
        return () if self._choice is None else self._choice.notes

    @property
    def watcher(self) -> CameraWatcher:
        """Of the stream analysed."""
        return self.watchers[self.analysed]

    @property
    def best_first(self) -> list[CameraWatcher]:
        """All watchers, those of which pictures come now first, and of these the main stream's."""
        return sorted(self.watchers.values(), key=lambda watcher: watcher.state.state is not _ONLINE)

    @property
    def is_open(self) -> bool:
        """The streams are wanted."""
        return self._stop is not None

    def open(self, now_s: float) -> None:
        """Begin to watch the streams, if they are not watched."""
        if self._stop is not None or self._ended:
            return
        if self._choice is not None:
            self._choice.begin(now_s)
        if self._used:
            self.watchers = self._make(self.analysed)
            for watcher in self.watchers.values():
                for key, from_s in self._pins.items():
                    watcher.ring.pin(key, from_s)
        self._used = True
        self._stop = threading.Event()
        fresh = [self._thread(role, watcher, self._stop) for role, watcher in self.watchers.items()]
        self._threads = [t for t in self._threads if t.is_alive()] + fresh
        for thread in fresh:
            thread.start()

    def follow(self, now_s: float) -> bool:
        """Choose again, call about once a second; True: another stream is to be analysed from now on."""
        if self._choice is None or not self.is_open:
            return False
        before = self.analysed
        self._choice.follow(now_s, _facts(self.watchers["main"]), _facts(self.watchers["sub"]))
        return self.analysed != before

    def close(self) -> None:
        """Ask the threads to end; what the rings hold stays until the streams are opened again."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def end(self) -> None:
        """Close them for good."""
        self._ended = True
        self.close()

    def join(self, timeout_s: float) -> None:
        """Wait for threads that were asked to end, so long for all together; blocks."""
        for thread in self._threads:
            thread.join(timeout_s / len(self._threads))

    def pin(self, key: str, from_s: float) -> None:
        """Hold the rings from that moment on, of these watchers and those that follow: a clip may come from either."""
        self._pins[key] = from_s
        for watcher in self.watchers.values():
            watcher.ring.pin(key, from_s)

    def unpin(self, key: str) -> None:
        """Let the rings go."""
        self._pins.pop(key, None)
        for watcher in self.watchers.values():
            watcher.ring.unpin(key)

    def _thread(self, role: Role, watcher: CameraWatcher, stop: threading.Event) -> threading.Thread:
        return threading.Thread(target=watcher.run, args=(stop,), name=f"{self._name}:{role}", daemon=True)


def _facts(watcher: CameraWatcher) -> StreamFacts:
    state = watcher.state.state
    hopeless, opening = state is CameraStateName.NOT_VIDEO, state is CameraStateName.CONNECTING
    return StreamFacts(state is _ONLINE, hopeless, opening, watcher.gop_s)
