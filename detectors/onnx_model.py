"""Object detectors that run on ONNX Runtime; the family is recognised from the graph itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detectors.base import Detections, Image, ModelLoadError
from detectors.family import Family, Probe, RawBoxes
from detectors.labels import labels_of
from detectors.nms import nms
from detectors.onnx_session import OnnxSession, SessionOptions, open_session
from detectors.picodet import recognise_picodet
from detectors.preprocess import Placement, Size
from detectors.yolo_family import recognise_yolo
from detectors.yolox import recognise_yolox

_MAX_BATCH = 8  # images; larger batches gain nothing on a CPU and only add delay
_MAX_CANDIDATES = 3_000  # boxes before suppression; the surest are taken


@dataclass(frozen=True, slots=True)
class DetectionOptions:
    """How sure and how many.

    Attributes:
        min_confidence: Boxes below are dropped. Low, since what is weak may be an object that is known already;
            what begins one, and what a rule counts, is decided with a higher bar.
        max_iou: Overlap above which the less sure of two boxes of one class goes.
        max_boxes: Per image.
    """

    min_confidence: float = 0.1
    max_iou: float = 0.6
    max_boxes: int = 300


class OnnxDetector:
    """A detector from an ONNX file. Keeps nothing between calls; several threads may call it at the same time.

    Attributes:
        family: Name of the recognised family.
        size: Pixels of the network's input.
    """

    per_camera = False
    wants_luma = False
    concurrent_passes = True  # ONNX Runtime's `run` may be called side by side

    def __init__(
        self,
        path: Path,
        name: str | None = None,
        options: DetectionOptions | None = None,
        session: SessionOptions | None = None,
    ) -> None:
        """Load, probe and recognise a model.

        Raises:
            ModelLoadError: Missing, broken or unknown file, or classes without names.
        """
        self.name = name or path.stem
        self._options = options or DetectionOptions()
        self._session = open_session(path, session or SessionOptions())
        probe = self._session.probe()
        self._family = recognise(probe, path.name)
        self.labels = labels_of(path, self._session.metadata, self._family.classes)
        self._batch = _batch_size(self._session, self._family, probe)

    @property
    def family(self) -> str:
        """For cards and error texts."""
        return self._family.name

    @property
    def size(self) -> Size:
        """Pixels of the network's input."""
        return self._session.size

    @property
    def images_per_pass(self) -> int:
        """How many images one forward pass takes at most."""
        return self._batch

    @property
    def providers(self) -> tuple[str, ...]:
        """ONNX Runtime's names of what runs the graph, the preferred first."""
        return self._session.providers

    @property
    def licence(self) -> str | None:
        """What the exporter wrote into the file, None when it wrote nothing."""
        return self._session.metadata.get("license")

    def detect(self, images: Sequence[Image]) -> list[Detections]:
        """Find objects in uint8 BGR images (h, w, 3); one forward pass per batch the graph allows.

        Raises:
            InferenceError: The forward pass failed; nothing of this call is kept.
        """
        found: list[Detections] = []
        for start in range(0, len(images), self._batch):
            found += self._pass(images[start : start + self._batch])
        return found

    def _pass(self, images: Sequence[Image]) -> list[Detections]:
        prepared = [self._family.prepare(image, self.size) for image in images]
        tensors = [tensor for tensor, _ in prepared]
        # A graph exported for exactly n images gets n; the answers to the repeated last one are ignored.
        tensors += [tensors[-1]] * ((self._session.batch or 0) - len(tensors))
        outputs = self._session.run(np.stack(tensors), self._family.extra_inputs(len(tensors)))
        return [
            self._finish(self._family.decode(outputs, i, self._options.min_confidence), placement)
            for i, (_, placement) in enumerate(prepared)
        ]

    def _finish(self, raw: RawBoxes, placement: Placement) -> Detections:
        order = np.argsort(-raw.confidence, kind="stable")[:_MAX_CANDIDATES]
        order = order[raw.class_id[order] < len(self.labels)]
        xyxy, confidence, class_id = raw.xyxy[order], raw.confidence[order], raw.class_id[order]
        if not raw.suppressed:
            kept = nms(xyxy, confidence, class_id, self._options.max_iou, self._options.max_boxes)
            xyxy, confidence, class_id = xyxy[kept], confidence[kept], class_id[kept]
        limit = self._options.max_boxes
        return Detections(placement.to_image(xyxy[:limit]), confidence[:limit], class_id[:limit])


def recognise(probe: Probe, name: str) -> Family:
    """Return the family that can read what the graph answered.

    Raises:
        ModelLoadError: None can.
    """
    family: Family | None = recognise_picodet(probe) or recognise_yolo(probe) or recognise_yolox(probe)
    if family is None:
        shapes = ", ".join(str(tuple(x.shape)) for x in probe.outputs)
        msg = f"{name}: its answer {shapes} is of no known family (YOLOv5-v26, YOLOX, PicoDet detection exports)"
        raise ModelLoadError(msg)
    return family


def _batch_size(session: OnnxSession, family: Family, probe: Probe) -> int:
    """Return images per pass; exports whose answer does not keep images apart go one by one."""
    if any(len(x) != (session.batch or 1) for x in probe.outputs) or (family.classes is None and session.batch is None):
        return 1
    return session.batch or _MAX_BATCH
