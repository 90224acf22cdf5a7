"""Calls are counted while it is measured, and not before."""

from __future__ import annotations

import json

import pytest

from scripts.benches import pool


def test_the_rate_counts_pictures_of_all_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call of two threads stands for four pictures."""
    monkeypatch.setattr(pool, "WARM_UP_S", 0.0)
    calls: list[int] = []
    rate = pool.rate(lambda: calls.append(1), 4, 2, 0.05)
    assert 0 < rate * 0.05 <= 4 * len(calls)


def test_the_shipped_model_is_measured_by_default(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last line has the keys that were asked for."""
    monkeypatch.setattr(pool, "WARM_UP_S", 0.0)
    arguments = ["--seconds", "0.4", "--rounds", "1", "--callers", "4", "--threads", "1"]
    assert pool.run(arguments) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["bench"] == "pool"
    assert {"pool_fps", "raw_fps", "ratio"} <= set(found)
