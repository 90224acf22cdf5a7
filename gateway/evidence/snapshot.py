"""Still pictures of an event: an annotated snapshot, and a thumbnail for lists. Pictures come in masked already."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import cv2
import numpy as np

from gateway.clock import Clock
from gateway.errors import EvidenceError
from gateway.types import Bgr, Box
from storage.errors import StorageError
from storage.ids import new_id
from storage.protocols import MediaStore
from storage.records import ClipSegment, Event, Evidence, EvidenceKind

THUMBNAIL_WIDTH_PX = 320
SNAPSHOT_QUALITY = 88
THUMBNAIL_QUALITY = 78
_ZONE_COLOUR = (0, 200, 255)  # amber, BGR
_BOX_COLOUR = (60, 60, 255)  # red
_DARK = (20, 20, 20)
_LIGHT = (245, 245, 245)
_SUFFIX = {
    EvidenceKind.SNAPSHOT: "snapshot.jpg",
    EvidenceKind.REFERENCE: "reference.jpg",
    EvidenceKind.THUMBNAIL: "thumbnail.jpg",
    EvidenceKind.AFTER: "after.jpg",
}


@dataclass(frozen=True, slots=True)
class Jpeg:
    """An encoded picture."""

    data: bytes
    width: int  # px
    height: int  # px
    taken_at: datetime | None = None  # the time that is drawn in


def snapshot(
    picture: Bgr,
    zone: Sequence[tuple[float, float]],
    boxes: Sequence[Box],
    local_time: datetime | None = None,
) -> Jpeg:
    """Return the picture with the zone's outline, the boxes and the time drawn in; the input is left as it is.

    Args:
        picture: uint8 BGR, shape (h, w, 3).
        zone: Polygon in 0-1; empty: none is drawn.
        boxes: In 0-1.
        local_time: Aware; drawn at the lower left in digits, as given; no words, because OpenCV has no Chinese glyphs.

    Raises:
        EvidenceError: The picture could not be encoded.
    """
    canvas = picture.copy()
    line_px = max(2, canvas.shape[1] // 640)
    if zone:
        _outline(canvas, zone, line_px)
    for box in boxes:
        top_left, bottom_right = _pixels(canvas, [(box.x1, box.y1), (box.x2, box.y2)]).tolist()
        cv2.rectangle(canvas, top_left, bottom_right, _DARK, line_px + 2, cv2.LINE_AA)
        cv2.rectangle(canvas, top_left, bottom_right, _BOX_COLOUR, line_px, cv2.LINE_AA)
    if local_time is not None:
        _stamp(canvas, f"{local_time:%Y-%m-%d %H:%M:%S}")
    return replace(_encode(canvas, SNAPSHOT_QUALITY), taken_at=local_time)


def thumbnail(picture: Bgr) -> Jpeg:
    """Return the picture 320 px wide, or as it is when it is narrower.

    Raises:
        EvidenceError: The picture could not be encoded.
    """
    height, width = picture.shape[:2]
    if width <= THUMBNAIL_WIDTH_PX:
        return _encode(picture, THUMBNAIL_QUALITY)
    size = (THUMBNAIL_WIDTH_PX, max(1, round(height * THUMBNAIL_WIDTH_PX / width)))
    return _encode(np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), THUMBNAIL_QUALITY)


async def store_picture(
    media: MediaStore,
    event: Event,
    kind: EvidenceKind,
    jpeg: Jpeg,
    clock: Clock,
    *,
    masked: bool = False,
    name: str | None = None,
) -> Evidence:
    """Make a picture durable and return its record; a second one of its kind needs a name of its own.

    Raises:
        EvidenceError: The store refused the file.
    """
    key = f"{event.started_at:%Y/%m/%d}/{event.camera_id}/{event.id}-{name or _SUFFIX[kind]}"
    try:
        size_bytes = await media.put_bytes(key, jpeg.data)
    except StorageError as exc:
        msg = f"event {event.id}: {exc}"
        raise EvidenceError(msg) from exc
    sha256 = await asyncio.to_thread(lambda: hashlib.sha256(jpeg.data).hexdigest())
    return Evidence(
        id=new_id("evi"),
        event_id=event.id,
        kind=kind,
        media_key=key,
        content_type="image/jpeg",
        size_bytes=size_bytes,
        sha256=sha256,
        created_at=clock.now(),
        width=jpeg.width,
        height=jpeg.height,
        masked=masked,
        segments=() if jpeg.taken_at is None else (ClipSegment(0.0, 0.0, jpeg.taken_at.astimezone(UTC)),),
    )


def _outline(canvas: Bgr, zone: Sequence[tuple[float, float]], line_px: int) -> None:
    corners = [_pixels(canvas, zone)]
    cv2.polylines(canvas, corners, True, _DARK, line_px + 2, cv2.LINE_AA)
    cv2.polylines(canvas, corners, True, _ZONE_COLOUR, line_px, cv2.LINE_AA)


def _stamp(canvas: Bgr, text: str) -> None:
    scale = max(0.4, canvas.shape[1] / 1600)
    line_px = max(1, int(scale * 2))
    (width, height), base = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, line_px)
    bottom = canvas.shape[0]
    cv2.rectangle(canvas, (0, bottom - height - base - 8), (width + 12, bottom), _DARK, cv2.FILLED)
    at = (6, bottom - base - 4)
    cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, _LIGHT, line_px, cv2.LINE_AA)


def _pixels(canvas: Bgr, points: Sequence[tuple[float, float]]) -> np.ndarray[tuple[int, int], np.dtype[np.int32]]:
    """Return points in pixels, kept inside the picture so that an outline along its edge stays visible."""
    height, width = canvas.shape[:2]
    return np.array(
        [(min(max(round(x * width), 0), width - 1), min(max(round(y * height), 0), height - 1)) for x, y in points],
        np.int32,
    )


def _encode(picture: Bgr, quality: int) -> Jpeg:
    try:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as exc:
        raise EvidenceError("a picture could not be encoded as JPEG") from exc
    return Jpeg(data.tobytes(), int(picture.shape[1]), int(picture.shape[0]))
