"""What the camera tests are told: scripted packets, small encoded clips, a camera that plays a script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from camera_configs.models import StreamConfig
from gateway.camera.packets import RawPacket, StoredPayload, WallClock
from gateway.camera.source import FileSource
from gateway.camera.timeline import Timeline
from gateway.errors import CameraError, StreamEnded
from gateway.types import Packet, VideoFormat

TIME_BASE = Fraction(1, 90_000)
FPS = 25
FRAME_TICKS = 90_000 // FPS
GOP = 25  # frames: one second
EMPTY = StoredPayload(b"")
STREAM = StreamConfig(url="rtsp://192.0.2.7/main")


def packet(index: int, *, keyframe: bool | None = None, size: int = 1000, at_s: float | None = None) -> Packet:
    """The picture number `index` of a stream with a keyframe each second, without content."""
    key = index % GOP == 0 if keyframe is None else keyframe
    ticks = index * FRAME_TICKS
    return Packet(EMPTY, ticks, ticks, TIME_BASE, key, size, index / FPS if at_s is None else at_s)


def stream(seconds: float, start_s: float = 0.0, size: int = 1000) -> list[Packet]:
    """Packets of some seconds of such a stream."""
    first = round(start_s * FPS)
    return [packet(i, size=size) for i in range(first, first + round(seconds * FPS))]


def picture(index: int, width: int = 160, height: int = 96) -> NDArray[np.uint8]:
    """A grey picture with a white square that moves with `index`; RGB."""
    image = np.full((height, width, 3), 90, np.uint8)
    left = index * 2 % (width - 20)
    image[20:40, left : left + 20] = 255
    return image


def write_clip(
    path: Path,
    seconds: float = 3.0,
    *,
    codec: str = "libx264",
    size: tuple[int, int] = (160, 96),
    b_frames: int = 0,
    profile: str = "high",
) -> Path:
    """Encode a small clip: 25 fps, a keyframe each second; the container follows the file's name."""
    width, height = size
    options = {"g": str(GOP), "bf": str(b_frames), "preset": "veryfast", "sc_threshold": "0", "profile": profile}
    if codec == "libx265":
        options = {"preset": "ultrafast", "x265-params": f"keyint={GOP}:min-keyint={GOP}:log-level=none"}
    with av.open(str(path), "w") as output:
        video = output.add_stream(codec, rate=FPS, options=options)
        assert isinstance(video, av.VideoStream)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for index in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(picture(index, width, height), format="rgb24")
            frame.pts = index
            output.mux(video.encode(frame))
        output.mux(video.encode())
    return path


def read_clip(path: Path) -> tuple[VideoFormat, list[Packet]]:
    """Read a clip as the watcher would: placed on a timeline that begins at 0 s."""
    source = FileSource("cam", path, realtime=False)
    video = source.open()
    timeline = Timeline(video.time_base)
    packets: list[Packet] = []
    try:
        for raw in source.packets():
            stamp = timeline.place(raw.pts, raw.dts, raw.arrival_s)
            packets.append(Packet(raw.payload, *stamp[:2], video.time_base, raw.keyframe, raw.size, stamp.at_s))
    except StreamEnded:
        pass
    finally:
        source.close()
    return video, packets


@dataclass
class ScriptedSource:
    """One session of a fake camera: fails to open, or plays packets and then fails."""

    video: VideoFormat
    script: Sequence[RawPacket] = ()
    open_error: CameraError | None = None
    end: CameraError = field(default_factory=lambda: StreamEnded("cam", "script over"))
    before_each: Callable[[int], None] = lambda _: None
    closed: int = 0
    eager: bool = False
    wall_clock: WallClock | None = None
    lost_packets: int = 0
    threads: set[int] = field(default_factory=set)

    def open(self) -> VideoFormat:
        self.threads.add(threading.get_ident())
        if self.open_error is not None:
            raise self.open_error
        return self.video

    def packets(self) -> Iterator[RawPacket]:
        for index, raw in enumerate(self.script):
            self.before_each(index)
            yield raw
        raise self.end

    def close(self) -> None:
        self.threads.add(threading.get_ident())
        self.closed += 1


class StopAfter(threading.Event):
    """A stop signal that is set by the n-th pause; pauses take no time and are remembered."""

    def __init__(self, pauses: int) -> None:
        super().__init__()
        self._left = pauses
        self.pauses: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        self._left -= 1
        if self._left <= 0:
            self.set()
        return self.is_set()
