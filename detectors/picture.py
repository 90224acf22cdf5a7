"""Cheap readings of a picture as a whole, from its luma plane: enough to tell a dark street from a dead camera."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.base import Image
from detectors.preprocess import shrink

_WIDTH_PX = 240  # readings are taken on a thumbnail of at most this width
_SAMPLED_PX = 480  # and on every n-th pixel, not averaged, to find lettering
_OSD_BAND = 0.15  # of the height, above and below: cameras print time and name there even with a cap on

_LAMP = 96  # grey levels; dimmest street lamp worth the name
_LETTER = 160  # grey levels; lettering on a recorder's own pictures
_PLAIN_STEP = 2  # grey levels either side of the most frequent one

_LAMP_SHARE = 0.0005  # of the picture; one far street lamp is 16 px of the thumbnail
_BLACK_MEAN = 40.0  # grey levels; a capped sensor with its gain up full stays below
_BLACK_STRUCTURE = 2.0  # grey levels; noise of such a sensor, blurred; a dim scene without lamps keeps more
_BLUR_PX = (7, 7)  # of the thumbnail
_CARD_MODE = 64  # grey levels; the blue of "no video" is about 41
_CARD_PLAIN_SHARE = 0.85
_CARD_MEAN = 100.0  # grey levels; no card is brighter, even with a white rest


@dataclass(frozen=True, slots=True)
class PictureReading:
    """What a picture is like.

    Attributes:
        middle: The rows without the bands in which cameras print time and name.
        card: A plain dark picture with at most some lettering: a recorder's "no video".
    """

    middle: MiddleReading
    card: bool


@dataclass(frozen=True, slots=True)
class MiddleReading:
    """The rows between the printed bands.

    Attributes:
        mean_luma: Mean grey level, 0-255.
        structure: Standard deviation after blurring, which takes out the noise and leaves the scene.
        lamp_share: Share of pixels at or above 96.
    """

    mean_luma: float
    structure: float
    lamp_share: float


def read_picture(luma: Image, small: Image | None = None) -> PictureReading:
    """Read a luma plane, uint8 (h, w), of any size; well under a millisecond.

    Args:
        luma: The whole picture.
        small: The same at 240 px width, where the caller has it already.
    """
    small = shrink(luma, _WIDTH_PX) if small is None else small
    return PictureReading(middle=_read_middle(small), card=_is_dark(small) and _is_card(luma))


def is_black(reading: PictureReading) -> bool:
    """True for a cap on the lens, a black frame or a recorder's "no video"; False for any scene, however dark.

    A night street has lamps or, without any, at least differences; a dead picture has neither.
    """
    middle = reading.middle
    flat = middle.structure < _BLACK_STRUCTURE and middle.lamp_share < _LAMP_SHARE
    return reading.card or (middle.mean_luma < _BLACK_MEAN and flat)


def _read_middle(small: Image) -> MiddleReading:
    band = int(len(small) * _OSD_BAND)
    rows = small[band : len(small) - band]
    mean, structure = _moments(np.asarray(cv2.blur(rows, _BLUR_PX), np.uint8))
    return MiddleReading(mean, structure, float(np.count_nonzero(rows >= _LAMP) / rows.size))


def _is_dark(small: Image) -> bool:
    return float(cv2.mean(small)[0]) < _CARD_MEAN


def _is_card(luma: Image) -> bool:
    """Lettering has hard edges; lamps have a glow, so there the levels between dark and bright outweigh the bright."""
    step = max(1, luma.shape[1] // _SAMPLED_PX)
    histogram = _histogram(np.ascontiguousarray(luma[::step, ::step]))
    mode = int(histogram.argmax())
    plain = float(histogram[max(0, mode - _PLAIN_STEP) : mode + _PLAIN_STEP + 1].sum())
    letters = float(histogram[_LETTER:].sum())
    return mode < _CARD_MODE and plain >= _CARD_PLAIN_SHARE and 1 - plain - letters <= letters


def _moments(image: Image) -> tuple[float, float]:
    mean, deviation = cv2.meanStdDev(image)
    return float(mean.item()), float(deviation.item())


def _histogram(image: Image) -> NDArray[np.float64]:
    return cv2.calcHist([image], [0], None, [256], [0, 256]).ravel().astype(np.float64) / image.size
