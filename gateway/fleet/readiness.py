"""What this machine can recognise: asked by the interface, so that a rule without a model does not pretend."""

from __future__ import annotations

from collections.abc import Hashable

from camera_configs.models import CameraConfig, LegalCard, Position, RuleConfig, SiteConfig, StreamConfig, ZoneConfig
from camera_configs.taxonomy import EVENT_TYPES, event_type
from detectors import fire_smoke
from detectors.base import Detector
from detectors.registry import ModelRegistry
from gateway.analysis import offline
from gateway.analysis.road import COUNT
from gateway.analysis.ruleset import FIRE_TYPES, RuleSet, make_rules
from gateway.fleet.camera_unit import group_labels
from gateway.fleet.scene_models import scene_models, seen_types
from gateway.fleet.worker import close_pools, load_detectors
from gateway.settings import Settings


def ready_types(site: SiteConfig, settings: Settings) -> frozenset[str]:
    """Return the event types for which some camera has a rule that runs.

    Loads every model that the enabled cameras name, so that a wrong one is noticed before any camera is watched.

    Raises:
        ModelLoadError: No such model, or one that cannot be used.
    """
    cameras = [camera for camera in site.cameras if camera.enabled]
    types = ModelRegistry(settings.models_path).known_types()
    detectors = load_detectors(settings, cameras, types)
    found: set[str] = set()
    # Of 15,000 cameras most are alike in what decides: one of each kind is asked.
    for camera in {_kind_of(camera): camera for camera in cameras}.values():
        detector: Detector | None = detectors[camera.detector or settings.detector]
        fire = fire_smoke.NAME in detectors
        seen = seen_types(scene_models(types, camera, detectors))
        found |= _types(make_rules(camera, group_labels(detector), site.event_type, fire=fire, seen=seen))
    return frozenset(found)


def machine_types(settings: Settings) -> frozenset[str]:
    """Return the event types that a camera of this machine's default detector could have rules of that run.

    Raises:
        ModelLoadError: The default detector cannot be used.
    """
    rules = [
        RuleConfig(id=f"r{number}", type=name, zone=_PLAIN.zones[0].id, min_count=2)
        for number, name in enumerate(EVENT_TYPES)
    ]
    camera = _PLAIN.model_copy(update={"rules": tuple(rules)})
    # Smoke and fire have a detector that comes with the package: it need not be opened to know that.
    others = tuple(rule for rule in rules if rule.type not in FIRE_TYPES)
    types = ModelRegistry(settings.models_path).known_types()
    detectors = load_detectors(settings, [_PLAIN.model_copy(update={"rules": others})], types)
    seen = seen_types(scene_models(types, camera, detectors))
    found = make_rules(camera, group_labels(detectors[settings.detector]), event_type, fire=True, seen=seen)
    close_pools(detectors)
    return _types(found)


# Armed with nothing but its own faults.
_PLAIN = CameraConfig(
    id="any",
    name="any",
    grids=("any",),
    position=Position(lon=0, lat=0),
    streams=(StreamConfig(url="rtsp://localhost/any"),),
    legal=LegalCard(purpose="any", legal_basis="art7_gov", installer_unit="any", placement_class="public_road"),
    zones=(ZoneConfig(id="any", name="any", polygon=((0, 0), (1, 0), (1, 1), (0, 1))),),
)


def _kind_of(camera: CameraConfig) -> Hashable:
    zones = {zone.id: (zone.kind, zone.arrow is not None) for zone in camera.zones}
    rules = tuple((r.type, r.enabled, r.objects, r.min_count > 1, zones.get(r.zone or "")) for r in camera.rules)
    return camera.detector, rules


def _types(rules: RuleSet) -> frozenset[str]:
    found = {a.rule.condition.subject.event_type for a in rules.armed} - {COUNT}
    found |= {rule.condition.subject.event_type for rule in rules.states}
    return frozenset(found | ({offline.EVENT_TYPE} if rules.offline is not None else set()))
