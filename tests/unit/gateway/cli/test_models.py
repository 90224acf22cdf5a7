"""`gridpatrol models` works in the folder that the settings name, and asks for nothing to be installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli import main as cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Return a function that runs `gridpatrol models …` with its models below `tmp_path`."""
    monkeypatch.setenv("GRIDPATROL_SETTINGS", "")
    monkeypatch.setenv("GRIDPATROL_MODELS_DIR", str(tmp_path / "models"))

    def run_words(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["gridpatrol", "models", *words])
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return int(end.value.code or 0), said.out, said.err

    return run_words


@pytest.mark.parametrize(
    "words",
    [("add", "nowhere.onnx"), ("remove", "nobody"), ("export", "nowhere.pt"), ("add", __file__), ("remove", "../x")],
)
def test_model_that_cannot_be_used_has_its_own_exit_code(run: Run, words: tuple[str, ...]) -> None:
    """A file that is missing or is no model: exit code 3 and one message."""
    code, _, err = run(*words)
    assert code == 3
    assert err.startswith("gridpatrol: ")


def test_empty_list_says_what_to_do(run: Run) -> None:
    """Without models the listing tells how to get one, and that motion needs none."""
    code, out, _ = run("list")
    assert code == 0
    assert "models add" in out


def test_folder_comes_from_the_settings_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same file that the gateway is run with serves here, so that both mean one folder."""
    monkeypatch.delenv("GRIDPATROL_MODELS_DIR")
    file = tmp_path / "gridpatrol.toml"
    file.write_text(f'models_dir = "{tmp_path / "elsewhere"}"\n')
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "broken.json").write_text("{")
    (tmp_path / "elsewhere" / "broken.onnx").write_bytes(b"")
    assert run("--settings", str(file), "remove", "broken")[0] == 0
    assert not (tmp_path / "elsewhere" / "broken.onnx").exists()
