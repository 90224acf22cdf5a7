"""The configuration from the command line: exit codes, words, and the same bytes again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli.main import main
from tests.unit.gateway.fleet.processes import write_site

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs `gridpatrol config …` on a deployment of its own: exit code, stdout, stderr."""
    monkeypatch.setenv("GRIDPATROL_SETTINGS", "")
    monkeypatch.setenv("GRIDPATROL_DATA_DIR", str(tmp_path / "data"))

    def run_words(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gridpatrol", "config", *words])
        code: int | str | None = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return int(code or 0), said.out, said.err

    return run_words


def test_round_trip_is_byte_equal(run: Run, tmp_path: Path) -> None:
    """apply, export, edit, diff, apply, export: the folder ends as it was edited, byte for byte."""
    site, out = write_site(tmp_path / "site"), tmp_path / "out"
    code, out_words, err = run("apply", str(site), "--reason", "first", "--author", "li-na")
    assert (code, out_words) == (0, "version 1: 3 entries\n")
    assert "no sign is confirmed" in err
    assert run("export", str(out))[0] == 0
    file = out / "cameras" / "east.yaml"
    file.write_text(file.read_text().replace("name: Gate", "name: North gate"))
    edited = {path: path.read_bytes() for path in out.rglob("*.yaml")}
    assert run("diff", str(out))[1] == "camera gate: changed\n  name: Gate -> North gate\n"
    assert run("apply", str(out), "--reason", "second", "--dry-run")[1].startswith("camera gate: changed")
    assert run("apply", str(out), "--reason", "second")[1] == "version 2: 1 entries\n"
    assert run("apply", str(out), "--reason", "second")[1] == "nothing to change\n"
    assert run("export", str(out))[1].startswith("0 files")
    assert {path: path.read_bytes() for path in out.rglob("*.yaml")} == edited
    assert run("diff", str(out))[1] == "no difference\n"


def test_problems_are_named_and_nothing_is_changed(run: Run, tmp_path: Path) -> None:
    """Exit code 2, with file, line and key."""
    site = write_site(tmp_path / "site")
    file = site / "site.yaml"
    sound = file.read_text()
    file.write_text(sound.replace("grids: [east]", "grids: [west]"))
    code, _, err = run("apply", str(site), "--reason", "wrong")
    assert code == 2
    assert "site.yaml:6:" in err
    assert "cameras[gate].grids[0]: there is no grid 'west'" in err
    file.write_text(sound)
    assert "camera gate: added" in run("diff", str(site))[1]


def test_hand_written_folder_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    """Exit code 1, and what to do."""
    site = write_site(tmp_path / "site")
    code, _, err = run("export", str(site))
    assert code == 1
    assert "empty folder" in err
