"""The detector of fire and smoke that comes with the package; `weights/fire_smoke.md` says what it can and cannot."""

from __future__ import annotations

from importlib import resources
from typing import Final

from detectors.onnx_model import DetectionOptions, OnnxDetector
from detectors.onnx_session import SessionOptions

NAME: Final = "fire_smoke"
# Lower than any rule asks for: evidence over time is gathered from weak sights as well (gateway.analysis.fire).
_MIN_CONFIDENCE: Final = 0.2
# Flames overlap flames; boxes that share half of the smaller union are one fire.
_MAX_IOU: Final = 0.45
_MAX_BOXES: Final = 20


def open_fire_smoke(session: SessionOptions | None = None) -> OnnxDetector:
    """Load the shipped detector; labels "fire" and "smoke".

    Raises:
        ModelLoadError: The package was installed without its weights, or they are damaged.
    """
    options = DetectionOptions(_MIN_CONFIDENCE, _MAX_IOU, _MAX_BOXES)
    with resources.as_file(resources.files("detectors") / "weights" / f"{NAME}.onnx") as file:
        return OnnxDetector(file, NAME, options, session)
