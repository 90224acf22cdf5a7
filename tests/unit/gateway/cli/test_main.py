"""The command line: every wrong word is a message and an exit code, never a traceback."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.gateway.cli.conftest import Run

EXAMPLE = Path(__file__).resolve().parents[4] / "camera_configs" / "examples" / "site"
SECRET = "whsec_" + "c2VjcmV0" * 4
COMMANDS = (
    "", "run", "worker", "check", "schema", "simulate", "receiver", "accounts", "accounts add",
    "models", "models list", "models add", "models fetch", "models export", "models remove",
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    """`--help` works everywhere and makes nothing."""
    code, out, _ = run(*command.split(), "--help")
    assert code == 0
    assert "Usage" in out
    assert list(Path.cwd().iterdir()) == []


def test_worker_is_not_for_people(run: Run) -> None:
    """The fleet's own command is not listed."""
    assert "worker" not in re.findall(r"^\W*(\w+)  ", run("--help")[1], re.MULTILINE)


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--config", "nowhere"),
        ("worker", "--shard", "2/2"),
        ("worker", "--shard", "one"),
        ("run", "--config", ".", "--settings", "nowhere.toml"),
        ("models", "--settings", "nowhere.toml", "list"),
        ("simulate", "gate=x.mp4", "--user", "nobody"),
        ("accounts", "add", "li-na", "--role", "king"),
        ("receiver", "--callback", "http://127.0.0.1:9/", "--secret", "open", "--callback-secret", SECRET),
    ],
)
def test_wrong_words_are_refused(run: Run, words: tuple[str, ...]) -> None:
    """Usage errors and wrong settings end with 2 and a message on stderr."""
    code, _, err = run(*words)
    assert code == 2
    assert err.strip()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("simulate", "gate"), "name=FILE"),
        (("simulate", "gate", "--render-only"), "name=FILE"),
        (("simulate", "gate=scene:nothing", "--render-only"), "no scene 'nothing'"),
        (("simulate", "gate=nowhere.mp4"), "nowhere.mp4"),
        (("accounts", "add", "X!", "--role", "admin"), "the name cannot be used"),
    ],
)
def test_what_fails_is_one_message(run: Run, words: tuple[str, ...], message: str) -> None:
    """Errors of the gateway end with 1."""
    code, _, err = run(*words)
    assert code == 1
    assert message in err
    assert err.startswith("gridpatrol: ")


def test_broken_folder_is_reported_whole(run: Run) -> None:
    """Every problem has its file, line and key; exit code 2. A folder that is not there is a problem like others."""
    Path("site.yaml").write_text("regions: 7\ncameras:\n  - id: gate\n    colour: red\n")
    code, out, _ = run("check", ".")
    assert code == 2
    assert re.search(r"site\.yaml:1:\d+: regions", out)
    assert re.search(r"site\.yaml:4:\d+: cameras.*colour", out)
    assert run("check", "nowhere")[0] == 2


def test_shipped_example_is_fine(run: Run) -> None:
    """The example that the documentation shows can be used."""
    code, out, _ = run("check", str(EXAMPLE))
    assert code == 0
    assert out.rstrip().splitlines()[-1].startswith("ok: ")


def test_schema_is_json(run: Run) -> None:
    """Editors can read it."""
    code, out, _ = run("schema")
    assert code == 0
    assert "cameras" in json.loads(out)["properties"]


def test_account_is_made_and_its_password_printed_once(run: Run) -> None:
    """Name and password on one line of stdout, for scripts; the same name again is refused."""
    words = ("accounts", "add", "li-na", "--role", "grid_worker", "--grid", "east", "--grid", "west")
    code, out, _ = run(*words)
    assert code == 0
    assert re.fullmatch(r"li-na [a-z]+-[a-z]+-\d\d\n", out)
    code, out, err = run(*words)
    assert (code, out) == (1, "")
    assert "already" in err


def test_a_worker_brings_nothing_of_the_front_process() -> None:
    """Hundreds of workers and simulated cameras start sooner, and smaller, without the web and what it needs."""
    script = (
        "import sys; from gateway.cli import worker, simulate; "
        "print(sorted({'gateway.app', 'zeep', 'openpyxl', 'gateway.web.app'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
