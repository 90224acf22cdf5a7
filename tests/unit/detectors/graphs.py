"""Tiny ONNX files that answer like the networks of each family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Tensor = NDArray[np.float32]
OPSET = 17
IR_VERSION = 9
SIDE = 64  # px of the square input


def cells(*strides: int) -> int:
    """Return the number of grid cells of a 64 px input."""
    return sum((SIDE // s) ** 2 for s in strides)


def save(
    path: Path,
    answers: Sequence[Tensor],
    *,
    batch: int | str = 1,
    metadata: Mapping[str, str] | None = None,
    scale_input: bool = False,
    side: int | str = SIDE,
    brightness: Sequence[Tensor] | None = None,
) -> Path:
    """Write a graph that answers with constants (1, ...), plus `brightness` times the mean of its input."""
    image = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, 3, side, side])
    inputs = [image]
    if scale_input:
        inputs.append(helper.make_tensor_value_info("scale_factor", TensorProto.FLOAT, [batch, 2]))
    nodes = [helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=0)]
    initializers = []
    outputs = []
    for i, answer in enumerate(answers):
        gain = np.zeros_like(answer) if brightness is None else brightness[i]
        flat = [-1] + [1] * (answer.ndim - 1)
        for name, value in (("answer", answer), ("gain", gain)):
            initializers.append(numpy_helper.from_array(value.astype(np.float32), f"{name}{i}"))
        initializers.append(numpy_helper.from_array(np.array(flat, np.int64), f"shape{i}"))
        nodes += [
            helper.make_node("Reshape", ["mean", f"shape{i}"], [f"level{i}"]),
            helper.make_node("Mul", [f"level{i}", f"gain{i}"], [f"extra{i}"]),
            helper.make_node("Add", [f"extra{i}", f"answer{i}"], [f"out{i}"]),
        ]
        outputs.append(helper.make_tensor_value_info(f"out{i}", TensorProto.FLOAT, [None] * answer.ndim))
    graph = helper.make_graph(nodes, "tiny", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(model, dict(metadata or {}))
    onnx.save(model, str(path))
    return path


def names(*labels: str) -> dict[str, str]:
    """Return metadata as Ultralytics writes it."""
    return {"names": str(dict(enumerate(labels)))}


def yolov8_answer(boxes: Sequence[tuple[float, float, float, float, int, float]], classes: int) -> Tensor:
    """Return (1, 4 + classes, cells) with centre, size boxes of (cx, cy, w, h, class, confidence)."""
    answer = np.zeros((1, 4 + classes, cells(8, 16, 32)), np.float32)
    for column, (cx, cy, w, h, class_id, confidence) in enumerate(boxes):
        answer[0, :4, column] = (cx, cy, w, h)
        answer[0, 4 + class_id, column] = confidence
    return answer


def yolov5_answer(boxes: Sequence[tuple[float, float, float, float, int, float]], classes: int) -> Tensor:
    """Return (1, 3 * cells, 5 + classes); objectness 0.9."""
    answer = np.zeros((1, 3 * cells(8, 16, 32), 5 + classes), np.float32)
    for row, (cx, cy, w, h, class_id, confidence) in enumerate(boxes):
        answer[0, row, :5] = (cx, cy, w, h, 0.9)
        answer[0, row, 5 + class_id] = confidence / 0.9
    return answer


def final_answer(boxes: Sequence[tuple[float, float, float, float, int, float]]) -> Tensor:
    """Return (1, 30, 6): corners, confidence, class."""
    answer = np.zeros((1, 30, 6), np.float32)
    for row, (cx, cy, w, h, class_id, confidence) in enumerate(boxes):
        answer[0, row] = (cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, confidence, class_id)
    return answer


def yolox_answer(
    boxes: Sequence[tuple[float, float, float, float, int, float]], classes: int, *, decoded: bool = False
) -> Tensor:
    """Return (1, cells, 5 + classes), relative to cells of stride 8 unless decoded; objectness 1."""
    answer = np.zeros((1, cells(8, 16, 32), 5 + classes), np.float32)
    for cx, cy, w, h, class_id, confidence in boxes:
        column, line = int(cx // 8), int(cy // 8)
        row = line * (SIDE // 8) + column
        centre = (cx, cy) if decoded else (cx / 8 - column, cy / 8 - line)
        size = (w, h) if decoded else (np.log(w / 8), np.log(h / 8))
        answer[0, row, :5] = (*centre, *size, 1)
        answer[0, row, 5 + class_id] = confidence
    return answer


def picodet_answers(
    boxes: Sequence[tuple[float, float, float, float, int, float]], classes: int, bins: int = 8
) -> list[Tensor]:
    """Return four score and four distance answers; boxes lie on cell centres of stride 8, sides multiples of 16."""
    strides = (8, 16, 32, 64)
    scores = [np.zeros((1, cells(s), classes), np.float32) for s in strides]
    distances = [np.zeros((1, cells(s), 4 * bins), np.float32) for s in strides]
    for cx, cy, w, h, class_id, confidence in boxes:
        row = int(cy // 8) * (SIDE // 8) + int(cx // 8)
        scores[0][0, row, class_id] = confidence
        for side, distance in enumerate((w / 2, h / 2, w / 2, h / 2)):
            distances[0][0, row, side * bins + int(distance // 8)] = 50.0
    return [*scores, *distances]
