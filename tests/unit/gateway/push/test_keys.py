"""Our own keys: made once, read by nobody else, and tokens that push services accept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import jwt

from gateway.errors import SettingsError
from gateway.push.keys import FILE_NAME, PushKeys

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)


def token(header: str) -> str:
    return header.removeprefix("vapid t=").partition(",")[0]


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_file_that_is_no_key_is_named(tmp_path: Path, content: bytes) -> None:
    """It is not written over: all browsers would have to subscribe anew."""
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(SettingsError, match=FILE_NAME):
        PushKeys.of_folder(tmp_path)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_key_of_another_curve_is_refused(tmp_path: Path) -> None:
    """Browsers know P-256 only."""
    pem = ec.generate_private_key(ec.SECP384R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / FILE_NAME).write_bytes(pem)
    with pytest.raises(SettingsError, match="P-256"):
        PushKeys.of_folder(tmp_path)


def test_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    """The composition root makes it before."""
    with pytest.raises(SettingsError):
        PushKeys.of_folder(tmp_path / "none")


def test_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """The next start reads the same key; a draft that a crash left behind is no hindrance."""
    (tmp_path / "push_key.draft").write_bytes(b"half")
    first, second = PushKeys.of_folder(tmp_path), PushKeys.of_folder(tmp_path)
    assert first.public == second.public
    assert len(first.public) == 87
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == [FILE_NAME]


def test_token_names_the_service_and_is_used_for_a_while(tmp_path: Path) -> None:
    """One signature serves all browsers of a service for hours; the contact is named where there is one."""
    keys = PushKeys.of_folder(tmp_path, "mailto:desk@city.example")
    first = keys.authorization("https://push.example:8443/to/a?x=1", NOW)
    assert keys.authorization("https://push.example:8443/to/b", NOW + timedelta(hours=5)) == first
    assert jwt.decode(token(first), keys.public) == {
        "aud": "https://push.example:8443",
        "exp": int(NOW.timestamp()) + 12 * 3_600,
        "sub": "mailto:desk@city.example",
    }
    for now in (NOW + timedelta(hours=6), NOW - timedelta(hours=1)):  # run out, or made by a clock that was ahead
        assert keys.authorization("https://push.example:8443/to/a", now) != first
    assert "sub" not in jwt.decode(
        token(PushKeys.of_folder(tmp_path).authorization("https://a.example/", NOW)), keys.public
    )
