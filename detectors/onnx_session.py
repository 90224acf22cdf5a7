"""The only file that talks to ONNX Runtime."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_errors

from detectors.base import InferenceError, ModelLoadError
from detectors.family import Probe, Tensor
from detectors.preprocess import Size

# ONNX Runtime's errors have no common base but Exception; the plain two come from its Python half.
_ORT_ERRORS = (
    ort_errors.EPFail,
    ort_errors.EngineError,
    ort_errors.Fail,
    ort_errors.InvalidArgument,
    ort_errors.InvalidGraph,
    ort_errors.InvalidProtobuf,
    ort_errors.ModelLoaded,
    ort_errors.NoModel,
    ort_errors.NoSuchFile,
    ort_errors.NotImplemented,
    ort_errors.RuntimeException,
    RuntimeError,
    ValueError,
)
_LOG_ERRORS_ONLY = 3  # PicoDet exports warn hundreds of times about unused initialisers
_DEFAULT_SIZE = Size(640, 640)  # px, of graphs that leave their size open and do not say what they were trained on
_GREY = 114.0
_FLOATS: dict[str, type[np.float32] | type[np.float16]] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """How a model runs.

    Attributes:
        threads: Of one forward pass. 1 leaves the other cores to the other workers of the fleet.
        use_gpu: Take CUDA where the installed ONNX Runtime offers it.
    """

    threads: int = 1
    use_gpu: bool = True


@dataclass(frozen=True, slots=True)
class OnnxSession:
    """A loaded graph with one image input.

    Attributes:
        size: Pixels of the image input.
        batch: Images per forward pass; None when the graph takes any number.
    """

    native: Any  # ort.InferenceSession
    path: Path
    input_names: tuple[str, ...]
    size: Size
    batch: int | None
    dtype: type[np.float32] | type[np.float16]
    metadata: Mapping[str, str]

    @property
    def providers(self) -> tuple[str, ...]:
        """What runs the graph, by ONNX Runtime's names, the preferred first."""
        return tuple(self.native.get_providers())

    def run(self, batch: Tensor, extra: Mapping[str, Tensor]) -> list[Tensor]:
        """Run one forward pass over float32 (b, 3, h, w).

        Raises:
            InferenceError: ONNX Runtime failed.
        """
        feed = {self.input_names[0]: batch.astype(self.dtype, copy=False), **extra}
        try:
            return [np.asarray(x) for x in self.native.run(None, feed)]
        except _ORT_ERRORS as exc:
            msg = f"{self.path.name}: {exc}"
            raise InferenceError(msg) from exc

    def probe(self) -> Probe:
        """Run once on grey and tell what came out.

        Raises:
            ModelLoadError: It does not even run.
        """
        grey = np.full((self.batch or 1, 3, self.size.height, self.size.width), _GREY, np.float32)
        extra = {name: np.ones((len(grey), 2), np.float32) for name in self.input_names[1:]}
        try:
            outputs = self.run(grey, extra)
        except InferenceError as exc:
            msg = f"{self.path.name}: fails on a grey image ({exc})"
            raise ModelLoadError(msg) from exc
        return Probe(self.size, self.input_names, tuple(outputs), self.metadata)


def open_session(path: Path, options: SessionOptions) -> OnnxSession:
    """Load a graph.

    Raises:
        ModelLoadError: The file is missing, is no ONNX graph, or does not take one image.
    """
    if not path.is_file():
        msg = f"{path}: no such model file"
        raise ModelLoadError(msg)
    try:
        native = ort.InferenceSession(str(path), _native_options(options), providers=_providers(options))
    except _ORT_ERRORS as exc:
        msg = f"{path.name}: ONNX Runtime cannot load it ({exc})"
        raise ModelLoadError(msg) from exc
    return _describe(native, path)


def _native_options(options: SessionOptions) -> Any:
    native = ort.SessionOptions()
    native.intra_op_num_threads = options.threads
    native.inter_op_num_threads = 1
    native.log_severity_level = _LOG_ERRORS_ONLY
    return native


def _providers(options: SessionOptions) -> list[str]:
    wanted = ["CUDAExecutionProvider", "CPUExecutionProvider"] if options.use_gpu else ["CPUExecutionProvider"]
    return [p for p in wanted if p in ort.get_available_providers()]


def _describe(native: Any, path: Path) -> OnnxSession:
    inputs = sorted(native.get_inputs(), key=lambda i: len(i.shape) != 4)  # the image first; the sort is stable
    image = inputs[0]
    if len(image.shape) != 4 or (isinstance(image.shape[1], int) and image.shape[1] != 3):
        msg = f"{path.name}: takes {image.shape}, not images (batch, 3, height, width)"
        raise ModelLoadError(msg)
    if image.type not in _FLOATS:
        msg = f"{path.name}: takes {image.type}; export it with floating point input"
        raise ModelLoadError(msg)
    metadata = dict(native.get_modelmeta().custom_metadata_map)
    batch = image.shape[0] if isinstance(image.shape[0], int) else None
    names = tuple(i.name for i in inputs)
    size = _size(image.shape[2:], metadata)
    return OnnxSession(native, path, names, size, batch, _FLOATS[image.type], metadata)


def _size(declared: Sequence[object], metadata: Mapping[str, str]) -> Size:
    height, width = declared
    if isinstance(height, int) and isinstance(width, int):
        return Size(height, width)
    try:
        trained = ast.literal_eval(metadata.get("imgsz", ""))
        size = replace(_DEFAULT_SIZE, height=int(trained[0]), width=int(trained[1]))
    except (ValueError, SyntaxError, TypeError, IndexError):
        return _DEFAULT_SIZE
    return size if min(size.height, size.width) > 0 else _DEFAULT_SIZE  # some exporters write -1 for "any"
