"""Which picture comes when, and what is done to it: a fixed function of the seed and the number of the draw."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from detectors.base import Image
from detectors.preprocess import Size
from detectors.training import augment, synthetic
from detectors.training.labelled import SMOKE, Boxes, Sample

# Shares of what is drawn. Half of the world that a camera sees holds no fire, so half of the draws start from it.
_SHARE_EMPTY = 0.42
_SHARE_MOSAIC = 0.12
# Of draws that start without fire or smoke: flames lit, smoke drawn, lamps hung; the rest stays as it is.
_LIT, _SMOKED, _LAMPED = 0.32, 0.4, 0.35
_FLAMES = 400  # cut out once and kept
MAX_BOXES = 24  # per picture; more are dropped


@dataclass(frozen=True, slots=True)
class Draw:
    """One training picture: uint8 BGR of the network's size, its boxes, and whether smoke is labelled in it."""

    image: Image
    boxes: Boxes
    smoke_known: bool


class Draws:
    """All pictures of a training run, by number; a number gives the same picture in every process."""

    def __init__(self, samples: Sequence[Sample], size: Size, count: int, seed: int, smoky_share: float = 0.0) -> None:
        """`smoky_share`: of the draws that start from a labelled picture, how many are forced to start from smoke."""
        self._size, self._count, self._seed, self._smoky_share = size, count, seed, smoky_share
        self._empty = _by_scene([s for s in samples if s.smoke_known and not len(s.boxes)])
        self._full = _by_scene([s for s in samples if len(s.boxes)])
        self._smoky = _by_scene([s for s in samples if (s.boxes[:, 0] == SMOKE).any()])
        self._flames = synthetic.cut_flames(list(samples), _FLAMES, np.random.default_rng(seed))

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Draw:
        if index >= self._count:
            raise IndexError(index)
        rng = np.random.default_rng((self._seed, index))
        if rng.random() < _SHARE_MOSAIC:
            return self._mosaic(rng)
        image, boxes, smoke_known = self._one(rng)
        return Draw(augment.weather(image, rng), boxes[:MAX_BOXES], smoke_known)

    def _mosaic(self, rng: np.random.Generator) -> Draw:
        parts = [self._one(rng) for _ in range(4)]
        image, boxes = augment.mosaic([(image, boxes) for image, boxes, _ in parts], self._size)
        return Draw(augment.weather(image, rng), boxes[:MAX_BOXES], all(known for *_, known in parts))

    def _one(self, rng: np.random.Generator) -> tuple[Image, Boxes, bool]:
        if rng.random() >= _SHARE_EMPTY:
            smoky = self._smoky_share > 0 and rng.random() < self._smoky_share
            sample = _pick(self._smoky if smoky else self._full, rng)
            return (*augment.reframe(sample, self._size, rng), sample.smoke_known)
        image, boxes = augment.reframe(_pick(self._empty, rng), self._size, rng)
        if rng.random() < _LAMPED:
            image = synthetic.add_lamps(image, rng)
        if self._flames and rng.random() < _LIT:
            flame = self._flames[int(rng.integers(len(self._flames)))]
            image, boxes = synthetic.add_flame(image, boxes, flame, rng)
        if rng.random() < _SMOKED:
            image, boxes = synthetic.add_smoke(image, boxes, rng)
        return image, boxes, True


def _by_scene(samples: Sequence[Sample]) -> list[list[Sample]]:
    scenes: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        scenes[sample.scene].append(sample)
    return list(scenes.values())


def _pick(scenes: Sequence[Sequence[Sample]], rng: np.random.Generator) -> Sample:
    """Return a picture; a scene of a hundred frames comes ten times as often as one of a single frame."""
    weights = np.sqrt([len(s) for s in scenes])
    scene = scenes[int(rng.choice(len(scenes), p=weights / weights.sum()))]
    return scene[int(rng.integers(len(scene)))]


def collate(draws: Sequence[Draw]) -> tuple[Any, Any, Any]:
    """Return uint8 RGB (b, 3, h, w), boxes (b, m, 5) padded with class -1, and smoke_known (b,)."""
    images = np.stack([d.image[..., ::-1].transpose(2, 0, 1) for d in draws])
    boxes = np.full((len(draws), MAX_BOXES, 5), -1, np.float32)
    for row, draw in zip(boxes, draws, strict=True):
        row[: len(draw.boxes)] = draw.boxes
    known = np.array([d.smoke_known for d in draws])
    return torch.from_numpy(np.ascontiguousarray(images)), torch.from_numpy(boxes), torch.from_numpy(known)
