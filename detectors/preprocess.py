"""From an image of any size to the size that is worked on, and a network's boxes back."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.base import Image

PAD_GREY = 114  # the grey that both YOLO lines were trained with around letterboxed pictures


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels of a network's input."""

    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an image lies on the network's input: image pixel * scale + offset = input pixel."""

    scale_x: float
    scale_y: float
    left: float  # px of the input
    top: float  # px of the input
    width: int  # px of the image
    height: int  # px of the image

    def to_image(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return boxes (n, 4) in input pixels as float32 image pixels, clipped to the image."""
        offset = np.array([self.left, self.top] * 2, np.float32)
        scale = np.array([self.scale_x, self.scale_y] * 2, np.float32)
        edge = np.array([self.width, self.height] * 2, np.float32)
        return np.asarray(np.clip((xyxy - offset) / scale, 0, edge), np.float32)


def letterbox(image: Image, size: Size, *, centred: bool) -> tuple[Image, Placement]:
    """Shrink or grow an image to fit and fill the rest with grey 114.

    Args:
        image: uint8, shape (h, w, 3).
        size: The network's input.
        centred: Equal margins (Ultralytics); otherwise the image stands in the top left corner (YOLOX).
    """
    height, width = image.shape[:2]
    scale = min(size.height / height, size.width / width)
    inner_w, inner_h = max(1, round(width * scale)), max(1, round(height * scale))
    # Ultralytics rounds the half margin so that an odd rest falls to the right and below.
    left = round((size.width - inner_w) / 2 - 0.1) if centred else 0
    top = round((size.height - inner_h) / 2 - 0.1) if centred else 0
    canvas = np.full((size.height, size.width, 3), PAD_GREY, np.uint8)
    canvas[top : top + inner_h, left : left + inner_w] = cv2.resize(image, (inner_w, inner_h))
    return canvas, Placement(scale, scale, left, top, width, height)


def stretch(image: Image, size: Size) -> tuple[Image, Placement]:
    """Resize an image to the network's input without keeping its proportions (PicoDet)."""
    height, width = image.shape[:2]
    resized = np.asarray(cv2.resize(image, (size.width, size.height)), np.uint8)
    return resized, Placement(size.width / width, size.height / height, 0, 0, width, height)


def to_chw(image: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (h, w, 3) as contiguous float32 (3, h, w), values unchanged."""
    return np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32)


def shrink(luma: Image, width_px: int) -> Image:
    """Return a luma plane (h, w) at no more than that width, proportions kept, by averaging."""
    height, width = luma.shape
    if width <= width_px:
        return luma
    size = (width_px, max(1, round(height * width_px / width)))
    if width >= 4 * width_px:
        # Averaging all of a large picture would cost more than everything after it; 16 samples a pixel do.
        luma = np.asarray(cv2.resize(luma, (2 * size[0], 2 * size[1]), interpolation=cv2.INTER_LINEAR), np.uint8)
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_AREA), np.uint8)
