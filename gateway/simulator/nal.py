"""NAL units of H.264 and H.265: splitting access units, reading codec configuration, finding parameter sets.

Formats: ITU-T H.264 Annex B and ISO/IEC 14496-15 (avcC 5.3.3, hvcC 8.3.3). Nothing here does I/O.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Codec = Literal["h264", "hevc"]

_START_CODE = re.compile(b"\x00\x00\x01")
_AVCC_VERSION = 1
# Types that a packet stream does not need: access unit delimiter, end of sequence and stream, filler.
_LEFT_OUT: dict[Codec, frozenset[int]] = {"h264": frozenset({9, 10, 11, 12}), "hevc": frozenset({35, 36, 37, 38})}
# VPS (H.265 only), SPS, PPS, in the order in which a decoder wants them.
_PARAMETER_TYPES: dict[Codec, tuple[int, ...]] = {"h264": (7, 8), "hevc": (32, 33, 34)}
_SPS_TYPE: dict[Codec, int] = {"h264": 7, "hevc": 33}


class MalformedNal(ValueError):
    """A length field points outside its buffer, or the configuration record is cut short."""


@dataclass(frozen=True, slots=True)
class CodecConfig:
    """How the access units of a file are laid out, and its parameter sets.

    Attributes:
        length_size: Bytes of the length before each NAL unit; 0 means Annex B start codes.
        parameter_sets: Whole NAL units without start code: VPS (H.265), SPS, PPS. May be empty for Annex B.
    """

    codec: Codec
    length_size: int
    parameter_sets: tuple[bytes, ...]


def nal_type(codec: Codec, nal: bytes) -> int:
    """Return the nal_unit_type from the first header byte."""
    return nal[0] & 0x1F if codec == "h264" else (nal[0] >> 1) & 0x3F


def split_annex_b(data: bytes) -> list[bytes]:
    """Return the NAL units between start codes; trailing zero bytes belong to the next start code."""
    starts = [m.end() for m in _START_CODE.finditer(data)]
    ends = [*(s - 3 for s in starts[1:]), len(data)]
    return [nal for s, e in zip(starts, ends, strict=False) if (nal := data[s:e].rstrip(b"\x00"))]


def split_prefixed(data: bytes, length_size: int) -> list[bytes]:
    """Return the NAL units of an access unit as MP4 and Matroska keep it.

    Raises:
        MalformedNal: A length points past the end.
    """
    nals = []
    at = 0
    while at < len(data):
        start = at + length_size
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data):
            raise MalformedNal("a NAL unit is longer than its access unit")
        if at > start:
            nals.append(data[start:at])
    return nals


def parse_config(codec: Codec, extradata: bytes) -> CodecConfig:
    """Read avcC, hvcC, Annex B extradata, or none at all.

    Raises:
        MalformedNal: The record is cut short.
    """
    if not extradata or extradata.startswith((b"\x00\x00\x01", b"\x00\x00\x00\x01")):
        return CodecConfig(codec, 0, parameter_sets_of(codec, split_annex_b(extradata)))
    if extradata[0] > _AVCC_VERSION:
        raise MalformedNal(f"unknown configuration version {extradata[0]}")
    try:
        length_size, nals = _parse_avcc(extradata) if codec == "h264" else _parse_hvcc(extradata)
    except IndexError as exc:
        raise MalformedNal("the configuration record is cut short") from exc
    return CodecConfig(codec, length_size, parameter_sets_of(codec, nals))


def parameter_sets_of(codec: Codec, nals: Sequence[bytes]) -> tuple[bytes, ...]:
    """Return the parameter sets among `nals`, in decoder order, each once."""
    found = dict.fromkeys(n for kind in _PARAMETER_TYPES[codec] for n in nals if nal_type(codec, n) == kind)
    return tuple(found)


def sps_of(codec: Codec, parameter_sets: Sequence[bytes]) -> bytes:
    """Return the first SPS; raises `MalformedNal` when there is none."""
    for nal in parameter_sets:
        if nal_type(codec, nal) == _SPS_TYPE[codec]:
            return nal
    raise MalformedNal("no sequence parameter set")


def access_unit(config: CodecConfig, data: bytes, *, keyframe: bool) -> list[bytes]:
    """Return the NAL units to send for one access unit; a keyframe is preceded by its parameter sets.

    Raises:
        MalformedNal: As for `split_prefixed`.
    """
    codec = config.codec
    nals = split_prefixed(data, config.length_size) if config.length_size else split_annex_b(data)
    kept = [n for n in nals if nal_type(codec, n) not in _LEFT_OUT[codec]]
    if keyframe and not parameter_sets_of(codec, kept):
        return [*config.parameter_sets, *kept]
    return kept


def _parse_avcc(record: bytes) -> tuple[int, list[bytes]]:
    nals: list[bytes] = []
    at = 5
    for mask in (0x1F, 0xFF):  # the count of SPS shares its byte with reserved bits, that of PPS does not
        count = record[at] & mask
        at = _take(record, at + 1, count, nals)
    return (record[4] & 3) + 1, nals


def _parse_hvcc(record: bytes) -> tuple[int, list[bytes]]:
    nals: list[bytes] = []
    at = 23
    for _ in range(record[22]):
        count = (record[at + 1] << 8) | record[at + 2]
        at = _take(record, at + 3, count, nals)
    return (record[21] & 3) + 1, nals


def _take(record: bytes, at: int, count: int, into: list[bytes]) -> int:
    for _ in range(count):
        size = (record[at] << 8) | record[at + 1]
        nal = record[at + 2 : at + 2 + size]
        if len(nal) < size or not nal:
            raise MalformedNal("a parameter set is cut short")
        into.append(nal)
        at += 2 + size
    return at
