"""Size, timing and reordering of a stream, from its sequence parameter set.

Source for H.265: ITU-T H.265 sections 7.3.2.2 (sequence parameter set) and 7.3.3 (profile, tier and level).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.camera import h264
from gateway.camera.rtsp.units import H264, Packing

_H265_SPS = 33
_H265_HEADER_BYTES = 2
_PROFILE_BITS = 88
_MOST_REORDERED = 16


class Shape(NamedTuple):
    """What one SPS says; width and height in pixels after cropping."""

    width: int
    height: int
    fps: float | None  # where the encoder states it (H.264 only)
    reordered: int  # pictures that may come before one shown earlier


def shape_of(packing: Packing, sets: Sequence[bytes]) -> Shape | None:
    """Read the first SPS among parameter sets; None when there is none or it is damaged."""
    if packing is H264:
        info = h264.sequence_info(list(sets))
        return Shape(info.width, info.height, info.fps, info.reordered) if info else None
    sps = next((nal for nal in sets if len(nal) > _H265_HEADER_BYTES and packing.kind(nal[0]) == _H265_SPS), None)
    if sps is None:
        return None
    try:
        return _read_h265(h264.BitReader(h264.unescaped(sps[_H265_HEADER_BYTES:])))
    except IndexError:
        return None


def _read_h265(bits: h264.BitReader) -> Shape:
    bits.bits(4)  # sps_video_parameter_set_id
    layers = bits.bits(3)
    bits.bit()  # temporal_id_nesting
    _skip_levels(bits, layers)
    bits.unsigned()  # sps_seq_parameter_set_id
    chroma = bits.unsigned()
    if chroma == 3:
        bits.bit()  # separate_colour_plane
    width, height = bits.unsigned(), bits.unsigned()
    crop = [bits.unsigned() for _ in range(4)] if bits.bit() else [0, 0, 0, 0]
    unit_x, unit_y = 2 if chroma in {1, 2} else 1, 2 if chroma == 1 else 1
    width, height = width - unit_x * (crop[0] + crop[1]), height - unit_y * (crop[2] + crop[3])
    return Shape(width, height, None, min(_read_reordering(bits, layers), _MOST_REORDERED))


def _skip_levels(bits: h264.BitReader, layers: int) -> None:
    bits.bits(_PROFILE_BITS + 8)
    present = [(bits.bit(), bits.bit()) for _ in range(layers)]
    if layers:
        bits.bits(2 * (8 - layers))
    for profile, level in present:
        bits.bits(_PROFILE_BITS * profile + 8 * level)


def _read_reordering(bits: h264.BitReader, layers: int) -> int:
    bits.unsigned()  # bit depth of luma
    bits.unsigned()  # and chroma
    bits.unsigned()  # log2_max_pic_order_cnt_lsb
    reordered = 0
    for _ in range(layers + 1 if bits.bit() else 1):
        bits.unsigned()  # max_dec_pic_buffering
        reordered = bits.unsigned()
        bits.unsigned()  # max_latency_increase
    return reordered
