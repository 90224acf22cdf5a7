"""What a stream really is, learnt by watching it for seconds: before a camera is saved, and for its first picture."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import cv2

from camera_configs.models import StreamConfig
from gateway.camera.decoder import KeyframeDecoders, PrivacyMask
from gateway.camera.packets import PacketSource, RawPacket, WallClock
from gateway.camera.source import source_for
from gateway.errors import CameraError, CameraNotVideo, StreamCorrupt
from gateway.types import Bgr, Packet, VideoFormat

OPEN_TIMEOUT_S = 6.0
# A camera that opens and then sends nothing for so long is not one to be watched.
READ_TIMEOUT_S = 5.0
# Two whole groups of pictures of nearly every camera (a GOP of 4 s is the longest in common use).
LONGEST_WATCH_S = 9.0
SHORTEST_WATCH_S = 2.0  # less says nothing about rate and bit rate
MAX_PACKETS = 2_000
_JPEG_QUALITY = 85
_NAME = "onboarding"  # there is no camera id yet

Opener = Callable[[str, StreamConfig, str | None], PacketSource]


@dataclass(frozen=True, slots=True)
class StreamProbe:
    """What was seen. None: it could not be told in the time.

    Attributes:
        gop_s: Longest time from keyframe to keyframe; None where only one came.
        clock_offset_s: How far the camera's clock is ahead, by its sender reports.
        jpeg: A keyframe, whole.
    """

    codec: str
    width: int  # px
    height: int  # px
    fps: float | None
    gop_s: float | None
    bitrate_kbps: float | None
    clock_offset_s: float | None
    took_s: float
    jpeg: bytes = field(repr=False)


def probe_stream(
    stream: StreamConfig,
    password: str | None,
    opener: Opener = source_for,
    clock_s: Callable[[], float] = time.monotonic,
) -> StreamProbe:
    """Open a stream and watch it; blocks for 20 s at most.

    Args:
        stream: Address, transport and user name; its time-outs are not used.
        password: Of that user.
        opener: Makes the source.
        clock_s: Monotonic seconds, the clock of the packets' arrival.

    Raises:
        CameraError: Of the kind that the camera page would show.
    """
    brief = stream.model_copy(update={"open_timeout_s": OPEN_TIMEOUT_S, "read_timeout_s": READ_TIMEOUT_S})
    if urlsplit(brief.url).scheme == "file":
        raise CameraNotVideo(_NAME, "a file is no camera")
    began_s = clock_s()
    with closing(opener(_NAME, brief, password)) as source:
        source.eager = True
        video = source.open()
        seen = _watch(source, clock_s)
        wall_clock = source.wall_clock
    picture = _picture(video, seen)
    return StreamProbe(
        codec=video.codec,
        width=int(picture.shape[1]),
        height=int(picture.shape[0]),
        fps=_rate(seen, video) or video.fps,
        gop_s=_gop_s(seen, video),
        bitrate_kbps=_bitrate_kbps(seen, video),
        clock_offset_s=_offset_s(wall_clock, clock_s()),
        took_s=round(clock_s() - began_s, 2),
        jpeg=_jpeg(picture),
    )


def _watch(source: PacketSource, clock_s: Callable[[], float]) -> list[RawPacket]:
    """Return packets from the first keyframe until the third, or until the time is up."""
    seen: list[RawPacket] = []
    began_s = clock_s()
    keyframes = 0
    try:
        for packet in source.packets():
            keyframes += packet.keyframe
            if keyframes:
                seen.append(packet)
            watched_s = clock_s() - began_s
            enough = keyframes > 2 and watched_s >= SHORTEST_WATCH_S
            if enough or watched_s >= LONGEST_WATCH_S or len(seen) >= MAX_PACKETS:
                break
    except CameraError:
        if not seen:
            raise
    if not seen:
        raise StreamCorrupt(_NAME, "no keyframe came")
    return seen


def _picture(video: VideoFormat, seen: list[RawPacket]) -> Bgr:
    last: StreamCorrupt | None = None
    for raw in [packet for packet in seen if packet.keyframe][:3]:
        packet = Packet(raw.payload, 0, 0, video.time_base, keyframe=True, size=raw.size, at_s=raw.arrival_s)
        try:
            return KeyframeDecoders().picture(_NAME, video, packet, PrivacyMask())
        except StreamCorrupt as exc:
            last = exc
    raise last or StreamCorrupt(_NAME, "no picture")


def _jpeg(picture: Bgr) -> bytes:
    sound, jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not sound:
        raise StreamCorrupt(_NAME, "a picture that cannot be shown")
    return jpeg.tobytes()


def _times_s(seen: list[RawPacket], video: VideoFormat) -> list[float]:
    """Return the pictures' own times in order of showing; by arrival where the camera does not stamp them."""
    stamped = [p.pts for p in seen if p.pts is not None]
    if len(stamped) < len(seen):
        return sorted(p.arrival_s for p in seen)
    return sorted(float(pts * video.time_base) for pts in stamped)


def _rate(seen: list[RawPacket], video: VideoFormat) -> float | None:
    times_s = _times_s(seen, video)
    span_s = times_s[-1] - times_s[0]
    return round((len(times_s) - 1) / span_s, 2) if span_s > 0 else None


def _gop_s(seen: list[RawPacket], video: VideoFormat) -> float | None:
    times_s = _times_s([p for p in seen if p.keyframe], video)
    gaps_s = [later - earlier for earlier, later in itertools.pairwise(times_s)]
    return round(max(gaps_s), 2) if gaps_s else None


def _bitrate_kbps(seen: list[RawPacket], video: VideoFormat) -> float | None:
    """Whole groups only, where there are any: a keyframe is many times as big as what follows it."""
    keyframes = [i for i, p in enumerate(seen) if p.keyframe]
    whole = seen[: keyframes[-1] + 1] if len(keyframes) > 1 else seen
    times_s = _times_s(whole, video)
    span_s = times_s[-1] - times_s[0]
    counted = whole[:-1] if len(whole) > 1 else whole
    return round(sum(p.size for p in counted) * 8 / 1000 / span_s, 1) if span_s > 0 else None


def _offset_s(told: WallClock | None, now_s: float) -> float | None:
    if told is None:
        return None
    return round(told.utc_s - (time.time() - (now_s - told.arrival_s)), 1)
