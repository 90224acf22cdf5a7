"""The recordings that simulated cameras show: painted, grainy as a real sensor, at the bit rate real cameras have.

A recording is mostly quiet: nothing but grain on a still scene. For five percent of its length something the size of a
car crosses the picture. Cameras that show it from moments spread over its length are active in turn, five percent of
them at a time.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream
from numpy.typing import NDArray

Plane = NDArray[np.uint8]

CACHE = Path(tempfile.gettempdir()) / "gridpatrol-bench"
FPS = 25
GOP_S = 2
QUIET_S = 20  # encoded once and repeated; whole groups of pictures
QUIET_ROUNDS = 9
ACTIVE_S = 10  # of 190
# Of the picture: the thing that crosses it, and where.
THING = (0.07, 0.11)
THING_TOP = 0.55
GRAIN = 3.0  # grey levels, standard deviation: a decent sensor by day
FINE = 2.0  # grey levels: plaster, asphalt; without it keyframes would be too small
GRAINS = 12  # planes of grain, rolled by chance for every frame: painting it anew takes longer than encoding
BUFFER_S = 0.7  # keyframes of 4 % of the bits of their group and more, as cameras send them
RATE_MARGIN = 1.2  # x264 stays below what it is asked for by about so much
TIMED_KEYFRAMES = 20
FIRST_LUMA, LAST_LUMA = 16, 235
_GREY = 128


@dataclass(frozen=True, slots=True)
class StreamKind:
    """Size and bit rate of a stream."""

    name: str
    width: int
    height: int
    bits_per_s: int


MAIN = StreamKind("main", 1920, 1080, 2_000_000)
SUB = StreamKind("sub", 704, 576, 512_000)


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file really holds.

    Attributes:
        duration_s: Of one round.
        bits_per_s: On average.
        gop_s: From keyframe to keyframe, on average.
        keyframe_bytes: On average.
        keyframe_ms: CPU time that decoding one takes on this machine, now.
    """

    path: Path
    codec: str
    width: int
    height: int
    fps: float
    duration_s: float
    bits_per_s: float
    gop_s: float
    keyframe_bytes: float
    keyframe_ms: float

    def text(self) -> str:
        """One line for people."""
        return (
            f"{self.width}x{self.height} {self.codec} {self.fps:.3g} fps, {self.bits_per_s / 1e6:.2f} Mbit/s, "
            f"a keyframe of {self.keyframe_bytes / 1000:.0f} kB every {self.gop_s:.3g} s "
            f"({self.keyframe_ms:.1f} ms to decode), {self.duration_s:.0f} s long"
        )


def recording_of(kind: StreamKind) -> Path:
    """Return the recording of that kind, encoding it (about a minute) unless it is kept from an earlier run."""
    path = CACHE / f"{kind.name}-{kind.width}x{kind.height}-{kind.bits_per_s // 1000}k-v5.mp4"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        print(f"encoding {path.name} once", flush=True)
        _write(path, kind)
    return path


def examine(path: Path) -> Recording:
    """Read a file through, without decoding.

    Raises:
        ValueError: It has no keyframes to measure.
    """
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        tick_s = float(video.time_base or 0)
        packets = [p for p in container.demux(video) if p.size]
        keys = [p for p in packets if p.is_keyframe]
        if len(packets) < 2 or not keys:
            raise ValueError(f"{path}: no video with keyframes")
        span_s = float((packets[-1].dts or 0) - (packets[0].dts or 0)) * tick_s
        duration_s = span_s * len(packets) / (len(packets) - 1)
        context = video.codec_context
        return Recording(
            path,
            context.name,
            context.width,
            context.height,
            len(packets) / duration_s,
            duration_s,
            8 * sum(p.size for p in packets) / duration_s,
            duration_s / len(keys),
            sum(p.size for p in keys) / len(keys),
            _decode_ms(context, keys[:TIMED_KEYFRAMES]),
        )


def _decode_ms(context: VideoCodecContext, keys: Sequence[av.Packet[VideoStream]]) -> float:
    """Return CPU milliseconds per keyframe, on one thread."""
    decoder = av.CodecContext.create(context.name, "r")
    assert isinstance(decoder, VideoCodecContext)  # noqa: S101 - of the kind it was copied from
    decoder.extradata, decoder.thread_count = context.extradata, 1
    began_s = time.process_time()
    for packet in keys:
        decoder.decode(packet)
    decoder.decode(None)
    return 1000 * (time.process_time() - began_s) / len(keys)


def encoder(container: av.container.OutputContainer, kind: StreamKind, fps: int) -> VideoStream:
    """Return an H.264 stream as cameras send it: closed groups of pictures, no B-frames, a steady bit rate."""
    ceiling = round(RATE_MARGIN * kind.bits_per_s / 1000)
    options = {
        "preset": "veryfast",
        "x264-params": f"keyint={GOP_S * fps}:min-keyint={GOP_S * fps}:scenecut=0:bframes=0:open-gop=0"
        f":vbv-maxrate={ceiling}:vbv-bufsize={round(ceiling * BUFFER_S)}",
    }
    video = container.add_stream("libx264", rate=fps, options=options)
    assert isinstance(video, VideoStream)  # noqa: S101 - what libx264 makes
    video.width, video.height, video.pix_fmt = kind.width, kind.height, "yuv420p"
    video.bit_rate = ceiling * 1000
    return video


def _write(path: Path, kind: StreamKind) -> None:
    """Encode a quiet and an active part in one go, then repeat the quiet one packet by packet."""
    part, done = path.with_suffix(".part.mp4"), path.with_suffix(".done.mp4")
    with av.open(str(part), "w") as output:
        video = encoder(output, kind, FPS)
        for index, picture in enumerate(_pictures(kind)):
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts = index
            output.mux(video.encode(frame))
        output.mux(video.encode())
    _repeat(part, done)
    part.unlink()
    done.rename(path)


def _repeat(part: Path, done: Path) -> None:
    with av.open(str(part)) as source, av.open(str(done), "w") as output:
        video = source.streams.video[0]
        copy = output.add_stream_from_template(video)
        tick = video.time_base or Fraction(1, FPS)
        packets = [(bytes(p), p.pts or 0, p.dts or 0, p.is_keyframe) for p in source.demux(video) if p.size]
        quiet_ticks = round(QUIET_S / tick)
        quiet = [p for p in packets if p[1] < quiet_ticks]
        rounds = [(quiet, number * quiet_ticks) for number in range(QUIET_ROUNDS)]
        for stretch, shift in [*rounds, (packets[len(quiet) :], (QUIET_ROUNDS - 1) * quiet_ticks)]:
            for data, pts, dts, keyframe in stretch:
                packet = av.Packet(data)
                packet.stream, packet.time_base = copy, tick
                packet.pts, packet.dts, packet.is_keyframe = pts + shift, dts + shift, keyframe
                output.mux(packet)


def _pictures(kind: StreamKind) -> Iterator[Plane]:
    """Paint the quiet part and then the active one, as planes of yuv420p below one another."""
    chance = np.random.default_rng(7)
    scene = _scene(kind, chance)
    grains = [_grain(scene.shape, chance) for _ in range(GRAINS)]
    colours = np.full((kind.height // 2, kind.width), _GREY, np.uint8)
    for index in range((QUIET_S + ACTIVE_S) * FPS):
        luma = scene.copy()
        active = index / FPS - QUIET_S
        if active >= 0:
            _put_thing(luma, active / ACTIVE_S)
        grain = np.roll(grains[index % GRAINS], tuple(chance.integers(0, 64, 2)), (0, 1))
        yield np.concatenate([np.clip(luma + grain, FIRST_LUMA, LAST_LUMA).astype(np.uint8), colours])


def _scene(kind: StreamKind, chance: np.random.Generator) -> NDArray[np.int16]:
    """Paint a ground of soft, hard and fine texture."""
    soft = np.kron(chance.integers(-12, 12, (kind.height // 8, kind.width // 8)), np.ones((8, 8), int))
    hard = np.kron(chance.integers(-25, 25, (kind.height // 32 + 1, kind.width // 32)), np.ones((32, 32), int))
    fine = chance.normal(0.0, FINE, (kind.height, kind.width))
    return (110 + soft[: kind.height] + hard[: kind.height] + fine).astype(np.int16)


def _grain(shape: Sequence[int], chance: np.random.Generator) -> NDArray[np.int16]:
    return np.rint(chance.normal(0.0, GRAIN, tuple(shape))).astype(np.int16)


def _put_thing(luma: NDArray[np.int16], passed: float) -> None:
    """Paint what moves, so far on its way: from outside the left edge to outside the right."""
    height, width = luma.shape
    thing_w, thing_h = round(THING[0] * width), round(THING[1] * height)
    left, top = round(passed * (width + thing_w)) - thing_w, round(THING_TOP * height)
    luma[top : top + thing_h, max(0, left) : max(0, left + thing_w)] = 215
    luma[top + thing_h // 3 : top + thing_h // 2, max(0, left) : max(0, left + thing_w)] = 40
