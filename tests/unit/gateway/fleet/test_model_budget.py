"""Time of the models is shared: looks always, haste as far as there is time, and nobody pays for a neighbour."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from detectors.base import Detections, Image, InferenceError
from detectors.pool import InferencePool
from gateway.fleet.model_budget import MeteredModel, ModelBudget

PICTURE = np.zeros((4, 4, 3), np.uint8)
PASS_S = 0.2


class SlowModel:
    """Takes its time, on the clock it is given."""

    name = "slow"
    labels: tuple[str, ...] = ("car",)
    per_camera = False
    wants_luma = False

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self.broken = False

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        self._work()
        if self.broken:
            raise InferenceError("broken")
        return [Detections.empty() for _ in images]


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def __call__(self) -> float:
        return self.at_s

    def advance(self, seconds: float) -> None:
        self.at_s += seconds


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def model(clock: Hand) -> SlowModel:
    return SlowModel(lambda: clock.advance(PASS_S))


def pool_of(model: SlowModel, clock: Hand) -> InferencePool:
    return InferencePool(model, clock_s=clock)


def test_a_budget_of_nothing_is_refused(clock: Hand) -> None:
    """Nobody could ever look."""
    with pytest.raises(ValueError, match="budget"):
        ModelBudget(0.0, clock)


def test_haste_ends_with_the_budget_and_comes_back(clock: Hand, model: SlowModel) -> None:
    """One that moves without end uses up what was saved, is refused and counted, and may go on later."""
    budget = ModelBudget(0.5, clock)
    watched = MeteredModel(pool_of(model, clock), "gate", budget)
    passes = 0
    while budget.allows_haste("gate"):
        watched.detect([PICTURE])
        passes += 1
    # Half a second of models per second, five seconds of it saved up, and each pass takes as long as the clock moves.
    assert passes == pytest.approx(5 * 0.5 / (PASS_S * 0.5), abs=1)
    assert budget.refused == 1
    clock.advance(1.0)
    assert budget.allows_haste("gate")


def test_a_spider_web_leaves_its_neighbour_some(clock: Hand, model: SlowModel) -> None:
    """Who has used little may still hurry when who used much may not."""
    budget = ModelBudget(0.5, clock)
    web = MeteredModel(pool_of(model, clock), "web", budget)
    while budget.allows_haste("web"):
        web.detect([PICTURE])
    assert budget.allows_haste("neighbour")


def test_a_failed_pass_is_paid_for(clock: Hand, model: SlowModel) -> None:
    """It took the time all the same; the error is the pool's."""
    budget = ModelBudget(0.1, clock)
    watched = MeteredModel(pool_of(model, clock), "gate", budget)
    watched.detect([PICTURE])
    model.broken = True
    while budget.allows_haste("gate"):
        with pytest.raises(InferenceError):
            watched.detect([PICTURE])
    assert budget.refused == 1


def test_a_metered_model_is_the_model(clock: Hand, model: SlowModel) -> None:
    """Name, labels and the kind of picture are the pool's."""
    pool = pool_of(model, clock)
    watched = MeteredModel(pool, "gate", ModelBudget(1.0, clock))
    assert (watched.name, watched.labels, watched.wants_luma, watched.per_camera) == ("slow", ("car",), False, False)
    assert watched.detect([PICTURE, PICTURE])[1].xyxy.size == 0
    assert (pool.metrics.busy_s, pool.metrics.image_s) == pytest.approx((PASS_S, PASS_S / 2))
