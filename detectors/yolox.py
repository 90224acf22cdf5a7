"""YOLOX: BGR 0-255, letterboxed to the top left; the answer is relative to a grid unless decoded in the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from detectors.base import Image
from detectors.family import Probe, RawBoxes, Tensor, best_class, cells, corners, grid
from detectors.preprocess import Placement, Size, letterbox, to_chw

_STRIDES = (8, 16, 32)
_MAX_LOG_SIZE = 10.0  # e^10 cells is wider than any picture; guards against overflow on broken weights


@dataclass(frozen=True, slots=True)
class YoloxFamily:
    """Reads (b, cells, 5 + classes): centre, size, objectness, classes.

    Attributes:
        decoded: The graph gives pixels already (exported with `--decode_in_inference`).
    """

    size: Size
    classes: int
    decoded: bool

    @property
    def name(self) -> str:
        """Constant."""
        return "yolox"

    def prepare(self, image: Image, size: Size) -> tuple[Tensor, Placement]:
        """Letterbox to the top left; values stay 0-255 BGR."""
        canvas, placement = letterbox(image, size, centred=False)
        return to_chw(canvas), placement

    def extra_inputs(self, count: int) -> Mapping[str, Tensor]:  # noqa: ARG002
        """None."""
        return {}

    def decode(self, outputs: Sequence[Tensor], index: int, min_confidence: float) -> RawBoxes:
        """Read one image's boxes; only cells that are sure enough are decoded."""
        answer = np.asarray(outputs[0][index], np.float32)
        rows, confidence, class_id = best_class(answer[:, 5:] * answer[:, 4:5], min_confidence)
        centre, wh = answer[rows, :2], answer[rows, 2:4]
        if not self.decoded:
            origin, stride = _cell_origins(self.size)
            centre = (centre + origin[rows]) * stride[rows]
            wh = np.exp(np.minimum(wh, _MAX_LOG_SIZE)) * stride[rows]
        return RawBoxes(corners(centre, wh), confidence, class_id)


def _cell_origins(size: Size) -> tuple[Tensor, Tensor]:
    grids = [grid(size, s) for s in _STRIDES]
    strides = [np.full((len(g), 1), s, np.float32) for g, s in zip(grids, _STRIDES, strict=True)]
    return np.concatenate(grids), np.concatenate(strides)


def recognise_yolox(probe: Probe) -> YoloxFamily | None:
    """Return the family when the answer has one row per grid cell, None otherwise."""
    if len(probe.outputs) != 1 or probe.outputs[0].ndim != 3:
        return None
    answer = probe.outputs[0]
    if answer.shape[1] != cells(probe.size, _STRIDES) or answer.shape[2] <= 5:
        return None
    # Relative answers stay within a cell or two; centres in pixels reach across the picture.
    decoded = bool(answer[..., :2].max() > min(probe.size.height, probe.size.width) / 2)
    return YoloxFamily(probe.size, answer.shape[2] - 5, decoded)
