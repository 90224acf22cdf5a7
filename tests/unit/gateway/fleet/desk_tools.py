"""A store, a ring and a clip cutter that remember what an event desk asks of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from gateway.camera.snapshots.poller import Polled
from gateway.clock import Clock
from gateway.errors import EvidenceError
from gateway.evidence.clip import ClipCutter
from gateway.fleet.footage import Footage, Stretch
from gateway.types import Bgr, Packet, Phase, Signal, VideoFormat
from storage.errors import StorageError, StoreUnavailable
from storage.media import FolderMediaStore
from storage.records import Case, CaseStep, Delivery, Event, Evidence, EvidenceKind, ReviewItem

Opening = tuple[Case, CaseStep, Sequence[Delivery]]
VIDEO = VideoFormat("h264", 160, 96, Fraction(1, 90_000), b"", 25.0)


class FakeEvents:
    """Writes in order; `away` makes the next writes fail as an outage, `refuse` makes one kind fail for good."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.shown: list[tuple[Event, Sequence[Evidence], ReviewItem | None, Opening | None]] = []
        self.touched: list[tuple[str, datetime, float]] = []
        self.closed: list[tuple[str, datetime]] = []
        self.away = False
        self.refuse: dict[str, int] = {}
        self.news = asyncio.Event()

    def _write(self, kind: str) -> None:
        if self.away:
            self.log.append(f"{kind}?")
            raise StoreUnavailable("away")
        if self.refuse.get(kind):
            self.refuse[kind] -= 1
            self.log.append(f"{kind}!")
            raise StorageError("refused")
        self.log.append(kind)
        self.news.set()

    async def begin(self, event: Event) -> None:
        self._write("begin")

    async def conclude(
        self, event: Event, evidence: Sequence[Evidence], review: ReviewItem | None, case: Opening | None = None
    ) -> None:
        self._write("conclude")
        self.shown.append((event, evidence, review, case))

    async def touch(self, event_id: str, last_seen_at: datetime, confidence: float) -> None:
        self._write("touch")
        self.touched.append((event_id, last_seen_at, confidence))

    async def close(self, event_id: str, ended_at: datetime) -> None:
        self._write("close")
        self.closed.append((event_id, ended_at))


class FakeFootage(Footage):
    """Pins as they stand, and packets without content."""

    def __init__(self, packets: list[Packet], looks: Sequence[Polled] = ()) -> None:
        self.pins: dict[str, float] = {}
        self.packets = packets
        self.late_s = 0.0
        self.sharper: Bgr | None = None
        self.looks_before = lambda _: looks

    def pin(self, key: str, from_s: float) -> None:
        self.pins[key] = from_s

    def unpin(self, key: str) -> None:
        self.pins.pop(key, None)

    @property
    def lag_s(self) -> float:
        return self.late_s

    def between(self, start_s: float, end_s: float) -> Stretch | None:
        found = [p for p in self.packets if start_s <= p.at_s <= end_s]
        return Stretch(VIDEO, found) if found else None

    def picture(self, at_s: float) -> Bgr | None:
        return self.sharper


class FakeCutter(ClipCutter):
    """Makes a record and no file; `broken` is raised instead."""

    def __init__(self, folder: Path) -> None:
        super().__init__(FolderMediaStore(folder))
        self.broken: EvidenceError | OSError | None = None
        self.cut_with: list[Sequence[Packet]] = []

    async def cut(
        self,
        event: Event,
        video: VideoFormat,
        packets: Sequence[Packet],
        clock: Clock,
        masks: Sequence[Sequence[tuple[float, float]]] = (),
    ) -> Evidence:
        if self.broken is not None:
            raise self.broken
        self.cut_with.append(packets)
        key = f"{event.id}.mp4"
        return Evidence(
            f"evi_{event.id}", event.id, EvidenceKind.CLIP, key, "video/mp4", 1, "0", clock.now(), masked=bool(masks)
        )


def signal(
    phase: Phase, at_s: float, since_s: float = 10.0, *, rule_id: str = "enter", event_type: str = "zone_intrusion"
) -> Signal:
    zone_id = None if event_type.startswith("camera_fault") else "yard"
    return Signal(phase, "gate", rule_id, event_type, zone_id, since_s=since_s, at_s=at_s, confidence=0.8)
