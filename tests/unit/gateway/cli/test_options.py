"""What several subcommands have in common."""

from __future__ import annotations

import socket

import pytest

from gateway.cli import simulate
from tests.unit.gateway.cli.conftest import Run

SECRET = "whsec_" + "c2VjcmV0" * 4


@pytest.mark.parametrize("command", ["simulate", "receiver"])
def test_port_that_is_taken(run: Run, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens on the port already, the address is named."""
    if command == "simulate":
        monkeypatch.setattr(simulate, "run_simulator", _listen)
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
