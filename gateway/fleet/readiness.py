"""What this machine can recognise: asked by the interface, so that a rule without a model does not pretend."""

from __future__ import annotations

from camera_configs.models import SiteConfig
from detectors import fire_smoke
from detectors.base import Detector
from detectors.registry import ModelRegistry
from gateway.analysis import offline
from gateway.analysis.ruleset import make_rules
from gateway.fleet.camera_unit import group_labels
from gateway.fleet.scene_models import scene_models, seen_types
from gateway.fleet.worker import load_detectors
from gateway.settings import Settings


def ready_types(site: SiteConfig, settings: Settings) -> frozenset[str]:
    """Return the event types for which some camera has a rule that runs.

    Loads every model that the enabled cameras name, so that a wrong one is noticed before any camera is watched.

    Raises:
        ModelLoadError: No such model, or one that cannot be used.
    """
    cameras = [camera for camera in site.cameras if camera.enabled]
    detectors = load_detectors(settings, cameras)
    found: set[str] = set()
    for camera in cameras:
        detector: Detector | None = detectors[camera.detector or settings.detector]
        fire = fire_smoke.NAME in detectors
        seen = seen_types(scene_models(ModelRegistry(settings.models_path), camera, detectors))
        rules = make_rules(camera, group_labels(detector), site.event_type, fire=fire, seen=seen)
        found |= {a.rule.condition.subject.event_type for a in rules.armed}
        found |= {rule.condition.subject.event_type for rule in rules.states}
        found |= {offline.EVENT_TYPE} if rules.offline is not None else set()
    return frozenset(found)
