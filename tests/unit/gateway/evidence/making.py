"""Packets and stores made by hand for the evidence tests."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext

from gateway.camera.packets import StoredPayload
from gateway.types import Packet, VideoFormat
from storage.errors import MediaWriteError, RecordNotFound
from storage.records import Event, EventState

GLOBAL_HEADER = 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: parameter sets in the extradata only
WIDTH, HEIGHT, FPS, GOP = 320, 240, 25, 25
_QUIET = {
    "h264": ("libx264", {"preset": "ultrafast", "x264-params": "log-level=none"}),
    "hevc": ("libx265", {"preset": "ultrafast", "x265-params": "log-level=none"}),
}
AT = datetime(2026, 1, 1, tzinfo=UTC)


def encode(
    seconds: float, codec: str = "h264", *, in_band: bool = True, b_frames: int = 0
) -> tuple[VideoFormat, list[Packet]]:
    """Return a stream of brightening pictures as a camera would send it: Annex B, `at_s` from 100."""
    name, options = _QUIET[codec]
    encoder = VideoCodecContext.create(name, "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.framerate, encoder.time_base = Fraction(FPS), Fraction(1, FPS)
    encoder.gop_size, encoder.max_b_frames = GOP, b_frames
    encoder.options = options
    if not in_band:
        encoder.flags |= GLOBAL_HEADER
    native: list[av.Packet[av.VideoStream]] = []
    for i in range(round(seconds * FPS)):
        picture = np.full((HEIGHT, WIDTH, 3), 40 + i % 200, np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts, frame.time_base = i, Fraction(1, FPS)
        native += encoder.encode(frame)
    native += encoder.encode(None)
    extradata = b"" if in_band else bytes(encoder.extradata or b"")
    video = VideoFormat(codec, WIDTH, HEIGHT, Fraction(1, FPS), extradata, FPS)
    return video, [packet_of(p, Fraction(1, FPS), index=i) for i, p in enumerate(native)]


def packet_of(native: av.Packet[av.VideoStream], time_base: Fraction, index: int) -> Packet:
    """Wrap an encoder's or a demuxer's packet."""
    assert native.pts is not None
    assert native.dts is not None
    return Packet(
        StoredPayload(bytes(native)),
        native.pts,
        native.dts,
        time_base,
        native.is_keyframe,
        native.size,
        100 + index / FPS,
    )


def read_file(path: Path) -> tuple[VideoFormat, list[Packet]]:
    """Return the packets of a file: length-prefixed, with avcC or hvcC extradata."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        time_base = stream.time_base
        assert time_base is not None
        context = stream.codec_context
        video = VideoFormat(
            context.name, context.width, context.height, time_base, bytes(context.extradata or b""), FPS
        )
        native = [p for p in container.demux(stream) if p.size]
        packets = [packet_of(p, time_base, i) for i, p in enumerate(native)]
        return video, [replace(p, at_s=100 + float(p.dts * time_base)) for p in packets]


def event(event_id: str = "evt_1") -> Event:
    """Return an event of camera `cam-1` that began at the start of 2026."""
    return Event(
        id=event_id,
        camera_id="cam-1",
        grid_id="g1",
        region_code="110101001001",
        event_type="zone_intrusion",
        rule_id="r1",
        zone_id="z1",
        severity="S2",
        state=EventState.OPEN,
        started_at=AT,
        raised_at=AT,
        last_seen_at=AT,
        ended_at=None,
        confidence=0.9,
        label="person",
        count=1,
        boxes=(),
        zone_polygon=(),
        detector="motion",
        run_id="run_1",
    )


class FolderMedia:
    """A MediaStore over a folder, without its promises of durability."""

    def __init__(self, root: Path, *, full: bool = False) -> None:
        self.root = root / "kept"
        self._scratch = root / "scratch"
        self._scratch.mkdir(parents=True)
        self._full = full

    async def put(self, key: str, source: Path) -> int:
        if self._full:
            raise MediaWriteError(key)
        target = self.root / key
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, target)
        return target.stat().st_size

    async def put_bytes(self, key: str, data: bytes) -> int:
        path = self._scratch / "bytes"
        path.write_bytes(data)
        return await self.put(key, path)

    async def open_path(self, key: str) -> Path:
        if not (self.root / key).is_file():
            raise RecordNotFound(key)
        return self.root / key

    async def delete(self, key: str) -> None:
        (self.root / key).unlink(missing_ok=True)

    async def keys(self) -> AsyncIterator[str]:
        for path in sorted(self.root.rglob("*")):
            yield str(path.relative_to(self.root))

    def scratch(self) -> Path:
        return self._scratch

    def leftovers(self) -> Sequence[Path]:
        """Return what was left in the scratch folder."""
        return list(self._scratch.iterdir())
