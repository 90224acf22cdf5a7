"""A platform to be run."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.receiver.command import ReceiverOptions
from tests.unit.gateway.receiver.peers import CALLBACK_SECRET, SECRET


@pytest.fixture
def options(tmp_path: Path) -> ReceiverOptions:
    """Return options of a well-behaved, quick platform."""
    return ReceiverOptions(tmp_path / "receiver.db", SECRET, port=0, callback_secret=CALLBACK_SECRET, step_s=0.01)
