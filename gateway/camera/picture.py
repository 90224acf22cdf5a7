"""Single pictures out of compressed packets: the latest, and the one of a certain moment."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2

from gateway.camera.decoder import FrameDecoder, KeyframeDecoders, PrivacyMask
from gateway.errors import CameraError
from gateway.types import Frame, Packet, VideoFormat

_JPEG_QUALITY = 85
# A picture deep in a long GOP is not worth decoding all that comes before it: some 6 % of this time at 1080p.
MAX_DECODED_S = 6.0
# Pictures may leave the decoder later than their packets enter it.
_REORDER_S = 0.2
_EVERY_PICTURE_FPS = 1000.0


class LatestPicture:
    """The last keyframe as JPEG, made when somebody asks and kept until there is a newer one."""

    def __init__(self, camera_id: str, decoders: KeyframeDecoders, mask: PrivacyMask) -> None:
        self._camera_id = camera_id
        self._decoders = decoders
        self._mask = mask
        self._kept: tuple[bytes, float] | None = None

    def of(self, keyframe: Packet, video: VideoFormat) -> tuple[bytes, float] | None:
        """Return it with its moment, masks painted; None when it is damaged. Blocks: 30 ms for 1080p."""
        kept = self._kept
        if kept is None or kept[1] != keyframe.at_s:
            kept = self._kept = self._made(keyframe, video)
        return kept

    def _made(self, keyframe: Packet, video: VideoFormat) -> tuple[bytes, float] | None:
        try:
            picture = self._decoders.picture(self._camera_id, video, keyframe, self._mask)
        except CameraError:
            return None
        sound, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
        return (jpeg.tobytes(), keyframe.at_s) if sound else None


def picture_at(
    camera_id: str, video: VideoFormat, packets: Sequence[Packet], at_s: float, mask: PrivacyMask
) -> Frame | None:
    """Return the picture shown at `at_s`, masks painted; None when it is not among the packets, or too dear.

    Blocks: decodes from the keyframe before.
    """
    starts = [i for i, p in enumerate(packets) if p.keyframe and p.at_s <= at_s]
    if not starts or at_s - packets[starts[-1]].at_s > MAX_DECODED_S or packets[-1].at_s < at_s:
        return None
    wanted = [p for p in packets[starts[-1] :] if p.at_s <= at_s + _REORDER_S]
    decoder = FrameDecoder(camera_id, video, mask, _EVERY_PICTURE_FPS)
    found: Frame | None = None
    for frame in decoder.decode(wanted, -math.inf):
        if frame.at_s <= at_s:
            found = frame
    return found
