"""Two figures in a picture."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from camera_configs.perspective import PerspectiveConfig

NEAR, FAR = {"y": 0.9, "height": 0.3}, {"y": 0.4, "height": 0.1}


@pytest.mark.parametrize(
    ("near", "far"),
    [
        (FAR, NEAR),
        (NEAR, {"y": 0.89, "height": 0.1}),
        ({"y": 0.9, "height": 0.05}, FAR),
        ({"y": 1.2, "height": 0.3}, FAR),
        (NEAR, {"y": 0.4, "height": 0}),
    ],
)
def test_figures_that_no_picture_shows_are_refused(near: dict[str, float], far: dict[str, float]) -> None:
    """Near is lower and not smaller, both stand in the picture and have a height."""
    with pytest.raises(ValidationError):
        PerspectiveConfig.model_validate({"near": near, "far": far})


def test_a_ruler_of_two_figures_is_taken() -> None:
    """Figures of one height are seen from high above."""
    ruler = PerspectiveConfig.model_validate({"near": NEAR, "far": FAR | {"height": 0.3}})
    assert (ruler.near.height, ruler.far.y) == (0.3, 0.4)
