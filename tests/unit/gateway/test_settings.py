"""Settings come from the environment and one TOML file, and wrong ones are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.errors import SettingsError
from gateway.settings import load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRIDPATROL_SETTINGS", "")


def test_defaults_suit_one_machine() -> None:
    """Without any setting the embedded store below the data folder is used."""
    settings = load_settings()
    assert settings.store_url.startswith("sqlite:///")
    assert settings.store_url.endswith(".gridpatrol/gridpatrol.db")
    assert settings.media_path == settings.data_dir / "media"


def test_environment_goes_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A value in the environment wins over the same key in the file."""
    file = tmp_path / "gridpatrol.toml"
    file.write_text('port = 9000\nhost = "0.0.0.0"\n')
    monkeypatch.setenv("GRIDPATROL_PORT", "9001")
    settings = load_settings(file)
    assert (settings.port, settings.host) == (9001, "0.0.0.0")


def test_endpoints_come_from_the_file_and_hide_their_secrets(tmp_path: Path) -> None:
    """Secrets of endpoints do not show when the settings are printed."""
    file = tmp_path / "gridpatrol.toml"
    file.write_text(
        '[[endpoints]]\nid = "platform"\nurl = "http://127.0.0.1:9/webhook"\n'
        'secret = "whsec_aaaa"\ncallback_secret = "whsec_bbbb"\n'
    )
    settings = load_settings(file)
    assert settings.endpoints[0].secret.get_secret_value() == "whsec_aaaa"
    assert "whsec" not in repr(settings)


def test_unknown_key_is_named(tmp_path: Path) -> None:
    """A typo in the file is an error that names the key and the file."""
    file = tmp_path / "gridpatrol.toml"
    file.write_text("prot = 9000\n")
    with pytest.raises(SettingsError, match=r"gridpatrol\.toml.*prot"):
        load_settings(file)


def test_wrong_value_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value in the environment names the variable."""
    monkeypatch.setenv("GRIDPATROL_PORT", "eighty")
    with pytest.raises(SettingsError, match="GRIDPATROL_PORT"):
        load_settings()


def test_missing_file_is_said(tmp_path: Path) -> None:
    """A settings file that is not there is an error, not ignored."""
    with pytest.raises(SettingsError, match="no such settings file"):
        load_settings(tmp_path / "none.toml")


def test_broken_toml_names_the_file(tmp_path: Path) -> None:
    """A file that is not TOML is named."""
    file = tmp_path / "gridpatrol.toml"
    file.write_text("port = = 1\n")
    with pytest.raises(SettingsError, match=r"gridpatrol\.toml"):
        load_settings(file)


def test_unknown_time_zone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Schedules and deadlines need a real time zone."""
    monkeypatch.setenv("GRIDPATROL_TIMEZONE", "Mars/Olympus")
    with pytest.raises(SettingsError, match="no such time zone"):
        load_settings()


def test_database_password_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database address with its password is used and never printed."""
    monkeypatch.setenv("GRIDPATROL_DATABASE_URL", "postgresql://u:secretpw@db/x")
    settings = load_settings()
    assert settings.store_url.endswith("@db/x")
    assert "secretpw" not in repr(settings)
