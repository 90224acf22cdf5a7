"""One change to many cameras: which, and what becomes of them."""

from __future__ import annotations

import pytest

from camera_configs.loader import load_site
from gateway.desk.batch import BatchChange, Selection, changed, region_prefix, selected
from tests.unit.camera_configs.folders import EXAMPLE_SITE

SITE = load_site(EXAMPLE_SITE)
SLOW = {"id": "slow", "type": "litter", "zone": "weir"}


@pytest.mark.parametrize(
    ("code", "prefix"), [("620702000000", "620702"), ("620702199000", "620702199"), ("620702199001", "620702199001")]
)
def test_region_covers_what_lies_in_it(code: str, prefix: str) -> None:
    """A county its towns, a town its villages."""
    assert region_prefix(code) == prefix


def test_selection_narrows() -> None:
    """All that is given must hold."""
    assert len(selected(SITE, Selection(region_code="620702199000"))) == len(SITE.cameras)
    assert [c.id for c in selected(SITE, Selection(grid_id="qingxi-river"))] == ["river-bend-2", "weir-1"]
    both = Selection(grid_id="qingxi-river", camera_ids=frozenset({"weir-1", "market-1"}))
    assert [c.id for c in selected(SITE, both)] == ["weir-1"]
    assert selected(SITE, Selection(tag="nobody")) == []
    assert Selection().is_open


def test_rules_come_go_and_give_way() -> None:
    """A rule of the same id is replaced where it stands; types that are removed go."""
    camera = SITE.camera("weir-1")
    change = BatchChange(
        add_rules=[{"id": "weir", "type": "water_intrusion", "dwell_s": 9}, SLOW],
        remove_rule_types=frozenset({"camera_fault.black"}),
    )
    assert [rule["id"] for rule in changed(camera, change)["rules"]] == ["weir", "offline", "slow"]
    assert changed(camera, change)["rules"][0]["dwell_s"] == 9


def test_schedule_is_given_to_the_types_meant() -> None:
    """Others keep theirs; without types it is for all."""
    night = {"start": "22:00", "end": "06:00"}
    some = BatchChange(schedule=night, rule_types=frozenset({"water_intrusion"}))
    assert ["schedule" in r for r in changed(SITE.camera("weir-1"), some)["rules"]] == [True, False, False]
    every = changed(SITE.camera("weir-1"), BatchChange(schedule=night))
    assert all(r["schedule"] == night for r in every["rules"])


def test_switches_and_tags() -> None:
    """What is not mentioned stays as it is."""
    change = BatchChange(enabled=False, analyse="main", add_tags=("north", "north-2"), remove_tags=frozenset({"south"}))
    camera = SITE.camera("weir-1").model_copy(update={"tags": ("south", "north")})
    document = changed(camera, change)
    assert (document["enabled"], document["analyse"], document["tags"]) == (False, "main", ["north", "north-2"])
    assert changed(camera, BatchChange())["tags"] == ["south", "north"]
