"""The platform's own side of Standard Webhooks, written apart from the gateway's so that each checks the other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from standardwebhooks import Webhook, WebhookVerificationError


class Seal:
    """Signs and verifies with one `whsec_…` secret."""

    def __init__(self, secret: str) -> None:
        self._key = Webhook(secret)

    def fits(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Say whether a message is genuine and at most 5 minutes old."""
        try:
            self._key.verify(body, dict(headers), json_parse=False)
        # ValueError: the library lets malformed base64 and bodies that are not UTF-8 through.
        except (WebhookVerificationError, ValueError):
            return False
        return True

    def headers(self, message_id: str, body: str, at: datetime) -> dict[str, str]:
        """Return the three headers for a message sent at `at` (aware UTC)."""
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": self._key.sign(message_id, at, body),
        }
