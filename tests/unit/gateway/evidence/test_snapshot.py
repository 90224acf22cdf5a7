from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import cv2
import numpy as np
import pytest

from gateway.clock import FakeClock
from gateway.errors import EvidenceError
from gateway.evidence.snapshot import Jpeg, snapshot, store_picture, thumbnail
from gateway.types import Bgr, Box
from storage.records import ClipSegment, EvidenceKind
from tests.unit.gateway.evidence.making import FolderMedia, event

GREY: Bgr = np.full((360, 640, 3), 128, np.uint8)


def decoded(jpeg: Jpeg) -> Bgr:
    picture = cv2.imdecode(np.frombuffer(jpeg.data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[:2] == (jpeg.height, jpeg.width)
    return np.asarray(picture, np.uint8)


async def test_full_disk_is_an_evidence_error(tmp_path: Path) -> None:
    """A picture that cannot be kept is told in the gateway's own words."""
    media = FolderMedia(tmp_path, full=True)
    with pytest.raises(EvidenceError, match="evt_1"):
        await store_picture(media, event(), EvidenceKind.SNAPSHOT, thumbnail(GREY), FakeClock())


def test_a_picture_without_pixels_is_refused() -> None:
    """Nothing to encode is an error of evidence, not of OpenCV."""
    with pytest.raises(EvidenceError):
        thumbnail(np.zeros((0, 0, 3), np.uint8))


def test_snapshot_draws_zone_and_box_and_spares_the_rest() -> None:
    """Outline and box are there, the inside of the box and the given picture are untouched."""
    zone = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.8), (0.1, 0.8))
    picture = decoded(snapshot(GREY, zone, [Box(0.4, 0.3, 0.6, 0.7)]))
    blue, green, red = (int(v) for v in picture[36, 320])
    assert red > 180 > blue
    assert green > 120
    assert int(picture[180, 256, 2]) > 180
    assert abs(int(picture[180, 320].mean()) - 128) < 4
    assert int(GREY.min()) == int(GREY.max()) == 128


def test_snapshot_shows_the_time() -> None:
    """A given time darkens the lower left corner, and nothing else."""
    plain = decoded(snapshot(GREY, (), []))
    stamped = decoded(snapshot(GREY, (), [], datetime(2026, 1, 1, 8, tzinfo=UTC)))
    changed = np.abs(plain.astype(int) - stamped.astype(int)).max(axis=2) > 30
    rows, columns = np.nonzero(changed)
    assert rows.min() > 320
    assert columns.max() < 400


def test_a_zone_along_the_edge_stays_visible() -> None:
    """The outline of a whole-picture zone is drawn inside the picture."""
    picture = decoded(snapshot(GREY, ((0, 0), (1, 0), (1, 1), (0, 1)), []))
    assert int(picture[:, 0, 2].mean()) > 160
    assert int(picture[:, -1, 2].mean()) > 160


def test_thumbnail_keeps_its_shape() -> None:
    """320 px wide, as high as the picture's shape demands; a narrower one is not blown up."""
    assert (thumbnail(GREY).width, thumbnail(GREY).height) == (320, 180)
    assert thumbnail(GREY[:100, :200]).width == 200


async def test_record_describes_the_file(tmp_path: Path) -> None:
    """The record's size and key are those of the file kept."""
    media = FolderMedia(tmp_path)
    evidence = await store_picture(media, event(), EvidenceKind.THUMBNAIL, thumbnail(GREY), FakeClock(), masked=True)
    assert evidence.media_key == "2026/01/01/cam-1/evt_1-thumbnail.jpg"
    assert (await media.open_path(evidence.media_key)).stat().st_size == evidence.size_bytes
    assert (evidence.width, evidence.height, evidence.masked) == (320, 180, True)
    assert evidence.segments == ()


async def test_record_says_in_utc_when_a_dated_picture_was_taken(tmp_path: Path) -> None:
    """A picture of when all was well has a name of its own, and the moment that is drawn into it."""
    local = datetime(2026, 1, 1, 16, tzinfo=timezone(timedelta(hours=8)))
    dated = snapshot(GREY, (), [], local)
    evidence = await store_picture(FolderMedia(tmp_path), event(), EvidenceKind.REFERENCE, dated, FakeClock())
    assert evidence.media_key == "2026/01/01/cam-1/evt_1-reference.jpg"
    assert evidence.segments == (ClipSegment(0.0, 0.0, datetime(2026, 1, 1, 8, tzinfo=UTC)),)
