"""YOLOv5 to v26 as Ultralytics and its kin export them: RGB 0-1, letterboxed in the middle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from detectors.base import Image
from detectors.family import Probe, RawBoxes, Tensor, best_class, cells, corners
from detectors.preprocess import Placement, Size, letterbox, to_chw

_LEVELS = ((8, 16, 32), (8, 16, 32, 64))  # strides of the usual and of the P6 models
_ANCHORS_PER_CELL = 3  # of YOLOv5 and v7
_MAX_FINAL_ROWS = 1_000  # a graph that suppresses by itself answers with 100-300 rows


class Layout(StrEnum):
    """How the single answer is laid out."""

    V5 = "yolov5"  # (b, 3 * cells, 5 + classes): centre, size, objectness, classes
    V8 = "yolov8"  # (b, 4 + classes, cells): centre, size, classes; columns are boxes
    FINAL = "yolo-nms-inside"  # (b, n, 6): corners, confidence, class; v10, v26 and exports with nms=True


@dataclass(frozen=True, slots=True)
class YoloFamily:
    """Reads the three layouts of the YOLO line."""

    layout: Layout
    classes: int | None

    @property
    def name(self) -> str:
        """The layout's name."""
        return self.layout.value

    def prepare(self, image: Image, size: Size) -> tuple[Tensor, Placement]:
        """Letterbox in the middle; RGB 0-1."""
        canvas, placement = letterbox(image, size, centred=True)
        return to_chw(cv2.cvtColor(canvas, cv2.COLOR_BGR2RGB).astype(np.float32) / 255.0), placement

    def extra_inputs(self, count: int) -> Mapping[str, Tensor]:  # noqa: ARG002
        """None."""
        return {}

    def decode(self, outputs: Sequence[Tensor], index: int, min_confidence: float) -> RawBoxes:
        """Read one image's boxes."""
        answer = np.asarray(outputs[0][index], np.float32)
        if self.layout is Layout.FINAL:
            return _final(answer, min_confidence)
        if self.layout is Layout.V8:
            answer = answer.T
            scores = answer[:, 4:]
        else:
            scores = answer[:, 5:] * answer[:, 4:5]
        rows, confidence, class_id = best_class(scores, min_confidence)
        return RawBoxes(corners(answer[rows, :2], answer[rows, 2:4]), confidence, class_id)


def _final(answer: Tensor, min_confidence: float) -> RawBoxes:
    answer = answer[answer[:, 4] >= min_confidence]
    return RawBoxes(answer[:, :4], answer[:, 4], answer[:, 5].astype(np.int64), suppressed=True)


def recognise_yolo(probe: Probe) -> YoloFamily | None:
    """Return the layout of a single-answer YOLO graph, None when it is something else."""
    if len(probe.outputs) != 1 or probe.outputs[0].ndim != 3:
        return None
    _, rows, columns = probe.outputs[0].shape
    counts = {cells(probe.size, strides) for strides in _LEVELS}
    if columns in counts and rows > 4:
        return YoloFamily(Layout.V8, rows - 4)
    if rows in {n * _ANCHORS_PER_CELL for n in counts} and columns > 5:
        return YoloFamily(Layout.V5, columns - 5)
    if columns == 6 and rows <= _MAX_FINAL_ROWS and rows not in counts:
        return YoloFamily(Layout.FINAL, None)
    return None
