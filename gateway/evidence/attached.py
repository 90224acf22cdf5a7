"""What people attach: pictures made anew without anything but their pixels, voice notes told by their first bytes."""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageOps

from gateway.errors import EvidenceError

# The largest cameras of phones; beyond that a small file may be meant to fill the memory.
MAX_PIXELS = 50_000_000
MAX_SIDE_PX = 1_600
JPEG_QUALITY = 82
PICTURE_TYPES = ("image/jpeg", "image/png", "image/webp")
_FORMATS = ("JPEG", "PNG", "WEBP")
# Far enough into a file to meet the description of its tracks.
_HEAD_BYTES = 65_536
_VIDEO_MARKS = (b"V_VP8", b"V_VP9", b"V_AV1", b"V_MPEG", b"vide", b"theora")


class AttachmentRefused(EvidenceError):
    """What was sent is no picture or voice note of ours."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG of at most 1,600 px a side, upright, without EXIF, comments or colour profile."""

    jpeg: bytes
    width: int
    height: int


def made_anew(data: bytes) -> Picture:
    """Decode a picture and encode its pixels; takes up to a second and hundreds of megabytes: for a thread.

    Where the picture was taken, when and with what stays behind: it would tell of the person who took it.

    Raises:
        AttachmentRefused: Not JPEG, PNG or WebP, damaged, or with more pixels than any phone makes.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise AttachmentRefused("too many pixels")
            opened.draft("RGB", (2 * MAX_SIDE_PX, 2 * MAX_SIDE_PX))  # JPEG: decoded small
            return _encoded(ImageOps.exif_transpose(opened))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise AttachmentRefused("not a picture that can be read") from exc


def _encoded(opened: Image.Image) -> Picture:
    pixels = opened.convert("RGB")
    pixels.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    bare = Image.new("RGB", pixels.size)  # a copy: comments and profiles would be written along
    bare.paste(pixels)
    out = io.BytesIO()
    bare.save(out, "JPEG", quality=JPEG_QUALITY)
    return Picture(out.getvalue(), *bare.size)


def voice_type(data: bytes) -> str:
    """Return the content type of a voice note by its own first bytes, whatever the sender calls it.

    Raises:
        AttachmentRefused: Not WebM, Ogg or MP4, or with a moving picture in it.
    """
    head = data[:_HEAD_BYTES]
    if any(mark in head for mark in _VIDEO_MARKS):
        raise AttachmentRefused("not sound alone")
    if head.startswith(b"\x1aE\xdf\xa3") and b"webm" in head[:64]:
        return "audio/webm"
    if head.startswith(b"OggS") and any(mark in head[:256] for mark in (b"OpusHead", b"\x01vorbis", b"Speex")):
        return "audio/ogg"
    if head[4:8] == b"ftyp":
        return "audio/mp4"
    raise AttachmentRefused("not a voice note that is known here")
