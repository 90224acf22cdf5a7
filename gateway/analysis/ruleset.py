"""From configuration to rules that run, and a plain word for each that cannot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from camera_configs.models import CameraConfig, RuleConfig, ScheduleConfig
from camera_configs.taxonomy import EventTypeSpec, event_type, is_camera_fault
from detectors.foreground import ForegroundModel, ForegroundOptions
from gateway.analysis import offline
from gateway.analysis.condition import Condition, Patience, Subject
from gateway.analysis.fire import SmokeFireRule
from gateway.analysis.health.arming import StateRule, picture_rules, state_rules
from gateway.analysis.health.fault_types import ARMED_APART
from gateway.analysis.lamp import LampRule
from gateway.analysis.left_behind import LeftBehindRule, Sizes
from gateway.analysis.offline import OfflineRule
from gateway.analysis.road import ROAD_TYPES, counter_of, needs_kinds, road_rule, why_no_road
from gateway.analysis.rules import Rule, StoppedRule, Wanted, ZoneIntrusionRule
from gateway.analysis.schedule import Local, in_force
from gateway.analysis.seen import SeenRule, Telling
from gateway.analysis.water import WaterRule
from gateway.analysis.zones import WHOLE_PICTURE, Zone

# What stands in a zone, by default, when the rule names no objects.
_INTRUSION: dict[str, tuple[str, ...]] = {
    "zone_intrusion": ("person",),
    "water_intrusion": ("person",),
    "crowding": ("person",),
    "stray_livestock": ("animal",),
}
_STOPPED: dict[str, tuple[str, ...]] = {
    "illegal_parking": ("vehicle",),
    "fire_lane_blocked": ("vehicle",),
    "nonmotor_parking": ("nonmotor",),
}
# How large what is left behind must be, unless the rule says so itself, and what is too large to be that.
_LEFT_BEHIND: dict[str, Sizes] = {
    "abandoned_object": Sizes(least=0.002, most=0.06, piece=0.002),
    "litter": Sizes(least=0.002, most=0.02),
    "piled_goods": Sizes(least=0.02, piece=0.005),
}
FIRE_TYPES = frozenset({"smoke_fire", "open_burning"})
_WATER = frozenset({"waterlogging"})
_BY_LOOKS = (SmokeFireRule, WaterRule, SeenRule, LampRule)  # what shows in single looks, whatever moves
_ALWAYS = ScheduleConfig()
# Types that a moving patch cannot stand for: it has no number and no kind.
_NEEDS_KINDS = frozenset({"crowding", "stray_livestock", "nonmotor_parking"})
# A parked car is no pile of goods, and only a model tells it from one.
_KINDS_LEFT_OUT = {"piled_goods": ("vehicle",)}

# Something standing in a zone must stay foreground for longer than the longest dwell that waits for it.
ABSORB_MARGIN_S = 300.0
LEAST_ABSORB_S = 600.0


class ArmedRule:
    """A rule that runs; what is asked of it for every frame is known beforehand.

    Args:
        rule: The rule.
        config: The configuration it came from; None: armed on every camera.
        preset: The camera's preset that its zone belongs to; None: it counts in every view.

    Attributes:
        is_fault: It watches the camera itself, not its scene.
        follows: It waits for things to come or to stop: movement in its zone is worth decoding and following.
    """

    __slots__ = ("_schedule", "config", "follows", "is_fault", "preset", "rule")

    def __init__(self, rule: Rule, config: RuleConfig | None, preset: str | None = None) -> None:
        self.rule = rule
        self.config = config
        self.preset = preset
        self.is_fault = is_camera_fault(rule.condition.subject.event_type)
        self.follows = not self.is_fault and not isinstance(rule, _BY_LOOKS)
        schedule = None if config is None else config.schedule
        self._schedule = None if schedule == _ALWAYS else schedule

    def in_force(self, moment: datetime, time_zone: ZoneInfo | Local) -> bool:
        """Say whether its schedule covers the moment (aware)."""
        return self._schedule is None or in_force(self._schedule, moment, time_zone)


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The rules of one camera.

    Attributes:
        armed: Rules told of frames.
        offline: The rule told of states; None when switched off.
        unarmed: Rule id and reason, for people to read, of every enabled rule that cannot run.
        states: The other rules told of states: clock, loss of the picture.
    """

    armed: tuple[ArmedRule, ...]
    offline: OfflineRule | None
    unarmed: tuple[tuple[str, str], ...]
    states: tuple[StateRule, ...] = ()

    def within(self, view: str | None) -> RuleSet:
        """Return the rules that count while a preset (None: none of them) is in view."""
        return replace(self, armed=tuple(a for a in self.armed if a.preset in {None, view}))

    @property
    def rules(self) -> list[Rule]:
        """The rules told of frames."""
        return [a.rule for a in self.armed]


def make_rules(
    camera: CameraConfig,
    model_labels: Sequence[str] = (),
    spec_of: Callable[[str], EventTypeSpec] = event_type,
    *,
    fire: bool = False,
    seen: Collection[str] = (),
) -> RuleSet:
    """Return the rules of a camera. Faults of the camera itself are always armed unless a rule disables them.

    Args:
        camera: Its configuration.
        model_labels: Group labels ("person", "vehicle" ...) that the model in use can tell apart; empty: no model.
        spec_of: Event types by id, for dwell times that rules leave open; a site's own table or the shipped one.
        fire: The analyst of these rules is given a detector of fire and smoke.
        seen: Event types that its scene models were trained for; they come before what needs no model.
    """
    armed: list[ArmedRule] = []
    unarmed: list[tuple[str, str]] = []
    for config in camera.rules:
        if not config.enabled or config.type in {*ARMED_APART, offline.EVENT_TYPE}:
            continue
        if config.type in seen:
            built: Rule | str = _seen(camera, config, spec_of)
        else:
            built = _build(camera, config, frozenset(model_labels), spec_of, fire=fire)
        if isinstance(built, str):
            unarmed.append((config.id, built))
        else:
            preset = None if config.zone is None else camera.zone(config.zone).preset
            armed.append(ArmedRule(built, config, preset))
    for zone in camera.zones:
        if zone.kind == "line" and zone.count:
            stand_in, counter = counter_of(camera, zone, model_labels)
            if isinstance(counter, str):
                unarmed.append((stand_in.id, counter))
            else:
                armed.append(ArmedRule(counter, stand_in, zone.preset))
    armed += [ArmedRule(rule, config) for rule, config in picture_rules(camera, spec_of)]
    return RuleSet(tuple(armed), _offline_rule(camera, spec_of), tuple(unarmed), states=state_rules(camera, spec_of))


def foreground_for(camera: CameraConfig, rules: RuleSet) -> ForegroundModel:
    """Return a foreground model that keeps what stands still until the longest dwell of these rules is over."""
    dwell_s = [a.rule.condition.patience.dwell_s for a in rules.armed if a.follows]
    hidden = [z.polygon for z in camera.zones if z.kind in {"privacy_mask", "ignore"}]
    watched = [a.rule.zone.polygon for a in rules.armed if a.follows]
    return ForegroundModel(
        ForegroundOptions(
            absorb_s=max([LEAST_ABSORB_S, *(d + ABSORB_MARGIN_S for d in dwell_s)]),
            watched=tuple(watched) if all(watched) else (),
            ignore=tuple(hidden),
        )
    )


def _build(
    camera: CameraConfig,
    config: RuleConfig,
    labels: frozenset[str],
    spec_of: Callable[[str], EventTypeSpec],
    *,
    fire: bool,
) -> Rule | str:
    """Return the rule, or the reason why it cannot run."""
    reason = _why_not(camera, config, labels, fire=fire)
    if reason:
        return reason
    try:
        spec = spec_of(config.type)
    except KeyError:
        return "unknown event type"
    zone = Zone.of(camera.zone(config.zone)) if config.zone is not None else WHOLE_PICTURE
    condition = Condition(Subject(camera.id, config.id, config.type, config.zone), _patience(config, spec))
    if config.type in FIRE_TYPES:
        return SmokeFireRule(condition, zone, cadence_s=config.cadence_s or spec.cadence_s)
    if config.type in _WATER:
        return WaterRule(condition, zone)
    if config.type in _LEFT_BEHIND:
        return LeftBehindRule(condition, zone, _sizes(config))
    wanted = _wanted(config)
    if (road := road_rule(camera, config, condition, wanted)) is not None:
        return road
    return (ZoneIntrusionRule if config.type in _INTRUSION else StoppedRule)(condition, zone, wanted)


def _seen(camera: CameraConfig, config: RuleConfig, spec_of: Callable[[str], EventTypeSpec]) -> Rule | str:
    """Return the rule for what a scene model sees, or the reason why it cannot run."""
    spec = spec_of(config.type)
    zone = WHOLE_PICTURE if config.zone is None else Zone.of(camera.zone(config.zone))
    if config.zone is not None and camera.zone(config.zone).kind != "area":
        return f"zone {config.zone} is not an area"
    condition = Condition(Subject(camera.id, config.id, config.type, config.zone), _patience(config, spec))
    asked = config.min_area if "min_area" in config.model_fields_set else 0.0
    telling = Telling(config.min_count, config.min_confidence, asked)
    return SeenRule(condition, zone, telling, config.cadence_s or spec.cadence_s)


def _why_not(camera: CameraConfig, config: RuleConfig, labels: frozenset[str], *, fire: bool) -> str | None:
    if config.type not in {*_INTRUSION, *_STOPPED, *_LEFT_BEHIND, *FIRE_TYPES, *_WATER, *ROAD_TYPES}:
        return "no detector for this event type"
    if config.type in FIRE_TYPES and not fire:
        return "the detector of fire and smoke is not loaded"
    if (reason := why_no_road(camera, config)) is not None:
        return reason
    if config.type == "crowding" and config.min_count < 2:
        return "min_count must say how many people are a crowd"
    if config.type in _LEFT_BEHIND:
        missing = sorted(set(_KINDS_LEFT_OUT.get(config.type, ())) - labels)
    else:
        needs = config.type in _NEEDS_KINDS or needs_kinds(camera, config)
        missing = sorted(set(_objects(config)) - labels) if labels or needs else []
    if missing:
        return f"the model in use does not see: {', '.join(missing)}" if labels else "needs an object model"
    return None


def _objects(config: RuleConfig) -> tuple[str, ...]:
    usual = {**_INTRUSION, **_STOPPED, **ROAD_TYPES}.get(config.type, ())
    return config.objects or usual


def _sizes(config: RuleConfig) -> Sizes:
    sizes = _LEFT_BEHIND[config.type]
    if "min_area" not in config.model_fields_set:
        return sizes
    return replace(sizes, least=config.min_area, piece=min(sizes.piece, config.min_area))


def _patience(config: RuleConfig, spec: EventTypeSpec) -> Patience:
    return Patience(spec.dwell_s if config.dwell_s is None else config.dwell_s, config.clear_s, config.cool_down_s)


def _wanted(config: RuleConfig) -> Wanted:
    # The default minimum keeps leaves out of the foreground; a model needs it only where somebody asked for it.
    asked = config.min_area if "min_area" in config.model_fields_set else 0.0
    return Wanted(frozenset(_objects(config)), config.min_count, config.min_confidence, asked, config.min_area)


def _offline_rule(camera: CameraConfig, spec_of: Callable[[str], EventTypeSpec]) -> OfflineRule | None:
    config = next((r for r in camera.rules if r.type == offline.EVENT_TYPE), None)
    if config is None:
        return OfflineRule(camera.id, spec_of(offline.EVENT_TYPE).dwell_s)
    if not config.enabled:
        return None
    dwell_s = spec_of(offline.EVENT_TYPE).dwell_s if config.dwell_s is None else config.dwell_s
    return OfflineRule(camera.id, dwell_s, config.id)
