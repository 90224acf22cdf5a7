"""The little of H.264 that must be known without decoding: parameter sets, picture size, the codec string.

Source: ITU-T H.264 sections 7.3.1 (NAL units), 7.3.2.1 (sequence parameter set); RFC 6381 for the codec string.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

NAL_SPS = 7
NAL_PPS = 8
START_CODE = b"\x00\x00\x00\x01"
_EXTENDED_SHAPE = 255  # aspect_ratio_idc: the shape follows in numbers
_MOST_REORDERED = 16  # by the standard
_BELIEVABLE_FPS = (0.1, 240.0)  # some encoders state their clock's rate instead
# Profiles whose parameter set carries chroma format, bit depths and scaling lists.
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


class SequenceInfo(NamedTuple):
    """What a sequence parameter set says; width and height in pixels after cropping."""

    profile: int
    constraints: int
    level: int
    width: int
    height: int
    fps: float | None = None  # where the encoder states its timing
    reordered: int = 0  # pictures that may come before one shown earlier; 0 also where the encoder does not say

    @property
    def codec_string(self) -> str:
        """The RFC 6381 name, for example `avc1.640028`."""
        return f"avc1.{self.profile:02X}{self.constraints:02X}{self.level:02X}"


def nal_units(data: bytes | memoryview) -> Iterator[bytes]:
    """Yield the NAL units of an Annex B byte stream, without start codes; nothing when it holds no start code."""
    data = bytes(data)
    start = data.find(b"\x00\x00\x01")
    while start >= 0:
        following = data.find(b"\x00\x00\x01", start + 3)
        unit = data[start + 3 : following if following >= 0 else len(data)]
        if following >= 0:
            unit = unit.rstrip(b"\x00")  # the first zero of a 4-byte start code, and padding
        if unit:
            yield unit
        start = following


def parameter_sets(data: bytes | memoryview) -> list[bytes]:
    """Return the SPS and PPS units in `data`, which may be Annex B (extradata or a packet) or an avcC box."""
    data = bytes(data)
    if is_avcc(data):
        return list(_avcc_units(data))
    return [unit for unit in nal_units(data) if unit[0] & 0x1F in {NAL_SPS, NAL_PPS}]


def is_avcc(extradata: bytes) -> bool:
    """Tell MP4-style configuration from Annex B."""
    return len(extradata) > 6 and extradata[0] == 1


def to_annex_b(units: list[bytes]) -> bytes:
    """Join NAL units with start codes."""
    return b"".join(START_CODE + unit for unit in units)


def has_both(units: list[bytes]) -> bool:
    """True when there is at least one SPS and one PPS: enough to start a decoder."""
    return {NAL_SPS, NAL_PPS} <= {unit[0] & 0x1F for unit in units}


def sequence_info(units: list[bytes]) -> SequenceInfo | None:
    """Read the first SPS among `units`; None when there is none or it is damaged."""
    sps = next((unit for unit in units if unit[0] & 0x1F == NAL_SPS and len(unit) >= 4), None)
    if sps is None:
        return None
    try:
        return _read_sps(sps)
    except IndexError:
        return None


def lengths_to_annex_b(payload: bytes, extradata: bytes) -> bytes:
    """Turn an MP4-style packet (each NAL unit after its length) into Annex B; `extradata` is its avcC box."""
    width = (extradata[4] & 3) + 1  # bytes per length
    units, at = [], 0
    while at + width <= len(payload):
        size = int.from_bytes(payload[at : at + width], "big")
        units.append(payload[at + width : at + width + size])
        at += width + size
    return to_annex_b(units)


def _avcc_units(data: bytes) -> Iterator[bytes]:
    at = 5
    for mask in (0x1F, 0xFF):
        if at >= len(data):
            return
        count = data[at] & mask
        at += 1
        for _ in range(count):
            size = int.from_bytes(data[at : at + 2], "big")
            if unit := data[at + 2 : at + 2 + size]:
                yield unit
            at += 2 + size


class BitReader:
    """Reads bits and Exp-Golomb numbers of an unescaped NAL unit (`unescaped`); IndexError at the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def bit(self) -> int:
        """Return the next bit."""
        value = self._data[self._at >> 3] >> (7 - (self._at & 7)) & 1
        self._at += 1
        return value

    def bits(self, n: int) -> int:
        """Return the next `n` bits, highest first."""
        value = 0
        for _ in range(n):
            value = value << 1 | self.bit()
        return value

    def unsigned(self) -> int:
        """Return the next ue(v)."""
        zeros = 0
        while not self.bit():
            zeros += 1
        return (1 << zeros) - 1 + self.bits(zeros)

    def signed(self) -> int:
        """Return the next se(v)."""
        value = self.unsigned()
        return (value + 1) // 2 if value % 2 else -(value // 2)


def _read_sps(sps: bytes) -> SequenceInfo:
    bits = BitReader(unescaped(sps[1:]))
    profile, constraints, level = bits.bits(8), bits.bits(8), bits.bits(8)
    bits.unsigned()  # seq_parameter_set_id
    chroma = _skip_high_profile_part(bits) if profile in _HIGH_PROFILES else 1
    _skip_order_counting(bits)
    bits.unsigned()  # max_num_ref_frames
    bits.bit()  # gaps_in_frame_num_allowed
    width_mbs, height_units = bits.unsigned() + 1, bits.unsigned() + 1
    frames_only = bits.bit()
    if not frames_only:
        bits.bit()  # mb_adaptive_frame_field
    bits.bit()  # direct_8x8_inference
    left, right, top, bottom = _crop(bits)
    unit_x = 2 if chroma in {1, 2} else 1
    unit_y = (2 if chroma == 1 else 1) * (2 - frames_only)
    width = width_mbs * 16 - unit_x * (left + right)
    height = height_units * 16 * (2 - frames_only) - unit_y * (top + bottom)
    return SequenceInfo(profile, constraints, level, width, height, *_usability(bits))


def unescaped(data: bytes) -> bytes:
    """Take out the bytes that keep start codes from appearing inside a NAL unit."""
    return data.replace(b"\x00\x00\x03", b"\x00\x00")


def _usability(bits: BitReader) -> tuple[float | None, int]:
    """Return frame rate and reordering from the VUI (E.1.1); an encoder may cut it short or leave it out."""
    fps: float | None = None
    try:
        if not bits.bit():
            return None, 0
        _skip_appearance(bits)
        fps = _frame_rate(bits)
        return fps, _reordering(bits)
    except IndexError:
        return fps, 0


def _skip_appearance(bits: BitReader) -> None:
    if bits.bit() and bits.bits(8) == _EXTENDED_SHAPE:
        bits.bits(32)  # width and height of a pixel
    if bits.bit():
        bits.bit()  # overscan
    if bits.bit():
        bits.bits(4)  # video format and range
        if bits.bit():
            bits.bits(24)  # colours
    if bits.bit():
        bits.unsigned()  # where the chroma samples lie, top
        bits.unsigned()  # and bottom


def _frame_rate(bits: BitReader) -> float | None:
    if not bits.bit():
        return None
    ticks, scale = bits.bits(32), bits.bits(32)
    bits.bit()  # fixed_frame_rate
    fps = scale / (2 * ticks) if ticks else 0.0
    return fps if _BELIEVABLE_FPS[0] <= fps <= _BELIEVABLE_FPS[1] else None


def _reordering(bits: BitReader) -> int:
    buffers = [bits.bit() and _skip_buffer_model(bits) for _ in range(2)]
    if any(buffers):
        bits.bit()  # low_delay
    bits.bit()  # pic_struct
    if not bits.bit():
        return 0
    bits.bit()  # motion vectors over the edges
    for _ in range(4):
        bits.unsigned()  # limits of sizes and motion vectors
    return min(bits.unsigned(), _MOST_REORDERED)


def _skip_buffer_model(bits: BitReader) -> int:
    count = bits.unsigned() + 1
    bits.bits(8)  # scales
    for _ in range(count):
        bits.unsigned()
        bits.unsigned()
        bits.bit()
    bits.bits(20)  # lengths of the delays
    return 1


def _crop(bits: BitReader) -> tuple[int, int, int, int]:
    if not bits.bit():
        return 0, 0, 0, 0
    return bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()


def _skip_high_profile_part(bits: BitReader) -> int:
    chroma = bits.unsigned()
    if chroma == 3:
        bits.bit()  # separate_colour_plane
    bits.unsigned()  # bit_depth_luma
    bits.unsigned()  # bit_depth_chroma
    bits.bit()  # qpprime_y_zero_transform_bypass
    if bits.bit():
        for index in range(12 if chroma == 3 else 8):
            if bits.bit():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_order_counting(bits: BitReader) -> None:
    bits.unsigned()  # log2_max_frame_num
    kind = bits.unsigned()
    if kind == 0:
        bits.unsigned()
    elif kind == 1:
        bits.bit()
        bits.signed()
        bits.signed()
        for _ in range(bits.unsigned()):
            bits.signed()
