"""The platform's seal and the gateway's signer accept each other and nobody else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from gateway.delivery.signing import SignatureInvalid, Signer
from gateway.receiver.signing import Seal

SECRET = "whsec_" + "dGVzdC1zZWNyZXQtb2YtMjQtYnl0ZXM="
OTHER = "whsec_" + "b3RoZXItc2VjcmV0LW9mLTI0LWJ5dGU="


@pytest.mark.parametrize("spoil", [{"webhook-signature": "v1"}, {"webhook-timestamp": "1"}, {"webhook-id": "x"}])
def test_spoiled_message_does_not_fit(spoil: dict[str, str]) -> None:
    """Anything changed on the way is noticed, malformed or not."""
    headers = {**Signer([SECRET]).sign("m", "{}", datetime.now(UTC)), **spoil}
    assert not Seal(SECRET).fits(headers, b"{}")


def test_gateway_message_fits_only_its_secret() -> None:
    """What the gateway signs fits under the same secret and no other."""
    headers = Signer([SECRET]).sign("m", "{}", datetime.now(UTC))
    assert Seal(SECRET).fits(headers, b"{}")
    assert not Seal(OTHER).fits(headers, b"{}")
    assert not Seal(SECRET).fits(headers, b"\xff")


def test_gateway_accepts_what_the_platform_signs() -> None:
    """Callbacks pass the gateway's check."""
    headers = Seal(SECRET).headers("cb_1", "{}", datetime.now(UTC))
    assert Signer([SECRET]).verify(headers, b"{}") == "cb_1"
    with pytest.raises(SignatureInvalid):
        Signer([OTHER]).verify(headers, b"{}")
