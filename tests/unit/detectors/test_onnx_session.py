"""What a graph says of its inputs, and what is asked of it before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from detectors.base import InferenceError, ModelLoadError
from detectors.onnx_session import SessionOptions, open_session
from detectors.preprocess import Size
from tests.unit.detectors import graphs

CPU = SessionOptions(use_gpu=False)
ANSWER = np.zeros((1, 2, 3), np.float32)
Declared = tuple[str, int, Sequence[int | str]]  # name, element type, shape


def _echo(path: Path, *inputs: Declared, fold: Sequence[int] | None = None) -> Path:
    """Write a graph that answers with each of its inputs, reshaped to `fold` where given."""
    nodes = []
    if fold is not None:
        nodes.append(helper.make_node("Constant", [], ["fold"], value_ints=list(fold)))
    for i, (name, _, _) in enumerate(inputs):
        operator, fed = ("Identity", [name]) if fold is None else ("Reshape", [name, "fold"])
        nodes.append(helper.make_node(operator, fed, [f"out{i}"]))
    taken = [helper.make_tensor_value_info(*declared) for declared in inputs]
    ranks = [len(shape if fold is None else fold) for _, _, shape in inputs]
    given = [
        helper.make_tensor_value_info(f"out{i}", kind, [None] * rank)
        for i, ((_, kind, _), rank) in enumerate(zip(inputs, ranks, strict=True))
    ]
    graph = helper.make_graph(nodes, "echo", taken, given)
    opsets = [helper.make_opsetid("", graphs.OPSET)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=graphs.IR_VERSION), str(path))
    return path


def test_a_folder_is_no_model_file(tmp_path: Path) -> None:
    """A path that exists but is no file is named like a missing one."""
    with pytest.raises(ModelLoadError, match="no such model file"):
        open_session(tmp_path, CPU)


def test_grey_pictures_are_refused(tmp_path: Path) -> None:
    """One channel is not colour; the shape is shown."""
    file = _echo(tmp_path / "m.onnx", ("x", TensorProto.FLOAT, [1, 1, 8, 8]))
    with pytest.raises(ModelLoadError, match=r"m\.onnx: takes \[1, 1, 8, 8\], not images"):
        open_session(file, CPU)


def test_a_graph_that_fails_on_grey_is_refused_at_load(tmp_path: Path) -> None:
    """Not on the first picture of a camera, hours later."""
    file = _echo(tmp_path / "m.onnx", ("x", TensorProto.FLOAT, [1, 3, "h", "w"]), fold=(1, 7))
    session = open_session(file, CPU)
    with pytest.raises(ModelLoadError, match=r"m\.onnx: fails on a grey image"):
        session.probe()


def test_an_input_left_out_is_an_inference_error(tmp_path: Path) -> None:
    """ONNX Runtime's complaint comes with the file's name."""
    second: Declared = ("scale_factor", TensorProto.FLOAT, [1, 2])
    session = open_session(_echo(tmp_path / "m.onnx", ("x", TensorProto.FLOAT, [1, 3, 8, 8]), second), CPU)
    with pytest.raises(InferenceError, match=r"m\.onnx: .*scale_factor"):
        session.run(np.zeros((1, 3, 8, 8), np.float32), {})


@pytest.mark.parametrize("imgsz", ["", "rubbish", "[", "320", "[320]", "['a', 'b']"])
def test_an_open_size_without_a_usable_hint_is_640(tmp_path: Path, imgsz: str) -> None:
    """Whatever an exporter wrote."""
    file = graphs.save(tmp_path / "m.onnx", [ANSWER], metadata={"imgsz": imgsz}, side="s")
    assert open_session(file, CPU).size == Size(640, 640)


def test_the_hint_is_height_before_width(tmp_path: Path) -> None:
    """As Ultralytics writes it."""
    file = graphs.save(tmp_path / "m.onnx", [ANSWER], metadata={"imgsz": "[32, 64]"}, side="s")
    assert open_session(file, CPU).size == Size(32, 64)


def test_a_declared_size_beats_the_hint(tmp_path: Path) -> None:
    """The graph takes no other."""
    file = graphs.save(tmp_path / "m.onnx", [ANSWER], metadata={"imgsz": "[32, 32]"})
    session = open_session(file, CPU)
    assert session.size == Size(graphs.SIDE, graphs.SIDE)
    assert session.metadata == {"imgsz": "[32, 32]"}


def test_the_image_is_found_among_the_inputs(tmp_path: Path) -> None:
    """Paddle exports declare the scale first; the probe feeds it ones."""
    scale: Declared = ("scale_factor", TensorProto.FLOAT, [1, 2])
    session = open_session(_echo(tmp_path / "m.onnx", scale, ("image", TensorProto.FLOAT, [1, 3, 8, 16])), CPU)
    assert (session.input_names, session.size) == (("image", "scale_factor"), Size(8, 16))
    scaled, seen = session.probe().outputs
    assert scaled.tolist() == [[1, 1]]
    assert seen.shape == (1, 3, 8, 16)
    assert (seen == 114).all()


@pytest.mark.parametrize(("declared", "batch"), [(1, 1), (4, 4), ("n", None)])
def test_the_batch_is_what_the_graph_fixes(tmp_path: Path, declared: int | str, batch: int | None) -> None:
    """An open one is None, and the probe shows a single picture."""
    session = open_session(_echo(tmp_path / "m.onnx", ("x", TensorProto.FLOAT, [declared, 3, 8, 8])), CPU)
    assert session.batch == batch
    assert len(session.probe().outputs[0]) == (batch or 1)


def test_half_precision_graphs_are_fed_half_precision(tmp_path: Path) -> None:
    """From float32 like all others."""
    session = open_session(_echo(tmp_path / "m.onnx", ("x", TensorProto.FLOAT16, [1, 3, 8, 8])), CPU)
    (seen,) = session.run(np.full((1, 3, 8, 8), 0.5, np.float32), {})
    assert seen.dtype == np.float16
    assert (seen == 0.5).all()


def test_it_runs_on_as_many_threads_as_told(tmp_path: Path) -> None:
    """And on the CPU alone where no GPU is wanted."""
    file = graphs.save(tmp_path / "m.onnx", [ANSWER])
    native = open_session(file, SessionOptions(threads=2, use_gpu=False)).native
    assert native.get_session_options().intra_op_num_threads == 2
    assert native.get_providers() == ["CPUExecutionProvider"]
