"""Which trained scene models the rules of a camera wait for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from camera_configs.models import CameraConfig
from detectors.base import Detector
from gateway.analysis.ruleset import FIRE_TYPES
from gateway.analysis.seen import SceneModel

Types = Mapping[str, str]  # event type by label
KnownTypes = Mapping[str, Types]  # by name of the model, see `ModelRegistry.known_types`


def asked_models(known: KnownTypes, cameras: Iterable[CameraConfig]) -> dict[str, Types]:
    """Return the models that enabled rules wait for, as detector settings (`onnx:NAME`), with what is asked of each.

    Where two models know an event type, the first is asked. Smoke and fire have a detector of their own.
    """
    wanted = {r.type for camera in cameras for r in camera.rules if r.enabled} - FIRE_TYPES
    asked: dict[str, Types] = {}
    for name, told in known.items():
        types = {label: kind for label, kind in told.items() if kind in wanted}
        if types:
            asked[f"onnx:{name}"] = types
            wanted -= set(types.values())
    return asked


def scene_models(known: KnownTypes, camera: CameraConfig, detectors: Mapping[str, Detector | None]) -> list[SceneModel]:
    """Return the models of `asked_models` for one camera, as far as they are open."""
    found = ((detectors.get(spec), types) for spec, types in asked_models(known, [camera]).items())
    return [SceneModel(detector, types) for detector, types in found if detector is not None]


def seen_types(models: Iterable[SceneModel]) -> frozenset[str]:
    """Return the event types that these models see."""
    return frozenset(kind for model in models for kind in model.types.values())
