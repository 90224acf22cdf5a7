"""Cutting a clip: packets copied into an MP4, proved readable, made durable. Pictures are touched only to mask them."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import structlog

from gateway.clock import Clock
from gateway.errors import EvidenceError
from gateway.evidence.layout import Layout, Stretch, lay_out
from gateway.evidence.mp4 import ClipFacts, copy_packets, probe, write_masked
from gateway.types import Packet, VideoFormat
from storage.errors import StorageError
from storage.ids import new_id
from storage.protocols import MediaStore
from storage.records import ClipSegment, Event, Evidence, EvidenceKind

logger = structlog.get_logger(__name__)

Polygon = Sequence[tuple[float, float]]

# Each cut keeps a core and the disk busy for a moment; analysis must not starve when many events come at once.
CUTS_AT_ONCE = 2
COPIED_CODECS = frozenset({"h264", "hevc"})  # others do not play from MP4 in a browser and are encoded anew
# Of the pictures of a rendition encoded anew: those that could not be decoded are missing from it.
LEAST_ENCODED_SHARE = 0.9
READ_BYTES = 1 << 20


class ClipCutter:
    """Turns an event's packets into a durable clip. Shared by all cameras of a worker; used on one event loop."""

    def __init__(self, media: MediaStore) -> None:
        self._media = media
        self._places = asyncio.Semaphore(CUTS_AT_ONCE)

    async def cut(
        self,
        event: Event,
        video: VideoFormat,
        packets: Sequence[Packet],
        clock: Clock,
        masks: Sequence[Polygon] = (),
    ) -> Evidence:
        """Write, prove, hash and store the clip of an event; the record may be saved as soon as this returns.

        Args:
            event: Whose evidence it is; its start names the folder.
            video: What the packets hold.
            packets: In decode order, from `window.choose`; gaps between stretches are closed up.
            clock: The clock of the packets' `at_s`.
            masks: Privacy masks in 0-1. With any, the pictures are encoded anew with the masks filled, and nothing
                unmasked is kept.

        Raises:
            EvidenceError: No keyframe among the packets, unreadable video, or the store refused the file.
        """
        layout = lay_out(packets)
        if not layout.packets:
            msg = f"event {event.id}: no keyframe among {len(packets)} packets"
            raise EvidenceError(msg)
        async with self._places:
            path: Path | None = None
            try:
                path = self._media.scratch() / f"{new_id('cut')}.mp4"
                facts, sha256 = await asyncio.to_thread(_write, path, video, layout, masks)
                size_bytes = await self._media.put(clip_key(event), path)
            except (StorageError, OSError) as exc:
                msg = f"event {event.id}: {exc}"
                raise EvidenceError(msg) from exc
            finally:
                if path is not None:
                    await asyncio.to_thread(path.unlink, missing_ok=True)
        logger.info("clip_stored", event_id=event.id, size_bytes=size_bytes, duration_s=facts.duration_s)
        return Evidence(
            id=new_id("evi"),
            event_id=event.id,
            kind=EvidenceKind.CLIP,
            media_key=clip_key(event),
            content_type="video/mp4",
            size_bytes=size_bytes,
            sha256=sha256,
            created_at=clock.now(),
            width=facts.width,
            height=facts.height,
            duration_s=facts.duration_s,
            codec=facts.codec,
            masked=bool(masks),
            segments=tuple(_segment(s, clock) for s in layout.stretches),
        )


def clip_key(event: Event) -> str:
    """Return the clip's key in the media store, by UTC day of the event's start."""
    return f"{event.started_at:%Y/%m/%d}/{event.camera_id}/{event.id}-clip.mp4"


def _segment(stretch: Stretch, clock: Clock) -> ClipSegment:
    return ClipSegment(stretch.clip_start_s, stretch.duration_s, clock.utc_at(stretch.at_s))


def _write(path: Path, video: VideoFormat, layout: Layout, masks: Sequence[Polygon]) -> tuple[ClipFacts, str]:
    """Write, flush to disk, read back and hash; blocks."""
    copied = not masks and video.codec in COPIED_CODECS
    if copied:
        copy_packets(path, video, layout)
    else:
        write_masked(path, video, layout, masks)
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    facts = probe(path, layout, least_share=1.0 if copied else LEAST_ENCODED_SHARE)
    return facts, _sha256(path)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()
