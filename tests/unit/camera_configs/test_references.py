"""What only shows when all entries are seen together."""

from __future__ import annotations

from pathlib import Path

import pytest

from camera_configs.loader import load_site, read_draft
from tests.unit.camera_configs.folders import SOUND, only_problem, problems_of, spoilt, write


@pytest.mark.parametrize(
    ("old", "new", "key_path", "message", "hint"),
    [
        (
            "grids: [east]",
            "grids: [eest]",
            "cameras[gate-1].grids[0]",
            "there is no grid 'eest'",
            "did you mean 'east'?",
        ),
        (
            'region_code: "620702199001"',
            'region_code: "620702199002"',
            "grids[east].region_code",
            "there is no region '620702199002'",
            "did you mean '620702199001'?",
        ),
        (
            "zone: lane }",
            "zone: lnae }",
            "cameras[gate-1].rules[lane].zone",
            "there is no zone of this camera 'lnae'",
            "did you mean 'lane'?",
        ),
        (
            "type: fire_lane_blocked",
            "type: fire_lane_block",
            "cameras[gate-1].rules[lane].type",
            "there is no event type 'fire_lane_block'",
            "did you mean 'fire_lane_blocked'?",
        ),
        (
            "signage_confirmed: true",
            "signage_confirmed: true\n      event_types: [litter]",
            "cameras[gate-1].rules[lane].type",
            "'fire_lane_blocked' is not covered by this camera's purpose (legal.event_types)",
            "extend the legal card, or drop the rule",
        ),
        (
            "signage_confirmed: true",
            "signage_confirmed: true\n      event_types: [fire_lane_blocked, liter]",
            "cameras[gate-1].legal.event_types[1]",
            "there is no event type 'liter'",
            "did you mean 'litter'?",
        ),
        (
            "name: 通道,",
            "name: 通道, kind: privacy_mask,",
            "cameras[gate-1].rules[lane].zone",
            "zone 'lane' is of kind privacy_mask: nothing is looked for in it",
            "",
        ),
        (
            "name: 通道,",
            "name: 通道, grid: yard,",
            "cameras[gate-1].zones[lane].grid",
            "grid 'yard' is not one of the camera's own: its people could not see the camera",
            "",
        ),
        (
            "name: 通道,",
            "name: 通道, preset: est,",
            "cameras[gate-1].zones[lane].preset",
            "there is no preset of this camera 'est'",
            "",
        ),
        (
            "    zones:\n      - { id: lane, name: 通道,",
            "    presets: [{ id: east, name: 东 }]\n    zones:\n      - { id: lane, name: 通道, preset: eest,",
            "cameras[gate-1].zones[lane].preset",
            "there is no preset of this camera 'eest'",
            "did you mean 'east'?",
        ),
        (
            "name: 通道,",
            "name: 通道, presett: a,",
            "cameras[gate-1].zones[lane].presett",
            "is not a known key",
            "did you mean 'preset'?",
        ),
    ],
)
def test_a_single_slip_is_explained(tmp_path: Path, old: str, new: str, key_path: str, message: str, hint: str) -> None:
    """Each slip gives its key, the reason, and the likely meaning."""
    found = problems_of(spoilt(tmp_path, old, new))
    expected = [p for p in found if p.key_path == key_path]
    assert [(p.message, p.hint) for p in expected] == [(message, hint)]


def test_an_unknown_preset_is_found_where_it_stands(tmp_path: Path) -> None:
    """File, line and key of the slip, as for any other."""
    problem = only_problem(spoilt(tmp_path, "name: 通道,", "name: 通道, preset: est,"))
    assert (problem.file.name, problem.line, problem.code) == ("site.yaml", 18, "unknown")


def test_a_preset_that_cannot_be_recognised_is_dubious(tmp_path: Path) -> None:
    """Its zones would be silent for ever; with a picture, or without zones, there is nothing to say."""
    zones = "    zones:\n      - { id: lane, name: 通道,"
    presets = "    presets: [{ id: east, name: 东 }, { id: idle, name: 西 }]\n"
    used = zones.replace("通道,", "通道, preset: east,")
    draft = read_draft(spoilt(tmp_path, zones, presets + used))
    assert [(w.key_path, w.code) for w in draft.warnings] == [("cameras[gate-1].presets[east]", "no_reference")]
    known = presets.replace("name: 东", f"name: 东, references: [ref_{'0' * 32}]")
    assert read_draft(spoilt(tmp_path, zones, known + used)).warnings == []


def test_an_id_used_in_two_files_names_both_places(tmp_path: Path) -> None:
    """The second use is the problem, and it says where the first one stands."""
    twin = 'grids:\n  - { id: east, code: "02", name: 又一网格, region_code: "620702199001" }\n'
    problem = only_problem(write(tmp_path, {"a.yaml": SOUND, "b.yaml": twin}))
    assert (problem.file.name, problem.line) == ("b.yaml", 2)
    assert problem.message == f"'east' is used twice, first in {tmp_path / 'a.yaml'}:4"


def test_a_grid_code_used_twice_is_refused(tmp_path: Path) -> None:
    """Two grids with one official code would mix up their cases on the platform."""
    twin = 'grids:\n  - { id: west, code: "01", name: 西街网格, region_code: "620702199001" }\n'
    problem = only_problem(write(tmp_path, {"a.yaml": SOUND, "b.yaml": twin}))
    assert problem.message.startswith("'01' is the code of grid 'east' too")


def test_a_worker_has_one_name(tmp_path: Path) -> None:
    """One account under two names is a copying slip."""
    grid = (
        'grids:\n  - { id: %s, code: "%s", name: 网格, region_code: "620702199001",'
        " workers: [{ account: li, name: %s }] }\n"
    )
    files = {"a.yaml": SOUND, "b.yaml": grid % ("w1", "b", "李敏"), "c.yaml": grid % ("w2", "c", "李明")}
    problem = only_problem(write(tmp_path, files))
    assert problem.key_path == "grids[w2].workers[0].name"
    assert "account 'li' is 李敏 in grid 'w1' and 李明 here" in problem.message


def test_a_grid_outline_out_of_order_is_refused(tmp_path: Path) -> None:
    """Corners given crosswise enclose something else than was meant."""
    crossed = "polygon: [[100.0, 38.0], [100.2, 38.1], [100.2, 38.0], [100.0, 38.2]]"
    problem = only_problem(spoilt(tmp_path, 'region_code: "620702199001"', f'region_code: "620702199001", {crossed}'))
    assert problem.message == "the outline's edges cross: its points are out of order"


@pytest.mark.parametrize("name", ["face_match", "license_plate", "watchlist.person", "gait", "loitering"])
def test_a_rule_about_persons_is_refused_with_the_boundary(tmp_path: Path, name: str) -> None:
    """Asking who somebody is gets the boundary in words, and no suggestion of something alike."""
    problem = only_problem(spoilt(tmp_path, "type: fire_lane_blocked", f"type: {name}"))
    assert "never who somebody is" in problem.message
    assert problem.hint == ""


@pytest.mark.parametrize(
    ("zone", "key_path", "message"),
    [
        ("kind: ignore, arrow: [[0.1, 0.1], [0.5, 0.5]],", "arrow", "a zone of kind ignore has no direction"),
        ("kind: line, arrow: [[0.2, 0.9], [0.8, 0.9]],", "arrow", "runs along the line instead of over it"),
        ("kind: line, arrow: [[0.2, 0.9], [0.2, 0.9]],", "arrow", "the arrow is too short"),
        ("count: [vehicle],", "count", "only what crosses a line is counted"),
        ("kind: line, count: [vehicle],", "count", "needs `arrow`"),
    ],
)
def test_directions_that_say_nothing_are_refused(tmp_path: Path, zone: str, key_path: str, message: str) -> None:
    """With file, line and key, like everything else."""
    text = SOUND.partition("    rules:")[0].replace("name: 通道,", f"name: 通道, {zone}")
    found = only_problem(write(tmp_path, {"site.yaml": text}))
    assert (found.key_path, found.line) == (f"cameras[gate-1].zones[lane].{key_path}", 18)
    assert found.message.startswith(message)


_OWN = """\
event_types:
  - { id: wrong_way, zh: 逆行, en: Wrong way, severity: S2, dwell_s: 2, cadence_s: 2, ga_code: "07", gb_code: "5/7",
      technique: objects, deadline: { amount: 30, unit: min }, department: { zh: 交警, en: Traffic police } }
"""


def test_the_wrong_way_needs_a_right_one(tmp_path: Path) -> None:
    """A site that adds the type says in the zone which way things go there."""
    text = _OWN + SOUND.replace("type: fire_lane_blocked", "type: wrong_way")
    found = only_problem(write(tmp_path, {"site.yaml": text}))
    assert (found.key_path, found.code) == ("cameras[gate-1].rules[lane].zone", "no_arrow")
    sound = text.replace("name: 通道,", "name: 通道, arrow: [[0.5, 0.9], [0.5, 0.3]],")
    assert load_site(write(tmp_path, {"site.yaml": sound})).cameras[0].zones[0].arrow is not None
