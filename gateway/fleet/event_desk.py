"""One camera's events, from signal to kept evidence: the slow half of a camera, on the worker's event loop.

    candidate   hold the ring from before the beginning
    raised      save the event at once; when the clip is complete, cut it and conclude: event, files, review item
    cleared     let the ring go, close the event

An event is never lost for want of evidence, and evidence never shown before it is durable.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import structlog

from camera_configs.models import CameraConfig
from gateway.analysis.events import Closed, EventBuilder, EventChange, Extended, Opened
from gateway.clock import Clock
from gateway.errors import EvidenceError
from gateway.evidence.clip import ClipCutter
from gateway.evidence.snapshot import Jpeg, snapshot, store_picture, thumbnail
from gateway.evidence.window import PRE_ROLL_S, choose, event_window, ready_at_s
from gateway.types import Bgr, Box, Packet, Phase, Signal, VideoFormat
from storage.errors import StorageError, StoreUnavailable
from storage.ids import new_id
from storage.protocols import EventStore, MediaStore
from storage.records import Case, CaseStep, Delivery, Event, EventState, Evidence, EvidenceKind, ReviewItem

logger = structlog.get_logger(__name__)

# Signals of one camera waiting for the loop. Only reports that a condition is still there give way; beginnings and
# ends never do.
MAILBOX_SIGNALS = 256
# Between two tries while the database cannot be reached; the event waits in memory.
STORE_PAUSE_S = 1.0

OpenCase = Callable[[Event, Sequence[Evidence]], tuple[Case, CaseStep, Sequence[Delivery]]]


@dataclass(frozen=True, slots=True)
class Report:
    """Signals of one frame, with the picture where one of them is a raise."""

    signals: tuple[Signal, ...]
    picture: Bgr | None = None

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
            if len(self._reports) >= MAILBOX_SIGNALS and report.expendable:
                self.dropped += 1
                return
            self._reports.append(report)
            self._loop.call_soon_threadsafe(self._ready.set)

    def close(self) -> None:
        """Take no more; the loop may be gone soon."""
        with self._lock:
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


class Footage:
    """What the desk needs of the camera's watcher."""

    def __init__(
        self,
        pin: Callable[[str, float], None],
        unpin: Callable[[str], None],
        since: Callable[[float], list[Packet]],
        video: Callable[[], VideoFormat | None],
    ) -> None:
        self.pin = pin
        self.unpin = unpin
        self.since = since
        self.video = video


@dataclass(frozen=True, slots=True)
class DeskTools:
    """What the desks of a worker share."""

    events: EventStore
    media: MediaStore
    cutter: ClipCutter
    clock: Clock
    time_zone: ZoneInfo


@dataclass(slots=True)
class _Case:
    """An event whose evidence is in the making."""

    event: Event
    key: str  # of its pin
    opened: Opened
    picture: Bgr | None
    concluded: asyncio.Event = field(default_factory=asyncio.Event)


class EventDesk:
    """Keeps one camera's events. Signals come through `mailbox`; `run` does the rest.

    Args:
        camera: Its configuration.
        builder: This camera's own.
        footage: The ring to hold and to cut from.
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
        self._making: dict[str, _Case] = {}
        self._hurry = asyncio.Event()  # set when the worker stops: clips are cut with what there is
        self.mailbox = Mailbox()

    async def run(self) -> None:
        """Work until the mailbox is closed and everything taken from it is kept."""
        async with asyncio.TaskGroup() as group:
            while (report := await self.mailbox.get()) is not None:
                await self._take(report, group)
            await self._apply(self._builder.drain(), None, group)

    def hurry(self) -> None:
        """Stop waiting for post-roll, and take no more signals."""
        self._hurry.set()
        self.mailbox.close()

    async def _take(self, report: Report, group: asyncio.TaskGroup) -> None:
        for signal in report.signals:
            key = _pin_key(signal)
            if signal.phase is Phase.CANDIDATE:
                self._footage.pin(key, signal.since_s - PRE_ROLL_S)
            changes = self._builder.take((signal,))
            await self._apply(changes, report.picture, group, key)
            if signal.phase is Phase.CLEARED and not self._is_needed(key):
                self._footage.unpin(key)

    async def _apply(
        self, changes: Sequence[EventChange], picture: Bgr | None, group: asyncio.TaskGroup, key: str = ""
    ) -> None:
        for change in changes:
            if isinstance(change, Opened):
                making = _Case(change.event, key, change, picture)
                self._making[change.event.id] = making
                await self._kept(lambda event=change.event: self._tools.events.begin(event))  # type: ignore[misc]
                group.create_task(self._conclude(making), name=f"event:{change.event.id}")
            elif isinstance(change, Extended):
                await self._extend(change)
            else:
                await self._close(change)

    def _is_needed(self, key: str) -> bool:
        return any(making.key == key for making in self._making.values())

    async def _extend(self, change: Extended) -> None:
        making = self._making.get(change.event_id)
        if making is not None:
            making.event = replace(making.event, last_seen_at=change.last_seen_at, confidence=change.confidence)
        else:
            await self._kept(lambda: self._tools.events.touch(change.event_id, change.last_seen_at, change.confidence))

    async def _close(self, change: Closed) -> None:
        making = self._making.get(change.event_id)
        if making is not None:
            making.event = replace(
                making.event, state=EventState.CLOSED, last_seen_at=change.ended_at, ended_at=change.ended_at
            )
        else:
            await self._kept(lambda: self._tools.events.close(change.event_id, change.ended_at))

    async def _conclude(self, making: _Case) -> None:
        await self._wait_until(ready_at_s(making.opened.raised_s))
        evidence = await self._evidence(making)
        event = making.event  # as it stands now: it may have ended meanwhile
        review = _review_item(event, self._tools.clock)
        case = self._open_case(event, evidence) if event.auto_report else None
        if case is not None:
            review = replace(review, case_id=case[0].id)
        await self._kept(lambda: self._tools.events.conclude(event, evidence, review, case))
        logger.info("event concluded", event_id=event.id, camera=event.camera_id, event_type=event.event_type)
        del self._making[event.id]
        if not self._is_needed(making.key):
            self._footage.unpin(making.key)
        await self._catch_up(event, making.event)

    async def _catch_up(self, concluded: Event, now: Event) -> None:
        """Write what happened to the event while it was being concluded."""
        if now.state is EventState.CLOSED and concluded.state is EventState.OPEN and now.ended_at is not None:
            ended_at = now.ended_at
            await self._kept(lambda: self._tools.events.close(now.id, ended_at))

    async def _wait_until(self, at_s: float) -> None:
        seconds = at_s - self._tools.clock.monotonic()
        if seconds <= 0 or self._hurry.is_set():
            return
        async with asyncio.TaskGroup() as group:
            waits = {
                group.create_task(self._tools.clock.sleep(seconds)),
                group.create_task(self._hurry.wait()),
            }
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()

    async def _evidence(self, making: _Case) -> list[Evidence]:
        """Make what can be made; whatever fails is logged and left out."""
        found: list[Evidence] = []
        for make in (self._clip, self._snapshot, self._thumbnail):
            try:
                evidence = await make(making)
            except EvidenceError as exc:
                logger.warning("evidence missing", event_id=making.event.id, error=str(exc))
                continue
            if evidence is not None:
                found.append(evidence)
        return found

    async def _clip(self, making: _Case) -> Evidence | None:
        spans = event_window(making.opened.since_s, making.opened.raised_s)
        packets = choose(self._footage.since(spans[0].start_s), spans)
        video = self._footage.video()
        if video is None or not packets:
            return None
        return await self._tools.cutter.cut(making.event, video, packets, self._tools.clock, self._masks)

    async def _snapshot(self, making: _Case) -> Evidence | None:
        event, picture = making.event, making.picture
        if picture is None:
            return None
        at = event.raised_at.astimezone(self._tools.time_zone)
        boxes = [Box(*box) for box in event.boxes]
        jpeg = await asyncio.to_thread(snapshot, picture, event.zone_polygon, boxes, at)
        return await self._store(event, EvidenceKind.SNAPSHOT, jpeg)

    async def _thumbnail(self, making: _Case) -> Evidence | None:
        if making.picture is None:
            return None
        jpeg = await asyncio.to_thread(thumbnail, making.picture)
        return await self._store(making.event, EvidenceKind.THUMBNAIL, jpeg)

    async def _store(self, event: Event, kind: EvidenceKind, jpeg: Jpeg) -> Evidence:
        masked = bool(self._masks)
        return await store_picture(self._tools.media, event, kind, jpeg, self._tools.clock, masked=masked)

    async def _kept(self, write: Callable[[], Awaitable[object]]) -> None:
        """Write, again and again while the database cannot be reached: an event waits, it is not dropped."""
        while True:
            try:
                await write()
            except StoreUnavailable as exc:
                logger.warning("event waits for the database", camera=self._camera.id, error=str(exc))
                await self._tools.clock.sleep(STORE_PAUSE_S)
            except StorageError as exc:  # refused for good: trying again would hold up the camera's other events
                logger.error("event could not be kept", camera=self._camera.id, error=str(exc))  # noqa: TRY400
                return
            else:
                return


def _pin_key(signal: Signal) -> str:
    return f"{signal.rule_id}/{signal.zone_id or '-'}"


def _review_item(event: Event, clock: Clock) -> ReviewItem:
    return ReviewItem(
        id=new_id("rev"),
        event_id=event.id,
        camera_id=event.camera_id,
        grid_id=event.grid_id,
        event_type=event.event_type,
        severity=event.severity,
        created_at=clock.now(),
    )
