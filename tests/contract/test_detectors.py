"""What every detector promises, over all of them: motion, each ONNX family, and the real weights where present."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from detectors.base import Detections, Detector, Image
from detectors.motion import MotionDetector
from detectors.onnx_model import OnnxDetector
from tests.media import media_dir
from tests.unit.detectors import graphs

BOXES = [(28.0, 20.0, 32.0, 16.0, 1, 0.8), (44.0, 52.0, 32.0, 16.0, 0, 0.6)]
LABELS = graphs.names("fire", "smoke", "steam")
WEIGHTS = ("yolox_nano", "picodet_s_320_coco", "picodet_s_416_coco", "yolov8n_int8")


def _picodet_rows() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array([[k, p, x - w / 2, y - h / 2, x + w / 2, y + h / 2] for x, y, w, h, k, p in BOXES], np.float32)


TINY: dict[str, Callable[[Path], Path]] = {
    "yolov5": lambda p: graphs.save(p, [graphs.yolov5_answer(BOXES, 3)], metadata=LABELS),
    "yolov8": lambda p: graphs.save(p, [graphs.yolov8_answer(BOXES, 3)], metadata=LABELS),
    "yolov8-open-batch": lambda p: graphs.save(p, [graphs.yolov8_answer(BOXES, 3)], metadata=LABELS, batch="n"),
    "yolov8-batch-of-4": lambda p: graphs.save(p, [graphs.yolov8_answer(BOXES, 3)], metadata=LABELS, batch=4),
    "yolo-nms-inside": lambda p: graphs.save(p, [graphs.final_answer(BOXES)], metadata=LABELS),
    "yolox": lambda p: graphs.save(p, [graphs.yolox_answer(BOXES, 3)], metadata=LABELS),
    "picodet": lambda p: graphs.save(p, graphs.picodet_answers(BOXES, 3), metadata=LABELS),
    "picodet-nms-inside": lambda p: graphs.save(p, [_picodet_rows()], metadata=LABELS, scale_input=True),
}


@pytest.fixture(
    params=["motion", *TINY, *(pytest.param(f"weights:{name}", marks=pytest.mark.media) for name in WEIGHTS)]
)
def detector(request: pytest.FixtureRequest, tmp_path: Path) -> Detector:
    """Return each detector in turn."""
    kind = str(request.param)
    if kind == "motion":
        return MotionDetector(interval_s=2.0)
    if kind.startswith("weights:"):
        request.getfixturevalue("media")
        return OnnxDetector(media_dir() / "weights" / f"{kind.partition(':')[2]}.onnx")
    return OnnxDetector(TINY[kind](tmp_path / "tiny.onnx"))


def _images(detector: Detector, shapes: list[tuple[int, int]]) -> list[Image]:
    rng = np.random.default_rng(3)
    tails = [shape if detector.wants_luma else (*shape, 3) for shape in shapes]
    return [rng.integers(0, 256, shape).astype(np.uint8) for shape in tails]


def _check(found: Detections, image: Image, labels: tuple[str, ...]) -> None:
    height, width = image.shape[:2]
    assert [str(x.dtype) for x in (found.xyxy, found.confidence, found.class_id)] == ["float32", "float32", "int64"]
    assert np.isfinite(found.xyxy).all()
    assert (found.xyxy >= 0).all()
    assert (found.xyxy[:, [0, 2]] <= width).all()
    assert (found.xyxy[:, [1, 3]] <= height).all()
    assert (found.xyxy[:, :2] <= found.xyxy[:, 2:]).all()
    assert ((found.confidence > 0) & (found.confidence <= 1)).all()
    assert ((found.class_id >= 0) & (found.class_id < len(labels))).all()


def test_it_says_what_it_is(detector: Detector) -> None:
    """The attributes that callers choose by."""
    assert isinstance(detector, Detector)
    assert detector.name
    assert len(set(detector.labels)) == len(detector.labels) > 0
    assert detector.per_camera in {True, False}
    assert detector.wants_luma in {True, False}


def test_no_images_no_answers(detector: Detector) -> None:
    """An empty batch is not an error."""
    assert detector.detect([]) == []


def test_one_answer_per_image_within_that_image(detector: Detector) -> None:
    """Also when sizes and proportions differ within a batch."""
    images = _images(detector, [(120, 160), (90, 400), (400, 90), (64, 64), (33, 57)])
    answers = detector.detect(images)
    assert len(answers) == len(images)
    for found, image in zip(answers, images, strict=True):
        _check(found, image, detector.labels)


def test_images_are_left_as_they_were(detector: Detector) -> None:
    """Frames are shared with others and read-only."""
    images = _images(detector, [(120, 160)] * 4)
    for image in images:
        image.setflags(write=False)
    before = [image.copy() for image in images]
    detector.detect(images)
    assert all((a == b).all() for a, b in zip(images, before, strict=True))


def test_strided_views_are_taken(detector: Detector) -> None:
    """A crop of a frame is not contiguous."""
    (image,) = _images(detector, [(200, 300)])
    _check(detector.detect([image[20:140, 40:200]])[0], image[20:140, 40:200], detector.labels)


def test_without_memory_the_same_image_gets_the_same_answer(detector: Detector) -> None:
    """Alone or in company; only a detector of one camera may remember."""
    images = _images(detector, [(120, 160), (90, 160), (120, 160)])
    together = detector.detect(images)
    if not detector.per_camera:
        alone = [detector.detect([image])[0] for image in images]
        for a, b in zip(together, alone, strict=True):
            np.testing.assert_allclose(a.xyxy, b.xyxy, atol=1e-2)
            np.testing.assert_allclose(a.confidence, b.confidence, atol=1e-3)
            assert a.class_id.tolist() == b.class_id.tolist()
