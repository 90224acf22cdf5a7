"""`gridpatrol worker`: what the fleet writes on the command line reaches the worker."""

from __future__ import annotations

import pytest

from gateway.cli import worker
from gateway.fleet.shards import Shard
from gateway.settings import Settings
from tests.unit.gateway.cli.conftest import Run


def test_worker_is_told_its_shard(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the fleet writes on the command line reaches the worker."""
    told: list[Shard] = []

    async def work(settings: Settings, shard: Shard) -> None:
        told.append(shard)

    monkeypatch.setattr(worker, "run_worker", work)
    assert run("worker", "--data", ".", "--shard", "1/3")[0] == 0
    assert told == [Shard(1, 3)]
