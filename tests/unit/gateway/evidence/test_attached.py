"""Pictures made anew and voice notes told by their bytes."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageChops

from gateway.evidence.attached import MAX_SIDE_PX, AttachmentRefused, made_anew, voice_type

WEBM = b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm" + bytes(40)
OGG = b"OggS\x00\x02" + bytes(22) + b"OpusHead" + bytes(40)
MP4 = b"\x00\x00\x00\x1cftypiso5" + bytes(40) + b"hdlr\x00\x00\x00\x00\x00\x00\x00\x00soun"


def encoded(kind: str, size: tuple[int, int] = (40, 20), **options: object) -> bytes:
    """Return a picture whose left half is red."""
    picture = Image.new("RGB", size, (0, 0, 255))
    picture.paste((255, 0, 0), (0, 0, size[0] // 2, size[1]))
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """Return a PNG that says it is so large, with next to nothing in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1_000))) + chunk(b"IEND", b"")
    )


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        encoded("GIF"),
        encoded("TIFF"),
        encoded("JPEG")[:300],
        png_of(40, 40),
        png_of(8_000, 8_000),
        png_of(11_000, 11_000),
        png_of(60_000, 60_000),
        encoded("PNG")[:-30],
    ],
    ids=["empty", "text", "svg", "gif", "tiff", "cut", "short", "64 MP", "121 MP", "3600 MP", "cut png"],
)
def test_what_is_no_picture_of_ours_is_refused(data: bytes) -> None:
    """Other formats, damaged files, and small files that would fill the memory."""
    with pytest.raises(AttachmentRefused):
        made_anew(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_only_pixels_are_kept(kind: str) -> None:
    """Upright, small, and without place, time, device, comment or profile."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825)[1] = "N"
    options = {"comment": b"taken by Li"} if kind == "JPEG" else {}
    picture = made_anew(encoded(kind, (4_000, 2_000), exif=exif, icc_profile=b"profile", **options))
    assert (picture.width, picture.height) == (MAX_SIDE_PX // 2, MAX_SIDE_PX)
    for word in (b"PhoneMaker", b"Exif", b"taken by Li", b"profile"):
        assert word not in picture.jpeg
    with Image.open(io.BytesIO(picture.jpeg)) as kept:
        assert (kept.format, kept.size, dict(kept.getexif())) == ("JPEG", (800, 1_600), {})
        assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        shown = np.asarray(kept)
        assert shown[100, 400, 0] > 200, "the left half has become the upper one"
        assert shown[1_500, 400, 2] > 200


def test_the_same_picture_becomes_the_same_file() -> None:
    """And a small one is not made larger; transparency becomes something opaque."""
    glass = Image.new("RGBA", (30, 30), (10, 200, 30, 128))
    out = io.BytesIO()
    glass.save(out, "PNG")
    first, second = made_anew(out.getvalue()), made_anew(out.getvalue())
    assert first == second
    assert (first.width, first.height) == (30, 30)
    with Image.open(io.BytesIO(first.jpeg)) as one, Image.open(io.BytesIO(second.jpeg)) as two:
        assert ImageChops.difference(one, two).getbbox() is None


@pytest.mark.parametrize(("data", "kind"), [(WEBM, "audio/webm"), (OGG, "audio/ogg"), (MP4, "audio/mp4")])
def test_voice_is_told_by_its_bytes(data: bytes, kind: str) -> None:
    """Whatever the sender calls it."""
    assert voice_type(data) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF....WAVE",
        encoded("JPEG"),
        WEBM + b"V_VP9",
        MP4 + b"hdlr vide",
        OGG.replace(b"OpusHead", b"\x80theora "),
        b"<html>",
    ],
    ids=["empty", "wav", "jpeg", "webm with video", "mp4 with video", "ogg with video", "html"],
)
def test_everything_else_is_no_voice_note(data: bytes) -> None:
    """Pictures and pages, and files with a moving picture in them: that would be another camera."""
    with pytest.raises(AttachmentRefused):
        voice_type(data)
