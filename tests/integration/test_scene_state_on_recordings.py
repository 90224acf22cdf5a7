"""What a place looks like, told without a model: things left, litter and water, on the shared recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from camera_configs.models import CameraConfig
from tests.integration.recordings import Clip, camera_of, clip, rules_of, run, score

pytestmark = [pytest.mark.media, pytest.mark.unpaced]

WHOLE = [[0, 0], [1, 0], [1, 1], [0, 1]]
LOWER = [[0, 0.5], [1, 0.5], [1, 1], [0, 1]]
# Three types without a model, on the whole picture and on its lower half, less patient than anybody would be.
EAGER: list[dict[str, Any]] = [
    {"id": "left", "type": "abandoned_object", "zone": WHOLE, "dwell_s": 15, "clear_s": 1.5},
    {"id": "litter", "type": "litter", "zone": WHOLE, "dwell_s": 10, "clear_s": 1.5},
    {"id": "water", "type": "waterlogging", "zone": LOWER, "dwell_s": 5, "clear_s": 1.5},
]
# Nothing of these three is there. Not among them: recordings in which the camera itself is at fault.
QUIET = (
    "person_bicycle_car",
    "car_detection",
    "one_by_one_person",
    "alley_firefighters",
    "motorway_traffic",
    "night_led_square",
    "derived_light_change_negative",
    "derived_crowd_gathering",
)


def armed_with(found: Clip, *rules: dict[str, Any]) -> Clip:
    """Return the clip with other rules armed."""
    return Clip(found.path, found.truth | {"setup": {"rules": list(rules)}})


@pytest.mark.parametrize("gated", [True, False])
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("derived_litter_items", "litter"),
        ("derived_flood_rise", "waterlogging"),
        ("derived_abandoned_suitcase", "abandoned_object"),
    ],
)
def test_what_has_come_is_raised_once_and_in_time(media: Path, name: str, kind: str, *, gated: bool) -> None:
    """By looks and bursts, and at 5 fps: one event, no other."""
    found = clip(media, name)
    camera: CameraConfig = camera_of(found)
    (rule,) = [r.id for r in camera.rules if r.type == kind]
    assert rule in {a.rule.condition.subject.rule_id for a in rules_of(camera, None).armed}
    raised = [s for s in run(found, None, gated=gated).raised if s.rule_id == rule]
    result = score(found, raised, {rule})
    assert (result.due, result.hits, result.misses, result.false_alarms) == (1, 1, (), ())


@pytest.mark.parametrize("name", QUIET)
def test_people_traffic_and_light_are_none_of_these(media: Path, name: str) -> None:
    """People stand still, cars stop and go, the light goes down: nothing was left, thrown away or flooded."""
    made = run(armed_with(clip(media, name), *EAGER), None, gated=True)
    assert [(s.rule_id, s.since_s) for s in made.raised if not s.event_type.startswith("camera_fault")] == []
