"""Standard Webhooks signatures: HMAC-SHA256 over `id.timestamp.body`, header names as the specification has them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime

from standardwebhooks import Webhook, WebhookVerificationError

from gateway.errors import GridPatrolError, SettingsError

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"
SECRET_PREFIX = "whsec_"  # noqa: S105  # the mark of a secret, not one
MIN_SECRET_BYTES = 16  # shorter keys can be guessed


class SignatureInvalid(GridPatrolError):
    """A message is not from who it says, was changed on the way, or is older or newer than 5 minutes."""


class Signer:
    """Signs with the first of its secrets and accepts any of them, so that a secret can be replaced without a gap.

    Secrets are written `whsec_` and base64. The tolerance of 5 minutes is the library's.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise SettingsError("a webhook endpoint needs at least one secret")
        self._keys = tuple(_key(secret) for secret in secrets)

    def sign(self, message_id: str, body: str, at: datetime) -> dict[str, str]:
        """Return the three headers for a message sent at `at` (aware UTC)."""
        return {
            ID_HEADER: message_id,
            TIMESTAMP_HEADER: str(int(at.timestamp())),
            SIGNATURE_HEADER: self._keys[0].sign(message_id, at, body),
        }

    def verify(self, headers: Mapping[str, str], body: bytes) -> str:
        """Check a message as it arrived; return its id.

        Raises:
            SignatureInvalid: A header is missing or malformed, the time is off, or no secret fits.
        """
        plain = {name.lower(): value for name, value in headers.items()}
        if not any(_fits(key, plain, body) for key in self._keys):
            raise SignatureInvalid("no valid signature")
        return plain[ID_HEADER]


def _key(secret: str) -> Webhook:
    try:
        raw = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError as exc:
        raise SettingsError("a webhook secret is not `whsec_` and base64") from exc
    if not secret.startswith(SECRET_PREFIX) or len(raw) < MIN_SECRET_BYTES:
        msg = f"a webhook secret is not `whsec_` and base64 of at least {MIN_SECRET_BYTES} bytes"
        raise SettingsError(msg)
    return Webhook(raw)


def _fits(key: Webhook, headers: dict[str, str], body: bytes) -> bool:
    try:
        key.verify(body, headers, json_parse=False)
    # ValueError: the library lets malformed base64, stray commas and bodies that are not UTF-8 through.
    except (WebhookVerificationError, ValueError):
        return False
    return True
