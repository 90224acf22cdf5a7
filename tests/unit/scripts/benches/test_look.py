"""The bench of a look says what it measured, in one line of JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.benches import look
from scripts.benches.streams import StreamKind
from tests.unit.scripts.benches.recordings import write_recording


def test_a_look_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keyframes of the recording, round after round, without the first ones."""
    monkeypatch.setattr(look, "WARM_UP", 1)
    file = write_recording(tmp_path / "small.mp4", StreamKind("small", 320, 240, 200_000), seconds=4)
    assert look.run(["--looks", "3", "--file", str(file)]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["bench"] == "look"
    assert (said["looks"], said["size"]) == (3, "320x240")
    assert said["added_cpu_ms"] > 0
    assert said["decode_cpu_ms"] > 0
