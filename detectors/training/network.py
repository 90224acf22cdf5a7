"""The network: a small convolutional backbone, a light pyramid over strides 8, 16 and 32, one head for all three."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn
from torch.nn import functional

STRIDES = (8, 16, 32)
CLASSES = 2
_PYRAMID = 64  # channels
# A cell says "fire" with this probability before anything is learnt; otherwise the many empty cells swamp the start.
_PRIOR = 0.01
# Distances to the sides are learnt in strides; e^4 strides are more than any picture, and bf16 stays finite.
_MAX_LOG_DISTANCE = 4.0


def _conv(inputs: int, outputs: int, size: int = 3, stride: int = 1) -> Any:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class _Residual(nn.Module):  # type: ignore[misc, unused-ignore]
    """Narrow, look around, add."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(_conv(channels, channels // 2, 1), _conv(channels // 2, channels))

    def forward(self, x: Any) -> Any:
        return x + self.body(x)


class _Context(nn.Module):  # type: ignore[misc, unused-ignore]
    """Let every cell of the coarsest level see most of the picture: smoke is told from a wall by its surroundings."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = _conv(channels, channels // 2, 1)
        self.merge = _conv(channels * 2, channels, 1)

    def forward(self, x: Any) -> Any:
        levels = [self.squeeze(x)]
        for _ in range(3):
            levels.append(functional.max_pool2d(levels[-1], 5, 1, 2))
        return self.merge(torch.cat(levels, 1))


class FireSmokeNet(nn.Module):  # type: ignore[misc, unused-ignore]
    """From RGB 0-1, shape (b, 3, h, w) with h and w multiples of 32, to boxes and class logits of every cell."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_conv(3, 16, 3, 2), _conv(16, 32, 3, 2))
        self.stage8 = nn.Sequential(_conv(32, 64, 3, 2), _Residual(64), _Residual(64))
        self.stage16 = nn.Sequential(_conv(64, 112, 3, 2), _Residual(112), _Residual(112))
        self.stage32 = nn.Sequential(_conv(112, 160, 3, 2), _Residual(160), _Context(160))
        self.side = nn.ModuleList([_conv(c, _PYRAMID, 1) for c in (64, 112, 160)])
        self.smooth = nn.ModuleList([_conv(_PYRAMID, _PYRAMID) for _ in range(2)])
        self.tower = nn.Sequential(_conv(_PYRAMID, _PYRAMID), _conv(_PYRAMID, _PYRAMID))
        self.classes = nn.Conv2d(_PYRAMID, CLASSES, 1)
        self.distances = nn.Conv2d(_PYRAMID, 4, 1)
        nn.init.constant_(self.classes.bias, -math.log((1 - _PRIOR) / _PRIOR))

    def forward(self, x: Any) -> tuple[Any, Any]:
        """Return logits (b, n, 2) and distances to left, top, right, bottom in pixels (b, n, 4), finest level first."""
        c8 = self.stage8(self.stem(x))
        c16 = self.stage16(c8)
        c32 = self.stage32(c16)
        p32 = self.side[2](c32)
        p16 = self.smooth[1](self.side[1](c16) + functional.interpolate(p32, scale_factor=2.0))
        p8 = self.smooth[0](self.side[0](c8) + functional.interpolate(p16, scale_factor=2.0))
        logits, distances = [], []
        for level, stride in zip((p8, p16, p32), STRIDES, strict=True):
            features = self.tower(level)
            logits.append(self.classes(features).flatten(2))
            raw = self.distances(features).flatten(2)
            distances.append(torch.exp(raw.clamp(-_MAX_LOG_DISTANCE, _MAX_LOG_DISTANCE)) * stride)
        return torch.cat(logits, 2).transpose(1, 2), torch.cat(distances, 2).transpose(1, 2)


def cell_centres(height: int, width: int) -> tuple[Any, Any]:
    """Return the centres of all cells in pixels, float32 (n, 2), and the stride of each, float32 (n,)."""
    centres, strides = [], []
    for stride in STRIDES:
        rows, columns = height // stride, width // stride
        ys, xs = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
        points = (torch.stack([xs, ys], -1).reshape(-1, 2).float() + 0.5) * stride
        centres.append(points)
        strides.append(torch.full((len(points),), float(stride)))
    return torch.cat(centres), torch.cat(strides)


class ExportedNet(nn.Module):  # type: ignore[misc, unused-ignore]
    """The network as it is exported: one answer (b, 6, n) of centre, size and class probabilities."""

    def __init__(self, net: FireSmokeNet, height: int, width: int) -> None:
        super().__init__()
        self.net = net
        centres, _ = cell_centres(height, width)
        self.register_buffer("centres", centres.unsqueeze(0))

    def forward(self, images: Any) -> Any:
        """Return boxes in pixels of the input beside probabilities, as YOLOv8 exports do."""
        logits, distances = self.net(images)
        before, after = distances[..., :2], distances[..., 2:]
        centre = self.centres + (after - before) / 2
        return torch.cat([centre, before + after, torch.sigmoid(logits)], 2).transpose(1, 2)
