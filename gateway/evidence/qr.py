"""Codes of points: drawn as QR to be printed, and read from pictures, of which nothing is kept."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from gateway.errors import EvidenceError

# White around the squares that readers need, in squares (ISO/IEC 18004).
QUIET_SQUARES = 4
SQUARE_PX = 8
MAX_PIXELS = 50_000_000
# Finer detail than a sign at arm's length shows only makes reading slower.
MAX_SIDE_PX = 1_280
MAX_TEXT_CHARS = 64
_FORMATS = ("JPEG", "PNG", "WEBP")
_DAMAGE = (OSError, SyntaxError, ValueError, KeyError, IndexError, TypeError, OverflowError, EOFError, struct.error)
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)

Squares = npt.NDArray[np.bool_]


class CodeRefused(EvidenceError):
    """Not a picture in which a code could be looked for."""


def squares_of(text: str) -> Squares:
    """Return the QR code of a text as squares, True being dark, without the white around; up to a quarter may wear off.

    Letters are written as capitals: that makes the squares larger, and our codes do not tell them apart.
    """
    params = cv2.QRCodeEncoder.Params()
    params.mode = cv2.QRCODE_ENCODER_MODE_ALPHANUMERIC
    params.correction_level = cv2.QRCODE_ENCODER_CORRECT_LEVEL_Q
    drawn = cv2.QRCodeEncoder.create(params).encode(text.upper()) == 0
    rows, columns = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    return np.ascontiguousarray(drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def svg_of(text: str) -> str:
    """Return the QR code of a text as an SVG picture, one unit per square, with white around it."""
    squares = squares_of(text)
    side = squares.shape[0] + 2 * QUIET_SQUARES
    path = "".join(f"M{x + QUIET_SQUARES} {y + QUIET_SQUARES}h{n}v1h-{n}z" for x, y, n in _runs(squares))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        f'width="{side * SQUARE_PX}" height="{side * SQUARE_PX}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}h-{side}z"/><path fill="#000" d="{path}"/></svg>'
    )


def _runs(squares: Squares) -> Iterator[tuple[int, int, int]]:
    """Yield (x, y, length) of dark squares side by side."""
    for y, row in enumerate(squares):
        edges = np.flatnonzero(np.diff(np.concatenate(([0], row.astype(np.int8), [0]))))
        yield from ((int(begin), y, int(end - begin)) for begin, end in zip(edges[::2], edges[1::2], strict=True))


def code_in(data: bytes) -> str | None:
    """Return the text of a QR code in a picture, None where none can be read; takes tens of milliseconds.

    Args:
        data: JPEG, PNG or WebP.

    Raises:
        CodeRefused: Not a picture, or one too large to be opened.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise CodeRefused("too many pixels")
            opened.draft("L", (MAX_SIDE_PX, MAX_SIDE_PX))
            upright = ImageOps.exif_transpose(opened).convert("L")
            upright.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
            grey = np.asarray(upright, np.uint8)
    except (*_DAMAGE, *_BOMB) as exc:
        raise CodeRefused("not a picture that can be read") from exc
    return _text_in(grey)


def _text_in(grey: npt.NDArray[np.uint8]) -> str | None:
    for detector in (cv2.QRCodeDetector(), cv2.QRCodeDetectorAruco()):
        try:
            text = str(detector.detectAndDecode(grey)[0]).strip()
        except cv2.error:  # corners so odd that its own geometry gives up
            continue
        if text:
            return text[:MAX_TEXT_CHARS]
    return None
