"""The reference pictures by which the presets of cameras are known again, read from where evidence is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import cv2
import numpy as np
import structlog

from camera_configs.models import CameraConfig
from gateway.analysis.health.presets import PresetPicture
from gateway.camera.decoder import PrivacyMask
from gateway.types import Luma
from storage.errors import RecordNotFound
from storage.protocols import MediaStore
from storage.reference_pictures import picture_key

logger = structlog.get_logger(__name__)

PresetPictures = dict[str, tuple[PresetPicture, ...]]  # by camera


async def preset_pictures(media: MediaStore, cameras: Iterable[CameraConfig]) -> PresetPictures:
    """Return the pictures of all cameras with presets; one that is not there, or broken, is logged and left out."""
    return {camera.id: await _of(media, camera) for camera in cameras if camera.presets}


async def _of(media: MediaStore, camera: CameraConfig) -> tuple[PresetPicture, ...]:
    mask = PrivacyMask(zone.polygon for zone in camera.privacy_masks)
    found: list[PresetPicture] = []
    for preset in camera.presets:
        for picture_id in preset.references:
            try:
                path = await media.open_path(picture_key(camera.id, picture_id))
                jpeg = await asyncio.to_thread(path.read_bytes)
                found.append(PresetPicture(preset.id, await asyncio.to_thread(_luma, jpeg, mask)))
            except (RecordNotFound, OSError, ValueError) as exc:
                logger.warning("reference picture missing", camera=camera.id, preset=preset.id, error=str(exc))
    return tuple(found)


def _luma(jpeg: bytes, mask: PrivacyMask) -> Luma:
    """Return the luma plane, masked as the camera's pictures are now.

    Raises:
        ValueError: It is no picture.
    """
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE) if jpeg else None
    if picture is None:
        raise ValueError("cannot be decoded")
    luma = np.asarray(picture, np.uint8)
    mask.paint(luma)
    return luma
