"""Writing and reading back MP4 files. Blocks; every FFmpeg error leaves here as `EvidenceError`.

Packets are copied as they are. The writer needs codec parameters, which PyAV only takes from another stream: the first
pictures are read as a raw byte stream, and that stream is the template.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.stream import Stream
from av.video.codeccontext import VideoCodecContext

from gateway.errors import EvidenceError
from gateway.evidence import annexb
from gateway.evidence.layout import TICKS_PER_S, Layout, Placed
from gateway.types import Bgr, VideoFormat

Polygon = Sequence[tuple[float, float]]

CLIP_TIME_BASE = Fraction(1, TICKS_PER_S)
# Moov first, so that a browser plays before it has everything.
OUTPUT_OPTIONS = {"movflags": "+faststart"}
TEMPLATE_PACKETS = 4  # a keyframe and a few more: all a raw demuxer needs to know the stream
# H.265 plays in Safari and recent Chromium only when its parameter sets stand in the header: hvc1, not hev1.
HEVC_TAG = "hvc1"
MASKED_OPTIONS = {"preset": "veryfast", "crf": "23"}
DURATION_SLACK_S = 0.5


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What a finished file turned out to be."""

    width: int
    height: int
    codec: str
    duration_s: float


def copy_packets(path: Path, video: VideoFormat, layout: Layout) -> None:
    """Write the packets into an MP4 without touching a picture.

    Raises:
        EvidenceError: No parameter sets, or data that is no video.
    """
    with _translated(path):
        to_annexb = annexb.converter(video.codec, video.extradata)
        head = annexb.parameter_sets(video.codec, video.extradata) + b"".join(
            to_annexb(p.packet.payload.data()) for p in layout.packets[:TEMPLATE_PACKETS]
        )
        with (
            av.open(io.BytesIO(head), format=video.codec) as template,
            av.open(str(path), "w", format="mp4", options=OUTPUT_OPTIONS) as output,
        ):
            stream = output.add_stream_from_template(template.streams.video[0])
            stream.time_base = CLIP_TIME_BASE
            if video.codec == "hevc":
                stream.codec_context.codec_tag = HEVC_TAG
            for i, placed in enumerate(layout.packets):
                packet = _native(placed, to_annexb(placed.packet.payload.data()))
                packet.duration = _duration(layout, i)
                packet.stream = stream
                output.mux(packet)


def write_masked(path: Path, video: VideoFormat, layout: Layout, masks: Sequence[Polygon]) -> None:
    """Decode, fill the masks with black, and encode as H.264.

    Raises:
        EvidenceError: Nothing could be decoded.
    """
    with _translated(path), av.open(str(path), "w", format="mp4", options=OUTPUT_OPTIONS) as output:
        frames = _decoded(video, layout)
        first = next(frames, None)
        if first is None:
            msg = f"{path.name}: no picture could be decoded"
            raise EvidenceError(msg)
        stream = _masked_stream(output, first, layout)
        for frame in chain([first], frames):
            output.mux(stream.encode(_masked(frame, stream, masks)))
        output.mux(stream.encode(None))


def _masked_stream(output: OutputContainer, first: av.VideoFrame, layout: Layout) -> av.VideoStream:
    rate = Fraction(TICKS_PER_S, layout.step).limit_denominator(1000)
    stream = output.add_stream("libx264", rate=rate, options=MASKED_OPTIONS)
    stream.width, stream.height = first.width // 2 * 2, first.height // 2 * 2  # 4:2:0 has no odd sizes
    stream.pix_fmt = "yuv420p"
    stream.codec_context.time_base = CLIP_TIME_BASE
    stream.codec_context.thread_count = 1  # analysis shares these cores
    return stream


def _masked(frame: av.VideoFrame, stream: av.VideoStream, masks: Sequence[Polygon]) -> av.VideoFrame:
    picture: Bgr = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    fill_masks(picture, masks)
    even = np.ascontiguousarray(picture[: stream.height, : stream.width])
    masked = av.VideoFrame.from_ndarray(even, format="bgr24")
    masked.pts, masked.time_base = frame.pts, CLIP_TIME_BASE
    return masked


def fill_masks(picture: Bgr, masks: Sequence[Polygon]) -> None:
    """Blacken the polygons (0-1) in place."""
    height, width = picture.shape[:2]
    for mask in masks:
        corners = np.array([(x * width, y * height) for x, y in mask]).round().astype(np.int32)
        cv2.fillPoly(picture, [corners], (0, 0, 0))


def probe(path: Path, layout: Layout, *, least_share: float = 1.0) -> ClipFacts:
    """Open a finished clip as a player would and compare it with what was to be written.

    Args:
        path: The finished file.
        layout: What was to be written.
        least_share: Of the packets that must be there: all of a copy; an encoder may drop undecodable pictures.

    Raises:
        EvidenceError: It does not open, does not begin with a decodable keyframe, or lacks packets or length.
    """
    with _translated(path):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            duration_s = float(stream.duration * stream.time_base) if stream.duration and stream.time_base else 0.0
            facts = ClipFacts(stream.width, stream.height, stream.codec_context.name, duration_s)
            count = sum(1 for packet in container.demux(stream) if packet.size)
        with av.open(str(path)) as container:
            first = next(container.decode(video=0), None)
    sound = first is not None and bool(first.key_frame)
    _check(path, layout, facts, count, keyframe=sound, least_share=least_share)
    return facts


def _check(path: Path, layout: Layout, facts: ClipFacts, count: int, *, keyframe: bool, least_share: float) -> None:
    problems = [
        "no decodable keyframe at the start" if not keyframe else "",
        f"{count} of {len(layout.packets)} packets" if count < len(layout.packets) * least_share else "",
        f"{facts.duration_s:.1f} s instead of {layout.duration_s:.1f} s"
        if abs(facts.duration_s - layout.duration_s) > max(DURATION_SLACK_S, layout.duration_s * 0.05)
        else "",
    ]
    found = "; ".join(p for p in problems if p)
    if found:
        msg = f"{path.name}: {found}"
        raise EvidenceError(msg)


def _decoded(video: VideoFormat, layout: Layout) -> Iterator[av.VideoFrame]:
    """Decode the layout's packets; pictures that cannot be decoded are left out."""
    decoder = cast("VideoCodecContext", VideoCodecContext.create(video.codec, "r"))
    if video.extradata:
        decoder.extradata = video.extradata
    for placed in layout.packets:
        try:
            yield from decoder.decode(_native(placed, placed.packet.payload.data()))
        except av.error.InvalidDataError:
            continue
    yield from decoder.decode(None)


def _native(placed: Placed, data: bytes) -> av.Packet[Stream]:
    packet: av.Packet[Stream] = av.Packet(data)
    packet.pts, packet.dts, packet.time_base = placed.pts, placed.dts, CLIP_TIME_BASE
    packet.is_keyframe = placed.packet.keyframe
    return packet


def _duration(layout: Layout, index: int) -> int:
    packets = layout.packets
    return packets[index + 1].dts - packets[index].dts if index + 1 < len(packets) else layout.step


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, ValueError, IndexError) as exc:
        msg = f"{path.name}: {exc}"
        raise EvidenceError(msg) from exc
