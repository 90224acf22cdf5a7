"""One camera's events, from signal to kept evidence: the slow half of a camera, on the worker's event loop.

    candidate   hold the ring from before the beginning
    raised      save the event at once; when the clip is complete, cut it and conclude: event, files, review item
    cleared     let the ring go, close the event

An event is never lost for want of evidence, and evidence never shown before it is durable. Signals are taken in
without waiting for anything; each event has a task of its own, in which its writes follow one another.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import structlog

from camera_configs.models import CameraConfig
from camera_configs.taxonomy import is_camera_fault
from gateway.analysis.events import Closed, EventBuilder, EventChange, Extended, Opened
from gateway.analysis.health.monitor import SoundPicture
from gateway.camera.decoder import PrivacyMask
from gateway.camera.snapshots.look import decode_look
from gateway.camera.snapshots.poller import Polled
from gateway.clock import Clock
from gateway.errors import CameraError, EvidenceError
from gateway.evidence.clip import ClipCutter
from gateway.evidence.snapshot import Jpeg, snapshot, store_picture, thumbnail
from gateway.evidence.window import PRE_ROLL_S, choose, event_window, ready_at_s
from gateway.fleet.footage import Footage
from gateway.types import Bgr, Box, Phase, Signal
from storage.errors import StorageError, StoreUnavailable
from storage.protocols import EventStore, MediaStore
from storage.records import Case, CaseStep, Delivery, Event, EventState, Evidence, EvidenceKind, ReviewItem

logger = structlog.get_logger(__name__)

# Reports of one camera waiting for the loop, which takes them in without waiting for database or disk. Only those that
# say that a condition is still there give way; beginnings and ends never do.
MAILBOX_REPORTS = 256
# Between two tries while the database cannot be reached; the event waits in memory.
STORE_PAUSE_S = 1.0

Opening = tuple[Case, CaseStep, Sequence[Delivery]]
OpenCase = Callable[[Event, Sequence[Evidence]], Opening]


@dataclass(frozen=True, slots=True)
class Report:
    """Signals of one frame, with the picture where one of them is a raise; of a fault, also one from before it."""

    signals: tuple[Signal, ...]
    picture: Bgr | None = None
    reference: SoundPicture | None = None

    @property
    def expendable(self) -> bool:
        """Nothing begins or ends here."""
        return all(s.phase is Phase.ONGOING for s in self.signals)


class Mailbox:
    """Reports from the camera's threads to the loop; bounded, and what is dropped is counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reports: deque[Report] = deque()
        self._ready = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self.dropped = 0

    def put(self, report: Report) -> None:
        """Offer a report from any thread; when full, one that only says "still there" is dropped."""
        with self._lock:
            if self._closed:
                return
            if len(self._reports) >= MAILBOX_REPORTS and report.expendable:
                self.dropped += 1
                return
            self._reports.append(report)
            self._loop.call_soon_threadsafe(self._ready.set)

    def close(self) -> None:
        """Take no more, so that no thread calls a loop that is gone; to be called while it runs."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._ready.set)

    async def get(self) -> Report | None:
        """Remove the oldest report, waiting for one; None when closed and empty. Cancelling loses nothing."""
        while True:
            with self._lock:
                if self._reports:
                    return self._reports.popleft()
                if self._closed:
                    return None
                self._ready.clear()
            await self._ready.wait()


@dataclass(frozen=True, slots=True)
class DeskTools:
    """What the desks of a worker share."""

    events: EventStore
    media: MediaStore
    cutter: ClipCutter
    clock: Clock
    time_zone: ZoneInfo


@dataclass(slots=True)
class _Running:
    """An event from its beginning to its last write."""

    event: Event  # as it stands now
    opened: Opened
    picture: Bgr | None  # until the evidence is made
    reference: SoundPicture | None = None  # likewise: what a faulty camera showed before
    looks: Sequence[Polled] = ()  # likewise: what led to it, where it began while the camera was polled
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    evidence: list[Evidence] | None = None  # None: not made yet
    concluded: Event | None = None  # as it was shown to people; None: not yet


class EventDesk:
    """Keeps one camera's events. Signals come through `mailbox`; `run` does the rest.

    Args:
        camera: Its configuration.
        builder: This camera's own.
        footage: The rings to hold and to cut from.
        tools: Stores, cutter and clock.
        open_case: Makes the case of an event whose rule says `auto_report`.
    """

    def __init__(
        self, camera: CameraConfig, builder: EventBuilder, footage: Footage, tools: DeskTools, open_case: OpenCase
    ) -> None:
        self._camera = camera
        self._builder = builder
        self._footage = footage
        self._tools = tools
        self._open_case = open_case
        self._masks = tuple(zone.polygon for zone in camera.privacy_masks)
        self._running: dict[str, _Running] = {}
        self._hurry = asyncio.Event()  # set when the worker stops: clips are cut with what there is
        self.mailbox = Mailbox()
        self.finished = asyncio.Event()  # all that was taken from the closed mailbox is kept

    async def run(self) -> None:
        """Work until the mailbox is closed and everything taken from it is kept.

        May be run again after a crash or a cancellation: it goes on with the events it had in hand.
        """
        async with asyncio.TaskGroup() as group:
            for running in self._running.values():
                self._start(running, group)
            while (report := await self.mailbox.get()) is not None:
                self._take(report, group)
            self._note(self._builder.drain())
        self.finished.set()

    def hurry(self) -> None:
        """Stop waiting for post-roll, and take no more signals."""
        self._hurry.set()
        self.mailbox.close()

    def expire(self, last_frame_s: float, at_s: float) -> None:
        """Close the events of a camera that has shown nothing for so long that nobody can say they last."""
        self._note(self._builder.expire(self._camera.id, last_frame_s, at_s))

    def _take(self, report: Report, group: asyncio.TaskGroup) -> None:
        for signal in report.signals:
            key = _pin_key(signal)
            if signal.phase is Phase.CANDIDATE:
                self._footage.pin(key, signal.since_s - PRE_ROLL_S)
            for change in self._builder.take((signal,)):
                if isinstance(change, Opened):
                    self._open(change, report, group)
                else:
                    self._note((change,))
            # An event holds the ring under its own id: the rule's next candidate neither moves nor ends that.
            if signal.phase in {Phase.RAISED, Phase.CLEARED}:
                self._footage.unpin(key)

    def _open(self, change: Opened, report: Report, group: asyncio.TaskGroup) -> None:
        self._footage.pin(change.event.id, change.since_s - PRE_ROLL_S)
        looks = self._footage.looks_before(change.since_s)
        reference = report.reference if is_camera_fault(change.event.event_type) else None
        running = _Running(change.event, change, report.picture, reference, looks)
        self._running[change.event.id] = running
        self._start(running, group)

    def _start(self, running: _Running, group: asyncio.TaskGroup) -> None:
        group.create_task(self._follow(running), name=f"event:{running.event.id}")

    def _note(self, changes: Iterable[EventChange]) -> None:
        """Take down what becomes of events; their own tasks write it."""
        for change in changes:
            running = self._running.get(change.event_id) if not isinstance(change, Opened) else None
            if running is None:
                continue
            if isinstance(change, Closed):
                end = change.ended_at
                running.event = replace(running.event, state=EventState.CLOSED, last_seen_at=end, ended_at=end)
            elif isinstance(change, Extended):
                seen_at, confidence = change.last_seen_at, change.confidence
                running.event = replace(running.event, last_seen_at=seen_at, confidence=confidence)
            running.changed.set()

    async def _follow(self, running: _Running) -> None:
        event_id = running.event.id
        if running.concluded is None:
            async with asyncio.TaskGroup() as group:
                # Beside the evidence: a database that is away must not make the ring run over.
                group.create_task(self._begin(running.opened.event), name=f"begin:{event_id}")
                if running.evidence is None:
                    await self._wait_until(ready_at_s(running.opened.raised_s) + self._footage.lag_s)
                    running.evidence = await self._evidence(running)
                running.picture, running.reference, running.looks = None, None, ()
                self._footage.unpin(event_id)
            running.concluded = await self._conclude(running, running.evidence)
        await self._keep_up(running, running.concluded)
        del self._running[event_id]

    async def _begin(self, event: Event) -> None:
        await self._kept(event.id, lambda: self._tools.events.begin(event))

    async def _conclude(self, running: _Running, evidence: Sequence[Evidence]) -> Event:
        """Show the event to people; return it as it was shown."""
        events, event = self._tools.events, running.event
        running.changed.clear()
        review = ReviewItem.waiting_for(event, self._tools.clock.now())
        case = self._open_case(event, evidence) if event.auto_report else None
        whole = review if case is None else replace(review, case_id=case[0].id)
        if not await self._kept(event.id, lambda: events.conclude(event, evidence, whole, case)):
            # A file or a case that is refused must not keep the event from people.
            await self._kept(event.id, lambda: events.conclude(event, (), review, None))
        logger.info("event concluded", event_id=event.id, camera=event.camera_id, event_type=event.event_type)
        return event

    async def _keep_up(self, running: _Running, written: Event) -> None:
        """Write what becomes of the event, until it is over."""
        while written.state is EventState.OPEN:
            await running.changed.wait()
            running.changed.clear()
            written = running.event
            await self._write_change(written)

    async def _write_change(self, event: Event) -> None:
        events, ended_at = self._tools.events, event.ended_at
        if ended_at is not None:
            await self._kept(event.id, lambda: events.close(event.id, ended_at))
            return
        try:
            await events.touch(event.id, event.last_seen_at, event.confidence)
        except StorageError as exc:  # the next one says more
            logger.warning("event not refreshed", event_id=event.id, error=str(exc))

    async def _wait_until(self, at_s: float) -> None:
        seconds = at_s - self._tools.clock.monotonic()
        if seconds <= 0 or self._hurry.is_set():
            return
        async with asyncio.TaskGroup() as group:
            waits = {
                group.create_task(self._tools.clock.sleep(seconds), name="post-roll"),
                group.create_task(self._hurry.wait(), name="hurry"),
            }
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def _evidence(self, running: _Running) -> list[Evidence]:
        """Make what can be made; whatever fails is logged and left out."""
        found: list[Evidence] = []
        if running.picture is not None:
            sharper = await asyncio.to_thread(self._footage.picture, running.opened.raised_s)
            running.picture = running.picture if sharper is None else sharper
        for make in (self._clip, self._snapshot, self._reference, self._thumbnail):
            try:
                evidence = await make(running)
            except (EvidenceError, OSError) as exc:  # OSError: the folder for files in the making cannot be used
                logger.warning("evidence missing", event_id=running.event.id, error=str(exc))
                continue
            if evidence is not None:
                found.append(evidence)
        return [*found, *await self._looks(running)]

    async def _clip(self, running: _Running) -> Evidence | None:
        spans = event_window(running.opened.since_s, running.opened.raised_s)
        found = self._footage.between(spans[0].start_s, spans[-1].end_s)
        packets = choose(found.packets, spans) if found else ()
        if found is None or not packets:
            return None
        return await self._tools.cutter.cut(running.opened.event, found.video, packets, self._tools.clock, self._masks)

    async def _snapshot(self, running: _Running) -> Evidence | None:
        event, picture = running.opened.event, running.picture
        if picture is None:
            return None
        at = event.raised_at.astimezone(self._tools.time_zone)
        boxes = [Box(*box) for box in event.boxes]
        jpeg = await asyncio.to_thread(snapshot, picture, event.zone_polygon, boxes, at)
        return await self._store(event, EvidenceKind.SNAPSHOT, jpeg)

    async def _reference(self, running: _Running) -> Evidence | None:
        """Keep what the camera showed before its fault, with the time of that drawn in."""
        before = running.reference
        if before is None:
            return None
        at = self._tools.clock.utc_at(before.at_s).astimezone(self._tools.time_zone)
        jpeg = await asyncio.to_thread(snapshot, before.picture, (), (), at)
        return await self._store(running.opened.event, EvidenceKind.REFERENCE, jpeg)

    async def _thumbnail(self, running: _Running) -> Evidence | None:
        if running.picture is None:
            return None
        jpeg = await asyncio.to_thread(thumbnail, running.picture)
        return await self._store(running.opened.event, EvidenceKind.THUMBNAIL, jpeg)

    async def _looks(self, running: _Running) -> list[Evidence]:
        """Keep the looks that led to the event, each with its time drawn in."""
        found: list[Evidence] = []
        for number, look in enumerate(running.looks, 1):
            try:
                jpeg = await asyncio.to_thread(self._dated, look)
                found.append(await self._store(running.opened.event, EvidenceKind.SNAPSHOT, jpeg, f"look-{number}.jpg"))
            except (EvidenceError, CameraError, OSError) as exc:
                logger.warning("look missing", event_id=running.event.id, error=str(exc))
        return found

    def _dated(self, look: Polled) -> Jpeg:
        frame = decode_look(look.camera_id, look.jpeg, look.at_s, PrivacyMask(self._masks))
        return snapshot(frame.bgr, (), (), self._tools.clock.utc_at(look.at_s).astimezone(self._tools.time_zone))

    async def _store(self, event: Event, kind: EvidenceKind, jpeg: Jpeg, name: str | None = None) -> Evidence:
        masked = bool(self._masks)
        return await store_picture(self._tools.media, event, kind, jpeg, self._tools.clock, masked=masked, name=name)

    async def _kept(self, event_id: str, write: Callable[[], Awaitable[object]]) -> bool:
        """Write, again and again while the database cannot be reached; False when it was refused for good."""
        while True:
            try:
                await write()
            except StoreUnavailable as exc:
                logger.warning("event waits for the database", event_id=event_id, error=str(exc))
                await self._tools.clock.sleep(STORE_PAUSE_S)
            except StorageError as exc:
                logger.error("event refused by the database", event_id=event_id, error=str(exc))  # noqa: TRY400
                return False
            else:
                return True


def _pin_key(signal: Signal) -> str:
    return f"{signal.rule_id}/{signal.zone_id or '-'}"
