"""Non-maximum suppression in NumPy: of overlapping boxes of one class only the surest stays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def iou(box: Floats, others: Floats) -> Floats:
    """Return the overlap of one box (4,) with each of `others` (n, 4) as intersection over union, 0-1.

    Boxes without area overlap nothing.
    """
    top_left = np.maximum(box[:2], others[:, :2])
    bottom_right = np.minimum(box[2:], others[:, 2:])
    shared = np.prod(np.clip(bottom_right - top_left, 0, None), axis=1)
    areas = np.prod(np.clip(others[:, 2:] - others[:, :2], 0, None), axis=1)
    own = np.prod(np.clip(box[2:] - box[:2], 0, None))
    union = np.maximum(areas + own - shared, np.finfo(np.float32).tiny)
    return np.asarray(shared / union, dtype=np.float32)


def nms(xyxy: Floats, confidence: Floats, class_id: NDArray[np.int64], max_iou: float, limit: int) -> NDArray[np.int64]:
    """Return the indices of at most `limit` boxes to keep, surest first.

    Args:
        xyxy: Shape (n, 4), any unit.
        confidence: Shape (n,).
        class_id: Shape (n,); boxes of different classes never suppress one another.
        max_iou: A box that overlaps a surer one of its class by more than this goes.
        limit: Stop after this many.
    """
    if len(xyxy) == 0:
        return np.zeros(0, np.int64)
    # Each class is moved to its own place, so that one pass does for all classes.
    span = float(xyxy.max() - xyxy.min()) + 1.0
    apart = (xyxy + (class_id * span)[:, None]).astype(np.float32)
    order = np.argsort(-confidence, kind="stable")
    kept: list[int] = []
    while len(order) and len(kept) < limit:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        order = rest[iou(apart[best], apart[rest]) <= max_iou]
    return np.asarray(kept, np.int64)
