"""The optional YOLO backend: fetches, exports and runs Ultralytics weights. Needs `pip install gridpatrol[yolo]`.

Ultralytics is AGPL-3.0; nothing else in the gateway imports it, and nothing needs it to run.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import types
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from detectors.base import Detections, Image, InferenceError, ModelLoadError
from detectors.labels import check_boundary

_INSTALL = "pip install gridpatrol[yolo]"
_MAX_IOU = 0.6
_OPSET = 17  # understood by every ONNX Runtime of the last years


class UltralyticsDetector:
    """A detector that runs Ultralytics weights (`.pt`) through PyTorch."""

    per_camera = False
    wants_luma = False

    def __init__(self, path: Path, name: str | None = None, min_confidence: float = 0.1) -> None:
        """Load weights.

        Raises:
            ModelLoadError: The optional part is not installed, or the file is missing, broken or out of bounds.
        """
        self.name = name or path.stem
        self._min_confidence = min_confidence
        self._lock = threading.Lock()
        self._model = _load(path)
        names = self._model.names
        self.labels = tuple(str(names[i]) for i in range(len(names)))
        check_boundary(path.name, self.labels)

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Find objects in uint8 BGR images (h, w, 3).

        Raises:
            InferenceError: PyTorch failed; the batch is lost.
        """
        if not images:
            return []
        try:
            with self._lock:  # a predictor keeps state from call to call; the threads of a worker share it
                results = self._model.predict(list(images), conf=self._min_confidence, iou=_MAX_IOU, verbose=False)
        except (RuntimeError, ValueError, TypeError) as exc:
            msg = f"{self.name}: {exc}"
            raise InferenceError(msg) from exc
        return [_detections(result) for result in results]


def fetch_weights(name: str, folder: Path) -> Path:
    """Download published weights such as `yolo11n` into a folder and return the file.

    Raises:
        ModelLoadError: The optional part is missing, there is no connection, or no such weights.
    """
    _import_ultralytics(online=True)
    from ultralytics.utils.downloads import attempt_download_asset

    target = folder / f"{name}.pt"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        attempt_download_asset(str(target))
    except (OSError, RuntimeError, ValueError) as exc:
        msg = f"{name}: the weights could not be fetched ({exc}); copy {target.name} into {folder} by hand"
        raise ModelLoadError(msg) from exc
    if not target.is_file():
        msg = f"{name}: no such published weights, or no connection; copy {target.name} into {folder} by hand"
        raise ModelLoadError(msg)
    return target


def export_onnx(weights: Path, size_px: int = 640) -> Path:
    """Write an ONNX file for one image at a time beside the weights and return it.

    Raises:
        ModelLoadError: The optional part is missing, or the weights cannot be read or exported.
    """
    model = _load(weights)
    try:
        return Path(model.export(format="onnx", imgsz=size_px, dynamic=False, simplify=False, opset=_OPSET))
    except (OSError, RuntimeError, ValueError, ImportError) as exc:
        msg = f"{weights.name}: cannot be exported ({exc})"
        raise ModelLoadError(msg) from exc


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How to train.

    Attributes:
        base: Name of published weights (`yolo26n`), a `.pt` file, or a network's `.yaml` to begin from nothing.
        epochs: Rounds over the data at most; it ends earlier when nothing has become better for a fifth of them.
        size_px: Side of the network's input.
        seed: The same seed on the same machine gives the same weights.
        device: As PyTorch names it: "cpu", "0"; empty: a graphics card where there is one.
    """

    base: str = "yolo26n"
    epochs: int = 100
    size_px: int = 640
    batch: int = 16
    seed: int = 0
    device: str = ""


def train_weights(data: Path, base: Path, options: TrainingOptions, folder: Path) -> Path:
    """Train on a data set in Ultralytics' layout and return the best weights, a `.pt` file in the folder.

    Args:
        data: Folder with `data.yaml` (train, val, names), images and labels.
        base: Weights or network to begin with.
        options: See there; its `base` is not read.
        folder: For everything that the training writes.

    Raises:
        ModelLoadError: The optional part is missing, the data or the base cannot be used, or nothing was learnt.
    """
    table = _data_table(data)
    ultralytics = _import_ultralytics(online=False)
    if not base.is_file() and base.suffix != ".yaml":
        msg = f"{base}: no such weights"
        raise ModelLoadError(msg)
    try:
        ultralytics.YOLO(str(base), task="detect").train(
            data=str(table),
            epochs=options.epochs,
            patience=max(10, options.epochs // 5),
            imgsz=options.size_px,
            batch=options.batch,
            seed=options.seed,
            deterministic=True,
            device=options.device or None,
            project=str(folder),
            name="run",
            plots=False,
        )
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, AssertionError) as exc:
        msg = f"{data}: training failed ({exc})"
        raise ModelLoadError(msg) from exc
    best = next(iter(sorted(folder.glob("**/best.pt"))), None)
    if best is None:
        msg = f"{data}: training ended without weights"
        raise ModelLoadError(msg)
    return best


def _data_table(data: Path) -> Path:
    """Return the table of a data set whose classes this gateway may look for, with paths that hold from anywhere."""
    table = data / "data.yaml"
    if not table.is_file():
        msg = f"{data}: has no data.yaml; give a folder in Ultralytics' layout (data.yaml, images, labels)"
        raise ModelLoadError(msg)
    try:
        content = yaml.safe_load(table.read_text("utf-8"))
        names = content["names"]
        labels = tuple(str(n) for n in (names.values() if isinstance(names, dict) else names))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as exc:
        msg = f"{table}: must give train, val and names ({exc})"
        raise ModelLoadError(msg) from exc
    check_boundary(table.name, labels)
    return table


def _load(path: Path) -> Any:
    ultralytics = _import_ultralytics(online=False)
    if not path.is_file():
        msg = f"{path}: no such weights"
        raise ModelLoadError(msg)
    try:
        return ultralytics.YOLO(str(path), task="detect")
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, EOFError, ImportError, AttributeError) as exc:
        msg = f"{path.name}: Ultralytics cannot load it ({exc})"
        raise ModelLoadError(msg) from exc


def _import_ultralytics(*, online: bool) -> Any:
    """Import with its self-installing off and, unless asked, its network checks too: it reads both at import."""
    os.environ.setdefault("YOLO_AUTOINSTALL", "false")
    if not online:
        os.environ.setdefault("YOLO_OFFLINE", "true")
    try:
        _stub_torchvision()
        import ultralytics
    except ImportError as exc:
        msg = f"this needs the optional YOLO part: {_INSTALL} ({exc})"
        raise ModelLoadError(msg) from exc
    return ultralytics


def _stub_torchvision() -> None:
    """Stand in for a torchvision whose operators do not load beside this torch; only its `nms` is used."""
    try:
        importlib.import_module("torchvision")
    except (ImportError, RuntimeError):
        for name in [m for m in sys.modules if m.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
    else:
        return
    from ultralytics.utils.nms import TorchNMS

    stub, ops = types.ModuleType("torchvision"), types.ModuleType("torchvision.ops")
    vars(ops)["nms"] = TorchNMS.nms
    vars(stub)["ops"] = ops
    sys.modules.update({"torchvision": stub, "torchvision.ops": ops})


def _detections(result: Any) -> Detections:
    boxes = result.boxes
    return Detections(
        boxes.xyxy.cpu().numpy().astype(np.float32).reshape(-1, 4),
        boxes.conf.cpu().numpy().astype(np.float32),
        boxes.cls.cpu().numpy().astype(np.int64),
    )
