from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from detectors.base import Detections, Image
from detectors.training.examine import average_precision, examine
from tests.unit.detectors.training.making import sample

FIRE_BOX = (0, 0.25, 0.25, 0.75, 0.75)
ON_IT = (20.0, 15.0, 60.0, 45.0)
BESIDE = (0.0, 0.0, 10.0, 10.0)


def found(*rows: tuple[tuple[float, ...], float, int]) -> Detections:
    if not rows:
        return Detections.empty()
    xyxy, confidence, kinds = zip(*rows, strict=True)
    return Detections(np.array(xyxy, np.float32), np.array(confidence, np.float32), np.array(kinds, np.int64))


class Recorded:
    """A detector that answers what it was given."""

    name = "recorded"
    labels: tuple[str, ...] = ("fire", "smoke")
    per_camera = False
    wants_luma = False

    def __init__(self, answers: Sequence[Detections]) -> None:
        self._answers = list(answers)

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        return [self._answers.pop(0) for _ in images]


def test_nothing_found_or_nothing_there_scores_nothing() -> None:
    """Precision of an empty list is no perfect score."""
    assert average_precision([(found(), sample(1, FIRE_BOX))], 0, 0.5) == 0.0
    assert average_precision([(found((ON_IT, 0.9, 0)), sample(1))], 0, 0.5) == 0.0


def test_a_second_box_on_the_same_fire_is_wrong() -> None:
    """One fire found twice, and one missed: half the recall at full precision."""
    pairs = [(found((ON_IT, 0.9, 0), (ON_IT, 0.8, 0)), sample(1, FIRE_BOX)), (found(), sample(2, FIRE_BOX))]
    assert average_precision(pairs, 0, 0.5) == pytest.approx(0.5)


def test_a_surer_mistake_costs_more_than_an_unsure_one() -> None:
    """The order of confidence is what average precision measures."""
    truth = sample(1, FIRE_BOX)
    assert average_precision([(found((BESIDE, 0.9, 0), (ON_IT, 0.5, 0)), truth)], 0, 0.5) == pytest.approx(0.5)
    assert average_precision([(found((ON_IT, 0.9, 0), (BESIDE, 0.5, 0)), truth)], 0, 0.5) == pytest.approx(1.0)


def test_pictures_without_smoke_labels_do_not_judge_smoke() -> None:
    """Smoke seen where nobody labelled it is neither right nor wrong; fire in the same picture counts."""
    samples = [sample(1, FIRE_BOX, smoke_known=False), sample(2), sample(3, (1, 0.25, 0.25, 0.75, 0.75))]
    answers = [found((ON_IT, 0.9, 1)), found((ON_IT, 0.9, 0)), found((ON_IT, 0.9, 1))]
    fire, smoke = examine(Recorded(answers), samples, threshold=0.5)
    assert (fire.pictures, fire.shown, fire.precision, fire.recall, fire.f1) == (3, 1, 0.0, 0.0, 0.0)
    assert (smoke.pictures, smoke.shown, smoke.f1) == (2, 1, 1.0)
    assert smoke.ap50 == pytest.approx(1.0)
