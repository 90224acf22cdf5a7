"""The camera a clip stands for: the rules it arms, each with its own zone, and the faults that are always armed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from camera_configs.models import CameraConfig, RuleConfig
from camera_configs.taxonomy import event_type
from gateway.analysis.ruleset import make_rules
from gateway.evaluation.pipeline import GRID_ID
from gateway.evaluation.scoring import known_type

CAMERA_ID = "recording"
FROZEN = "camera_fault.frozen"
# A camera fault is due after minutes on a street; recordings that show one are seconds long.
FAULT_DWELL_S = 5.0


def camera_with(rules: Sequence[Mapping[str, Any]], file: Path, masks: Sequence[Any] = ()) -> CameraConfig:
    """Return a camera with these rules and no cool-down: every event counts.

    Args:
        rules: As a truth file has them: fields of `RuleConfig`, but `zone` is a polygon (two points: a line), or
            missing for the whole picture; `arrow` and `count` are those of the zone.
        file: The recording.
        masks: Polygons that must not be seen.

    Raises:
        ValidationError: Of pydantic; something in there cannot be used.
    """
    zones = [_zone(rule) for rule in rules if rule.get("zone")]
    hidden = [{"id": f"m-{n}", "name": "mask", "kind": "privacy_mask", "polygon": p} for n, p in enumerate(masks)]
    legal = {
        "purpose": "evaluation",
        "legal_basis": "art7_gov",
        "installer_unit": "-",
        "placement_class": "public_road",
    }
    return CameraConfig.model_validate(
        {
            "id": CAMERA_ID,
            "name": file.stem[:120] or CAMERA_ID,
            "grids": [GRID_ID],
            "position": {"lon": 0, "lat": 0},
            "streams": [{"url": file.absolute().as_uri()}],
            "legal": legal,
            "zones": [*zones, *hidden],
            "rules": [_rule(rule) for rule in rules],
        }
    )


def with_faults(camera: CameraConfig, annotated: Collection[str], dwell_s: float = FAULT_DWELL_S) -> CameraConfig:
    """Return the camera with the faults that are armed everywhere, as patient as a short recording allows.

    A recording rebuilt from single pictures repeats them, so `camera_fault.frozen` is off where the clip says nothing
    of it.

    Args:
        camera: From `camera_with`; a fault that it arms itself stays as it is.
        annotated: Types that the clip says something of.
        dwell_s: How long a fault must last, and how often it is looked for.
    """
    own = {rule.type for rule in camera.rules}
    types = [a.rule.condition.subject.event_type for a in make_rules(camera).armed if a.is_fault]
    faults = [
        RuleConfig(
            id="fault-" + kind.partition(".")[2].replace("_", "-"),
            type=kind,
            dwell_s=min(dwell_s, event_type(kind).dwell_s),
            cadence_s=max(1.0, min(dwell_s, event_type(kind).cadence_s)),
            cool_down_s=0,
            enabled=kind != FROZEN or kind in annotated,
        )
        for kind in dict.fromkeys(types)
        if kind not in own
    ]
    return camera.model_copy(update={"rules": (*camera.rules, *faults)})


def dwell_of(rule: RuleConfig) -> float:
    """Return how long the rule's condition must last, in seconds."""
    if rule.dwell_s is not None:
        return rule.dwell_s
    try:
        return event_type(rule.type).dwell_s
    except KeyError:  # a type that nobody knows is never raised
        return 0.0


def _zone(rule: Mapping[str, Any]) -> dict[str, Any]:
    polygon, kind = rule["zone"], "area"
    if isinstance(polygon, list | tuple) and len(polygon) == 2:
        kind = "line"
    way = {key: rule[key] for key in ("arrow", "count") if key in rule}
    return {"id": f"z-{rule.get('id')}", "name": str(rule.get("id")), "kind": kind, "polygon": polygon, **way}


def _rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    zone = f"z-{rule.get('id')}" if rule.get("zone") else None
    plain = {key: value for key, value in rule.items() if key not in {"arrow", "count"}}
    return {"cool_down_s": 0, **plain, "type": known_type(str(rule.get("type", ""))), "zone": zone}
