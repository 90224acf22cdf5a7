"""How many streams one recorder or host may be asked for at once, and how many may be opening together."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.errors import CameraBusy

# Recorders refuse or stumble when everyone connects at once after a power cut.
OPENS_PER_HOST = 4
STREAMS_PER_HOST = 64  # a usual 64-channel recorder
# How long a waiting thread takes to notice that it shall stop.
_WAKE_S = 0.5


@dataclass(slots=True, eq=False)
class Place:
    """One stream held.

    Attributes:
        recalled: A camera without any stream waits for this place: give it back.
    """

    recalled: bool = False


@dataclass(frozen=True, slots=True)
class Seeker:
    """Who wants a place, and how.

    Attributes:
        camera_id: For the error.
        stop: Ends the wait.
        spare: A camera's second stream: waits behind all first ones, and is recalled for them.
        on_wait: Called once when it has to wait.
    """

    camera_id: str
    stop: threading.Event
    spare: bool = False
    on_wait: Callable[[], object] = lambda: None


class StreamLimits:
    """Counts the streams of all cameras of this process by key (a recorder's id or a host); thread-safe.

    Two streams of a camera count as two. Nobody who waits for a stream holds another, and places for opening are held
    for an open timeout at most: there is nothing to lock up.

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
        self._streams = _Places()
        self._opens = _Places()

    def change(self, per_key: Mapping[str, int]) -> None:
        """Replace the limits of single recorders; a stream that is open stays so."""
        self._per_key = dict(per_key)

    def streams(self, key: str) -> int:
        """Streams held or being opened now."""
        return self._streams.taken[key]

    @contextmanager
    def stream(
        self,
        camera_id: str,
        key: str,
        stop: threading.Event,
        on_wait: Callable[[], object] = lambda: None,
        *,
        spare: bool = False,
    ) -> Iterator[Place]:
        """Hold one stream of `key`, waiting for it as long as it takes.

        Args:
            camera_id: Who asks, for the error.
            key: The recorder's id, or the host.
            stop: Ends the wait.
            on_wait: Called once when it has to wait.
            spare: See `Seeker`; the holder looks at `Place.recalled` now and then.

        Raises:
            CameraBusy: `stop` was set while waiting.
        """
        limit = self._per_key.get(key, self._per_host)
        with self._streams.place(Seeker(camera_id, stop, spare, on_wait), key, limit) as place:
            yield place

    @contextmanager
    def opening(self, camera_id: str, key: str, stop: threading.Event) -> Iterator[None]:
        """Hold one of the few places in which a stream of `key` is being opened; waits and raises as `stream`."""
        with self._opens.place(Seeker(camera_id, stop), key, self._opens_per_host):
            yield


class _Places:
    """Places of one sort, counted by key."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self.taken: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()  # first streams in want of a place
        self._spare: defaultdict[str, list[Place]] = defaultdict(list)

    @contextmanager
    def place(self, seeker: Seeker, key: str, limit: int) -> Iterator[Place]:
        with self._free:
            self._wait(seeker, key, limit)
            place = Place()
            self.taken[key] += 1
            if seeker.spare:
                self._spare[key].append(place)
        try:
            yield place
        finally:
            with self._free:
                self.taken[key] -= 1
                if seeker.spare:
                    self._spare[key].remove(place)
                self._free.notify_all()

    def _wait(self, seeker: Seeker, key: str, limit: int) -> None:
        if self._fits(seeker, key, limit):
            return
        seeker.on_wait()
        self._waiting[key] += not seeker.spare
        try:
            while not self._fits(seeker, key, limit):
                if seeker.stop.is_set():
                    raise CameraBusy(seeker.camera_id, f"all {limit} streams of {key} are in use")
                self._recall(key)
                self._free.wait(_WAKE_S)
        finally:
            self._waiting[key] -= not seeker.spare

    def _fits(self, seeker: Seeker, key: str, limit: int) -> bool:
        return self.taken[key] < limit and not (seeker.spare and self._waiting[key])

    def _recall(self, key: str) -> None:
        """Ask for as many spare places back as first streams wait, those given last first."""
        spare = self._spare[key]
        missing = self._waiting[key] - sum(place.recalled for place in spare)
        staying = [place for place in reversed(spare) if not place.recalled]
        for place in staying[: max(0, missing)]:
            place.recalled = True
