"""From trained weights to the ONNX file that the gateway loads."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper

from detectors.preprocess import Size
from detectors.training.labelled import LABELS
from detectors.training.network import ExportedNet, FireSmokeNet

_OPSET = 17
LICENCE = "Apache-2.0"


def export(net: FireSmokeNet, file: Path, size: Size, description: str) -> None:
    """Write the network as ONNX with any number of images per pass, weights kept as 16-bit floats.

    The answer is laid out as YOLOv8's, (b, 4 + classes, cells), and names, licence and description are in the file.
    """
    whole = ExportedNet(copy.deepcopy(net), size.height, size.width).eval().to(memory_format=torch.contiguous_format)
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.onnx"
        torch.onnx.export(
            whole,
            (torch.zeros(1, 3, size.height, size.width),),
            str(plain),
            input_names=["images"],
            output_names=["output0"],
            dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}},
            opset_version=_OPSET,
            dynamo=False,
        )
        model = onnx.load(plain)
    halve(model)
    onnx.helper.set_model_props(
        model,
        {
            "names": str(dict(enumerate(LABELS))),
            "imgsz": str([size.height, size.width]),
            "license": LICENCE,
            "author": "the GridPatrol authors",
            "description": description,
        },
    )
    onnx.checker.check_model(model)
    file.write_bytes(model.SerializeToString())


def halve(model: Any) -> None:
    """Store every large weight as float16 behind a cast to float32; sessions undo the casts once, when they load.

    Half the bytes in the repository; arithmetic stays 32-bit, which is what CPUs are quick at.
    """
    graph, kept, casts = model.graph, [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < 256 or values.ndim != 4:
            kept.append(tensor)
            continue
        stored = f"{tensor.name}.half"
        kept.append(numpy_helper.from_array(values.astype(np.float16), stored))
        casts.append(helper.make_node("Cast", [stored], [tensor.name], to=onnx.TensorProto.FLOAT))
    del graph.initializer[:]
    graph.initializer.extend(kept)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
