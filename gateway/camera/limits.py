"""How many streams one recorder or host may be asked for at once, and how many may be opening together."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from gateway.errors import CameraBusy

# Recorders refuse or stumble when everyone connects at once after a power cut.
OPENS_PER_HOST = 4
STREAMS_PER_HOST = 64  # a usual 64-channel recorder
# How long a waiting thread takes to notice that it shall stop.
_WAKE_S = 0.5


class StreamLimits:
    """Counts the streams of all cameras of this process by key (a recorder's id or a host); thread-safe.

    Args:
        per_host: Streams per key, where `per_key` says nothing else.
        opens_per_host: Of those, how many may be connecting at the same time.
        per_key: Limits of single recorders.
    """

    def __init__(
        self,
        per_host: int = STREAMS_PER_HOST,
        opens_per_host: int = OPENS_PER_HOST,
        per_key: Mapping[str, int] | None = None,
    ) -> None:
        self._per_host = per_host
        self._opens_per_host = opens_per_host
        self._per_key = dict(per_key or {})
        self._free = threading.Condition()
        self._streams: Counter[str] = Counter()
        self._opens: Counter[str] = Counter()

    def streams(self, key: str) -> int:
        """Streams held or being opened now."""
        return self._streams[key]

    @contextmanager
    def stream(
        self, camera_id: str, key: str, stop: threading.Event, on_wait: Callable[[], object] = lambda: None
    ) -> Iterator[None]:
        """Hold one stream of `key`, waiting for it as long as it takes.

        Args:
            camera_id: Who asks, for the error.
            key: The recorder's id, or the host.
            stop: Ends the wait.
            on_wait: Called once when it has to wait.

        Raises:
            CameraBusy: `stop` was set while waiting.
        """
        limit = self._per_key.get(key, self._per_host)
        with self._counted(camera_id, self._streams, key, limit, stop, on_wait):
            yield

    @contextmanager
    def opening(self, camera_id: str, key: str, stop: threading.Event) -> Iterator[None]:
        """Hold one of the few places in which a stream of `key` is being opened; waits and raises as `stream`."""
        with self._counted(camera_id, self._opens, key, self._opens_per_host, stop, lambda: None):
            yield

    @contextmanager
    def _counted(  # noqa: PLR0917 - private, each argument is one line above
        self,
        camera_id: str,
        counter: Counter[str],
        key: str,
        limit: int,
        stop: threading.Event,
        on_wait: Callable[[], object],
    ) -> Iterator[None]:
        with self._free:
            if counter[key] >= limit:
                on_wait()
            while counter[key] >= limit:
                if stop.is_set():
                    raise CameraBusy(camera_id, f"all {limit} streams of {key} are in use")
                self._free.wait(_WAKE_S)
            counter[key] += 1
        try:
            yield
        finally:
            with self._free:
                counter[key] -= 1
                self._free.notify_all()
