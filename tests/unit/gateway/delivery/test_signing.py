"""Signatures: what is refused, what is accepted, and how a secret is replaced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.signing import SignatureInvalid, Signer
from gateway.errors import SettingsError

OLD = "whsec_" + "b2xkLXNlY3JldC1vZi0yNC1ieXRlcyE="
NEW = "whsec_" + "bmV3LXNlY3JldC1vZi0yNC1ieXRlcyE="
BODY = '{"place":"东街 3 号"}'


def _signed(secret: str = OLD, at: datetime | None = None) -> dict[str, str]:
    return Signer([secret]).sign("msg_1", BODY, at or datetime.now(UTC))


@pytest.mark.parametrize(
    "spoil",
    [
        {"webhook-id": "msg_2"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,not base64!"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,a,b"},
        {"webhook-signature": ""},
        {"webhook-timestamp": "soon"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "9" * 40},
    ],
)
def test_spoiled_header_is_refused(spoil: dict[str, str]) -> None:
    """Any header that does not fit the body and secret is one typed error, never another exception."""
    with pytest.raises(SignatureInvalid):
        Signer([OLD]).verify({**_signed(), **spoil}, BODY.encode())


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_missing_header_is_refused(missing: str) -> None:
    """All three headers are needed."""
    headers = _signed()
    del headers[missing]
    with pytest.raises(SignatureInvalid):
        Signer([OLD]).verify(headers, BODY.encode())


@pytest.mark.parametrize("offset_s", [-360, 360])
def test_time_outside_five_minutes_is_refused(offset_s: int) -> None:
    """A recorded message cannot be played again later, nor one from the future."""
    headers = _signed(at=datetime.now(UTC) + timedelta(seconds=offset_s))
    with pytest.raises(SignatureInvalid):
        Signer([OLD]).verify(headers, BODY.encode())


@given(st.binary(max_size=64))
def test_other_bodies_are_refused(body: bytes) -> None:
    """No other body passes under the same signature, UTF-8 or not."""
    with pytest.raises(SignatureInvalid):
        Signer([OLD]).verify(_signed(), body)


def test_wrong_secret_is_refused() -> None:
    """A message signed with another secret is refused."""
    with pytest.raises(SignatureInvalid):
        Signer([OLD]).verify(_signed(NEW), BODY.encode())


@pytest.mark.parametrize("secrets", [[], ["whsec_"], ["whsec_***"], ["whsec_AAAA"], [OLD.removeprefix("whsec_")]])
def test_unusable_secrets_are_a_settings_error(secrets: list[str]) -> None:
    """A missing or broken secret shows when the gateway starts, not when the first case is sent."""
    with pytest.raises(SettingsError):
        Signer(secrets)


def test_header_names_may_come_in_any_case() -> None:
    """HTTP header names have no case."""
    headers = {name.title(): value for name, value in _signed().items()}
    assert Signer([OLD]).verify(headers, BODY.encode()) == "msg_1"


def test_rotation_signs_with_the_first_and_accepts_any() -> None:
    """While a secret is being replaced, messages under the old and the new one pass."""
    both = Signer([NEW, OLD])
    assert both.verify(_signed(OLD), BODY.encode()) == "msg_1"
    headers = both.sign("msg_3", BODY, datetime.now(UTC))
    assert Signer([NEW]).verify(headers, BODY.encode()) == "msg_3"
