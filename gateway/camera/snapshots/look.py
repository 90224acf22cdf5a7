"""From a snapshot to a frame: as little of it is decoded as the analysis can use."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.camera.decoder import PrivacyMask
from gateway.camera.snapshots.jpeg import is_whole, read_header
from gateway.errors import CameraNotVideo, StreamCorrupt
from gateway.types import Bgr, Frame, FrameOrigin, Luma

# The analysis works on 240 px; twice that keeps thin things and lettering apart.
LEAST_WIDTH_PX = 480
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_GRAYSCALE_8),
    (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
    (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
)
# libjpeg paints what it has no data for in exactly this grey.
_MISSING_GREY = 128
_JPEG_QUALITY = 85
# Streams of cameras put black at 16 and white at 235, JPEG at 0 and 255. Looks are brought to the streams' levels, so
# that the analysis sees no change of light whenever a camera goes from one to the other.
_AS_IN_STREAMS = np.round(16 + np.arange(256) * (219 / 255)).astype(np.uint8)


def decode_look(camera_id: str, jpeg: bytes, at_s: float, mask: PrivacyMask) -> Frame:
    """Decode a snapshot to luma of a half, a quarter or an eighth of its size, at least 480 px wide where it is.

    Takes 1-6 ms by the size of the file, for nearly all of it is entropy decoding. `bgr` of the frame decodes the
    whole picture in full size on first use, so luma and colour differ in size; both have the mask painted.

    Returns:
        A look whose `pts` is 0: a snapshot belongs to no stream. Its luma has the levels of video, 16-235.

    Raises:
        CameraNotVideo: This is no JPEG.
        StreamCorrupt: Cut short, or damaged so that part of the picture is missing.
    """
    header = read_header(jpeg)
    if header is None:
        raise CameraNotVideo(camera_id, "snapshot is no JPEG")
    if not is_whole(jpeg):
        raise StreamCorrupt(camera_id, "snapshot is cut short")
    luma = _decode(camera_id, jpeg, reduction(header.width))
    if _lower_part_missing(luma):
        raise StreamCorrupt(camera_id, "a part of the snapshot is missing")
    luma = cast("Luma", cv2.LUT(luma, _AS_IN_STREAMS))
    if mask:
        mask.paint(luma)
    luma.flags.writeable = False
    return Frame(camera_id, at_s, 0, luma, FrameOrigin.LOOK, _colour_of(camera_id, jpeg, mask))


def masked_jpeg(camera_id: str, jpeg: bytes, mask: PrivacyMask) -> bytes:
    """Return the snapshot as people may see it: untouched without a mask, painted and encoded anew with one.

    Takes about 40 ms for 1080p with a mask: call it in a thread.

    Raises:
        StreamCorrupt: It cannot be decoded.
    """
    if not mask:
        return jpeg
    sound, encoded = cv2.imencode(
        ".jpg", _decode_colour(camera_id, jpeg, mask), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    )
    if not sound:
        raise StreamCorrupt(camera_id, "snapshot cannot be encoded")
    return encoded.tobytes()


def reduction(width: int) -> int:
    """Return OpenCV's decoding flag for a picture of that width, px."""
    return next((flag for factor, flag in _REDUCED if width >= factor * LEAST_WIDTH_PX), cv2.IMREAD_GRAYSCALE)


def _lower_part_missing(luma: Luma) -> bool:
    last = luma[-1, luma.shape[1] // 2 :]
    return bool((last == _MISSING_GREY).all())


def _colour_of(camera_id: str, jpeg: bytes, mask: PrivacyMask) -> Callable[[], Bgr]:
    return lambda: _decode_colour(camera_id, jpeg, mask)


def _decode_colour(camera_id: str, jpeg: bytes, mask: PrivacyMask) -> Bgr:
    bgr = _decode(camera_id, jpeg, cv2.IMREAD_COLOR)
    mask.paint(bgr)
    return bgr


def _decode(camera_id: str, jpeg: bytes, flag: int) -> NDArray[np.uint8]:
    try:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flag)
    except cv2.error as exc:
        raise StreamCorrupt(camera_id, "snapshot cannot be decoded") from exc
    if picture is None:
        raise StreamCorrupt(camera_id, "snapshot cannot be decoded")
    return np.asarray(picture, np.uint8)
