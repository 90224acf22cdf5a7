"""JPEGs of a clip's keyframes, made once each and kept as long as there is room."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import av
import av.error
import cv2
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from gateway.errors import GridPatrolError
from gateway.simulator.clip import Clip
from gateway.simulator.nal import Codec
from gateway.simulator.rtp import CutUnit, nals_of

LIMIT_BYTES = 128 * 1024 * 1024  # some 400 pictures of 1080p: a minute of a dozen clips with a keyframe every 2 s
JPEG_QUALITY = 85  # what cameras use: 250-400 KB at 1080p

_START_CODE = b"\x00\x00\x00\x01"


class NoPicture(GridPatrolError):
    """A keyframe cannot be decoded."""


class PictureBook:
    """Encoded keyframes; the longest unused give way when `limit_bytes` is exceeded.

    Attributes:
        made: Pictures encoded so far.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self.made = 0
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[tuple[int, int, bool], bytes] = OrderedDict()
        self._kept_bytes = 0
        self._making = asyncio.Lock()  # one at a time: decoding must leave the core to the streams

    async def jpeg(self, clip: Clip, index: int, *, turned: bool = False) -> bytes:
        """Return the picture of the keyframe at `index`, upside down if wanted; a new one takes a thread's time.

        The clip must live as long as the book: it is known by identity.

        Raises:
            NoPicture: It cannot be decoded.
        """
        key = (id(clip), index, turned)
        if key not in self._kept:
            async with self._making:
                if key not in self._kept:
                    self._keep(key, await asyncio.to_thread(jpeg_of, clip.codec, clip.units[index].packets, turned))
        self._kept.move_to_end(key)
        return self._kept[key]

    def _keep(self, key: tuple[int, int, bool], jpeg: bytes) -> None:
        self.made += 1
        self._kept[key] = jpeg
        self._kept_bytes += len(jpeg)
        while self._kept_bytes > self._limit_bytes and len(self._kept) > 1:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped)


def jpeg_of(codec: Codec, unit: CutUnit, turned: bool = False) -> bytes:
    """Decode a keyframe and encode it; blocks for some 30 ms at 1080p. Raises `NoPicture`."""
    picture = _decoded(codec, unit).to_ndarray(format="bgr24")
    done, jpeg = cv2.imencode(
        ".jpg", picture[::-1, ::-1] if turned else picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    if not done:
        raise NoPicture("the picture cannot be encoded")
    return bytes(jpeg)


def _decoded(codec: Codec, unit: CutUnit) -> VideoFrame:
    context = av.CodecContext.create(codec, "r")
    assert isinstance(context, VideoCodecContext)  # noqa: S101  both codecs are of video
    context.thread_count = 1
    data = b"".join(_START_CODE + nal for nal in nals_of(codec, unit))
    try:
        frames = [*context.decode(av.Packet(data)), *context.decode(None)]
    except av.error.FFmpegError as exc:
        raise NoPicture("the keyframe cannot be decoded") from exc
    if not frames:
        raise NoPicture("the keyframe holds no picture")
    return frames[0]
