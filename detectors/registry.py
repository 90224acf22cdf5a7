"""The folder of models of one installation: checked once when added, found by name afterwards.

    models/NAME.onnx        the model
    models/NAME.json        its card
    models/NAME.labels.txt  its class names, where the model does not hold them
    models/NAME.types.yaml  the event types that its classes stand for, where it was trained for scenes
    models/NAME.pt          Ultralytics weights, where they were fetched

The card is written last: a model without a card was never fully added and is not listed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from detectors.base import Detector, InferenceError, ModelLoadError
from detectors.labels import label_file
from detectors.motion import MotionDetector
from detectors.onnx_model import OnnxDetector
from detectors.onnx_session import SessionOptions
from detectors.scene_types import SUFFIX, read_types
from detectors.ultralytics_model import (
    TrainingOptions,
    UltralyticsDetector,
    export_onnx,
    fetch_weights,
    train_weights,
)

MOTION = "motion"  # the detector setting of those that need no model
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_TRIAL_SHAPE = (270, 480, 3)  # px; not the network's own, so that the way back is tried as well
_GREY = 114
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What is known of a model that was added.

    Attributes:
        sha256: Of the model file, hexadecimal.
        family: As recognised: "yolov8", "yolox" ...
        input_width: Pixels.
        input_height: Pixels.
        licence: As the file says, None when it says nothing.
        added_at: Aware UTC, ISO 8601.
    """

    name: str
    sha256: str
    family: str
    input_width: int
    input_height: int
    labels: tuple[str, ...]
    licence: str | None
    added_at: str


class ModelRegistry:
    """Models below one folder; safe for several readers beside one writer."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, file: Path, name: str | None = None) -> ModelCard:
        """Check an ONNX file by loading it and looking at a grey image, then copy it in under a name.

        A model of that name is replaced. Files are written whole or not at all.

        Raises:
            ModelLoadError: The name or the model cannot be used, or the folder cannot be written.
        """
        name = _checked(name or file.stem.lower())
        detector = OnnxDetector(file, name)
        _try_out(detector)
        card = ModelCard(
            name=name,
            sha256=_sha256(file),
            family=detector.family,
            input_width=detector.size.width,
            input_height=detector.size.height,
            labels=detector.labels,
            licence=detector.licence,
            added_at=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        try:
            self._store(file, card)
        except OSError as exc:
            msg = f"{name}: cannot be written to {self._folder} ({exc.strerror})"
            raise ModelLoadError(msg) from exc
        return card

    def list(self) -> list[ModelCard]:
        """Return the cards of all models, by name; unreadable cards are left out."""
        cards = [_read_card(path) for path in sorted(self._folder.glob("*.json"))]
        return [card for card in cards if card is not None and self._model(card.name).is_file()]

    def path(self, name: str) -> Path:
        """Return the model file of that name.

        Raises:
            ModelLoadError: No such model.
        """
        path = self._model(_checked(name))
        if not path.is_file():
            known = ", ".join(card.name for card in self.list()) or "none"
            msg = f"{name}: no such model (there are: {known}); add one with `gridpatrol models add FILE`"
            raise ModelLoadError(msg)
        return path

    def why_unusable(self, spec: str) -> str | None:
        """Return why nothing can be opened by a detector setting, without opening it; None when it may be."""
        kind, _, name = spec.partition(":")
        try:
            if kind == "onnx" and name:
                self.path(name)
            elif kind == "yolo" and name:
                self.weights(name)
            elif spec != MOTION and not (spec.endswith((".onnx", ".pt")) and Path(spec).is_file()):
                return f"{spec}: no such detector on this machine"
        except ModelLoadError as exc:
            return str(exc)
        return None

    def weights(self, name: str) -> Path:
        """Return where the Ultralytics weights of that name lie, or would lie."""
        return self._folder / f"{_checked(name)}.pt"

    def remove(self, name: str) -> None:
        """Delete a model with all its files, the card first.

        Raises:
            ModelLoadError: No such model.
        """
        path = self.path(name)
        for file in (path.with_suffix(".json"), path, self.weights(name), label_file(path), self._types(name)):
            if file is not None:
                file.unlink(missing_ok=True)

    def types(self, card: ModelCard) -> dict[str, str]:
        """Return which of a model's labels stand for which event type; empty for models of people and vehicles.

        Raises:
            ModelLoadError: The table beside the model cannot be used.
        """
        return read_types(self._types(card.name), card.labels)

    def known_types(self) -> dict[str, dict[str, str]]:
        """Return event types by label for each model that has a table of them, by name of the model, in order.

        Raises:
            ModelLoadError: A model's table cannot be used.
        """
        return {card.name: types for card in self.list() if (types := self.types(card))}

    def set_types(self, name: str, table: Path) -> dict[str, str]:
        """Check a table of event types, keep it beside the model, and return it.

        Raises:
            ModelLoadError: No such model, a table that does not fit it, or the folder cannot be written.
        """
        path = self.path(name)
        card = _read_card(path.with_suffix(".json"))
        if card is None:
            msg = f"{name}: its card cannot be read; add the model again"
            raise ModelLoadError(msg)
        if not table.is_file():
            msg = f"{table}: no such file"
            raise ModelLoadError(msg)
        types = read_types(table, card.labels)
        try:
            _write(self._types(name), table.read_bytes())
        except OSError as exc:
            msg = f"{name}: cannot be written to {self._folder} ({exc.strerror})"
            raise ModelLoadError(msg) from exc
        return types

    def train(self, data: Path, options: TrainingOptions, name: str | None = None) -> ModelCard:
        """Train a model of your own with Ultralytics, export it and add it; the weights are kept beside it.

        Raises:
            ModelLoadError: The optional YOLO part is missing, or data or base cannot be used.
        """
        name = _checked(name or data.resolve().name.lower())
        with tempfile.TemporaryDirectory(prefix="gridpatrol-train-") as scratch:
            best = train_weights(data, self._base(options.base), options, Path(scratch))
            copy = best.with_name(f"{name}.pt")
            best.rename(copy)
            card = self.add(export_onnx(copy, options.size_px), name)
            shutil.copyfile(copy, self.weights(name))
        return card

    def _base(self, base: str) -> Path:
        """Return the weights or the network that training begins with: a file, or the name of published weights."""
        if base.endswith((".pt", ".yaml")):
            return Path(base)
        known = self.weights(base)
        return known if known.is_file() else fetch_weights(_checked(base), self._folder)

    def _types(self, name: str) -> Path:
        return self._folder / f"{name}{SUFFIX}"

    def fetch(self, name: str, size_px: int = 640) -> ModelCard:
        """Download published Ultralytics weights, export them and add the result.

        Raises:
            ModelLoadError: The optional YOLO part is missing, there is no connection, or no such weights.
        """
        fetch_weights(_checked(name), self._folder)
        return self.export(self.weights(name), size_px)

    def export(self, weights: Path, size_px: int = 640, name: str | None = None) -> ModelCard:
        """Export Ultralytics weights (`.pt`) to ONNX and add the result.

        Raises:
            ModelLoadError: The optional YOLO part is missing, or the weights cannot be used.
        """
        name = _checked(name or weights.stem.lower())
        with tempfile.TemporaryDirectory(prefix="gridpatrol-export-") as scratch:
            copy = Path(scratch) / f"{name}.pt"
            if weights.is_file():
                shutil.copyfile(weights, copy)
            return self.add(export_onnx(copy, size_px), name)

    def _model(self, name: str) -> Path:
        return self._folder / f"{name}.onnx"

    def _store(self, file: Path, card: ModelCard) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._model(card.name)
        _write(target, file.read_bytes())
        labels = label_file(file)
        old_labels = label_file(target)
        if labels is not None:
            _write(target.with_name(card.name + ".labels.txt"), "\n".join(card.labels).encode() + b"\n")
        elif old_labels is not None:
            old_labels.unlink()  # of a model that this one replaces
        _write(target.with_suffix(".json"), json.dumps(asdict(card), ensure_ascii=False, indent=2).encode() + b"\n")


def open_detector(spec: str, registry: ModelRegistry, session: SessionOptions | None = None) -> Detector:
    """Open the detector that a setting names.

    Args:
        spec: `motion`, `onnx:NAME`, `yolo:NAME`, or the path of an `.onnx` or `.pt` file.
        registry: Where names are looked up.
        session: How ONNX models run; the default is one thread.

    Raises:
        ModelLoadError: No such model, or one that cannot be used.
    """
    if spec == MOTION:
        return MotionDetector()
    kind, _, name = spec.partition(":")
    if kind == "onnx" and name:
        return OnnxDetector(registry.path(name), name, session=session)
    if kind == "yolo" and name:
        return UltralyticsDetector(registry.weights(name), name)
    if spec.endswith(".onnx"):
        return OnnxDetector(Path(spec), session=session)
    if spec.endswith(".pt"):
        return UltralyticsDetector(Path(spec))
    msg = f"{spec}: not a detector; give motion, onnx:NAME, yolo:NAME or the path of an .onnx or .pt file"
    raise ModelLoadError(msg)


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        msg = f"{name}: not a model name; use up to 63 lower-case letters, digits, '-' and '_'"
        raise ModelLoadError(msg)
    return name


def _try_out(detector: OnnxDetector) -> None:
    try:
        detector.detect([np.full(_TRIAL_SHAPE, _GREY, np.uint8)])
    except InferenceError as exc:
        msg = f"{detector.name}: fails on a grey image ({exc})"
        raise ModelLoadError(msg) from exc


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _write(target: Path, content: bytes) -> None:
    """Write a file so that readers see the old one or the whole new one, also after a power cut."""
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=f".{target.name}.", delete=False) as stream:
        try:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            Path(stream.name).replace(target)
        except OSError:
            Path(stream.name).unlink(missing_ok=True)
            raise


def _read_card(path: Path) -> ModelCard | None:
    try:
        fields = json.loads(path.read_text("utf-8"))
        return ModelCard(**{**fields, "labels": tuple(fields["labels"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
