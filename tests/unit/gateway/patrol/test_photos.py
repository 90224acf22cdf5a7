"""Pictures from outside: refused when they could do harm, bare of everything but their pixels when they pass."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from gateway.patrol.photos import MAX_SIDE_PX, PictureRefused, clean_picture
from tests.unit.gateway.patrol.samples import an_image


def _bomb(side_px: int) -> bytes:
    """Return a PNG of a few bytes that says it is enormous."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def _with_exif(orientation: int = 1) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825)[2] = (36.0, 36.0, 0.0)  # GPS latitude
    return an_image(exif=exif, comment=b"taken by Li")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"\xff\xd8\xff",
        an_image()[:300],
        an_image(kind="GIF"),
        an_image(kind="BMP"),
        an_image(kind="TIFF"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        _bomb(100),
        _bomb(6_000),
        _bomb(12_000),
        _bomb(60_000),
    ],
    ids=["empty", "text", "start", "cut", "gif", "bmp", "tiff", "svg", "pdf", "hollow", "36 MP", "144 MP", "3600 MP"],
)
def test_what_is_no_safe_picture_is_refused(data: bytes) -> None:
    """Other formats, damage, and files that say they are larger than memory."""
    with pytest.raises(PictureRefused):
        clean_picture(data)


def test_nothing_is_left_but_pixels() -> None:
    """Maker, position and comment of the phone are gone."""
    before = _with_exif()
    assert b"PhoneMaker" in before
    assert b"taken by Li" in before
    clean = clean_picture(before)
    for word in (b"PhoneMaker", b"taken by", b"Exif", b"ICC_PROFILE"):
        assert word not in clean.jpeg
    with Image.open(io.BytesIO(clean.jpeg)) as opened:
        assert (opened.format, opened.size, dict(opened.getexif())) == ("JPEG", (64, 48), {})


def test_picture_is_turned_upright() -> None:
    """What the phone wrote down as "turn me" is done before it is forgotten: red is on top then."""
    clean = clean_picture(_with_exif(orientation=6))
    assert (clean.width, clean.height) == (48, 64)
    blue, _, red = clean.bgr[5, 24]
    assert red > 150 > blue


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_large_picture_is_shrunk(kind: str) -> None:
    """The longer side is 1600 px at most, proportions kept; small ones stay."""
    clean = clean_picture(an_image(3200, 800, kind))
    assert (clean.width, clean.height) == (MAX_SIDE_PX, 400)
    assert clean.bgr.shape == (400, 1600, 3)
    assert clean_picture(an_image(kind=kind)).width == 64


def test_transparent_and_grey_pictures_pass() -> None:
    """Whatever its colours, it comes out as plain JPEG."""
    for mode in ("RGBA", "L", "P", "LA", "I;16"):
        out = io.BytesIO()
        Image.new(mode, (10, 10)).save(out, "PNG")
        assert clean_picture(out.getvalue()).bgr.shape == (10, 10, 3)


def test_masks_are_black() -> None:
    """What lies under a privacy mask is gone from the picture that is kept and from the pixels that go on."""
    mask = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
    clean = clean_picture(an_image(640, 480), masks=[mask])
    assert np.all(clean.bgr[:, :310] == 0)
    with Image.open(io.BytesIO(clean.jpeg)) as opened:
        kept = np.asarray(opened)
    assert int(kept[:, :300].max()) < 16
    assert int(kept[:, 340:].min()) > 100
