"""`scripts/bench NAME` finds its bench, or says which there are."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest

from scripts.benches import __main__ as dispatch


def test_an_unknown_name_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and words."""
    assert dispatch.main(["cameras"]) == dispatch.USAGE_ERROR
    assert "cameras-per-core" in capsys.readouterr().err


def test_no_name_is_answered_likewise(capsys: pytest.CaptureFixture[str]) -> None:
    """`scripts/bench` alone is a question."""
    assert dispatch.main([]) == dispatch.USAGE_ERROR
    assert "usage" in capsys.readouterr().err


def test_every_bench_of_the_issue_is_there() -> None:
    """What only helps benches is not offered as one."""
    assert {"cameras-per-core", "recall", "soak", "pool"} <= set(dispatch.names())
    assert not {"machine", "streams", "serving", "watching", "baseline"} & set(dispatch.names())


def test_a_bench_gets_its_arguments_and_gives_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dashes of the name become underscores of the module."""
    given: list[list[str]] = []

    def run(argv: list[str]) -> int:
        given.append(argv)
        return 7

    monkeypatch.setitem(sys.modules, "scripts.benches.cameras_per_core", SimpleNamespace(run=run))
    assert dispatch.main(["cameras-per-core", "--mode", "sub"]) == 7
    assert given == [["--mode", "sub"]]
