"""What a folder of configuration may look like, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from camera_configs.loader import load_site
from camera_configs.models import Severity
from tests.unit.camera_configs.folders import EXAMPLE_SITE, SOUND, only_problem, problems_of, write


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """A mistyped path is told apart from an empty folder."""
    assert only_problem(tmp_path / "nowhere").message == "is not a folder"
    assert only_problem(tmp_path).message == "has no .yaml file in it"


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    """Three slips in two files give three problems, in order of file and line."""
    bad = SOUND.replace("lon: 100.4", "lon: 300").replace("art7_gov", "art7")
    found = problems_of(write(tmp_path, {"a.yaml": bad, "b.yml": "camera: []\n"}))
    assert [(p.file.name, p.line, p.key_path) for p in found] == [
        ("a.yaml", 9, "cameras[gate-1].position.lon"),
        ("a.yaml", 13, "cameras[gate-1].legal.legal_basis"),
        ("b.yml", 1, "camera"),
    ]
    assert found[2].hint == "did you mean 'cameras'?"


def test_an_event_type_about_persons_cannot_be_added(tmp_path: Path) -> None:
    """The boundary holds for a site's own table, in either language."""
    added = "event_types:\n  - { id: guest_check, zh: 人脸核验, en: Guest check }\n"
    problem = only_problem(write(tmp_path, {"a.yaml": SOUND, "b.yaml": added}))
    assert "never who somebody is" in problem.message


def test_a_site_changes_single_fields_of_an_event_type(tmp_path: Path) -> None:
    """A city's code and urgency replace the shipped ones; all else stays."""
    own = "event_types:\n  - { id: litter, cm_code: 01-05, severity: S2 }\n"
    site = load_site(write(tmp_path, {"a.yaml": SOUND, "event_types.yaml": own}))
    litter = site.event_type("litter")
    assert (litter.cm_code, litter.severity, litter.zh) == ("01-05", Severity.S2, "暴露垃圾")
    assert site.event_type("smoke_fire").zh == "烟火"


def test_a_site_adds_an_event_type_and_uses_it(tmp_path: Path) -> None:
    """A type of the site's own must be complete, and may then stand in a rule."""
    added = """\
    event_types:
      - id: sign_fallen
        zh: 标志牌倒伏
        en: Fallen road sign
        severity: S3
        dwell_s: 60
        cadence_s: 20
        deadline: { amount: 4, unit: wh }
        department: { zh: 交警, en: Traffic police }
        technique: model
    """
    files = {"a.yaml": SOUND.replace("fire_lane_blocked", "sign_fallen"), "b.yaml": added}
    assert load_site(write(tmp_path, files)).event_type("sign_fallen").deadline.en == "4 working hours"


def test_an_added_event_type_must_be_complete(tmp_path: Path) -> None:
    """What is missing is listed once; the rule that uses the type is not blamed as well."""
    files = {
        "a.yaml": SOUND.replace("fire_lane_blocked", "sign_fallen"),
        "b.yaml": "event_types: [{ id: sign_fallen }]",
    }
    found = problems_of(write(tmp_path, files))
    assert {p.file.name for p in found} == {"b.yaml"}
    assert {p.message for p in found} == {"is missing"}


def test_defaults_fill_in_what_a_camera_leaves_out(tmp_path: Path) -> None:
    """Defaults from any file reach cameras in any other, and a camera's own word wins."""
    cameras = SOUND.replace("      installer_unit: 综治中心\n", "")
    defaults = """\
    defaults:
      legal: { installer_unit: 街道办, purpose: 不用 }
      stream: { transport: udp }
      rule: { dwell_s: 42 }
    """
    camera = load_site(write(tmp_path, {"a.yaml": cameras, "sub/defaults.yaml": defaults})).camera("gate-1")
    assert (camera.legal.installer_unit, camera.legal.purpose) == ("街道办", "维护公共安全")
    assert (camera.streams[0].transport, camera.rules[0].dwell_s) == ("udp", 42)


def test_defaults_of_snapshots_count_only_where_there_is_one(tmp_path: Path) -> None:
    """The user is written once; a camera without an address still has no snapshots."""
    defaults = "defaults:\n  snapshot: { username: viewer, password_env: SNAPSHOT_PASSWORD }\n"
    with_one = SOUND.replace("/gate }]", "/gate }]\n    snapshot: { url: http://10.0.0.5/snap, username: admin }")
    found = load_site(write(tmp_path / "a", {"a.yaml": with_one, "b.yaml": defaults})).camera("gate-1").snapshot
    assert found is not None
    assert (found.username, found.password_env) == ("admin", "SNAPSHOT_PASSWORD")
    assert load_site(write(tmp_path / "b", {"a.yaml": SOUND, "b.yaml": defaults})).camera("gate-1").snapshot is None


def test_a_fault_in_the_defaults_is_reported_once_where_it_stands(tmp_path: Path) -> None:
    """Eight cameras that inherit a wrong value give one problem, in the file of the defaults."""
    twin = SOUND[SOUND.index("cameras:") :].replace("gate-1", "gate-2").replace("/gate", "/gate2")
    files = {
        "a.yaml": SOUND,
        "b.yaml": twin,
        "c.yaml": "defaults:\n  stream: { transprt: tcp }\n  rule: { cool_down_s: -1 }\n",
    }
    found = problems_of(write(tmp_path, files))
    assert {(p.file.name, p.line) for p in found} == {("c.yaml", 2), ("c.yaml", 3)}
    assert "did you mean 'transport'?" in [p.hint for p in found]


def test_defaults_stand_in_one_place(tmp_path: Path) -> None:
    """Which of two defaults wins must not depend on file names."""
    files = {"a.yaml": SOUND, "b.yaml": "defaults: { rule: {} }\n", "c.yaml": "defaults: { rule: {}, ruel: {} }\n"}
    messages = {p.key_path: p.message for p in problems_of(write(tmp_path, files))}
    assert messages == {
        "defaults.rule": f"is given twice, first in {tmp_path / 'b.yaml'}:1",
        "defaults.ruel": "is not a known key",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cameras: {}\n", "must be a list"),
        ("- cameras\n", "must be a mapping"),
        ("cameras: [gate]\n", "must be a mapping"),
        ("grids: []\ngrids: []\n", "is given twice, first in line 1"),
        ("grids:\n\t- id: a\n", "is not YAML"),
        ("a: 1\n---\nb: 2\n", "is not YAML"),
    ],
)
def test_a_file_of_the_wrong_shape_is_explained(tmp_path: Path, text: str, message: str) -> None:
    """Slips in the shape of a file are told with their line, without a stack trace."""
    found = problems_of(write(tmp_path, {"a.yaml": SOUND, "b.yaml": text}))
    assert {p.file.name for p in found} == {"b.yaml"}
    assert any(p.message.startswith(message) and p.line > 0 for p in found), found


def test_an_empty_file_is_no_problem(tmp_path: Path) -> None:
    """A file of comments only is a note, not a fault."""
    assert load_site(write(tmp_path, {"a.yaml": SOUND, "b.yaml": "# later\n"})).camera("gate-1").name == "东门"


def test_the_example_site_is_sound() -> None:
    """The shipped example loads: three grids, eight cameras, each watching over its own faults."""
    site = load_site(EXAMPLE_SITE)
    assert [grid.kind for grid in site.grids] == ["base", "base", "dedicated"]
    assert len(site.cameras) == 8
    for camera in site.cameras:
        assert {"camera_fault.offline", "camera_fault.black"} <= {rule.type for rule in camera.rules}
        assert camera.streams[0].url == f"rtsp://127.0.0.1:8554/{camera.id}"
    assert site.camera("east-street-3").rules[0].dwell_s == 10


def test_event_types_of_a_site_default_to_the_shipped_table() -> None:
    """A site that changes nothing still answers for every type, and for no other."""
    site = load_site(EXAMPLE_SITE)
    assert site.event_type("camera_fault.frozen").zh == "画面冻结"
    with pytest.raises(KeyError):
        site.event_type("camera_fault")
