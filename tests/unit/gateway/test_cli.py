"""The command line: every wrong word is a message and an exit code, never a traceback."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway import cli
from gateway.clock import Clock
from gateway.fleet.shards import Shard
from gateway.receiver.command import ReceiverOptions
from gateway.settings import Settings
from gateway.simulator.credentials import Login

EXAMPLE = Path(__file__).resolve().parents[3] / "camera_configs" / "examples" / "site"
SECRET = "whsec_" + "c2VjcmV0" * 4
COMMANDS = (
    "", "run", "worker", "check", "schema", "simulate", "receiver", "accounts", "accounts add",
    "models", "models list", "models add", "models fetch", "models export", "models remove",
)  # fmt: skip

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return a function that runs the command in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRIDPATROL_SETTINGS", "")

    def run_words(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gridpatrol", *words])
        code: int | str | None = 0
        try:
            cli.main()
        except SystemExit as end:
            code = end.code
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return int(code or 0), said.out, said.err

    return run_words


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


@pytest.mark.parametrize("command", ["simulate", "receiver"])
def test_port_that_is_taken(run: Run, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens on the port already, the address is named."""
    if command == "simulate":
        monkeypatch.setattr(cli, "run_simulator", _listen)
    words = {
        "simulate": ("gate=x.mp4",),
        "receiver": ("--callback", "http://127.0.0.1:9/", "--secret", SECRET, "--callback-secret", SECRET),
    }[command]
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        code, _, err = run(command, *words, "--port", str(port))
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in err


def _listen(paths: list[str], host: str, port: int, **_: object) -> None:
    socket.create_server((host, port)).close()


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


@pytest.mark.parametrize(
    ("words", "login"),
    [
        ((), Login()),
        (("--user", "u:p:w"), Login("digest", "u", "p:w")),
        (("--user", "u:p", "--auth", "basic"), Login("basic", "u", "p")),
    ],
)
def test_user_of_a_simulated_camera(
    run: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], login: Login
) -> None:
    """A user that is given is demanded: naming one does not leave the camera open."""
    told: dict[str, object] = {}
    monkeypatch.setattr(cli, "run_simulator", lambda *args, **named: told.update(named, args=args))
    assert run("simulate", "gate=x.mp4", "--once", *words)[0] == 0
    assert (told["login"], told["loop"], told["args"]) == (login, False, (["gate=x.mp4"], "127.0.0.1", 8554))


def test_receiver_is_told_everything(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option reaches the receiver; secrets may come from the environment."""
    told: list[ReceiverOptions] = []

    async def receive(options: ReceiverOptions, *, clock: Clock | None = None) -> None:
        told.append(options)

    monkeypatch.setattr(cli, "run_receiver", receive)
    monkeypatch.setenv("GRIDPATROL_RECEIVER_SECRET", SECRET)
    monkeypatch.setenv("GRIDPATROL_RECEIVER_CALLBACK_SECRET", SECRET)
    words = "--callback http://127.0.0.1:9/x --port 0 --data p.db --fail 2 --stall 1.5 --answer-twice --lose-answer 3"
    assert run("receiver", *words.split(), "--step-s", "0.5")[0] == 0
    wanted = ReceiverOptions(
        data=Path("p.db"),
        secret=SECRET,
        port=0,
        callback_url="http://127.0.0.1:9/x",
        callback_secret=SECRET,
        step_s=0.5,
        fail=2,
        stall=1.5,
        answer_twice=True,
        lose_answer=3,
    )
    assert told == [wanted]


def test_worker_is_told_its_shard(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the fleet writes on the command line reaches the worker."""
    told: list[Shard] = []

    async def work(settings: Settings, shard: Shard) -> None:
        told.append(shard)

    monkeypatch.setattr(cli, "run_worker", work)
    assert run("worker", "--data", ".", "--shard", "1/3")[0] == 0
    assert told == [Shard(1, 3)]
