"""The wheel: what is in it, and that it works in an environment that has never seen the checkout."""

from __future__ import annotations

import importlib.util
import os
import runpy
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pytest

from camera_configs.schema import schema_text
from tests.conftest import require

pytestmark = [pytest.mark.slow, pytest.mark.unpaced]

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGES = ("camera_configs", "detectors", "gateway", "storage")
UI = PurePosixPath("gateway/web/ui")
MEDIA_SUFFIXES = {".mp4", ".mkv", ".jpg", ".jpeg", ".avi", ".h264", ".hevc"}
BUILD_TIMEOUT_S = 240.0  # a second on an idle machine; the front end is not built here
COMMAND_TIMEOUT_S = 120.0  # two seconds on an idle machine, most of it imports


@dataclass(frozen=True)
class Installed:
    """An environment in which the wheel is installed, and an empty folder to work in."""

    scripts: Path
    packages: Path
    work: Path

    def run(self, *command: str, data_dir: Path | None = None) -> str:
        """Run a command of the environment outside the checkout; return what it printed."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "GRIDPATROL_"))}
        env |= {"GRIDPATROL_DATA_DIR": str(data_dir)} if data_dir else {}
        return _run([str(self.scripts / command[0]), *command[1:]], self.work, COMMAND_TIMEOUT_S, env)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources in which a developer has left things lying about."""
    require("hatchling", present=importlib.util.find_spec("hatchling") is not None)
    require("the built front end", present=(CHECKOUT / UI / "dist" / "index.html").is_file())
    tree = tmp_path_factory.mktemp("sources") / "gridpatrol"
    _copy_sources(tree)
    _litter(tree)
    _call_front_end_built(tree)
    out = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    _run([*pip, "--no-build-isolation", "--wheel-dir", str(out), str(tree)], out, BUILD_TIMEOUT_S)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> frozenset[str]:
    """Return the names of all files in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel into an environment of its own; its dependencies are borrowed from this one."""
    home = tmp_path_factory.mktemp("installed")
    _run([sys.executable, "-m", "venv", "--without-pip", str(home / "venv")], home, COMMAND_TIMEOUT_S)
    paths = {"base": str(home / "venv"), "platbase": str(home / "venv")}
    scripts, packages = (Path(sysconfig.get_path(p, "venv", paths)) for p in ("scripts", "purelib"))
    pip = [sys.executable, "-m", "pip", "--python", str(scripts / "python"), "install", "--quiet"]
    _run([*pip, "--disable-pip-version-check", "--no-index", "--no-deps", str(wheel)], home, BUILD_TIMEOUT_S)
    # Only now, or pip would find the checkout installed already. Path files behind this one are not followed, so the
    # checkout itself stays out of sight.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    work = home / "elsewhere"
    work.mkdir()
    return Installed(scripts, packages, work)


def test_wheel_leaves_out_what_is_only_for_developers(names: frozenset[str]) -> None:
    """Tests, installed Node packages, recordings and caches stay in the checkout."""
    parts = {part for name in names for part in PurePosixPath(name).parts}
    assert not parts & {"tests", "scripts", "node_modules", "__pycache__", ".venv", "docker"}
    assert not [name for name in names if PurePosixPath(name).suffix in MEDIA_SUFFIXES]


def test_wheel_holds_of_the_front_end_only_what_was_built(names: frozenset[str]) -> None:
    """Everything of the front end that is packed is served to browsers."""
    packed = {name for name in names if PurePosixPath(name).is_relative_to(UI)}
    assert f"{UI}/dist/index.html" in packed
    assert {name for name in packed if not PurePosixPath(name).is_relative_to(UI / "dist")} == set()


def test_front_end_in_the_wheel_is_whole(names: frozenset[str]) -> None:
    """Every file that was built is packed, hashed assets and API reference included."""
    dist = CHECKOUT / UI / "dist"
    built = {f.relative_to(CHECKOUT).as_posix() for f in dist.rglob("*") if f.is_file() and not f.name.startswith(".")}
    assert built <= names


def test_wheel_holds_every_file_of_the_packages(names: frozenset[str]) -> None:
    """Modules, migrations, tables, schemas, examples, weights and type markers: no data file is forgotten."""
    assert _package_files(CHECKOUT) <= names
    assert {f"{package}/py.typed" for package in PACKAGES} <= names
    assert {
        "camera_configs/event_types.yaml",
        "camera_configs/schema.json",
        "camera_configs/examples/site/town.yaml",
        "storage/migrations/env.py",
        "storage/migrations/versions/v0001_first.py",
    } <= names


def test_wheel_carries_licence_and_command(names: frozenset[str]) -> None:
    """The licence text travels with the code, and one command is installed."""
    (info,) = {name.partition("/")[0] for name in names if ".dist-info/" in name}
    assert {f"{info}/licenses/LICENSE", f"{info}/entry_points.txt"} <= names


def test_command_runs_from_the_installed_packages(installed: Installed) -> None:
    """The command explains itself, and what runs is the wheel and not the checkout."""
    assert "simulate" in installed.run("gridpatrol", "--help")
    found = installed.run("python", "-c", f"import {', '.join(PACKAGES)}; print(gateway.__file__)")
    assert Path(found.strip()).is_relative_to(installed.packages)


def test_packaged_example_is_sound(installed: Installed) -> None:
    """The example that travels in the wheel passes the check of the wheel's own code."""
    said = installed.run("gridpatrol", "check", str(installed.packages / "camera_configs" / "examples" / "site"))
    assert said.splitlines()[-1].startswith("ok: ")


def test_installed_schema_is_the_one_of_the_sources(installed: Installed) -> None:
    """Editors get the same schema from the command, from the packaged file and from the checkout."""
    assert installed.run("gridpatrol", "schema") == schema_text()
    assert (installed.packages / "camera_configs" / "schema.json").read_text("utf-8") == schema_text()


def test_installed_migrations_make_a_database(installed: Installed, tmp_path: Path) -> None:
    """The first account can be made on an empty folder: the packaged migrations are found and run."""
    said = installed.run("gridpatrol", "accounts", "add", "duty", "--role", "operator", data_dir=tmp_path / "data")
    assert said.startswith("duty ")
    assert (tmp_path / "data" / "gridpatrol.db").is_file()


def _run(command: list[str], folder: Path, timeout_s: float, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=timeout_s, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def _copy_sources(tree: Path) -> None:
    tree.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(CHECKOUT / name, tree / name)
    for name in (*PACKAGES, "scripts"):
        shutil.copytree(CHECKOUT / name, tree / name, ignore=shutil.ignore_patterns("node_modules", "__pycache__"))


def _litter(tree: Path) -> None:
    for name in ("tests/test_x.py", f"{UI}/node_modules/vue/index.js", "gateway/__pycache__/x.cpython-311.pyc"):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def _call_front_end_built(tree: Path) -> None:
    """Mark the copied front end as up to date: this is about packing; building it takes Node and a registry."""
    script = runpy.run_path(str(tree / "scripts" / "build_ui.py"), run_name="build_ui")
    script["STAMP"].write_text(script["fingerprint"]())


def _package_files(root: Path) -> set[str]:
    files = (path for package in PACKAGES for path in (root / package).rglob("*") if path.is_file())
    relative = {PurePosixPath(path.relative_to(root).as_posix()) for path in files}
    wanted = (p for p in relative if "__pycache__" not in p.parts and p.name != "DESIGN.md")
    return {str(p) for p in wanted if not p.is_relative_to(UI)}
