"""Scores that mean the same for every training run: at the default confidence of 0.35 fire parts from the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.base import Detections
from detectors.training.labelled import SMOKE, Sample

# Two anchors per class, over the surest box of each training picture: pictures without it reach the default
# confidence in 3 of 100 cases, and a fifth of the pictures with it reach 0.85.
_EMPTY_SHARE, _EMPTY_SCORE = 0.97, 0.35
_SHOWN_SHARE, _SHOWN_SCORE = 0.80, 0.85
_LEAST_SCALE, _MOST_SCALE = 0.5, 4.0
_EPSILON = 1e-4


@dataclass(frozen=True, slots=True)
class Mapping:
    """A logit x becomes scale * x + shift."""

    scale: float
    shift: float


def fit(kind: int, found: Sequence[Detections], samples: Sequence[Sample]) -> Mapping:
    """Return the mapping of one class from what a detector with a very low threshold found in training pictures.

    Raises:
        ValueError: No picture shows the class, or all do.
    """
    pairs = [(f, s) for f, s in zip(found, samples, strict=True) if kind != SMOKE or s.smoke_known]
    surest = np.array([f.confidence[f.class_id == kind].max(initial=0.0) for f, _ in pairs])
    shown = np.array([bool((s.boxes[:, 0] == kind).any()) for _, s in pairs], bool)
    if not shown.any() or shown.all():
        raise ValueError("calibration needs pictures with and without")
    empty = float(np.quantile(_logit(surest[~shown]), _EMPTY_SHARE))
    clear = float(np.quantile(_logit(surest[shown]), _SHOWN_SHARE))
    low, high = (float(x) for x in _logit(np.array([_EMPTY_SCORE, _SHOWN_SCORE])))
    # Where pictures with and without cannot be told apart, the steepest map is no help: stay below the default.
    scale = (high - low) / (clear - empty) if clear > empty else _LEAST_SCALE
    scale = min(max(scale, _LEAST_SCALE), _MOST_SCALE)
    return Mapping(scale, low - scale * empty)


def _logit(share: NDArray[np.floating]) -> NDArray[np.float64]:
    inside = np.clip(share.astype(np.float64), _EPSILON, 1 - _EPSILON)
    return np.asarray(np.log(inside / (1 - inside)), np.float64)
