"""Codes that are printed can be read again: turned, small, dirty, photographed badly; and nothing else can."""

from __future__ import annotations

import io
import re

import cv2
import numpy as np
import pytest
from PIL import Image

from gateway.evidence.qr import QUIET_SQUARES, CodeRefused, code_in, squares_of, svg_of

CODE = "0k3m9abcdxyz"


def photo(turned_deg: float = 0.0, square_px: int = 8, form: str = "JPEG") -> bytes:
    """Return a picture of a printed code on a grey wall."""
    squares = np.pad(~squares_of(CODE), QUIET_SQUARES, constant_values=True)
    sign = np.kron(squares, np.ones((square_px, square_px))).astype(np.uint8) * 210 + 20
    wall = np.full((600, 800), 120, np.uint8)
    wall[100 : 100 + sign.shape[0], 200 : 200 + sign.shape[1]] = sign
    turn = cv2.getRotationMatrix2D((320, 220), turned_deg, 1.0)
    seen = cv2.GaussianBlur(cv2.warpAffine(wall, turn, (800, 600), borderValue=(120,)), (3, 3), 0)
    made = io.BytesIO()
    Image.fromarray(np.asarray(seen, np.uint8)).save(made, form, quality=60)
    return made.getvalue()


@pytest.mark.parametrize("turned_deg", [0, 15, 45, 170])
@pytest.mark.parametrize("square_px", [5, 11])
def test_sign_is_read_as_it_is_held(turned_deg: float, square_px: int) -> None:
    """Capitals come out; the gateway tells no case."""
    assert code_in(photo(turned_deg, square_px)) == CODE.upper()


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_formats_of_browsers_are_read(form: str) -> None:
    """Whatever a canvas gives."""
    assert code_in(photo(form=form)) == CODE.upper()


def test_picture_without_a_code_has_none() -> None:
    """Noise is no code."""
    made = io.BytesIO()
    Image.fromarray(np.random.default_rng(3).integers(0, 255, (240, 320), np.uint8)).save(made, "PNG")
    assert code_in(made.getvalue()) is None


@pytest.mark.parametrize("data", [b"", b"<svg/>", photo()[:400], b"GIF89a" + bytes(50)])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """Damaged, of another kind, or empty."""
    with pytest.raises(CodeRefused):
        code_in(data)


def test_huge_picture_is_refused_before_it_is_opened() -> None:
    """A small file may hold many pixels."""
    made = io.BytesIO()
    Image.new("1", (9000, 9000)).save(made, "PNG")
    with pytest.raises(CodeRefused):
        code_in(made.getvalue())


def test_svg_draws_the_same_squares() -> None:
    """Square by square, with four squares of white around; the smallest size of code."""
    squares, svg = squares_of(CODE), svg_of(CODE)
    assert squares.shape == (21, 21)
    drawn = np.zeros_like(squares)
    for x, y, length in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", svg):
        left = int(x) - QUIET_SQUARES
        drawn[int(y) - QUIET_SQUARES, left : left + int(length)] = True
    assert (drawn == squares).all()
    assert 'viewBox="0 0 29 29"' in svg
