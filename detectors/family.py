"""What a family of networks must know: how to prepare an image and how to read the answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from detectors.base import Image
from detectors.preprocess import Placement, Size

Tensor = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class RawBoxes:
    """What a network says before suppression: boxes in pixels of its input.

    Attributes:
        xyxy: Shape (n, 4).
        confidence: Shape (n,), 0-1.
        class_id: Shape (n,).
        suppressed: The graph has removed overlapping boxes itself.
    """

    xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]
    class_id: NDArray[np.int64]
    suppressed: bool = False


class Family(Protocol):
    """One way of preparing images and reading answers."""

    @property
    def name(self) -> str:
        """For cards and error texts: "yolov8", "yolox" ..."""

    @property
    def classes(self) -> int | None:
        """How many classes the answer has room for; None when its shape does not tell."""

    def prepare(self, image: Image, size: Size) -> tuple[Tensor, Placement]:
        """Return a BGR image as float32 (3, h, w) in the range the network was trained on."""

    def extra_inputs(self, count: int) -> Mapping[str, Tensor]:
        """Return further inputs by name for a batch of `count` images."""

    def decode(self, outputs: Sequence[Tensor], index: int, min_confidence: float) -> RawBoxes:
        """Read the boxes of image `index` of the batch that are at least that sure."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What is known of a graph after one run on a grey image.

    Attributes:
        size: Pixels of the image input.
        input_names: All inputs, the image first.
        outputs: The answers of that run, in the graph's order.
        metadata: What the exporter wrote into the file.
    """

    size: Size
    input_names: tuple[str, ...]
    outputs: tuple[Tensor, ...]
    metadata: Mapping[str, str]


def cells(size: Size, strides: Sequence[int]) -> int:
    """Return how many grid cells all levels have together."""
    return sum(-(-size.height // s) * -(-size.width // s) for s in strides)


def grid(size: Size, stride: int) -> Tensor:
    """Return the x, y indices of one level's cells, row by row, shape (n, 2)."""
    rows, columns = -(-size.height // stride), -(-size.width // stride)
    ys, xs = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    return np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float32)


def best_class(scores: Tensor, min_confidence: float) -> tuple[NDArray[np.intp], Tensor, NDArray[np.int64]]:
    """Return rows of (n, classes) whose surest class is sure enough, with that confidence and class."""
    class_id = scores.argmax(axis=1)
    confidence = np.take_along_axis(scores, class_id[:, None], axis=1)[:, 0]
    rows = np.flatnonzero(confidence >= min_confidence)
    return rows, confidence[rows].astype(np.float32), class_id[rows].astype(np.int64)


def corners(centre_xy: Tensor, wh: Tensor) -> Tensor:
    """Return centre and size boxes as left, top, right, bottom, shape (n, 4)."""
    return np.concatenate([centre_xy - wh / 2, centre_xy + wh / 2], axis=1).astype(np.float32)
