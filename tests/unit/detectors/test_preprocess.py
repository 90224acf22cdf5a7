"""Boxes find their way back to the image they came from."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.preprocess import PAD_GREY, Size, letterbox, shrink, stretch, to_chw


def _image(height: int, width: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((height, width, 3), 200, np.uint8)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize(("height", "width"), [(1080, 1920), (1920, 1080), (100, 100), (1, 999), (37, 61)])
def test_the_whole_image_maps_back_to_itself(height: int, width: int, centred: bool) -> None:
    """Whatever the proportions, the corners of the picture come back as its corners."""
    canvas, placement = letterbox(_image(height, width), Size(64, 96), centred=centred)
    assert canvas.shape == (64, 96, 3)
    inner = [
        placement.left,
        placement.top,
        placement.left + width * placement.scale_x,
        placement.top + height * placement.scale_y,
    ]
    back = placement.to_image(np.array([inner], np.float32))
    np.testing.assert_allclose(back, [[0, 0, width, height]], atol=1e-2)


def test_margins_are_grey_and_where_they_belong() -> None:
    """YOLOX stands in the corner, Ultralytics in the middle."""
    corner, _ = letterbox(_image(32, 64), Size(64, 64), centred=False)
    middle, _ = letterbox(_image(32, 64), Size(64, 64), centred=True)
    assert corner[0, 0, 0] == 200
    assert corner[63, 0, 0] == PAD_GREY
    assert middle[0, 0, 0] == middle[63, 0, 0] == PAD_GREY
    assert middle[32, 0, 0] == 200


def test_boxes_are_clipped_to_the_image() -> None:
    """A box may not reach into the margin."""
    _, placement = letterbox(_image(32, 64), Size(64, 64), centred=True)
    assert placement.to_image(np.array([[-50, -50, 500, 500]], np.float32)).tolist() == [[0, 0, 64, 32]]


def test_stretching_scales_each_side_by_itself() -> None:
    """PicoDet does not keep proportions."""
    resized, placement = stretch(_image(50, 200), Size(100, 100))
    assert resized.shape == (100, 100, 3)
    assert placement.to_image(np.array([[50, 50, 100, 100]], np.float32)).tolist() == [[100, 25, 200, 50]]


def test_channels_come_first() -> None:
    """Networks want (3, h, w)."""
    assert to_chw(_image(4, 5)).shape == (3, 4, 5)


@pytest.mark.parametrize(
    ("shape", "expected"), [((1080, 1920), (135, 240)), ((240, 320), (180, 240)), ((90, 160), (90, 160))]
)
def test_luma_is_shrunk_but_never_grown(shape: tuple[int, int], expected: tuple[int, int]) -> None:
    """Small substreams are taken as they are."""
    assert shrink(np.zeros(shape, np.uint8), 240).shape == expected


def test_shrinking_keeps_the_mean() -> None:
    """Sampled averaging of large pictures must not favour single pixels."""
    noise = np.random.default_rng(1).integers(0, 256, (1080, 1920)).astype(np.uint8)
    assert shrink(noise, 240).mean() == pytest.approx(noise.mean(), abs=1.0)
