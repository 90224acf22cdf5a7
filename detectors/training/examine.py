"""How good a fire and smoke detector is on labelled pictures: average precision, and right or wrong by picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.base import Detections, Detector
from detectors.training.labelled import LABELS, SMOKE, Boxes, Sample

_BATCH = 8  # pictures


@dataclass(frozen=True, slots=True)
class Score:
    """What came out for one class.

    Attributes:
        pictures: Looked at; pictures in which the class is not labelled are left out.
        shown: Of these, in how many it shows.
        ap50: Area under precision over recall, a box counting from an overlap of 0.5.
        ap30: The same from 0.3; the labels are rough, and a rule only needs the place.
        precision: Of the pictures in which it was seen at the threshold, the share in which it shows.
        recall: Of the pictures in which it shows, the share in which it was seen.
    """

    label: str
    pictures: int
    shown: int
    ap50: float
    ap30: float
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall by picture."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def examine(detector: Detector, samples: Sequence[Sample], threshold: float) -> list[Score]:
    """Return a score for each class; `threshold` is the confidence that counts as seen, by picture."""
    found: list[Detections] = []
    for start in range(0, len(samples), _BATCH):
        found += detector.detect([s.image for s in samples[start : start + _BATCH]])
    return [_score(kind, found, samples, threshold) for kind in range(len(LABELS))]


def _score(kind: int, found: Sequence[Detections], samples: Sequence[Sample], threshold: float) -> Score:
    pairs = [(f, s) for f, s in zip(found, samples, strict=True) if kind != SMOKE or s.smoke_known]
    shown = np.array([bool((s.boxes[:, 0] == kind).any()) for _, s in pairs], bool)
    surest = np.array([f.confidence[f.class_id == kind].max(initial=0.0) for f, _ in pairs])
    seen = surest >= threshold
    right = int((seen & shown).sum())
    return Score(
        LABELS[kind],
        len(pairs),
        int(shown.sum()),
        average_precision(pairs, kind, 0.5),
        average_precision(pairs, kind, 0.3),
        right / max(int(seen.sum()), 1),
        right / max(int(shown.sum()), 1),
    )


def average_precision(pairs: Sequence[tuple[Detections, Sample]], kind: int, least_overlap: float) -> float:
    """Return the area under the precision-recall curve (all points), each true box found at most once."""
    hits: list[tuple[float, bool]] = []
    total = 0
    for found, sample in pairs:
        truth = _pixels(sample, kind)
        total += len(truth)
        mine = found.class_id == kind
        hits += _match(found.xyxy[mine], found.confidence[mine], truth, least_overlap)
    if not total or not hits:
        return 0.0
    hits.sort(key=lambda h: -h[0])
    right = np.cumsum([h[1] for h in hits])
    precision = right / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    steps = np.diff(np.concatenate([[0], right])) / total
    return float((envelope * steps).sum())


def _pixels(sample: Sample, kind: int) -> Boxes:
    height, width = sample.image.shape[:2]
    rows = sample.boxes[sample.boxes[:, 0] == kind, 1:]
    return np.asarray(rows * np.array([width, height] * 2), np.float32)


def _match(
    boxes: NDArray[np.float32], confidence: NDArray[np.float32], truth: Boxes, least_overlap: float
) -> list[tuple[float, bool]]:
    free = np.ones(len(truth), bool)
    hits = []
    for i in np.argsort(-confidence, kind="stable"):
        overlap = _overlap(boxes[i], truth) * free
        best = int(overlap.argmax()) if len(truth) else -1
        right = best >= 0 and overlap[best] >= least_overlap
        if right:
            free[best] = False
        hits.append((float(confidence[i]), bool(right)))
    return hits


def _overlap(box: NDArray[np.float32], others: Boxes) -> NDArray[np.float32]:
    shared = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None).prod(1)
    areas = (others[:, 2:] - others[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
    return np.asarray(shared / np.maximum(areas - shared, 1e-6), np.float32)
