from __future__ import annotations

from importlib import resources
from pathlib import Path

import cv2
import numpy as np
import pytest

from detectors.base import Detector
from detectors.fire_smoke import open_fire_smoke
from detectors.onnx_model import OnnxDetector
from detectors.onnx_session import SessionOptions
from detectors.training.examine import examine
from detectors.training.held_out import HELD_OUT, NOT_QUITE_UNSEEN
from detectors.training.labelled import read_samples, split

WEIGHTS = resources.files("detectors") / "weights"
MOST_BYTES = 6_000_000


@pytest.fixture(scope="module")
def detector() -> OnnxDetector:
    return open_fire_smoke(SessionOptions(threads=1, use_gpu=False))


def test_it_comes_with_the_package_and_its_card() -> None:
    """A fresh installation has it without any download, and says what it is."""
    assert len((WEIGHTS / "fire_smoke.onnx").read_bytes()) <= MOST_BYTES
    card = (WEIGHTS / "fire_smoke.md").read_text("utf-8")
    assert all(word in card for word in ("CC BY 4.0", "Abonia1", "AdhyaksaWP", "Apache-2.0", "Limits"))


def test_it_is_a_detector_of_fire_and_smoke(detector: OnnxDetector) -> None:
    """Labels and licence come out of the file itself."""
    assert isinstance(detector, Detector)
    assert (detector.name, detector.labels, detector.licence) == ("fire_smoke", ("fire", "smoke"), "Apache-2.0")


def test_plain_pictures_hold_no_fire(detector: OnnxDetector) -> None:
    """Black, grey, noise, and every size down to one pixel: nothing is seen. White may be smoke, but is no fire."""
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3), np.uint8)
    plain = [np.full((h, w, 3), level, np.uint8) for h, w, level in ((1080, 1920, 0), (1, 1, 128), (240, 320, 255))]
    *quiet, white = detector.detect([noise, *plain])
    assert [len(found) for found in quiet] == [0, 0, 0]
    assert not (white.class_id == detector.labels.index("fire")).any()
    assert detector.detect([]) == []


def test_a_picture_is_seen_alike_alone_and_in_a_batch(detector: OnnxDetector) -> None:
    """Cameras share batches; one must not change what another sees."""
    pictures = [np.random.default_rng(i).integers(0, 255, (64, 96, 3), np.uint8) for i in range(3)]
    pictures = [np.asarray(cv2.resize(p, (480, 270)), np.uint8) for p in pictures]
    together = detector.detect(pictures)
    for picture, found in zip(pictures, together, strict=True):
        (alone,) = detector.detect([picture])
        assert np.allclose(alone.xyxy, found.xyxy, atol=0.1)


@pytest.mark.media
def test_it_sees_fire_in_scenes_it_never_learnt_from(detector: OnnxDetector, media: Path) -> None:
    """Held-out scenes: no worse than the model card says, with some room for other processors."""
    _, held_out = split(read_samples(media / "train" / "fire_smoke"), HELD_OUT)
    fire, smoke = examine(detector, [s for s in held_out if s.scene not in NOT_QUITE_UNSEEN], threshold=0.35)
    assert fire.f1 >= 0.5
    assert smoke.f1 >= 0.3
