"""PicoDet of PaddleDetection: stretched BGR, mean and deviation taken out; distances as distributions (DFL)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.base import Image
from detectors.family import Probe, RawBoxes, Tensor, best_class, cells, grid
from detectors.preprocess import Placement, Size, stretch, to_chw

_STRIDES = (8, 16, 32, 64)
_MEAN = np.array([103.53, 116.28, 123.675], np.float32)  # BGR, as in PaddleDetection's configuration
_DEVIATION = np.array([57.375, 57.12, 58.395], np.float32)
_SCALE_INPUT = "scale_factor"  # second input of exports with suppression inside


def _normalise(image: Image, size: Size) -> tuple[Tensor, Placement]:
    resized, placement = stretch(image, size)
    return to_chw((resized.astype(np.float32) - _MEAN) / _DEVIATION), placement


@dataclass(frozen=True, slots=True)
class PicodetFamily:
    """Reads four score and four distance answers, one of each per stride.

    Attributes:
        score_index: Position of the scores (b, cells, classes) of each stride among the outputs.
        distance_index: Position of the distances (b, cells, 4 * bins) of each stride.
    """

    size: Size
    classes: int
    score_index: tuple[int, ...]
    distance_index: tuple[int, ...]

    @property
    def name(self) -> str:
        """Constant."""
        return "picodet"

    def prepare(self, image: Image, size: Size) -> tuple[Tensor, Placement]:
        """Stretch and normalise."""
        return _normalise(image, size)

    def extra_inputs(self, count: int) -> Mapping[str, Tensor]:  # noqa: ARG002
        """None."""
        return {}

    def decode(self, outputs: Sequence[Tensor], index: int, min_confidence: float) -> RawBoxes:
        """Read one image's boxes of all strides."""
        levels = [
            self._level(outputs[s][index], outputs[d][index], stride, min_confidence)
            for stride, s, d in zip(_STRIDES, self.score_index, self.distance_index, strict=True)
        ]
        return RawBoxes(
            np.concatenate([x.xyxy for x in levels]),
            np.concatenate([x.confidence for x in levels]),
            np.concatenate([x.class_id for x in levels]),
        )

    def _level(self, scores: Tensor, distances: Tensor, stride: int, min_confidence: float) -> RawBoxes:
        rows, confidence, class_id = best_class(np.asarray(scores, np.float32), min_confidence)
        ltrb = _expected_bins(np.asarray(distances[rows], np.float32)) * stride
        centre = (grid(self.size, stride)[rows] + 0.5) * stride
        xyxy = np.concatenate([centre - ltrb[:, :2], centre + ltrb[:, 2:]], axis=1)
        return RawBoxes(xyxy.astype(np.float32), confidence, class_id)


def _expected_bins(distances: Tensor) -> Tensor:
    """Return the mean of each of the four distributions, in cells: (n, 4 * bins) -> (n, 4)."""
    bins = distances.shape[1] // 4
    logits = distances.reshape(-1, 4, bins)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    return np.asarray(weights @ np.arange(bins, dtype=np.float32), np.float32)


@dataclass(frozen=True, slots=True)
class PicodetFinalFamily:
    """Reads (n, 6) rows of class, confidence, corners from exports with suppression inside; one image at a time."""

    @property
    def name(self) -> str:
        """Constant."""
        return "picodet-nms-inside"

    @property
    def classes(self) -> int | None:
        """Not to be told from the answer."""
        return None

    def prepare(self, image: Image, size: Size) -> tuple[Tensor, Placement]:
        """Stretch and normalise."""
        return _normalise(image, size)

    def extra_inputs(self, count: int) -> Mapping[str, Tensor]:
        """A scale of 1, so that boxes come in pixels of the input like everybody else's."""
        return {_SCALE_INPUT: np.ones((count, 2), np.float32)}

    def decode(self, outputs: Sequence[Tensor], index: int, min_confidence: float) -> RawBoxes:  # noqa: ARG002
        """Read the boxes of the only image."""
        rows = next(x for x in outputs if x.ndim == 2 and x.shape[1] == 6)
        rows = np.asarray(rows[rows[:, 1] >= min_confidence], np.float32)
        return RawBoxes(rows[:, 2:], rows[:, 1], rows[:, 0].astype(np.int64), suppressed=True)


def recognise_picodet(probe: Probe) -> PicodetFamily | PicodetFinalFamily | None:
    """Return the family by its eight answers, or by its scale input; None otherwise."""
    if _SCALE_INPUT in probe.input_names:
        has_rows = any(x.ndim == 2 and x.shape[1] == 6 for x in probe.outputs)
        return PicodetFinalFamily() if has_rows else None
    if len(probe.outputs) != 2 * len(_STRIDES) or any(x.ndim != 3 for x in probe.outputs):
        return None
    return _by_rows(probe)


def _by_rows(probe: Probe) -> PicodetFamily | None:
    """Pair the answers by their number of rows; of each pair the scores stand first."""
    pairs = []
    for stride in _STRIDES:
        rows = cells(probe.size, (stride,))
        pairs.append([i for i, x in enumerate(probe.outputs) if x.shape[1] == rows])
    if any(len(pair) != 2 for pair in pairs):
        return None
    scores, distances = tuple(p[0] for p in pairs), tuple(p[1] for p in pairs)
    widths = {probe.outputs[i].shape[2] for i in distances}
    if len(widths) != 1 or widths.pop() % 4:
        return None
    return PicodetFamily(probe.size, probe.outputs[scores[0]].shape[2], scores, distances)
