"""A camera's stream, opened and closed as often as it is wanted: each time a new watcher in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

from gateway.camera.watcher import CameraWatcher
from gateway.types import Packet


class StreamSide:
    """Used on the worker's event loop; `watcher` may be read from any thread.

    Args:
        name: Of the thread.
        make: Returns a watcher that has not run yet.

    Attributes:
        watcher: The present one, or the last while the stream is closed.
    """

    def __init__(self, name: str, make: Callable[[], CameraWatcher]) -> None:
        self._name = name
        self._make = make
        self._pins: dict[str, float] = {}
        self._stop: threading.Event | None = None  # of the present thread; None while closed
        self._threads: list[threading.Thread] = []  # closed ones end within their read timeout
        self._used = self._ended = False
        self.watcher = make()

    @property
    def is_open(self) -> bool:
        """The stream is wanted."""
        return self._stop is not None

    def open(self) -> None:
        """Begin to watch the stream, if it is not watched."""
        if self._stop is not None or self._ended:
            return
        if self._used:
            self.watcher = self._make()
            for key, from_s in self._pins.items():
                self.watcher.ring.pin(key, from_s)
        self._used = True
        self._stop = threading.Event()
        thread = threading.Thread(target=self.watcher.run, args=(self._stop,), name=self._name, daemon=True)
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()

    def close(self) -> None:
        """Ask the thread to end; what the ring holds stays until the stream is opened again."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def end(self) -> None:
        """Close it for good."""
        self._ended = True
        self.close()

    def join(self, timeout_s: float) -> None:
        """Wait for threads that were asked to end; blocks."""
        for thread in self._threads:
            thread.join(timeout_s)

    def pin(self, key: str, from_s: float) -> None:
        """Hold the ring from that moment on, of this watcher and those that follow."""
        self._pins[key] = from_s
        self.watcher.ring.pin(key, from_s)

    def unpin(self, key: str) -> None:
        """Let the ring go."""
        self._pins.pop(key, None)
        self.watcher.ring.unpin(key)

    def since(self, at_s: float) -> list[Packet]:
        """Return what the ring holds from the keyframe at or before that moment."""
        return self.watcher.ring.since(at_s)
