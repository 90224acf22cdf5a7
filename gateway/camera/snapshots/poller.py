"""Polls many cameras on one event loop: in phase, a few at once, and never twice at the same time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

import structlog

from gateway.camera.decoder import PrivacyMask
from gateway.camera.snapshots.client import Snapshot, SnapshotAddress
from gateway.camera.snapshots.probe import Fetcher, Yardstick, probe
from gateway.camera.snapshots.view import OtherView
from gateway.camera.snapshots.watch import Mode, PollWatch, Step
from gateway.clock import Clock
from gateway.errors import CameraError
from gateway.types import Luma, Outcome

logger = structlog.get_logger(__name__)

TICK_S = 0.1
AT_ONCE = 64  # requests in flight per process: bounds the bytes under way to some 30 MB
AT_ONCE_PER_HOST = 4  # a recorder answers for all its cameras with one small processor
PROBES_AT_ONCE = 16  # a probe decodes and lasts some seconds
# What led to an event is kept as pictures: the look that showed it, and two before.
KEPT_LOOKS = 3
KEPT_BYTES = 2 * 1024 * 1024  # per camera; the newest look stays, however large

Found = Outcome | CameraError | OtherView


@dataclass(frozen=True, slots=True)
class PolledCamera:
    """What the poller needs to know of a camera."""

    address: SnapshotAddress
    cadence_s: float  # one look per so many seconds
    mask: PrivacyMask
    # Luma of the stream's last keyframe, masks painted; None or a `CameraError` when there is none. Called in a thread.
    reference: Callable[[], Luma | None] = lambda: None

    @property
    def id(self) -> str:
        """The camera's id."""
        return self.address.camera_id


@dataclass(frozen=True, slots=True)
class Polled:
    """A look to be decoded and analysed; untouched, so masks are still to be painted."""

    camera_id: str
    jpeg: bytes
    at_s: float


@dataclass(frozen=True, slots=True)
class ModeChange:
    """How a camera is to be watched from now on: its stream is wanted in every mode but `POLLING`."""

    camera_id: str
    mode: Mode
    reason: str  # see `PollWatch`
    detail: str


@dataclass(slots=True)
class PollCounts:
    """Since the start."""

    due: int = 0  # looks that should have been
    done: int = 0  # snapshots that came whole
    failed: int = 0
    missed: int = 0  # their time came while the one before was still under way, or the machine was busy
    probes: int = 0
    hinted: int = 0  # brought forward by a hint


class SnapshotPoller:
    """Polls the cameras given to it for as long as `run` is awaited; used on one event loop but for `report`.

    Args:
        fetcher_of: Makes a camera's client, for example `SnapshotClient`.
        clock: Paces everything.
        on_look: Gets every look, on the loop; must not block: see `LookQueue`.
        on_change: Hears every change of a camera's mode or reason, on the loop; must not block.
        tick_s: How long a due poll, or word from the analysis, may lie unnoticed.

    Attributes:
        counts: What was due and what became of it.
    """

    def __init__(
        self,
        fetcher_of: Callable[[SnapshotAddress], Fetcher],
        clock: Clock,
        *,
        on_look: Callable[[Polled], None],
        on_change: Callable[[ModeChange], None],
        tick_s: float = TICK_S,
    ) -> None:
        self._fetcher_of = fetcher_of
        self._clock = clock
        self._on_look = on_look
        self._on_change = on_change
        self._tick_s = tick_s
        self._cameras: dict[str, _Entry] = {}
        self._due: list[tuple[float, int, int, _Entry]] = []
        self._order = itertools.count()
        # Bounded by the looks under analysis; a deque may be appended to from any thread.
        self._heard: deque[tuple[str, Found]] = deque()
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._all = asyncio.Semaphore(AT_ONCE)
        self._probes = asyncio.Semaphore(PROBES_AT_ONCE)
        self.counts = PollCounts()

    def add(self, camera: PolledCamera) -> None:
        """Begin with a camera, or begin anew with one that has changed: its stream is wanted until it is probed."""
        self.remove(camera.id)
        key = camera.address.key
        host = self._hosts.get(key) or asyncio.Semaphore(AT_ONCE_PER_HOST)
        self._hosts[key] = host
        watch = PollWatch(camera.id, camera.cadence_s, self._clock.monotonic())
        entry = _Entry(camera, watch, self._fetcher_of(camera.address), host, self._all)
        self._cameras[camera.id] = entry
        self._tell(entry)
        self._schedule(entry)

    def remove(self, camera_id: str) -> None:
        """End with a camera; its request under way is cancelled. Unknown ids do no harm."""
        entry = self._cameras.pop(camera_id, None)
        if entry is not None:
            entry.turn = _REMOVED
            if entry.task is not None:
                entry.task.cancel()

    def report(self, camera_id: str, found: Found) -> None:
        """Take what was found in a look or a frame, or why it could not be decoded; from any thread."""
        self._heard.append((camera_id, found))

    @property
    def polled(self) -> int:
        """Cameras that are watched by their snapshots alone now."""
        return sum(entry.watch.mode is Mode.POLLING for entry in self._cameras.values())

    def mode(self, camera_id: str) -> Mode | None:
        """How a camera is watched now; None for one that is not polled at all."""
        entry = self._cameras.get(camera_id)
        return entry.watch.mode if entry else None

    def looks(self, camera_id: str) -> tuple[Polled, ...]:
        """Return the last looks of a camera, oldest first; at most three, masks not painted."""
        entry = self._cameras.get(camera_id)
        return tuple(entry.looks) if entry else ()

    def hasten(self, camera_id: str) -> None:
        """Take a camera's next look now, unless one is under way or its stream is watched."""
        entry = self._cameras.get(camera_id)
        if entry is not None and not entry.busy and entry.watch.hasten(self._clock.monotonic()):
            self.counts.hinted += 1
            self._settle(entry)

    @contextmanager
    def viewer(self, camera_id: str) -> Iterator[None]:
        """Want the stream for as long as somebody watches live."""
        entry = self._cameras.get(camera_id)
        if entry is None:
            yield
            return
        entry.watch.add_viewer()
        self._settle(entry)
        try:
            yield
        finally:
            entry.watch.remove_viewer()
            self._settle(entry)

    async def run(self) -> None:
        """Poll until cancelled; may be run again afterwards."""
        for entry in self._cameras.values():
            entry.busy = False
            self._schedule(entry)
        async with asyncio.TaskGroup() as group:
            while True:
                self._hear()
                for entry in self._take_due():
                    entry.task = group.create_task(self._carry_out(entry), name=f"poll:{entry.camera.id}")
                await self._clock.sleep(self._tick_s)

    def _hear(self) -> None:
        while self._heard:
            camera_id, found = self._heard.popleft()
            entry = self._cameras.get(camera_id)
            if entry is None:
                continue
            if isinstance(found, CameraError):
                entry.watch.note_failure(found, self._clock.monotonic())
            elif isinstance(found, OtherView):
                entry.watch.note_other_view(found, self._clock.monotonic())
            else:
                entry.watch.note_outcome(found)
            self._settle(entry)

    def _take_due(self) -> Iterator[_Entry]:
        now_s = self._clock.monotonic()
        while self._due and self._due[0][0] <= now_s:
            due_s, _, turn, entry = heapq.heappop(self._due)
            if turn != entry.turn or entry.busy:
                continue
            entry.busy, entry.due_s = True, due_s
            yield entry

    async def _carry_out(self, entry: _Entry) -> None:
        try:
            # What is due was decided by the moment it was due at: asked about now, a poll would be the next one.
            step = entry.next_step
            if step is Step.POLL and entry.watch.mode is Mode.POLLING:
                await self._poll(entry)
            elif step is Step.PROBE and entry.watch.mode is Mode.PROBING:
                await self._probe(entry)
        finally:
            entry.busy, entry.task = False, None
        self._settle(entry)

    async def _poll(self, entry: _Entry) -> None:
        self.counts.due += 1
        try:
            snapshot = await entry.fetch()
        except CameraError as exc:
            self.counts.failed += 1
            entry.watch.note_failure(exc, self._clock.monotonic())
        else:
            self._take(entry, snapshot)
        late = int((self._clock.monotonic() - entry.due_s) // entry.watch.cadence_s)
        self.counts.missed += late
        self.counts.due += late

    def _take(self, entry: _Entry, snapshot: Snapshot) -> None:
        self.counts.done += 1
        entry.watch.note_look(snapshot, self._clock.monotonic())
        if entry.watch.mode is Mode.POLLING:  # a stale or strange picture is not evidence of anything
            look = Polled(entry.camera.id, snapshot.jpeg, snapshot.at_s)
            entry.keep(look)
            self._on_look(look)

    async def _probe(self, entry: _Entry) -> None:
        camera = entry.camera
        async with self._probes:
            self.counts.probes += 1
            reference = await asyncio.to_thread(_reference_of, camera)
            verdict = await probe(entry, Yardstick(camera.id, camera.cadence_s, camera.mask, reference), self._clock)
        entry.watch.note_verdict(verdict, self._clock.monotonic())

    def _settle(self, entry: _Entry) -> None:
        """After anything that may have changed a decision."""
        if entry.turn == _REMOVED:
            return
        if not entry.busy:
            self._schedule(entry)
        self._tell(entry)

    def _schedule(self, entry: _Entry) -> None:
        planned = entry.watch.next_step(self._clock.monotonic())
        entry.turn = next(self._order) + 1
        entry.next_step = planned.step
        heapq.heappush(self._due, (planned.at_s, entry.turn, entry.turn, entry))

    def _tell(self, entry: _Entry) -> None:
        watch = entry.watch
        change = ModeChange(entry.camera.id, watch.mode, watch.reason, watch.detail)
        if change == entry.told:
            return
        if entry.told is not None:
            logger.info("way of watching", camera=change.camera_id, mode=change.mode.value, reason=change.reason)
        entry.told = change
        self._on_change(change)


def _reference_of(camera: PolledCamera) -> Luma | None:
    try:
        return camera.reference()
    except CameraError:  # a damaged keyframe is no better than none
        return None


_REMOVED = -1


class _Entry:
    """One camera in the poller; fetches in turn with its host's other cameras."""

    def __init__(
        self,
        camera: PolledCamera,
        watch: PollWatch,
        fetcher: Fetcher,
        host: asyncio.Semaphore,
        everyone: asyncio.Semaphore,
    ) -> None:
        self.camera = camera
        self.watch = watch
        self.looks: deque[Polled] = deque(maxlen=KEPT_LOOKS)
        self.told: ModeChange | None = None
        self.next_step = Step.REST
        self.turn = 0  # which of its places in the queue counts
        self.due_s = 0.0
        self.busy = False
        self.task: asyncio.Task[None] | None = None
        self._fetcher = fetcher
        self._host = host
        self._everyone = everyone

    async def fetch(self) -> Snapshot:
        """Fetch one snapshot when it is this camera's turn; the camera's time-out begins only then."""
        async with self._host, self._everyone:
            return await self._fetcher.fetch()

    def keep(self, look: Polled) -> None:
        self.looks.append(look)
        while len(self.looks) > 1 and sum(len(kept.jpeg) for kept in self.looks) > KEPT_BYTES:
            self.looks.popleft()
