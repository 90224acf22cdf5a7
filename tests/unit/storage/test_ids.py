"""Ids sort by time and are not guessed."""

from __future__ import annotations

import time

import pytest

from storage import ids


def test_later_ids_sort_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the millisecond, over the whole range that a log may hold."""
    found = []
    for moment_s in (0.001, 1.0, 1_795_334_400.0, 1_795_334_400.001, 9_999_999_999.0):
        monkeypatch.setattr(time, "time", lambda now=moment_s: now)
        found.append(ids.new_id("evt"))
    assert found == sorted(found)
    assert {len(i) for i in found} == {len("evt_") + 26}


def test_ids_of_one_moment_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eighty random bits."""
    monkeypatch.setattr(time, "time", lambda: 1.0)
    assert len({ids.new_id("evt") for _ in range(1_000)}) == 1_000
