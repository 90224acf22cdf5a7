from __future__ import annotations

import numpy as np
import pytest

from detectors.base import Detections
from detectors.training.calibrate import Mapping, fit
from tests.unit.detectors.training.making import sample

FIRE_BOX = (0, 0.25, 0.25, 0.75, 0.75)
EMPTY, SHOWN = sample(1), sample(2, FIRE_BOX)


def sure(confidence: float, kind: int = 0) -> Detections:
    return Detections(
        np.array([[0, 0, 9, 9]], np.float32), np.array([confidence], np.float32), np.array([kind], np.int64)
    )


def mapped(mapping: Mapping, score: float) -> float:
    logit = mapping.scale * np.log(score / (1 - score)) + mapping.shift
    return float(1 / (1 + np.exp(-logit)))


def test_without_examples_of_both_there_is_nothing_to_fit() -> None:
    """A data set of fires only cannot say what a false alarm looks like."""
    with pytest.raises(ValueError, match="with and without"):
        fit(0, [sure(0.9), sure(0.8)], [SHOWN, SHOWN])


def test_the_default_confidence_parts_fire_from_the_rest() -> None:
    """Scores that crowd between 0.5 and 0.8 are spread: empty pictures below 0.35, clear fires above 0.8."""
    rng = np.random.default_rng(0)
    empty, shown = rng.uniform(0.4, 0.6, 300), rng.uniform(0.7, 0.9, 300)
    mapping = fit(0, [sure(x) for x in (*empty, *shown)], [EMPTY] * 300 + [SHOWN] * 300)
    assert mapped(mapping, 0.595) == pytest.approx(0.35, abs=0.02)
    assert mapped(mapping, 0.86) == pytest.approx(0.85, abs=0.02)


def test_what_cannot_be_told_apart_stays_below() -> None:
    """When empty pictures score higher than fires, the map is flat and empty pictures stay at the default."""
    mapping = fit(0, [*[sure(0.8)] * 50, *[sure(0.5)] * 50], [EMPTY] * 50 + [SHOWN] * 50)
    assert mapping.scale == 0.5
    assert mapped(mapping, 0.8) == pytest.approx(0.35)


def test_smoke_is_fitted_where_it_is_labelled() -> None:
    """Pictures without smoke labels would teach that smoke is nothing."""
    unknown = sample(3, FIRE_BOX, smoke_known=False)
    smoky = sample(4, (1, 0.2, 0.2, 0.8, 0.8))
    found = [sure(0.95, 1), sure(0.4, 1), sure(0.8, 1), Detections.empty()]
    mapping = fit(1, found, [unknown, EMPTY, smoky, EMPTY])
    assert mapped(mapping, 0.8) == pytest.approx(0.85, abs=0.02)
