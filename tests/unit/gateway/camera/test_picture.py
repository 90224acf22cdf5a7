"""Tests of gateway.camera.picture."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from gateway.camera.decoder import KeyframeDecoders, PrivacyMask
from gateway.camera.packets import StoredPayload
from gateway.camera.picture import MAX_DECODED_S, LatestPicture, picture_at
from gateway.types import Packet, VideoFormat
from tests.unit.gateway.camera.scripts import picture, read_clip, write_clip

NO_MASK = PrivacyMask()
LEFT_HALF = PrivacyMask([((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))])

Clip = tuple[VideoFormat, list[Packet]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Clip:
    """Return three seconds of a moving square."""
    return read_clip(write_clip(tmp_path_factory.mktemp("clips") / "a.ts"))


def test_a_moment_that_is_not_held_has_no_picture(clip: Clip) -> None:
    """Before the first packet, after the last, and where there is none at all."""
    video, packets = clip
    assert picture_at("cam", video, packets, -0.1, NO_MASK) is None
    assert picture_at("cam", video, packets, packets[-1].at_s + 0.5, NO_MASK) is None
    assert picture_at("cam", video, [], 1.0, NO_MASK) is None


def test_a_moment_deep_in_a_long_gop_is_too_dear(clip: Clip) -> None:
    """Nobody decodes a minute for one picture."""
    video, packets = clip
    long = [packets[0], *(replace(p, keyframe=False, at_s=p.at_s + MAX_DECODED_S) for p in packets[1:])]
    assert picture_at("cam", video, long, MAX_DECODED_S + 1.0, NO_MASK) is None


def test_damaged_packets_are_no_picture(clip: Clip) -> None:
    """None, not an error: the caller has another picture."""
    video, packets = clip
    damaged = [replace(p, payload=StoredPayload(b"\0\0\0\1\x65nothing")) for p in packets]
    assert picture_at("cam", video, damaged, 1.5, NO_MASK) is None


@pytest.mark.parametrize("number", [25, 33, 49, 60])
def test_the_picture_of_a_moment_is_the_one_shown_then(clip: Clip, number: int) -> None:
    """Decoded from the keyframe before, to the very frame."""
    video, packets = clip
    found = picture_at("cam", video, packets, packets[number].at_s, NO_MASK)
    assert found is not None
    assert found.at_s == packets[number].at_s
    assert np.abs(found.bgr[..., 0].astype(int) - picture(number)[..., 0]).mean() < 4


def test_masks_are_painted_over_it(clip: Clip) -> None:
    """What must not be seen is not seen here either."""
    video, packets = clip
    found = picture_at("cam", video, packets, 1.5, LEFT_HALF)
    assert found is not None
    assert found.bgr[:, :79].max() == 0
    assert found.bgr[:, 90:].mean() > 60


def test_the_latest_picture_is_made_once_for_each_keyframe(clip: Clip) -> None:
    """Asked again, the same; a newer keyframe is another picture; a damaged one none."""
    video, packets = clip
    latest = LatestPicture("cam", KeyframeDecoders(), LEFT_HALF)
    first = latest.of(packets[0], video)
    assert first is not None
    assert first is latest.of(packets[0], video)
    image = cv2.imdecode(np.frombuffer(first[0], np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image[:, :70].max() < 20
    second = latest.of(packets[25], video)
    assert second is not None
    assert second[1] == packets[25].at_s
    assert latest.of(replace(packets[50], payload=StoredPayload(b"\0\0\0\1\x65nothing")), video) is None
