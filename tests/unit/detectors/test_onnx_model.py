"""Families are recognised from the graph, and their boxes come out where they were put."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from detectors.base import InferenceError, ModelLoadError
from detectors.onnx_model import DetectionOptions, OnnxDetector
from tests.unit.detectors import graphs
from tests.unit.detectors.graphs import SIDE, names

Boxes = list[tuple[float, float, float, float, int, float]]
BOX: Boxes = [(28, 20, 32, 16, 1, 0.8)]  # centre, size in the 64 px input, class, confidence
CORNERS = [12, 12, 44, 28]
LABELS = names("fire", "smoke", "steam")
SQUARE = np.full((SIDE, SIDE, 3), 114, np.uint8)


def _yolov8(path: Path, boxes: Boxes) -> Path:
    return graphs.save(path, [graphs.yolov8_answer(boxes, 3)], metadata=LABELS)


def _yolov5(path: Path, boxes: Boxes) -> Path:
    return graphs.save(path, [graphs.yolov5_answer(boxes, 3)], metadata=LABELS)


def _final(path: Path, boxes: Boxes) -> Path:
    return graphs.save(path, [graphs.final_answer(boxes)], metadata=LABELS)


def _yolox(path: Path, boxes: Boxes) -> Path:
    return graphs.save(path, [graphs.yolox_answer(boxes, 3)], metadata=LABELS)


def _yolox_decoded(path: Path, boxes: Boxes) -> Path:
    # A second, unsure box at the far side: a real decoded answer spans the picture.
    far: Boxes = [(60, 60, 8, 8, 0, 0.01)]
    return graphs.save(path, [graphs.yolox_answer([*boxes, *far], 3, decoded=True)], metadata=LABELS)


def _picodet(path: Path, boxes: Boxes) -> Path:
    return graphs.save(path, graphs.picodet_answers(boxes, 3), metadata=LABELS)


def _picodet_final(path: Path, boxes: Boxes) -> Path:
    rows = np.array([[k, p, x - w / 2, y - h / 2, x + w / 2, y + h / 2] for x, y, w, h, k, p in boxes], np.float32)
    return graphs.save(path, [rows.reshape(-1, 6)], metadata=LABELS, scale_input=True)


MAKERS: dict[str, Callable[[Path, Boxes], Path]] = {
    "yolov8": _yolov8,
    "yolov5": _yolov5,
    "yolo-nms-inside": _final,
    "yolox": _yolox,
    "picodet": _picodet,
    "picodet-nms-inside": _picodet_final,
}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The operator sees which file."""
    with pytest.raises(ModelLoadError, match=r"gone\.onnx: no such model file"):
        OnnxDetector(tmp_path / "gone.onnx")


def test_a_file_of_rubbish_is_refused(tmp_path: Path) -> None:
    """An interrupted download must not crash the worker."""
    file = tmp_path / "half.onnx"
    file.write_bytes(b"not a graph at all" * 50)
    with pytest.raises(ModelLoadError, match=r"half\.onnx: ONNX Runtime cannot load it"):
        OnnxDetector(file)


def test_a_truncated_model_is_refused(tmp_path: Path) -> None:
    """Nor may half of a real one."""
    whole = _yolov8(tmp_path / "m.onnx", BOX).read_bytes()
    (tmp_path / "m.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelLoadError):
        OnnxDetector(tmp_path / "m.onnx")


@pytest.mark.parametrize("shape", [(1, 1000), (1, 7, 7), (1, 85, 99), (1, 3, 64, 64)])
def test_an_unknown_answer_is_shown_with_its_shape(tmp_path: Path, shape: tuple[int, ...]) -> None:
    """A classifier or a segmenter is told apart from a detector."""
    file = graphs.save(tmp_path / "m.onnx", [np.zeros(shape, np.float32)], metadata=LABELS)
    with pytest.raises(ModelLoadError, match=str(shape[-1])):
        OnnxDetector(file)


def test_a_model_of_something_else_is_refused(tmp_path: Path) -> None:
    """Its input is no image."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 10])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [out])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(tmp_path / "m.onnx")
    )
    with pytest.raises(ModelLoadError, match="not images"):
        OnnxDetector(tmp_path / "m.onnx")


def test_integer_input_is_refused_with_a_hint(tmp_path: Path) -> None:
    """Fully quantised graphs want another export."""
    value = helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 3, 64, 64])
    out = helper.make_tensor_value_info("y", TensorProto.UINT8, [1, 3, 64, 64])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [out])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), str(tmp_path / "m.onnx")
    )
    with pytest.raises(ModelLoadError, match="floating point"):
        OnnxDetector(tmp_path / "m.onnx")


def test_a_failing_pass_is_an_inference_error(tmp_path: Path) -> None:
    """ONNX Runtime's own errors do not leak; the detector stays usable."""
    detector = OnnxDetector(_yolov8(tmp_path / "m.onnx", BOX))
    session = detector._session
    with pytest.raises(InferenceError, match=r"m\.onnx"):
        session.run(np.zeros((1, 3, 7, 7), np.float32), {})
    assert len(detector.detect([SQUARE])[0]) == 1


def test_two_classes_with_nms_inside_are_not_taken_for_columns(tmp_path: Path) -> None:
    """(1, 6, cells) is YOLOv8 with two classes; (1, n, 6) is an answer that is final."""
    two = names("fire", "smoke")
    columns = graphs.save(tmp_path / "a.onnx", [graphs.yolov8_answer(BOX, 2)], metadata=two)
    final = graphs.save(tmp_path / "b.onnx", [graphs.final_answer(BOX)], metadata=two)
    assert OnnxDetector(columns).family == "yolov8"
    assert OnnxDetector(final).family == "yolo-nms-inside"


def test_one_class_yolov5_is_not_taken_for_a_final_answer(tmp_path: Path) -> None:
    """(1, 3 * cells, 6) has as many rows as anchors."""
    file = graphs.save(tmp_path / "m.onnx", [graphs.yolov5_answer([(28, 20, 32, 16, 0, 0.8)], 1)], metadata=names("a"))
    assert OnnxDetector(file).family == "yolov5"


def test_final_answers_without_names_ask_for_them(tmp_path: Path) -> None:
    """Their shape does not tell how many classes there are."""
    with pytest.raises(ModelLoadError, match=r"m\.labels\.txt"):
        OnnxDetector(graphs.save(tmp_path / "m.onnx", [graphs.final_answer(BOX)]))


@pytest.mark.parametrize("family", MAKERS)
def test_each_family_is_recognised_and_read(tmp_path: Path, family: str) -> None:
    """A box put into the network's input comes out in pixels of the image."""
    detector = OnnxDetector(MAKERS[family](tmp_path / "m.onnx", BOX))
    found = detector.detect([SQUARE])[0]
    assert detector.family == family
    np.testing.assert_allclose(found.xyxy, [CORNERS], atol=0.02)
    assert detector.labels[int(found.class_id[0])] == "smoke"
    assert found.confidence[0] == pytest.approx(0.8, abs=1e-3)


def test_yolox_decoded_in_the_graph_is_noticed(tmp_path: Path) -> None:
    """Decoding twice would throw boxes out of the picture."""
    found = OnnxDetector(_yolox_decoded(tmp_path / "m.onnx", BOX)).detect([SQUARE])[0]
    np.testing.assert_allclose(found.xyxy, [CORNERS], atol=0.02)


def test_letterbox_and_stretch_are_undone(tmp_path: Path) -> None:
    """A 128 x 64 image: scale 0.5, margin above for Ultralytics, none for YOLOX; PicoDet stretches."""
    image = np.full((64, 128, 3), 114, np.uint8)
    expected = {
        "yolov8": [24, 0, 88, 24],
        "yolox": [24, 24, 88, 56],
        "picodet": [24, 12, 88, 28],
    }
    for family, box in expected.items():
        found = OnnxDetector(MAKERS[family](tmp_path / f"{family}.onnx", BOX)).detect([image])[0]
        np.testing.assert_allclose(found.xyxy, [box], atol=0.05)


@pytest.mark.parametrize("family", ["yolov8", "yolov5", "yolox"])
def test_overlapping_boxes_are_suppressed(tmp_path: Path, family: str) -> None:
    """Two boxes on one thing, one on another."""
    boxes: Boxes = [*BOX, (36, 20, 32, 16, 1, 0.6), (28, 52, 16, 16, 1, 0.5)]
    options = DetectionOptions(max_iou=0.5)
    found = OnnxDetector(MAKERS[family](tmp_path / "m.onnx", boxes), options=options).detect([SQUARE])[0]
    assert found.confidence.tolist() == pytest.approx([0.8, 0.5], abs=1e-3)


def test_final_answers_are_left_as_they_are(tmp_path: Path) -> None:
    """What the graph has kept is not suppressed again."""
    boxes: Boxes = [*BOX, (29, 20, 32, 16, 1, 0.6)]
    assert len(OnnxDetector(_final(tmp_path / "m.onnx", boxes)).detect([SQUARE])[0]) == 2


def test_unsure_boxes_are_dropped(tmp_path: Path) -> None:
    """By the detector's own bar, below that of any rule."""
    file = _yolov8(tmp_path / "m.onnx", [(28, 20, 32, 16, 1, 0.08)])
    assert len(OnnxDetector(file).detect([SQUARE])[0]) == 0
    assert len(OnnxDetector(file, options=DetectionOptions(min_confidence=0.05)).detect([SQUARE])[0]) == 1


def test_class_numbers_without_a_name_are_dropped(tmp_path: Path) -> None:
    """A final answer may hold classes that the labels file does not."""
    file = graphs.save(tmp_path / "m.onnx", [graphs.final_answer([(28, 20, 32, 16, 7, 0.8)])], metadata=LABELS)
    assert len(OnnxDetector(file).detect([SQUARE])[0]) == 0


@pytest.mark.parametrize("batch", [1, 4, "n"])
def test_any_number_of_images_whatever_the_graph_takes(tmp_path: Path, batch: int | str) -> None:
    """Fixed to one, fixed to four, or open: ten images give ten answers in order."""
    answer = graphs.yolov8_answer([(28, 20, 32, 16, 1, 0.3)], 3)
    brightness = np.zeros_like(answer)
    brightness[0, 5, 0] = 0.5  # the brighter the image, the surer
    file = graphs.save(tmp_path / "m.onnx", [answer], batch=batch, metadata=LABELS, brightness=[brightness])
    images = [np.full((SIDE, SIDE, 3), 25 * i, np.uint8) for i in range(10)]
    found = [d.confidence[0] for d in OnnxDetector(file).detect(images)]
    assert found == pytest.approx([0.3 + 0.5 * 25 * i / 255 for i in range(10)], abs=1e-3)


def test_graphs_of_open_size_run_at_the_size_they_were_trained_on(tmp_path: Path) -> None:
    """Ultralytics writes it as `imgsz`."""
    metadata = {**LABELS, "imgsz": "[64, 64]"}
    file = graphs.save(tmp_path / "m.onnx", [graphs.yolov8_answer(BOX, 3)], metadata=metadata, side="s")
    assert OnnxDetector(file).size.width == 64


def test_colour_order_is_that_of_the_family(tmp_path: Path) -> None:
    """Blue stays channel 0 for YOLOX and becomes channel 2 for Ultralytics."""
    blue = np.zeros((SIDE, SIDE, 3), np.uint8)
    blue[..., 0] = 255
    yolox = OnnxDetector(_yolox(tmp_path / "x.onnx", BOX))
    yolov8 = OnnxDetector(_yolov8(tmp_path / "v.onnx", BOX))
    x, _ = yolox._family.prepare(blue, yolox.size)
    v, _ = yolov8._family.prepare(blue, yolov8.size)
    assert x.max(axis=(1, 2)).tolist() == [255, 0, 0]
    assert v.max(axis=(1, 2)).tolist() == [0, 0, 1]
