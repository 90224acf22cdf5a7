"""From a frame to what is saved: masks hold, a full disk loses the picture and not the finding."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from camera_configs.models import CameraConfig, ZoneConfig
from gateway.access.rights import Principal, principal_for
from gateway.desk.site_book import SiteBook
from gateway.errors import NotFound
from gateway.web.context import WebContext
from gateway.web.patrol_finding import finding_records
from gateway.web.patrol_models import FindingRequest
from gateway.web.problems import ProblemRaised
from storage.media import FolderMediaStore
from storage.records_patrol import PatrolPoint
from tests.unit.gateway.web.house import House, town
from tests.unit.gateway.web.patrols import FRAME, add_round

POINT = PatrolPoint("p1", "cam-east", "北口", 20.0)
LEFT_HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
SAID = FindingRequest(event_type="fire_lane_blocked", box=(0.6, 0.6, 0.9, 0.9), frame_jpeg=FRAME, note="堵了")


def _context(house: House, **changes: object) -> WebContext:
    site = town()
    cameras = tuple(_changed(camera, changes) for camera in site.cameras)
    return replace(house.context, book=SiteBook(house.stores.config, site.model_copy(update={"cameras": cameras})))


def _changed(camera: CameraConfig, changes: dict[str, object]) -> CameraConfig:
    return camera.model_copy(update=changes)


async def _worker(house: House) -> Principal:
    return principal_for(await house.stores.accounts.get("acc_grid-worker"), house.context.site)


async def test_what_lies_under_a_mask_is_black(house: House) -> None:
    """Whatever a browser sends: in the picture, and in the small one; the files say that they are masked."""
    mask = ZoneConfig(id="windows", name="窗", kind="privacy_mask", polygon=LEFT_HALF)
    context = _context(house, zones=(mask,))
    records = await finding_records(context, await _worker(house), await add_round(house), POINT, SAID)
    assert [file.masked for file in records.evidence] == [True, True]
    for file in records.evidence:
        path = await house.media.open_path(file.media_key)
        with Image.open(io.BytesIO(path.read_bytes())) as opened:
            pixels = np.asarray(opened)
        assert int(pixels[: len(pixels) // 2, : file.width // 2 - 8].max()) < 24


async def test_full_disk_keeps_the_finding(house: House) -> None:
    """The case is opened without a picture rather than not at all."""
    context = replace(house.context, media=FolderMediaStore(house.media.scratch().parent, min_free_bytes=1 << 60))
    records = await finding_records(context, await _worker(house), await add_round(house), POINT, SAID)
    assert records.evidence == ()
    assert records.item.case_id == records.case[0].id


async def test_purpose_of_the_camera_decides_what_may_be_reported(house: House) -> None:
    """The legal card's list where there is one, else the types of its rules; unknown types never."""
    worker, found = await _worker(house), await add_round(house)
    legal = town().cameras[0].legal.model_copy(update={"event_types": ("litter", "no_such_type")})
    context = _context(house, legal=legal)
    litter = SAID.model_copy(update={"event_type": "litter"})
    assert (await finding_records(context, worker, found, POINT, litter)).event.event_type == "litter"
    for said in (SAID, SAID.model_copy(update={"event_type": "no_such_type"})):
        with pytest.raises(ProblemRaised):
            await finding_records(context, worker, found, POINT, said)


async def test_camera_that_is_gone_can_show_nothing(house: House) -> None:
    """Removed from the configuration while the round ran."""
    gone = replace(POINT, camera_id="cam-gone")
    with pytest.raises(NotFound):
        await finding_records(house.context, await _worker(house), await add_round(house), gone, SAID)
