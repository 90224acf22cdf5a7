"""Do two pictures show the same view? Compared by structure, so that light, exposure and encoding do not count."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from gateway.types import Luma

Structure = NDArray[np.float32]  # (h, w), mean 0

_SIZE_PX = (240, 135)  # both pictures are stretched to it: zones count in 0-1 of the picture
_FINE_PX = 1.2  # below lie noise and compression
_COARSE_PX = 8.0  # above lie light and exposure
_LIFT = 4.0  # grey levels; differences smaller than this are noise, not structure
_LEAST_STRUCTURE = 0.12  # mean weight of edges; below, a picture is too empty to be told from another
_SHIFT_PX = 4  # two encoders of one camera crop a line or two differently


def structure_of(luma: Luma) -> Structure | None:
    """Return what identifies a view, from luma of any size; None for one too dark, blurred or empty to tell."""
    small = cv2.resize(luma, _SIZE_PX, interpolation=cv2.INTER_AREA).astype(np.float32)
    fine = cv2.GaussianBlur(small, (0, 0), _FINE_PX)
    detail = fine - cv2.GaussianBlur(small, (0, 0), _COARSE_PX)
    spread = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), _COARSE_PX))
    edges = detail / (spread + _LIFT)
    if float(np.abs(edges).mean()) < _LEAST_STRUCTURE:
        return None
    return cast("Structure", edges - edges.mean())


def likeness(one: Structure, other: Structure) -> float:
    """Return the normalised correlation, -1 to 1, at the best of small shifts."""
    inner = other[_SHIFT_PX:-_SHIFT_PX, _SHIFT_PX:-_SHIFT_PX]
    return float(cv2.matchTemplate(one, inner, cv2.TM_CCOEFF_NORMED).max())
