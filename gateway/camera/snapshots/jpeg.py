"""What a JPEG says of itself without being decoded: size, wholeness, and the part that is picture."""

from __future__ import annotations

from dataclasses import dataclass

_START = b"\xff\xd8"
_END = b"\xff\xd9"
# Cameras pad the picture to their own block size; what is further from the end belongs to an embedded thumbnail.
_PADDING_BYTES = 4096
# Four 4K sensors side by side are 33 million; more is a header that lies, and would cost gigabytes to decode.
MAX_PIXELS = 64_000_000
_MARKER = 0xFF
_SCAN = 0xDA
# Start of frame: baseline, extended, progressive and their rarer kin; C4, C8 and CC are tables and reserved.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What stands before the picture itself."""

    width: int  # px
    height: int  # px
    scan_at: int  # offset of the first scan: from here on two encodings differ only if their pictures do


def read_header(jpeg: bytes) -> JpegHeader | None:
    """Return the header; None when this is no JPEG with a picture of usable size. Reads some hundred bytes."""
    if not jpeg.startswith(_START):
        return None
    at, size = len(_START), (0, 0)
    while at + 9 < len(jpeg) and jpeg[at] == _MARKER:
        kind = jpeg[at + 1]
        if kind == _SCAN:
            return JpegHeader(*size, at) if 0 < size[0] * size[1] <= MAX_PIXELS else None
        if kind in _FRAMES:
            size = (int.from_bytes(jpeg[at + 7 : at + 9], "big"), int.from_bytes(jpeg[at + 5 : at + 7], "big"))
        at += _step(jpeg, at, kind)
    return None


def is_whole(jpeg: bytes) -> bool:
    """Say whether the end marker is there; a picture cut short decodes to a grey lower part instead."""
    return jpeg.rfind(_END, max(0, len(jpeg) - _PADDING_BYTES)) >= 0


def same_picture(one: bytes, other: bytes) -> bool:
    """Say whether two JPEGs hold the same picture, whatever comments and times stand in their headers."""
    first, second = read_header(one), read_header(other)
    if first is None or second is None:
        return one == other
    return one[first.scan_at :] == other[second.scan_at :]


def _step(jpeg: bytes, at: int, kind: int) -> int:
    if kind == _MARKER:  # fill byte
        return 1
    return 2 if kind in _STANDALONE else 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
