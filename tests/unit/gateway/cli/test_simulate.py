"""`gridpatrol simulate`: what is said on the command line reaches the simulator."""

from __future__ import annotations

import pytest

from gateway.cli import simulate
from gateway.simulator.credentials import Login
from tests.unit.gateway.cli.conftest import Run


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
    monkeypatch.setattr(simulate, "run_simulator", lambda *args, **named: told.update(named, args=args))
    assert run("simulate", "gate=x.mp4", "--once", *words)[0] == 0
    assert (told["login"], told["loop"], told["args"]) == (login, False, (["gate=x.mp4"], "127.0.0.1", 8554))
