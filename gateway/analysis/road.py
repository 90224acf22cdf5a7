"""From configuration to the rules of lines, lanes and lamps, and the plain words for those that cannot run."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from camera_configs.models import CameraConfig, RuleConfig, ZoneConfig
from camera_configs.taxonomy import WRONG_WAY
from gateway.analysis.condition import Condition, Patience, Subject
from gateway.analysis.congestion import LEAST_SHARE, LEAST_VEHICLES, CongestionRule
from gateway.analysis.lamp import LampRule
from gateway.analysis.lines import Line, LineCounter, LineRule
from gateway.analysis.rules import Rule, Wanted
from gateway.analysis.wrong_way import WrongWayRule
from gateway.analysis.zones import Zone

CONGESTION, LIGHT_OUT = "congestion", "light_out"
# What each looks for, by default, when the rule names no objects.
ROAD_TYPES: dict[str, tuple[str, ...]] = {CONGESTION: ("vehicle",), WRONG_WAY: ("vehicle",), LIGHT_OUT: ()}
# What can be told of things that go over a line.
LINE_TYPES = frozenset({"zone_intrusion", "water_intrusion", "stray_livestock", WRONG_WAY})
COUNT = "line_count"  # in place of an event type; nothing is ever raised
COUNT_EVERY_S = 10.0  # between looks while nothing moves near the line


def why_no_road(camera: CameraConfig, config: RuleConfig) -> str | None:
    """Return why a rule cannot run in its zone; None where nothing stands in the way but perhaps a missing model."""
    zone = None if config.zone is None else camera.zone(config.zone)
    if zone is not None and zone.kind != "area" and not (zone.kind == "line" and config.type in LINE_TYPES):
        return f"zone {zone.id} is not an area"
    if config.type in ROAD_TYPES and zone is None:
        return "needs a zone of its own"
    if zone is not None and config.type == WRONG_WAY and zone.arrow is None:
        return f"zone {zone.id} has no arrow"
    return None


def needs_kinds(camera: CameraConfig, config: RuleConfig) -> bool:
    """Say whether a moving patch will not do, where no model tells what moves."""
    over_line = config.zone is not None and camera.zone(config.zone).kind == "line"
    return over_line or config.type in {CONGESTION, WRONG_WAY}


def road_rule(camera: CameraConfig, config: RuleConfig, condition: Condition, wanted: Wanted) -> Rule | None:
    """Return the rule of a line, a lane or a lamp; None: it is another kind of rule. Ask `why_no_road` first."""
    if config.zone is None:
        return None
    zone = camera.zone(config.zone)
    if zone.kind == "line":
        return LineRule(_prompt(condition, config), Line.of(zone), wanted, against=config.type == WRONG_WAY)
    if config.type == WRONG_WAY and zone.arrow is not None:
        return WrongWayRule(condition, Zone.of(zone), zone.arrow, wanted)
    if config.type == CONGESTION:
        many = wanted if "min_count" in config.model_fields_set else replace(wanted, min_count=LEAST_VEHICLES)
        return CongestionRule(condition, Zone.of(zone), many, config.min_share or LEAST_SHARE)
    if config.type == LIGHT_OUT:
        condition = Condition(condition.subject, condition.patience, gaps_matter=False)
        return LampRule(condition, Zone.of(zone), (camera.position.lon, camera.position.lat))
    return None


def counter_of(camera: CameraConfig, zone: ZoneConfig, labels: Collection[str]) -> tuple[RuleConfig, LineCounter | str]:
    """Return the counter of a line, or the reason why nothing is counted, and what stands for its configuration."""
    config = RuleConfig(id=f"count-{zone.id}"[:63].rstrip("-"), type=COUNT, zone=zone.id, cadence_s=COUNT_EVERY_S)
    missing = sorted(set(zone.count) - set(labels))
    if missing:
        return config, f"the model in use does not see: {', '.join(missing)}" if labels else "needs an object model"
    subject = Subject(camera.id, config.id, COUNT, zone.id)
    return config, LineCounter(Condition(subject, Patience(0.0, 0.0, 0.0)), Line.of(zone), zone.count)


def _prompt(condition: Condition, config: RuleConfig) -> Condition:
    """A crossing is over in a moment: a type's dwell, made for areas, holds only where the rule says so itself."""
    patience = condition.patience
    dwell_s = 0.0 if config.dwell_s is None else patience.dwell_s
    return Condition(condition.subject, Patience(dwell_s, patience.clear_s, patience.cool_down_s))
