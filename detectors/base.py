"""What every detector promises, and the one shape in which it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]


class InferenceError(Exception):
    """The backend failed on a batch; the batch is lost, the detector stays usable."""


class ModelLoadError(Exception):
    """A model file is missing, unreadable or of a kind that cannot be used; exit code 3."""


@dataclass(frozen=True, slots=True)
class Detections:
    """Objects found in one image.

    Attributes:
        xyxy: float32, shape (n, 4): left, top, right, bottom in pixels of the input image, clipped to it.
        confidence: float32, shape (n,), 0-1.
        class_id: int64, shape (n,), an index into the detector's `labels`.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int64]

    def __post_init__(self) -> None:
        n = len(self.confidence)
        if self.xyxy.shape != (n, 4) or self.confidence.shape != (n,) or self.class_id.shape != (n,):
            msg = f"shapes differ: {self.xyxy.shape}, {self.confidence.shape}, {self.class_id.shape}"
            raise ValueError(msg)

    def __len__(self) -> int:
        return len(self.confidence)

    @classmethod
    def empty(cls) -> Detections:
        """No object at all."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros(0, np.int64))


@runtime_checkable
class Detector(Protocol):
    """Pixels in, detections out.

    A detector knows no camera, no database and no clock. One with `per_camera = True` learns from what it is shown:
    make one per camera and show it that camera's images in order of time.
    """

    name: str
    labels: tuple[str, ...]  # class_id -> label as the model names it ("person", "car", ...)
    per_camera: bool
    wants_luma: bool  # True: images are uint8 (h, w) luma planes; False: uint8 BGR (h, w, 3)

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Find objects in a batch of images; blocks for one forward pass.

        Args:
            images: uint8, of the kind `wants_luma` says; sizes may differ.

        Returns:
            One `Detections` per image, in order.

        Raises:
            InferenceError: The backend failed; the batch is lost.
        """
