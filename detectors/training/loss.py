"""What the network should have said, and how wrong it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from detectors.training.labelled import SMOKE
from detectors.training.network import CLASSES, cell_centres

# Longer side of the boxes that a level answers for, in its strides; neighbours share a range so that none is lost.
_LEAST_STRIDES, _MOST_STRIDES = 3.0, 9.0
_CENTRE_RADIUS = 1.5  # strides around a box's centre in which cells answer for it
# Boxes here are rough: a cell inside one that does not answer for it is hardly wrong when it sees fire.
_INSIDE_WEIGHT = 0.2
_LEAST_TARGET = 0.4  # what a cell that answers should say at least, however badly its box still fits
_BOX_WEIGHT, _PICTURE_WEIGHT = 1.5, 0.3
_TOP_CELLS = 6  # that together say whether a picture shows the class at all
_FAR = 1e9


@dataclass(frozen=True, slots=True)
class Absence:
    """What it costs to see something where nothing is: `weight * p ** power` times the surprise.

    A high power lets the many easy cells rest and the few lamps weigh little too; a low one makes scores sharper.
    """

    weight: float = 0.75
    power: float = 2.0


@dataclass(frozen=True, slots=True)
class Targets:
    """For a batch: class of each cell (b, n, 2) as 0 or 1, weight of its absence, box (b, n, 4) in pixels."""

    positive: Any
    absence: Any
    boxes: Any
    responsible: Any  # (b, n): some class is positive


def assign(boxes: Any, known: Any, height: int, width: int) -> Targets:
    """Return targets from boxes (b, m, 5) in 0-1, padded with class -1, and smoke_known (b,)."""
    centres, strides = cell_centres(height, width)
    valid = boxes[..., 0] >= 0
    xyxy = boxes[..., 1:] * torch.tensor([width, height] * 2)
    inside, answers = _cells_of(xyxy, valid, centres, strides)
    kinds = functional.one_hot(boxes[..., 0].clamp(min=0).long(), CLASSES).bool() & valid.unsqueeze(-1)
    positive = (answers.unsqueeze(-1) & kinds.unsqueeze(1)).any(2)
    within = (inside.unsqueeze(-1) & kinds.unsqueeze(1)).any(2)
    absence = torch.where(within, _INSIDE_WEIGHT, 1.0)
    absence[..., SMOKE] *= known.float().unsqueeze(1)
    sides = xyxy[..., 2:] - xyxy[..., :2]
    area = torch.where(answers, sides.prod(-1).unsqueeze(1), _FAR)
    smallest = area.argmin(2)
    chosen = torch.gather(xyxy, 1, smallest.unsqueeze(-1).expand(-1, -1, 4))
    return Targets(positive.float(), absence, chosen, answers.any(2))


def _cells_of(xyxy: Any, valid: Any, centres: Any, strides: Any) -> tuple[Any, Any]:
    """Return which cells lie in which box, and which answer for it: both (b, n, m)."""
    before = centres[None, :, None] - xyxy[:, None, :, :2]
    after = xyxy[:, None, :, 2:] - centres[None, :, None]
    inside = (torch.cat([before, after], -1).amin(-1) > 0) & valid.unsqueeze(1)
    middle = (xyxy[..., :2] + xyxy[..., 2:]) / 2
    near = (centres[None, :, None] - middle[:, None]).abs().amax(-1) <= _CENTRE_RADIUS * strides[None, :, None]
    longest = (xyxy[..., 2:] - xyxy[..., :2]).amax(-1).unsqueeze(1)
    low = torch.where(strides == strides.min(), 0.0, strides * _LEAST_STRIDES)[None, :, None]
    high = torch.where(strides == strides.max(), _FAR, strides * _MOST_STRIDES)[None, :, None]
    return inside, inside & near & (longest >= low) & (longest <= high)


def loss_of(
    logits: Any,
    distances: Any,
    boxes: Any,
    known: Any,
    size: tuple[int, int],
    *,
    absence: Absence = Absence(),
) -> Any:
    """Return the loss of a batch as one number to go down; `size` is height and width in pixels."""
    targets = assign(boxes, known, *size)
    centres, _ = cell_centres(*size)
    said = torch.cat([centres - distances[..., :2], centres + distances[..., 2:]], -1)
    overlap, generalised = overlaps(said[targets.responsible], targets.boxes[targets.responsible])
    quality = torch.zeros_like(logits[..., 0])
    quality[targets.responsible] = _LEAST_TARGET + (1 - _LEAST_TARGET) * overlap.detach().clamp(0, 1)
    wanted = targets.positive * quality.unsqueeze(-1)
    share = torch.sigmoid(logits.detach())
    weight = torch.where(targets.positive > 0, 1.0, absence.weight * share**absence.power * targets.absence)
    surprise = functional.binary_cross_entropy_with_logits(logits, wanted, weight=weight, reduction="sum")
    count = targets.responsible.sum().clamp(min=1)
    return (
        surprise / count
        + _BOX_WEIGHT * (1 - generalised).sum() / count
        + _PICTURE_WEIGHT * _picture_loss(logits, boxes, known)
    )


def _picture_loss(logits: Any, boxes: Any, known: Any) -> Any:
    """Whether the class shows anywhere in the picture: a lamp taken for fire costs as much as a fire missed."""
    strongest = logits.topk(_TOP_CELLS, dim=1).values.mean(1)
    shown = torch.stack([(boxes[..., 0] == c).any(1) for c in range(CLASSES)], 1).float()
    weight = torch.ones_like(shown)
    weight[:, SMOKE] = known.float()
    return functional.binary_cross_entropy_with_logits(strongest, shown, weight=weight)


def overlaps(a: Any, b: Any) -> tuple[Any, Any]:
    """Return intersection over union, and generalised, of boxes paired row by row, corners (n, 4)."""
    area_a = (a[:, 2:] - a[:, :2]).clamp(min=0).prod(1)
    area_b = (b[:, 2:] - b[:, :2]).clamp(min=0).prod(1)
    shared = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    union = (area_a + area_b - shared).clamp(min=1e-6)
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1).clamp(min=1e-6)
    overlap = shared / union
    return overlap, overlap - (hull - union) / hull
