"""Reference pictures on their way to the analysis."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from camera_configs.models import PresetConfig, ZoneConfig
from gateway.fleet.preset_pictures import preset_pictures
from storage.media import FolderMediaStore
from storage.reference_pictures import picture_id, picture_key
from tests.unit.gateway.web.house import camera

WHITE = cv2.imencode(".jpg", np.full((90, 160, 3), 255, np.uint8))[1].tobytes()
MASK = ZoneConfig(id="m", name="m", kind="privacy_mask", polygon=((0, 0), (0.5, 0), (0.5, 1), (0, 1)), preset="b")


async def test_pictures_come_masked_and_what_is_missing_is_left_out(tmp_path: Path) -> None:
    """Masks count in every view; a broken or missing picture costs its preset only; other cameras are not asked."""
    media = FolderMediaStore(tmp_path, min_free_bytes=0)
    good, broken = picture_id(WHITE), picture_id(b"no picture")
    await media.put_bytes(picture_key("ptz", good), WHITE)
    await media.put_bytes(picture_key("ptz", broken), b"no picture")
    presets = (
        PresetConfig(id="a", name="a", references=(good, f"ref_{'0' * 32}")),
        PresetConfig(id="b", name="b", references=(broken,)),
    )
    turning = camera("ptz", "east", presets=presets, zones=(MASK,))
    found = await preset_pictures(media, [turning, camera("fixed", "east")])
    assert list(found) == ["ptz"]
    (picture,) = found["ptz"]
    assert (picture.preset, picture.luma.shape) == ("a", (90, 160))
    assert picture.luma[:, :70].max() == 0
    assert picture.luma[:, 90:].min() > 250
