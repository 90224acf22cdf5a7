"""Faults of a camera, put into pictures: three strengths of each, from what may pass to what anybody sees."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.analysis.health import fault_types as fault
from gateway.types import Bgr

STRENGTHS = ("weak", "moderate", "strong")
CODING = 0.4  # grey levels by which a still picture differs from itself after coding
RNG_SEED = 7
_MARGIN = 0.1  # of the picture, on each side, that a camera to be knocked does not show at first

Inject = Callable[[Bgr, int, int], Bgr]  # picture, strength 0-2, number of the look


def held(picture: Bgr, strength: int, look: int) -> Bgr:
    """Return a frozen picture as it comes again: coded anew (weak: coarsely), or the very same."""
    deviation = (CODING, CODING / 4, 0.0)[strength]
    if not deviation:
        return picture
    return _clipped(np.round(picture + _grain(picture.shape[:2], deviation, look)[:, :, None]))


def _blur(picture: Bgr, strength: int, look: int) -> Bgr:
    """Out of focus; what coding leaves of the sensor's noise is as sharp as ever."""
    sigma_px = (0.003, 0.007, 0.015)[strength] * picture.shape[1]
    soft = cv2.GaussianBlur(picture, (0, 0), sigma_px).astype(np.float32)
    return _clipped(np.round(soft + _grain(picture.shape[:2], CODING, look)[:, :, None]))


def _cover(picture: Bgr, strength: int, look: int) -> Bgr:
    """A cloth hangs over the lens from one side: grey-brown, of coarse weave, with the sensor's noise on it."""
    height, width = picture.shape[:2]
    weave = np.random.default_rng(RNG_SEED).normal(0, 9, (height // 12 + 1, width // 12 + 1)).astype(np.float32)
    cloth = cv2.resize(weave, (width, height), interpolation=cv2.INTER_LINEAR) + _grain(picture.shape[:2], 1.5, look)
    covered = picture.copy()
    until = round(width * (0.4, 0.75, 1.0)[strength])
    tint = np.array([62, 70, 82], np.float32)
    covered[:, :until] = np.clip(tint + cloth[:, :until, None], 0, 255)
    return covered


def _shift(picture: Bgr, strength: int, _: int) -> Bgr:
    """The camera was knocked: the middle of the picture is shown, from another place."""
    height, width = picture.shape[:2]
    move = (0.02, 0.06, 0.18)[strength]
    inner_w, inner_h = round(width * 0.8), round(height * 0.8)
    left, top = round(width * (0.1 + move / 2)), round(height * (0.1 - move / 2))
    return _window(picture, left, top, inner_w, inner_h)


def _window(picture: Bgr, left: int, top: int, width: int, height: int) -> Bgr:
    left, top = min(left, picture.shape[1] - width), max(top, 0)
    window = picture[top : top + height, left : left + width]
    return np.asarray(cv2.resize(window, (picture.shape[1], picture.shape[0])), np.uint8)


def settled(picture: Bgr) -> Bgr:
    """What a camera shows before it is knocked: shifting needs a margin."""
    height, width = picture.shape[:2]
    return _window(picture, round(width * 0.1), round(height * 0.1), round(width * 0.8), round(height * 0.8))


def _black(picture: Bgr, strength: int, look: int) -> Bgr:
    noise, level = ((4.0, 24), (2.0, 16), (0.0, 0))[strength]
    return _clipped(level + _grain(picture.shape[:2], noise, look)[:, :, None] + np.zeros(3, np.float32))


def _bright(picture: Bgr, strength: int, _: int) -> Bgr:
    """Gain and glare until so much of the picture is white."""
    share = (0.5, 0.8, 0.97)[strength]
    level = float(np.quantile(picture.min(axis=2), 1 - share))
    return _clipped(picture.astype(np.float32) * 1.3 + (255 - level * 1.3))


def _snow(picture: Bgr, strength: int, look: int) -> Bgr:
    noise = _grain(picture.shape[:2], (12.0, 28.0, 60.0)[strength], look)
    return _clipped(picture + noise[:, :, None])


def _stripes(picture: Bgr, strength: int, look: int) -> Bgr:
    height = picture.shape[0]
    rows = np.arange(height, dtype=np.float32) / height
    wave = np.sign(np.sin(2 * np.pi * (22 * rows + 0.13 * look)))
    return _clipped(picture + (5.0, 14.0, 40.0)[strength] * wave[:, None, None])


def _cast(picture: Bgr, strength: int, _: int) -> Bgr:
    lean = (8.0, 20.0, 45.0)[strength]
    return _clipped(picture.astype(np.float32) + np.array([-lean, -lean / 3, lean], np.float32))


def _grain(shape: tuple[int, ...], deviation: float, look: int) -> NDArray[np.float32]:
    """Noise of one look; a corner of a larger field, so that it costs little."""
    field = _FIELD[: shape[0] + 64, : shape[1] + 64]
    top, left = (look * 17) % 64, (look * 29) % 64
    return np.asarray(field[top : top + shape[0], left : left + shape[1]] * deviation, np.float32)


_FIELD = np.random.default_rng(RNG_SEED).normal(0, 1, (1144, 1984)).astype(np.float32)


def _clipped(picture: NDArray[np.float32]) -> Bgr:
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


INJECTORS: Mapping[str, Inject] = {
    fault.BLURRED: _blur,
    fault.COVERED: _cover,
    fault.MOVED: _shift,
    fault.BLACK: _black,
    fault.TOO_BRIGHT: _bright,
    fault.NOISE: _snow,
    fault.STREAK: _stripes,
    fault.COLOUR_CAST: _cast,
}
