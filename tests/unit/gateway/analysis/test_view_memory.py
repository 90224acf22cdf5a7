"""What is remembered of each view."""

from __future__ import annotations

from typing import Any

import numpy as np

from camera_configs.models import PresetConfig, ZoneConfig
from gateway.analysis.condition import MAX_GAP_S, Sight
from gateway.analysis.fire_watch import FireWatch
from gateway.analysis.following import Follower
from gateway.analysis.ruleset import make_rules
from gateway.analysis.seen import SceneWatch
from gateway.analysis.view_memory import ViewMemory, Views, seen_in
from gateway.types import Luma, Phase
from tests.unit.gateway.analysis.making import FakeForeground, camera, frame

RULE: dict[str, Any] = {"id": "r1", "type": "zone_intrusion", "zone": "z1", "dwell_s": 1}


class ScriptedFinder:
    """Says what the test says."""

    def __init__(self) -> None:
        self.preset: str | None = None

    def look(self, _small: Luma, _at_s: float) -> str | None:
        """Say it."""
        return self.preset


def views(finder: ScriptedFinder | None, made: list[str | None]) -> Views:
    def remember(view: str | None) -> ViewMemory:
        made.append(view)
        config = camera([RULE])
        return ViewMemory(FakeForeground(), Follower(config, None, 0.0), FireWatch(config, None), SceneWatch(config))

    return Views(finder, remember)  # type: ignore[arg-type]


def turn(found: Views, finder: ScriptedFinder, preset: str | None) -> ViewMemory:
    finder.preset = preset
    found.look(frame(0.0, 120))
    return found.now


def test_presets_are_remembered_and_unknown_views_are_not() -> None:
    """Coming back to a preset finds its memory; every unknown view begins with none."""
    made: list[str | None] = []
    finder = ScriptedFinder()
    found = views(finder, made)
    unknown = found.now
    first = turn(found, finder, "a")
    second = turn(found, finder, "b")
    assert turn(found, finder, "a") is first is not second
    assert turn(found, finder, None) is not unknown
    assert made == [None, "a", "b", None]


def test_passes_of_forgotten_views_still_count() -> None:
    """The counter of a worker never falls."""
    finder = ScriptedFinder()
    found = views(finder, [])
    found.now.follower.passes.inferences = 3
    turn(found, finder, "a").follower.passes.inferences = 2
    turn(found, finder, None)
    assert found.inferences + sum(p.inferences for view in found.all for p in view.passes) == 5


def test_a_camera_without_presets_has_one_memory() -> None:
    """Nothing is looked for, nothing is made."""
    made: list[str | None] = []
    found = views(None, made)
    found.look(frame(0.0, 120))
    assert (made, found.told_apart, len(found.all)) == ([None], False, 1)


def turning() -> Any:
    """Return a camera with a zone of preset a, one of b, and one of every view."""
    config = camera([RULE])
    (zone,) = config.zones
    zones = tuple(
        ZoneConfig(id=name, name=name, polygon=zone.polygon, preset=preset)
        for name, preset in (("z1", "a"), ("zb", "b"), ("every", None))
    )
    presets = (PresetConfig(id="a", name="a"), PresetConfig(id="b", name="b"))
    return config.model_copy(update={"zones": zones, "presets": presets})


def test_a_view_has_its_own_zones_and_those_of_every_view() -> None:
    """Of an unknown view only the latter."""
    assert [z.id for z in seen_in(turning(), "a").zones] == ["z1", "every"]
    assert [z.id for z in seen_in(turning(), None).zones] == ["every"]


def test_rules_belong_to_the_preset_of_their_zone() -> None:
    """And count within it; faults of the camera count everywhere."""
    rules = make_rules(turning())
    (mine,) = (a for a in rules.armed if not a.is_fault)
    assert mine.preset == "a"
    assert mine in rules.within("a").armed
    assert mine not in rules.within("b").armed
    assert all(a.is_fault for a in rules.within(None).armed)


def test_a_condition_that_rests_ends_after_the_longest_gap() -> None:
    """Neither told of nor ended before."""
    (mine,) = (a for a in make_rules(turning()).armed if not a.is_fault)
    condition = mine.rule.condition
    for at_s in np.arange(0.0, 3.0, 0.5):
        condition.update(Sight(), float(at_s))
    assert condition.raised
    assert condition.rest(2.5 + MAX_GAP_S - 1) == []
    assert [s.phase for s in condition.rest(2.5 + MAX_GAP_S + 1)] == [Phase.CLEARED]
