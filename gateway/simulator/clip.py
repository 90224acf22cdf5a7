"""A video file as access units cut for RTP, kept once in memory however many paths and viewers it serves."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median_low
from typing import NamedTuple, get_args

import av
import av.error
from av.container import InputContainer

from gateway.errors import GridPatrolError
from gateway.simulator.nal import Codec, CodecConfig, MalformedNal, access_unit, parameter_sets_of, parse_config
from gateway.simulator.rtp import CLOCK_HZ, CutUnit, cut


class ClipError(GridPatrolError):
    """A file cannot be served: unreadable, no H.264 or H.265 video, no keyframe, no timestamps."""

    def __init__(self, file: Path, detail: str) -> None:
        self.file = file
        self.detail = detail
        super().__init__(file, detail)

    def __str__(self) -> str:
        return f"{self.file.name}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Unit:
    """One access unit. `dts` and `pts` are ticks of 1/90000 s; the first unit's dts is 0 and no dts exceeds its pts."""

    dts: int
    pts: int
    keyframe: bool
    packets: CutUnit


@dataclass(frozen=True, slots=True)
class Clip:
    """A whole recording, ready to be sent round and round.

    Attributes:
        units: In decode order; the first is a keyframe.
        keyframes: Indexes into `units`.
        period: Ticks of 1/90000 s from one round to the next: the duration including the last picture's.
        lead: Ticks by which pts runs ahead of dts at most (B-frames); 0 without reordering.
    """

    codec: Codec
    width: int
    height: int
    fps: float
    parameter_sets: tuple[bytes, ...]
    units: tuple[Unit, ...]
    keyframes: tuple[int, ...]
    period: int
    lead: int

    @property
    def duration_s(self) -> float:
        """Seconds of one round."""
        return self.period / CLOCK_HZ

    def index_after(self, ticks: int) -> int:
        """Return the index of the first unit with a dts after `ticks`; `len(units)` when there is none."""
        return bisect_right(self.units, ticks, key=lambda u: u.dts)

    def keyframe_upto(self, index: int) -> int:
        """Return the greatest keyframe index that is not above `index`, which must not be negative."""
        return self.keyframes[bisect_right(self.keyframes, index) - 1]


class _Raw(NamedTuple):
    pts: int  # 1/90000 s, from the file's own zero
    duration: int
    keyframe: bool
    data: bytes


def load_clip(file: Path) -> Clip:
    """Read and cut a whole file; blocks for as long as reading takes.

    Raises:
        ClipError: The file cannot be served.
    """
    try:
        with av.open(str(file)) as container:
            return _read(file, container)
    except (av.error.FFmpegError, OSError) as exc:
        raise ClipError(file, "cannot be read as video") from exc
    except MalformedNal as exc:
        raise ClipError(file, str(exc)) from exc


def _read(file: Path, container: InputContainer) -> Clip:
    stream = next(iter(container.streams.video), None)
    codec = next((c for c in get_args(Codec) if stream is not None and stream.codec_context.name == c), None)
    if stream is None or codec is None:
        raise ClipError(file, "has no H.264 or H.265 video")
    raws = _decodable(file, list(_raw_packets(file, container)))
    config = _complete(parse_config(codec, stream.codec_context.extradata or b""), raws[0])
    if not config.parameter_sets:
        raise ClipError(file, "has no parameter sets")
    units = _units(config, raws)
    return Clip(
        codec=codec,
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        fps=float(stream.average_rate or 0),
        parameter_sets=config.parameter_sets,
        units=units,
        keyframes=tuple(i for i, u in enumerate(units) if u.keyframe),
        period=_period(raws),
        lead=max(u.pts - u.dts for u in units),
    )


def _raw_packets(file: Path, container: InputContainer) -> Iterator[_Raw]:
    for packet in container.demux(video=0):
        if packet.size == 0:  # the demuxer's end mark
            continue
        shown = packet.pts if packet.pts is not None else packet.dts
        if shown is None or packet.time_base is None:
            raise ClipError(file, "has no timestamps")
        to_ticks = Fraction(packet.time_base) * CLOCK_HZ
        duration = round((packet.duration or 0) * to_ticks)
        yield _Raw(round(shown * to_ticks), duration, packet.is_keyframe, bytes(packet))


def _decodable(file: Path, raws: list[_Raw]) -> list[_Raw]:
    first = next((i for i, r in enumerate(raws) if r.keyframe), None)
    if first is None:
        raise ClipError(file, "has no keyframe")
    return raws[first:]


def _complete(config: CodecConfig, first: _Raw) -> CodecConfig:
    """Take the parameter sets from the first keyframe where the container has none."""
    if config.parameter_sets:
        return config
    nals = access_unit(config, first.data, keyframe=False)
    return CodecConfig(config.codec, config.length_size, parameter_sets_of(config.codec, nals))


def _units(config: CodecConfig, raws: Sequence[_Raw]) -> tuple[Unit, ...]:
    """Time the units. Decode times are made from pts: containers guess them, Matroska even out of order."""
    shown = sorted(r.pts for r in raws)
    # Every picture must be there before it is shown, so all pts move back by the worst delay of the reordering.
    delay = max(at - raw.pts for at, raw in zip(shown, raws, strict=True))
    units = []
    for at, raw in zip(shown, raws, strict=True):
        nals = access_unit(config, raw.data, keyframe=raw.keyframe)
        if nals:
            pts = raw.pts - shown[0] + delay
            units.append(Unit(at - shown[0], pts, raw.keyframe, cut(config.codec, nals)))
    return tuple(units)


def _period(raws: Sequence[_Raw]) -> int:
    shown = sorted(r.pts for r in raws)
    steps = [b - a for a, b in itertools.pairwise(shown) if b > a]
    last = max(raws, key=lambda r: r.pts)
    typical = median_low(steps) if steps else CLOCK_HZ
    # A last duration of 0 or of seconds is a muxer's guess; the usual step is the better one.
    final = last.duration if 0 < last.duration <= 4 * typical else typical
    return last.pts - shown[0] + final
