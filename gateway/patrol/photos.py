"""Pictures from outside (phones, browsers), made safe: bounded, decoded, encoded anew without what was written in."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from gateway.errors import GridPatrolError
from gateway.types import Bgr

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_SIDE_PX = 1600
# Phones take up to 64 million pixels; JPEG is decoded at a fraction of that, the others whole.
MAX_JPEG_PIXELS = 64_000_000
MAX_PIXELS = 24_000_000
QUALITY = 85
_BLACK = (0, 0, 0)
# All that decoders of damaged files are known to raise.
_DAMAGE = (OSError, SyntaxError, ValueError, KeyError, IndexError, TypeError, OverflowError, EOFError, struct.error)
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)


class PictureRefused(GridPatrolError):
    """Not a picture that can be taken: another format, damaged, or too large to be opened safely."""


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A picture of ours.

    Attributes:
        jpeg: Without EXIF, comments, thumbnails and colour profiles.
        bgr: The same pixels, uint8, shape (height, width, 3).
    """

    jpeg: bytes
    width: int  # px
    height: int  # px
    bgr: Bgr


def clean_picture(
    data: bytes, *, max_side_px: int = MAX_SIDE_PX, masks: Iterable[Sequence[tuple[float, float]]] = ()
) -> CleanPicture:
    """Decode a picture, turn it upright, shrink it and encode it anew; blocks for tens of milliseconds.

    Args:
        data: JPEG, PNG or WebP.
        max_side_px: The longer side is at most so long afterwards.
        masks: Polygons in 0-1 that are filled with black before anything else sees the picture.

    Raises:
        PictureRefused: It is none, or too large.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            picture = _decoded(opened, max_side_px)
    except (*_DAMAGE, *_BOMB) as exc:
        raise PictureRefused(f"{type(exc).__name__}") from exc
    _blacken(picture, masks)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=QUALITY)
    bgr = np.ascontiguousarray(np.asarray(picture, np.uint8)[:, :, ::-1])
    return CleanPicture(out.getvalue(), picture.width, picture.height, bgr)


def _decoded(opened: Image.Image, max_side_px: int) -> Image.Image:
    most = MAX_JPEG_PIXELS if opened.format == "JPEG" else MAX_PIXELS
    if opened.width * opened.height > most or min(opened.size) < 1:
        raise PictureRefused(f"{opened.width} x {opened.height} px")
    opened.draft("RGB", (max_side_px, max_side_px))  # JPEG only: decodes a half, a quarter or an eighth of the size
    upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    # A new picture holds pixels only; `info` of the old one may hold EXIF and comments.
    return Image.frombytes("RGB", upright.size, upright.tobytes())


def _blacken(picture: Image.Image, masks: Iterable[Sequence[tuple[float, float]]]) -> None:
    draw = ImageDraw.Draw(picture)
    for mask in masks:
        draw.polygon([(x * picture.width, y * picture.height) for x, y in mask], fill=_BLACK)
