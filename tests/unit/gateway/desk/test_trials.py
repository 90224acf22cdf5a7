"""Tests of gateway.desk.trials: real processes, that answer, fail, babble, hang, or are not there."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from camera_configs.models import SnapshotConfig
from gateway.desk.trials import MAX_WAITING, Trial, TrialDesk, TrialsBusy
from gateway.errors import NotFound
from gateway.settings import Settings
from tests.unit.gateway.fleet.cameras import camera, site

DAY = (datetime(2026, 11, 21, tzinfo=UTC), datetime(2026, 11, 22, tzinfo=UTC))
ECHO = """import json, sys
order = json.load(sys.stdin)
print(json.dumps({"done": 1, "total": 2}))
print(json.dumps({"result": order}))"""


def desk(tmp_path: Path, program: str, *, timeout_s: float = 30.0) -> TrialDesk:
    return TrialDesk(Settings(data_dir=tmp_path), (sys.executable, "-c", program), timeout_s)


def order(trials: TrialDesk, owner: str = "acc_1") -> Trial:
    return trials.order(owner, "dry_run", site(config := camera("weir")), config, DAY)


@asynccontextmanager
async def at_work(trials: TrialDesk) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(trials.run())
        yield
        task.cancel()


async def ended(trial: Trial) -> Trial:
    await left(trial, "waiting", "running")
    return trial


async def left(trial: Trial, *states: str) -> None:
    """Wait until a trial has left these states, which only its process decides."""
    async with asyncio.timeout(60):
        while trial.state in states:  # noqa: ASYNC110 - the desk has no event for it: people ask again
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ('print(\'{"error": "no such model"}\')', "no such model"),
        ("print('rubbish')", "broke off"),
        ("print('{}')", "broke off"),
        ("pass", "broke off"),
        ("import sys; sys.stdin.close(); print('[1]')", "broke off"),
        ("print('x' * 9_000_000)", "broke off"),
    ],
    ids=["says so", "rubbish", "nothing in it", "silent", "a list", "endless line"],
)
async def test_a_process_that_fails_is_told_in_words(tmp_path: Path, program: str, words: str) -> None:
    """And the next trial is carried out all the same."""
    trials = desk(tmp_path, program)
    async with at_work(trials):
        first, second = await ended(order(trials)), await ended(order(trials))
    assert (first.state, second.state, first.result) == ("failed", "failed", None)
    assert words in first.error


async def test_a_process_that_hangs_is_ended(tmp_path: Path) -> None:
    """After its time; nothing of it stays."""
    trials = desk(tmp_path, "import time; time.sleep(600)", timeout_s=0.5)
    async with at_work(trials):
        assert "took longer" in (await ended(order(trials))).error


async def test_a_program_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A broken installation."""
    trials = TrialDesk(Settings(data_dir=tmp_path), (str(tmp_path / "no-such"),))
    async with at_work(trials):
        assert "cannot be started" in (await ended(order(trials))).error


async def test_the_order_says_all_that_is_needed_and_no_login(tmp_path: Path) -> None:
    """Database, clips and models; the camera without user names and passwords."""
    trials = desk(tmp_path, ECHO)
    config = camera("weir")
    login = {"username": "admin", "password": SecretStr("very-secret")}
    streams = (config.streams[0].model_copy(update=login),)
    snapshot = SnapshotConfig(url="http://192.0.2.1/s", username="admin", password_env="CAM")
    config = config.model_copy(update={"streams": streams, "snapshot": snapshot})
    async with at_work(trials):
        trial = await ended(trials.order("acc_1", "proposals", site(config), config, DAY))
    assert trial.state == "done"
    assert (trial.done, trial.total) == (1, 2)
    assert trial.result is not None
    assert trial.result["store_url"].endswith("gridpatrol.db")
    assert trial.result["site"]["cameras"][0]["id"] == "weir"
    assert not {"admin", "very-secret", "CAM"} & set(json.dumps(trial.result).replace('"', " ").split())


async def test_an_ended_desk_ends_its_process(tmp_path: Path) -> None:
    """Cancelled in the middle."""
    trials = desk(tmp_path, "import time; time.sleep(600)")
    async with at_work(trials):
        trial = order(trials)
        await left(trial, "waiting")
    assert trial.state == "running"


async def test_too_many_are_refused_and_nobody_sees_anothers(tmp_path: Path) -> None:
    """The line is bounded."""
    trials = desk(tmp_path, "pass")
    mine = [order(trials) for _ in range(MAX_WAITING)]
    with pytest.raises(TrialsBusy):
        order(trials)
    assert trials.trial(mine[0].id, "acc_1") is mine[0]
    with pytest.raises(NotFound):
        trials.trial(mine[0].id, "acc_2")
    with pytest.raises(NotFound):
        trials.trial("trial_none", "acc_1")
