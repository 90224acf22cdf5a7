"""How tall people stand in a camera's picture, near and far: measured once, by eye, with the editor's ruler."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from camera_configs.base import ConfigModel

# Nearer to each other than this, two figures say nothing about what lies between them.
LEAST_APART = 0.02


class FigureConfig(ConfigModel):
    """A standing person of about 1.7 m, in 0-1 of the picture's height."""

    y: float = Field(ge=0, le=1, description="Of the feet, from the top.")
    height: float = Field(gt=0, le=1)


class PerspectiveConfig(ConfigModel):
    """Two figures; between them heights follow a straight line. Used to choose sizes, not by the analysis itself."""

    near: FigureConfig
    far: FigureConfig

    @model_validator(mode="after")
    def _near_is_lower_and_taller(self) -> Self:
        if self.near.y - self.far.y < LEAST_APART:
            raise ValueError("the near figure must stand lower in the picture than the far one")
        if self.near.height < self.far.height:
            raise ValueError("the near figure must not be smaller than the far one")
        return self
