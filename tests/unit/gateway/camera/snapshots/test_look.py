"""Tests of gateway.camera.snapshots.look."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from gateway.camera.decoder import PrivacyMask
from gateway.camera.snapshots.look import decode_look, masked_jpeg, reduction
from gateway.errors import CameraNotVideo, StreamCorrupt
from gateway.types import FrameOrigin
from tests.unit.gateway.camera.snapshots.pictures import jpeg, jpeg_of, view

OPEN = PrivacyMask()
LEFT_HALF = PrivacyMask([((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))])


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_picture_cut_short_is_no_look(share: float) -> None:
    """However much of it came."""
    whole = jpeg()
    with pytest.raises(StreamCorrupt):
        decode_look("cam", whole[: int(len(whole) * share)], 0.0, OPEN)


def test_a_picture_with_a_piece_missing_inside_is_no_look() -> None:
    """The end is there, and libjpeg would fill the lower part with grey."""
    whole = jpeg(grain=1)
    gap = len(whole) // 2
    with pytest.raises(StreamCorrupt):
        decode_look("cam", whole[:gap] + whole[gap + len(whole) // 5 :], 0.0, OPEN)


def test_what_the_decoder_cannot_read_is_no_look() -> None:
    """A header that is well, and nothing behind it that could be decoded."""
    whole = jpeg()
    scan = whole.index(b"\xff\xda")
    with pytest.raises(StreamCorrupt):
        decode_look(
            "cam",
            whole[:2] + whole[whole.index(b"\xff\xc0") : scan] + b"\xff\xda\x00\x02\xff\xd9" + bytes(9),
            0.0,
            OPEN,
        )


def test_what_is_no_jpeg_is_told_apart() -> None:
    """From a damaged one."""
    with pytest.raises(CameraNotVideo):
        decode_look("cam", b"<html></html>", 0.0, OPEN)


@pytest.mark.parametrize(
    ("size", "width"),
    [((3840, 2160), 480), ((1920, 1080), 480), ((1280, 720), 640), ((704, 576), 704), ((320, 240), 320)],
)
def test_as_little_is_decoded_as_keeps_480_px(size: tuple[int, int], width: int) -> None:
    """Small pictures are decoded whole."""
    look = decode_look("cam", jpeg(size=size), 5.0, OPEN)
    assert look.luma.shape[1] == width
    assert (look.camera_id, look.at_s, look.pts, look.origin) == ("cam", 5.0, 0, FrameOrigin.LOOK)
    assert not look.luma.flags.writeable
    assert look.bgr.shape == (size[1], size[0], 3)


def test_reduction_grows_with_the_picture() -> None:
    """By powers of two, up to an eighth."""
    flags = [reduction(w) for w in (959, 960, 1919, 1920, 3839, 3840, 9000)]
    whole, half, quarter = cv2.IMREAD_GRAYSCALE, cv2.IMREAD_REDUCED_GRAYSCALE_2, cv2.IMREAD_REDUCED_GRAYSCALE_4
    assert flags == [whole, half, half, quarter, quarter, *[cv2.IMREAD_REDUCED_GRAYSCALE_8] * 2]


def test_luma_has_the_levels_of_video() -> None:
    """So that going from snapshot to stream is no change of light."""
    for level, expected in ((0, 16), (128, 126), (255, 235)):
        grey = np.full((480, 640, 3), level, np.uint8)
        grey[-9:] = 255  # a line of text below: no picture is this grey throughout
        look = decode_look("cam", jpeg_of(grey, 100), 0.0, OPEN)
        assert abs(int(look.luma[10, 10]) - expected) <= 1


def test_masks_are_painted_on_luma_and_colour() -> None:
    """What must not be seen is black in both, the rest is untouched."""
    bright = jpeg_of(np.full((540, 960, 3), 200, np.uint8))
    look = decode_look("cam", bright, 0.0, LEFT_HALF)
    assert look.luma[:, :230].max() == 0
    assert look.luma[:, 250:].min() > 150
    assert look.bgr[:, :470].max() == 0
    assert look.bgr[:, 490:].min() > 150


def test_people_get_masked_snapshots_only() -> None:
    """Encoded anew with a mask, the camera's own bytes without."""
    snapshot = jpeg()
    assert masked_jpeg("cam", snapshot, OPEN) is snapshot
    shown = cv2.imdecode(np.frombuffer(masked_jpeg("cam", snapshot, LEFT_HALF), np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown[:, :460].max() < 10
    assert abs(shown[:, 500:].astype(int) - view(1)[:, 500:]).mean() < 5


def test_a_snapshot_that_cannot_be_masked_is_not_shown() -> None:
    """Rather nothing than something unmasked."""
    with pytest.raises(StreamCorrupt):
        masked_jpeg("cam", b"\xff\xd8 nothing", LEFT_HALF)
