from __future__ import annotations

import pytest
import torch

from detectors.training.loss import Absence, assign, loss_of, overlaps
from detectors.training.network import cell_centres

SIZE = (64, 96)
KNOWN = torch.tensor([True])


def rows(*boxes: tuple[float, ...]) -> torch.Tensor:
    """Return boxes of one picture, padded to three."""
    return torch.tensor([[*boxes, *[(-1.0,) * 5] * (3 - len(boxes))]])


def said(boxes: torch.Tensor, sure: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Return what a network would say that finds just these boxes."""
    targets = assign(boxes, KNOWN, *SIZE)
    centres, _ = cell_centres(*SIZE)
    logits = torch.where(targets.positive > 0, sure, -sure)
    distances = torch.cat([centres - targets.boxes[..., :2], targets.boxes[..., 2:] - centres], -1).clamp(min=0.5)
    return logits, distances


def test_padding_is_no_box() -> None:
    """A picture without boxes has no cell that should answer, and its loss is finite."""
    targets = assign(rows(), KNOWN, *SIZE)
    assert not targets.responsible.any()
    logits, distances = said(rows(), 6.0)
    assert torch.isfinite(loss_of(logits, distances, rows(), KNOWN, SIZE))


def test_small_and_large_boxes_are_answered_for_by_their_level() -> None:
    """A flame of 10 px belongs to stride 8 alone; smoke over the whole picture to the coarser levels."""
    _, strides = cell_centres(*SIZE)
    small = assign(rows((0, 0.45, 0.42, 0.55, 0.58)), KNOWN, *SIZE)
    large = assign(rows((1, 0.0, 0.0, 1.0, 1.0)), KNOWN, *SIZE)
    assert set(strides[small.positive[0, :, 0] > 0].tolist()) == {8.0}
    assert set(strides[large.positive[0, :, 1] > 0].tolist()) == {16.0, 32.0}
    assert not small.positive[..., 1].any()


def test_of_two_boxes_a_cell_answers_for_the_smaller() -> None:
    """Fire in smoke: the cell in the middle says both, and where the fire is."""
    targets = assign(rows((1, 0.1, 0.0, 0.9, 1.0), (0, 0.25, 0.2, 0.75, 0.8)), KNOWN, *SIZE)
    both = targets.positive[0].all(1)
    assert both.any()
    assert targets.boxes[0][both][0].tolist() == pytest.approx([24, 12.8, 72, 51.2])


def test_unlabelled_smoke_is_neither_right_nor_wrong() -> None:
    """Where smoke is not labelled, seeing it everywhere costs nothing; where it is, it does."""
    logits, distances = said(rows(), 6.0)
    seeing = logits.clone()
    seeing[..., 1] = 6.0
    unknown = torch.tensor([False])
    assert loss_of(seeing, distances, rows(), unknown, SIZE) == pytest.approx(
        float(loss_of(logits, distances, rows(), unknown, SIZE)), abs=1e-4
    )
    assert loss_of(seeing, distances, rows(), KNOWN, SIZE) > 10


def test_the_right_answer_costs_least() -> None:
    """Right and sure is better than right and unsure, and both than seeing nothing."""
    boxes = rows((0, 0.3, 0.3, 0.6, 0.7))
    logits, distances = said(boxes, 6.0)
    right = loss_of(logits, distances, boxes, KNOWN, SIZE)
    unsure = loss_of(logits / 6, distances, boxes, KNOWN, SIZE)
    blind = loss_of(-logits.abs(), distances, boxes, KNOWN, SIZE)
    assert right < unsure < blind


def test_overlap_of_strangers_is_below_zero_when_generalised() -> None:
    """Same box: one. Half shared: a third. Apart: 0, and less the farther apart."""
    a = torch.tensor([[0.0, 0, 10, 10]] * 4)
    b = torch.tensor([[0.0, 0, 10, 10], [5, 0, 15, 10], [10, 0, 20, 10], [30, 0, 40, 10]])
    plain, generalised = overlaps(a, b)
    assert plain.tolist() == pytest.approx([1, 1 / 3, 0, 0])
    assert generalised.tolist() == pytest.approx([1, 1 / 3, 0, -0.5])


def test_false_sights_cost_what_was_asked_for() -> None:
    """A higher weight and a lower power make the same false sight dearer."""
    logits, distances = said(rows(), 1.0)
    cheap = loss_of(-logits, distances, rows(), KNOWN, SIZE, absence=Absence(0.75, 2.0))
    dear = loss_of(-logits, distances, rows(), KNOWN, SIZE, absence=Absence(1.5, 1.5))
    assert dear > 2 * cheap > 0
