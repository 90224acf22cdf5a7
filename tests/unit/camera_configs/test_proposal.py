"""Some entries changed: the same problems as of files, found without checking the others again."""

from __future__ import annotations

from typing import Any

from camera_configs.documents import Document, Key, document_of, models_of
from camera_configs.loader import load_site
from camera_configs.proposal import Proposal, propose
from tests.unit.camera_configs.folders import EXAMPLE_SITE

SITE = load_site(EXAMPLE_SITE)
MODELS = models_of(SITE)
WEIR = Key("camera", "weir-1")


def proposed(key: Key = WEIR, **fields: Any) -> Proposal:
    """Propose one entry with other values."""
    return propose(MODELS, {key: {**document_of(MODELS[key]), **fields}})


def codes(proposal: Proposal) -> list[tuple[str, str, str]]:
    return [(p.entry_id, p.field_path, p.code) for p in proposal.problems]


def test_sound_change() -> None:
    """No problem, and the model that it would become."""
    proposal = proposed(name="别名")
    assert proposal.problems == ()
    assert proposal.models[WEIR] == SITE.camera("weir-1").model_copy(update={"name": "别名"})


def test_what_a_camera_names_must_be_there() -> None:
    """Grids, event types and zones."""
    rules = [{"id": "r", "type": "no_such", "zone": "weir"}, {"id": "s", "type": "litter", "zone": "no"}]
    legal = {**document_of(SITE.camera("weir-1"))["legal"], "event_types": []}
    found = codes(proposed(grids=["elsewhere"], rules=rules, legal=legal))
    assert found == [
        ("weir-1", "grids[0]", "unknown"),
        ("weir-1", "rules[0].type", "unknown"),
        ("weir-1", "rules[1].zone", "unknown"),
    ]


def test_fields_that_do_not_fit_are_all_told() -> None:
    """With the codes that an interface translates."""
    found = codes(proposed(position={"lon": 1, "lat": 91}, lens=3, legal={"placement_class": "toilet"}))
    assert {code for _, _, code in found} >= {"less_than_equal", "unknown_key", "forbidden_place", "missing"}


def test_persons_are_out_of_bounds_here_too() -> None:
    """The boundary holds in the browser as it does in files."""
    rules = [{"id": "r", "type": "face_match"}]
    assert ("weir-1", "rules[0].type", "about_persons") in codes(proposed(rules=rules))
    own = {**document_of(SITE.event_type("litter")), "id": "face_match"}
    assert codes(propose(MODELS, {Key("event_type", "face_match"): own}))[0][2] == "about_persons"


def test_what_others_refer_to_cannot_go() -> None:
    """The cameras of a grid, the grids of a region, the rules of an event type."""
    gone: dict[Key, Document | None] = {Key("grid", "hewan-1"): None, Key("region", "620702199000"): None}
    assert {(i, c) for i, _, c in codes(propose(MODELS, gone))} == {
        ("river-bend-2", "unknown"),
        ("south-slope-2", "unknown"),
        ("qingxi-river", "unknown"),
    }
    together = {**gone, **{Key("camera", i): None for i in ("river-bend-2", "south-slope-2", "weir-1")}}
    assert propose(MODELS, {**together, Key("grid", "qingxi-river"): None}).problems == ()


def test_code_of_another_grid_and_other_name_of_a_worker() -> None:
    """What must differ between grids, or be the same, is compared with those that stay."""
    workers = [{"account": "ma-yulan", "name": "别人"}]
    found = codes(proposed(Key("grid", "hewan-1"), code="62070219900101", workers=workers))
    assert {code for _, _, code in found} == {"used_twice", "other_name"}


def test_new_entries_may_refer_to_each_other() -> None:
    """A region, its grid and a camera in it come in one change."""
    grid = {"id": "new", "code": "n1", "name": "新", "region_code": "620702199777"}
    camera = {**document_of(SITE.camera("weir-1")), "id": "weir-9", "grids": ["new"]}
    changes: dict[Key, Document | None] = {
        Key("camera", "weir-9"): camera,
        Key("grid", "new"): grid,
        Key("region", "620702199777"): {"code": "620702199777", "name": "新村"},
    }
    proposal = propose(MODELS, changes)
    assert proposal.problems == ()
    assert [w.code for w in proposal.warnings] == ["same_address"]


def test_id_of_another_is_refused() -> None:
    """An entry cannot be saved under a name that is not its own."""
    assert codes(proposed(id="weir-2")) == [("weir-2", "id", "other_id")]


def test_event_type_back_to_what_is_shipped_is_no_entry() -> None:
    """What the site says no otherwise than the program need not be kept."""
    key = Key("event_type", "litter")
    assert propose(MODELS, {key: {"id": "litter"}}).models == {key: None}
