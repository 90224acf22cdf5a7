"""H.264 and H.265 byte streams: everything is brought to Annex B, which the MP4 writer turns into what it needs.

Cameras send Annex B; packets from an MP4 file are length-prefixed and come with avcC or hvcC extradata
(ISO/IEC 14496-15).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

START_CODE = b"\x00\x00\x00\x01"


def is_annexb(extradata: bytes) -> bool:
    """Say whether codec configuration (and so the packets) is Annex B; avcC and hvcC begin with version 1."""
    return not extradata or extradata[0] != 1


def parameter_sets(codec: str, extradata: bytes) -> bytes:
    """Return the parameter sets of the extradata in Annex B, in order; empty when it holds none.

    Raises:
        ValueError: The extradata ends too early.
    """
    if is_annexb(extradata):
        return extradata
    units = _of_avcc(extradata) if codec == "h264" else _of_hvcc(extradata)
    return b"".join(START_CODE + unit for unit in units)


def converter(codec: str, extradata: bytes) -> Callable[[bytes], bytes]:
    """Return a function from a packet's data, as this stream sends it, to Annex B."""
    if is_annexb(extradata):
        return bytes
    length_bytes = (extradata[4 if codec == "h264" else 21] & 3) + 1
    return lambda data: b"".join(START_CODE + unit for unit in _units(data, length_bytes))


def _units(data: bytes, length_bytes: int) -> Iterator[bytes]:
    at = 0
    while at + length_bytes <= len(data):
        size = int.from_bytes(data[at : at + length_bytes])
        at += length_bytes
        if at + size > len(data):
            raise ValueError("a NAL unit goes on after the packet's end")
        yield data[at : at + size]
        at += size


def _of_avcc(extradata: bytes) -> Iterator[bytes]:
    at = 5
    for mask in (0x1F, 0xFF):  # sequence, then picture parameter sets
        count = _byte(extradata, at) & mask
        at += 1
        for _ in range(count):
            unit = _sized(extradata, at)
            at += 2 + len(unit)
            yield unit


def _of_hvcc(extradata: bytes) -> Iterator[bytes]:
    at = 23
    for _ in range(_byte(extradata, 22)):
        count = int.from_bytes(extradata[at + 1 : at + 3])
        at += 3
        for _ in range(count):
            unit = _sized(extradata, at)
            at += 2 + len(unit)
            yield unit


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise ValueError("codec configuration ends too early")
    return data[at]


def _sized(data: bytes, at: int) -> bytes:
    size = int.from_bytes(data[at : at + 2])
    if at + 2 + size > len(data):
        raise ValueError("codec configuration ends too early")
    return data[at + 2 : at + 2 + size]
