"""When a camera's challenge to an RTSP session is answered, and when not any more."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from gateway.camera.challenges import Challenge, Secret, read_challenges


class Answerer:
    """Makes Authorization headers from the newest challenge. For one session.

    Args:
        secret: None: every challenge stays unanswered.
        nonce: Makes the client's own nonce.
    """

    def __init__(self, secret: Secret | None, nonce: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._secret = secret
        self._make_nonce = nonce
        self._challenge: Challenge | None = None
        self._uses = 0  # requests answered with this nonce
        self._accepted = False

    def accept(self) -> None:
        """The camera took an answer: a refusal from now on is about the nonce, not the password."""
        self._accepted = self._challenge is not None

    def challenged(self, headers: Sequence[str]) -> bool:
        """Take WWW-Authenticate headers; say whether to try again.

        Not with credentials that were just refused: cameras lock accounts.
        """
        # No request of ours has a body that its digest could cover.
        offers = [offer for offer in read_challenges(headers) if offer.qop != "auth-int"]
        if self._secret is None or not offers:
            return False
        again = self._challenge is None or self._accepted or offers[0].stale
        self._challenge, self._uses = offers[0], 0
        return again

    def header(self, method: str, uri: str) -> str | None:
        """Return the Authorization value for a request; None before any challenge."""
        if self._secret is None or self._challenge is None:
            return None
        self._uses += 1
        return self._challenge.answer(self._secret, method, uri, self._uses, self._make_nonce())
