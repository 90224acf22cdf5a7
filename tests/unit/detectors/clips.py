"""Reads the shared recordings for tests of detectors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from detectors.base import Detections, Image
from detectors.nms import iou

KEYFRAMES_EVERY_S = 2.0  # of all shared recordings
Truth = tuple[NDArray[np.int64], NDArray[np.float32]]  # class numbers (n,), boxes (n, 4) in pixels


def looks(clip: Path, every_s: float) -> Iterator[tuple[float, Image]]:
    """Yield (seconds, luma plane) at a cadence; from keyframes alone where they come often enough."""
    due_s = 0.0
    with av.open(str(clip)) as container:
        if every_s >= KEYFRAMES_EVERY_S:
            container.streams.video[0].codec_context.skip_frame = "NONKEY"
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time + 1e-6 >= due_s:
                due_s += every_s
                plane = frame.planes[0]
                rows = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
                yield frame.time, rows[:, : plane.width]


def picture_at(clip: Path, at_s: float) -> Image:
    """Return the first picture at or after a moment, BGR."""
    with av.open(str(clip)) as container:
        for frame in container.decode(video=0):
            if frame.time is not None and frame.time >= at_s:
                return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    raise ValueError(at_s)


def labelled(folder: Path) -> list[tuple[Image, Truth]]:
    """Return the images of a YOLO-style folder with their labels."""
    found: list[tuple[Image, Truth]] = []
    for file in sorted((folder / "images").glob("*.jpg")):
        image = np.asarray(cv2.imread(str(file)), np.uint8)
        rows = np.loadtxt(folder / "labels" / f"{file.stem}.txt", ndmin=2)
        half = rows[:, 3:5] / 2
        scale = np.array([image.shape[1], image.shape[0]] * 2)
        boxes = np.concatenate([rows[:, 1:3] - half, rows[:, 1:3] + half], axis=1) * scale
        found.append((image, (rows[:, 0].astype(np.int64), boxes.astype(np.float32))))
    return found


def map50(found: list[Detections], truth: list[Truth]) -> float:
    """Return mean average precision at 0.5 overlap over the classes present, 101-point as COCO has it."""
    classes = sorted({int(c) for class_id, _ in truth for c in class_id})
    return float(np.mean([_average_precision(found, truth, c) for c in classes]))


def _average_precision(found: list[Detections], truth: list[Truth], label: int) -> float:
    wanted = sum(int((class_id == label).sum()) for class_id, _ in truth)
    rows = [row for d, t in zip(found, truth, strict=True) for row in _matches(d, t, label)]
    hits = np.cumsum([hit for _, hit in sorted(rows, key=lambda row: -row[0])])
    if not len(hits):
        return 0.0
    precision = hits / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    recall = hits / wanted
    points = [precision[recall >= r].max() if (recall >= r).any() else 0.0 for r in np.linspace(0, 1, 101)]
    return float(np.mean(points))


def _matches(found: Detections, truth: Truth, label: int) -> list[tuple[float, bool]]:
    boxes = truth[1][truth[0] == label]
    free = np.ones(len(boxes), bool)
    rows = []
    for i in np.argsort(-found.confidence):
        if found.class_id[i] != label:
            continue
        overlaps = iou(found.xyxy[i], boxes) * free
        hit = bool(len(boxes)) and bool(overlaps.max() >= 0.5)
        if hit:
            free[overlaps.argmax()] = False
        rows.append((float(found.confidence[i]), hit))
    return rows
