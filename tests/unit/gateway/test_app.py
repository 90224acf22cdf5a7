"""The gateway starts with everything in place or says what is wrong, and stops without leaving anything behind."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from gateway.access.accounts import NewAccount
from gateway.app import AccountRefused, Front, add_account
from gateway.cli.main import main
from gateway.clock import SystemClock
from gateway.configuration import open_configuration
from gateway.errors import SettingsError
from gateway.fleet.local import is_worker
from gateway.settings import Settings
from storage.records import CameraState, CameraStateName, Role, WorkerRecord
from storage.stores import Stores, open_stores
from tests.unit.gateway.fleet.processes import environment, gateway, until, write_site

WAIT_S = 30.0
LINK = re.compile(r"make the administrator at (?P<address>http://127\.0\.0\.1:\d+)/setup\?token=\S+")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a site's folder; the settings of this process keep data beside it."""
    for name, value in environment(tmp_path / "data").items():
        if name.startswith("GRIDPATROL_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("GRIDPATROL_SETTINGS", "")
    return write_site(tmp_path / "site")


def run_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """Run the command in this process; return its exit code and what it said on stderr."""
    monkeypatch.setattr(sys, "argv", ["gridpatrol", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return int(ended.value.code or 0), said


def test_wrong_configuration_names_file_line_and_key(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and where to look; nothing was made."""
    file = folder / "site.yaml"
    file.write_text(file.read_text().replace("grids: [east]", "grids: [west]"))
    code, said = run_command(monkeypatch, capsys, "run", "--config", str(folder))
    assert code == 2
    assert re.search(r"site\.yaml:6:\d+: cameras.*grids", said)
    assert not (folder.parent / "data").exists()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("GRIDPATROL_PORT", "eighty", "GRIDPATROL_PORT"),
        ("GRIDPATROL_DATA_DIR", "/dev/null/data", "/dev/null/data"),
        ("GRIDPATROL_DATABASE_URL", "mysql://user:hidden@192.0.2.1/x", "sqlite or postgresql"),
    ],
)
def test_wrong_settings_are_named(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    words: str,
) -> None:
    """What is wrong is said in one message without secrets."""
    monkeypatch.setenv(variable, value)
    code, said = run_command(monkeypatch, capsys, "run", "--config", str(folder))
    assert code == (1 if "DATABASE" in variable else 2)
    assert words in said
    assert "hidden" not in said


def test_wrong_webhook_secret_is_a_wrong_setting(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Found at the start, not with the first case; and not repeated."""
    file = folder.parent / "gridpatrol.toml"
    file.write_text(
        '[[endpoints]]\nid = "platform"\nurl = "http://127.0.0.1:9/"\nsecret = "open"\ncallback_secret = "sesame"\n'
    )
    code, said = run_command(monkeypatch, capsys, "run", "--config", str(folder), "--settings", str(file))
    assert code == 2
    assert "whsec_" in said
    assert "sesame" not in said


def test_missing_model_has_its_own_exit_code(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 3 tells a model apart from a typing error."""
    monkeypatch.setenv("GRIDPATROL_DETECTOR", "nowhere")
    code, said = run_command(monkeypatch, capsys, "run", "--config", str(folder))
    assert code == 3
    assert "nowhere" in said


def test_database_of_a_newer_version_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An older program on a newer database ends with a message instead of guessing."""
    asyncio.run(add_account(Settings(), NewAccount("first", "First", Role.ADMIN)))
    database = sqlite3.connect(folder.parent / "data" / "gridpatrol.db")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    code, said = run_command(monkeypatch, capsys, "run", "--config", str(folder))
    assert code == 1
    assert "9999" in said


def test_port_that_is_taken_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Somebody else listens there: one message with the address, and no link that leads to them."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        monkeypatch.setenv("GRIDPATROL_PORT", str(port))
        code, said = run_command(monkeypatch, capsys, "run", "--config", str(folder))
    assert code == 1
    assert f"cannot listen on 127.0.0.1:{port}" in said
    assert not (folder.parent / "data" / "setup-token").exists()


@asynccontextmanager
async def front_of(folder: Path) -> AsyncIterator[tuple[Front, Stores]]:
    settings = Settings()
    await asyncio.to_thread(settings.data_dir.mkdir, exist_ok=True)
    async with (
        asyncio.timeout(WAIT_S),
        open_stores(settings.store_url, migrate=True) as stores,
        aiohttp.ClientSession() as http,
    ):
        configuration = await open_configuration(settings, stores, SystemClock())
        await configuration.take_over(folder)
        yield Front(settings, configuration, stores, http), stores


async def test_set_up_link_is_printed_only_while_there_is_no_administrator(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The link carries a fresh token each time, and none once there is an administrator."""
    async with front_of(folder) as (front, _):
        await front.greet("http://127.0.0.1:1")
        first = capsys.readouterr().out
        await front.greet("http://127.0.0.1:1")
        assert LINK.search(first)
        assert capsys.readouterr().out != first
        await add_account(Settings(), NewAccount("first", "First", Role.ADMIN))
        await front.greet("http://127.0.0.1:1")
        assert capsys.readouterr().out == ""


async def test_front_serves_on_the_port_that_it_names(folder: Path) -> None:
    """With port 0 the system chooses, and the address says what; without outbox it is alive but not ready."""
    async with front_of(folder) as (front, _), front.serving() as address, aiohttp.ClientSession() as http:
        async with http.get(f"{address}/healthz") as answer:
            assert answer.status == 200
        async with http.get(f"{address}/readyz") as answer:
            assert answer.status == 503
            assert await answer.json() == {"database": True, "outbox": False}


async def test_account_gets_a_password_that_fits(folder: Path) -> None:
    """The password is returned once; what is kept is its hash, and an open set-up is closed by an administrator."""
    async with front_of(folder) as (front, stores):
        await front.greet("http://127.0.0.1:1")
        token = folder.parent / "data" / "setup-token"
        password = await add_account(Settings(), NewAccount("li-na", "李娜", Role.GRID_WORKER, ("east",)))
        kept = await stores.accounts.by_name("li-na")
        assert kept is not None
        assert (kept.grid_ids, kept.display_name) == (("east",), "李娜")
        assert password not in kept.password_hash
        assert token.exists()
        await add_account(Settings(), NewAccount("chief", "Chief", Role.ADMIN))
        assert not token.exists()


async def test_accounts_that_cannot_be_made_are_refused_in_words(folder: Path) -> None:
    """A name that is taken, a name that is none, a data folder that is none."""
    wanted = NewAccount("li-na", "李娜", Role.OPERATOR)
    await add_account(Settings(), wanted)
    with pytest.raises(AccountRefused, match="already an account 'li-na'"):
        await add_account(Settings(), wanted)
    with pytest.raises(AccountRefused, match="the name cannot be used"):
        await add_account(Settings(), NewAccount("Li Na!", "李娜", Role.OPERATOR))
    with pytest.raises(SettingsError, match="/dev/null"):
        await add_account(Settings(data_dir=Path("/dev/null/x")), wanted)


async def test_gateway_runs_and_stops_by_sigterm(folder: Path) -> None:
    """As a real process: ready while its camera cannot be reached, exit code 0, no worker and no event left open."""
    data = folder.parent / "data"
    async with gateway("run", "--config", str(folder), env=environment(data)) as process:
        assert process.stdout is not None
        found = LINK.search((await process.stdout.readline()).decode())
        assert found is not None
        async with open_stores(f"sqlite:///{data / 'gridpatrol.db'}", migrate=False) as stores:

            async def registered() -> WorkerRecord | None:
                return next(iter(await stores.fleet.workers()), None)

            async def tried() -> CameraState | None:
                state = (await stores.fleet.states()).get("gate")
                return state if state is not None and state.attempts else None

            worker = await until(registered)
            assert is_worker(worker.pid, data)
            assert (await until(tried)).state is CameraStateName.UNREACHABLE
            async with aiohttp.ClientSession() as http:
                for path in ("/healthz", "/readyz"):
                    async with http.get(found["address"] + path) as answer:
                        assert answer.status == 200
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
            assert not is_worker(worker.pid, data)
            assert await stores.fleet.workers() == []
            assert await stores.events.open_events(["gate"]) == []
    assert worker.started_at <= SystemClock().now()
