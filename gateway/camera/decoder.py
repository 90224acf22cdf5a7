"""Compressed packets in, masked pictures out."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, cast

import av
import av.error
import cv2
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from gateway.camera import h264
from gateway.errors import StreamCorrupt
from gateway.types import Bgr, Chroma, Frame, FrameOrigin, Luma, Packet, VideoFormat

Polygon = Sequence[tuple[float, float]]  # 0-1 of the picture

# Formats whose first plane is 8-bit luma, one byte per pixel.
_LUMA_FIRST = frozenset(
    {"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray", "yuv411p"}
)
_COLOUR_PLANES = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"})
_CHROMA_WIDTH_PX = 160  # at least; colours are read of the picture as a whole
# Packets inside a decoder at once; more are never reordered.
_MAX_IN_FLIGHT = 64
# Idle decoders kept per kind of stream: one per thread that may look at once is enough.
_IDLE_DECODERS = 4
# An analysis that has fallen behind takes fewer pictures, but at least one a second.
_LONGEST_GAP_S = 0.9
_SLACK = 0.9  # 25 fps sampled at 5 fps shall give every fifth frame, jitter or not
_PADDING = bytes(64)  # FFmpeg's parsers read past the end of what they are given


class PrivacyMask:
    """Blackens the parts of the picture that must not be seen; polygons in 0-1 of the full picture."""

    def __init__(self, polygons: Iterable[Polygon] = ()) -> None:
        self._polygons = [np.asarray(p, np.float64) for p in polygons]

    def __bool__(self) -> bool:
        return bool(self._polygons)

    def paint(self, image: Any) -> None:
        """Fill the polygons with black, in place; image is uint8 (h, w) or (h, w, 3)."""
        height, width = image.shape[:2]
        shapes = [np.round(p * (width, height)).astype(np.int32) for p in self._polygons]
        cv2.fillPoly(image, shapes, (0, 0, 0))


class FrameDecoder:
    """Decodes one camera's burst: keeps its codec context from packet to packet. For one thread at a time.

    Args:
        camera_id: Goes into frames and errors.
        video: The stream's format.
        mask: Painted over luma and colour alike.
        burst_fps: Frames per second given out; all are decoded, for each leans on the last.
    """

    def __init__(self, camera_id: str, video: VideoFormat, mask: PrivacyMask, burst_fps: float) -> None:
        self._camera_id = camera_id
        self._video = video
        self._mask = mask
        self._least_gap_s = _SLACK / burst_fps
        self._context: VideoCodecContext | None = None
        self._moments: dict[int, float] = {}
        self.corrupt = 0  # packets and pictures passed over

    def restart(self) -> None:
        """Forget the past: the next packet is a keyframe that does not follow the last one given."""
        self._moments.clear()
        if self._context is not None:
            self._context.flush_buffers()

    def decode(
        self, packets: Iterable[Packet], after_s: float, behind_s: float = 0.0, fps: float | None = None
    ) -> Iterator[Frame]:
        """Decode packets in order and yield frames later than `after_s`, at most `burst_fps` of them per second.

        With `fps` given, that many, and as looks: a stream decoded through only because its keyframes are too rare.

        The further the analysis is behind the camera, the fewer frames are given out: a second behind halves them, so
        that a busy machine sees less of each burst instead of losing whole stretches. Damaged packets and pictures
        are passed over and counted.
        """
        last_s = after_s
        origin = FrameOrigin.BURST if fps is None else FrameOrigin.LOOK
        wanted_gap_s = self._least_gap_s if fps is None else _SLACK / fps
        least_gap_s = max(wanted_gap_s, min(_LONGEST_GAP_S, wanted_gap_s * (1.0 + behind_s)))
        for packet in packets:
            for picture in self._feed(packet):
                at_s = self._moments.pop(picture.pts or 0, packet.at_s)
                if at_s <= after_s or at_s - last_s < least_gap_s:
                    continue
                last_s = at_s
                yield to_frame(self._camera_id, picture, at_s, origin, self._mask)

    def _feed(self, packet: Packet) -> list[VideoFrame]:
        if self._context is None:
            self._context = new_context(self._video)
        if len(self._moments) > _MAX_IN_FLIGHT:
            self._moments.clear()
        self._moments[packet.pts] = packet.at_s
        data = packet.payload.data()
        if not data:  # nothing of it arrived whole; an empty packet would mean the end to the decoder
            self.corrupt += 1
            return []
        native = av.Packet(data)
        native.pts, native.dts = packet.pts, packet.dts  # what the decoder gives back then names the packet
        try:
            pictures = self._context.decode(native)
        except av.FFmpegError:
            self.corrupt += 1
            return []
        sound = [p for p in pictures if not p.is_corrupt]
        self.corrupt += len(pictures) - len(sound)
        return sound


class KeyframeDecoders:
    """Decodes single keyframes for all cameras; thread-safe. Contexts are pooled by kind of stream, not by camera.

    A look is decoded without the codec's deblocking filter, which is a sixth of the work and, in a keyframe, changes a
    240 px thumbnail by less than a grey level. Colour is for people and models: asking for it decodes anew, in full.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: defaultdict[tuple[object, ...], list[VideoCodecContext]] = defaultdict(list)

    def decode(self, camera_id: str, video: VideoFormat, packet: Packet, mask: PrivacyMask) -> Frame:
        """Decode one keyframe for a look; `Frame.bgr` may then raise what `picture` raises.

        Raises:
            StreamCorrupt: No whole picture came out.
        """
        picture = self._decode(camera_id, video, packet, draft=True)
        colour = partial(self.picture, camera_id, video, packet, mask)
        return to_frame(camera_id, picture, packet.at_s, FrameOrigin.LOOK, mask, packet.pts, colour)

    def picture(self, camera_id: str, video: VideoFormat, packet: Packet, mask: PrivacyMask) -> Bgr:
        """Decode one keyframe in full; uint8 BGR, (h, w, 3), masks painted.

        Raises:
            StreamCorrupt: No whole picture came out.
        """
        return _colour_of(self._decode(camera_id, video, packet, draft=False), mask)()

    def _decode(self, camera_id: str, video: VideoFormat, packet: Packet, *, draft: bool) -> VideoFrame:
        key = (draft, *_kind_of(video))
        context = self._borrow(key, video, draft=draft)
        try:
            picture = _one_picture(context, video, packet)
        except av.FFmpegError as exc:
            raise StreamCorrupt(camera_id, f"keyframe cannot be decoded ({type(exc).__name__})") from exc
        if picture is None:
            raise StreamCorrupt(camera_id, "keyframe holds no whole picture")
        self._give_back(key, context)
        return picture

    def _borrow(self, key: tuple[object, ...], video: VideoFormat, *, draft: bool) -> VideoCodecContext:
        with self._lock:
            idle = self._idle[key]
            if idle:
                return idle.pop()
        return new_context(video, deblock=not draft)

    def _give_back(self, key: tuple[object, ...], context: VideoCodecContext) -> None:
        context.flush_buffers()
        with self._lock:
            if len(self._idle[key]) < _IDLE_DECODERS:
                self._idle[key].append(context)


def new_context(video: VideoFormat, *, deblock: bool = True) -> VideoCodecContext:
    """Return a decoder on one thread: parallelism comes from the cameras.

    Args:
        video: The stream's format.
        deblock: False: for keyframes alone, as what leans on one that was not deblocked would go astray.
    """
    context = av.CodecContext.create(video.codec, "r")
    assert isinstance(context, VideoCodecContext)  # noqa: S101 - a video codec's name was given
    if video.extradata:
        context.extradata = video.extradata
    context.thread_count = 1
    if not deblock:
        context.options = {"skip_loop_filter": "all"}
    return context


def to_frame(  # noqa: PLR0917 - the parts of a frame
    camera_id: str,
    picture: VideoFrame,
    at_s: float,
    origin: FrameOrigin,
    mask: PrivacyMask,
    pts: int | None = None,
    colour: Callable[[], Bgr] | None = None,
) -> Frame:
    """Wrap a decoded picture; luma is a view of the decoder's buffer unless a mask must be painted."""
    luma = luma_of(picture)
    if mask:
        luma = luma.copy()
        mask.paint(luma)
    luma.flags.writeable = False
    ticks = pts if pts is not None else picture.pts or 0
    frame = Frame(camera_id, at_s, ticks, luma, origin, colour or _colour_of(picture, mask))
    if not mask and picture.format.name in _COLOUR_PLANES:
        frame.to_chroma = lambda: _sampled_chroma(picture)
    return frame


def luma_of(picture: VideoFrame) -> Luma:
    """Return the luma plane, uint8 (h, w); of deeper formats the eight highest bits."""
    if picture.format.name not in _LUMA_FIRST:
        return cast("Luma", picture.to_ndarray(format="gray8"))
    plane = picture.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: picture.height, : picture.width]


def _sampled_chroma(picture: VideoFrame) -> Chroma:
    planes = []
    for plane in picture.planes[1:3]:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
        step = max(1, plane.width // _CHROMA_WIDTH_PX)
        planes.append(rows[::step, ::step])
    return np.dstack(planes)


def _colour_of(picture: VideoFrame, mask: PrivacyMask) -> Callable[[], Bgr]:
    def convert() -> Bgr:
        bgr = cast("Bgr", picture.to_ndarray(format="bgr24"))
        if mask:
            mask.paint(bgr)
        return bgr

    return convert


def _kind_of(video: VideoFormat) -> tuple[object, ...]:
    """Streams of one kind share decoders: parameter sets of H.264 in Annex B travel with the packet."""
    own = b"" if _self_contained(video) else video.extradata
    return video.codec, video.width, video.height, own


def _self_contained(video: VideoFormat) -> bool:
    return video.codec in {"h264", "mjpeg"} and not h264.is_avcc(video.extradata)


def _one_picture(context: VideoCodecContext, video: VideoFormat, packet: Packet) -> VideoFrame | None:
    data = packet.payload.data()
    if not data:
        return None
    if video.codec == "h264" and video.extradata and _self_contained(video):
        # Another camera's parameter sets may be in this context: give it this camera's, then the picture.
        data = video.extradata + data + _PADDING
    pictures = context.decode(av.Packet(data)) or context.decode(None)
    return next((p for p in pictures if not p.is_corrupt), None)
