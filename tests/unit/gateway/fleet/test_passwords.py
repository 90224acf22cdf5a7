"""Where passwords come from."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from camera_configs.models import SnapshotConfig, StreamConfig
from gateway.access.sealing import SealError
from gateway.fleet.passwords import password_of


def test_password_comes_from_the_environment_or_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that is not set is a camera without password, not a crash."""
    named = StreamConfig(url="rtsp://192.0.2.4/1", username="u", password_env="GATE_PASSWORD")
    monkeypatch.delenv("GATE_PASSWORD", raising=False)
    assert password_of(named) is None
    monkeypatch.setenv("GATE_PASSWORD", "secret")
    assert password_of(named) == "secret"
    written = StreamConfig(url="rtsp://192.0.2.4/1", username="u", password=SecretStr("written"))
    assert password_of(written) == "written"
    assert password_of(StreamConfig(url="rtsp://192.0.2.4/1")) is None
    assert password_of(SnapshotConfig(url="http://192.0.2.4/1", username="u", password_env="GATE_PASSWORD")) == "secret"


def test_sealed_password_is_opened_or_none() -> None:
    """A key that is not here is a camera without password, whose page says that it was refused."""

    def other_key(_: str) -> str:
        raise SealError("the key is not here")

    kept = StreamConfig(url="rtsp://192.0.2.4/1", username="u", password_sealed="token")
    assert password_of(kept, lambda token: f"opened {token}") == "opened token"
    assert password_of(kept, other_key) is None
    assert password_of(kept) is None
