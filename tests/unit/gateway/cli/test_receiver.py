"""`gridpatrol receiver`: what is said on the command line reaches the platform."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.cli import receiver
from gateway.clock import Clock
from gateway.receiver.command import ReceiverOptions
from tests.unit.gateway.cli.conftest import Run

SECRET = "whsec_" + "c2VjcmV0" * 4


def test_receiver_is_told_everything(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option reaches the receiver; secrets may come from the environment."""
    told: list[ReceiverOptions] = []

    async def receive(options: ReceiverOptions, *, clock: Clock | None = None) -> None:
        told.append(options)

    monkeypatch.setattr(receiver, "run_receiver", receive)
    monkeypatch.setenv("GRIDPATROL_RECEIVER_SECRET", SECRET)
    monkeypatch.setenv("GRIDPATROL_RECEIVER_CALLBACK_SECRET", SECRET)
    words = "--callback http://127.0.0.1:9/x --port 0 --data p.db --fail 2 --stall 1.5 --answer-twice --lose-answer 3"
    assert run("receiver", *words.split(), "--step-s", "0.5")[0] == 0
    wanted = ReceiverOptions(
        data=Path("p.db"),
        secret=SECRET,
        port=0,
        callback_url="http://127.0.0.1:9/x",
        callback_secret=SECRET,
        step_s=0.5,
        fail=2,
        stall=1.5,
        answer_twice=True,
        lose_answer=3,
    )
    assert told == [wanted]
