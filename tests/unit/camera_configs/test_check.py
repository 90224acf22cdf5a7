"""What `gridpatrol check` prints."""

from __future__ import annotations

from pathlib import Path

from camera_configs.check import check
from tests.unit.camera_configs.folders import EXAMPLE_SITE, SOUND, spoilt, write


def test_a_faulty_folder_is_reported_line_by_line(tmp_path: Path) -> None:
    """Each finding is a line an editor can jump to, then one line of totals."""
    report = check(spoilt(tmp_path, "grids: [east]", "grids: [eest]"))
    assert not report.ok
    assert report.text().splitlines() == [
        f"{tmp_path}/site.yaml:8:13: cameras[gate-1].grids[0]: there is no grid 'eest' (did you mean 'east'?)",
        "1 problem: 1 regions, 1 grids, 1 cameras, 1 zones, 1 rules, 0 event types",
    ]


def test_a_password_in_a_file_is_a_warning_that_does_not_repeat_it(tmp_path: Path) -> None:
    """Plain secrets are allowed for trials, never silently, and never printed."""
    report = check(spoilt(tmp_path, "rtsp://10.0.0.5/gate", "rtsp://10.0.0.5/gate, password: hunter2"))
    assert report.ok
    assert [(w.key_path, w.hint) for w in report.warnings] == [
        ("cameras[gate-1].streams[0].password", "use `password_env`")
    ]
    assert "warning: cameras[gate-1].streams[0].password: a password stands" in report.text()
    assert "hunter2" not in report.text()


def test_a_snapshots_password_in_a_file_is_a_warning_too(tmp_path: Path) -> None:
    """With its own place, and not repeated."""
    snapshot = "/gate }]\n    snapshot: { url: http://10.0.0.5/snap, username: viewer, password: hunter2 }"
    report = check(spoilt(tmp_path, "/gate }]", snapshot))
    assert report.ok
    assert [w.key_path for w in report.warnings] == ["cameras[gate-1].snapshot.password"]
    assert "hunter2" not in report.text()


def test_two_cameras_with_one_snapshot_are_a_warning(tmp_path: Path) -> None:
    """The second would watch the first one's place."""
    first = SOUND.replace("/gate }]", "/gate }]\n    snapshot: { url: http://10.0.0.5/snap }")
    second = first[first.index("cameras:") :].replace("id: gate-1", "id: gate-2").replace("/gate }]", "/gate2 }]")
    report = check(write(tmp_path, {"a.yaml": first, "b.yaml": second}))
    assert report.ok
    assert [(w.key_path, w.message) for w in report.warnings] == [
        ("cameras[gate-2].snapshot.url", "is the same as that of camera 'gate-1'")
    ]


def test_a_missing_sign_is_a_warning(tmp_path: Path) -> None:
    """Article 13 asks for a sign; the camera still works."""
    report = check(spoilt(tmp_path, "signage_confirmed: true", "signage_confirmed: false"))
    assert report.ok
    assert "article 13" in report.warnings[0].message


def test_opening_cases_unseen_is_a_warning_but_for_fire(tmp_path: Path) -> None:
    """`auto_report` is meant for smoke and fire; elsewhere a person should confirm."""
    unseen = SOUND.replace("zone: lane }", "zone: lane, auto_report: true }")
    assert "no person has looked" in check(write(tmp_path / "a", {"s.yaml": unseen})).warnings[0].message
    fire = unseen.replace("fire_lane_blocked", "smoke_fire")
    assert check(write(tmp_path / "b", {"s.yaml": fire})).warnings == ()


def test_two_cameras_on_one_stream_are_a_warning(tmp_path: Path) -> None:
    """A copied address is likely a slip, though sharing a stream is allowed."""
    twin = SOUND[SOUND.index("cameras:") :].replace("id: gate-1", "id: gate-2")
    report = check(write(tmp_path, {"a.yaml": SOUND, "b.yaml": twin}))
    assert report.ok
    assert report.warnings[0].message == "is the same as that of camera 'gate-1'"


def test_the_example_site_has_nothing_to_remark() -> None:
    """What we ship as a model passes without a warning."""
    report = check(EXAMPLE_SITE)
    assert report.ok
    assert report.warnings == ()
    assert report.counts["cameras"] == 8
