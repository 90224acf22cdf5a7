"""When a camera's HTTP 401 is answered, and when not any more.

The client library's own middleware reads one `WWW-Authenticate` header only, while cameras send a Basic and a Digest
one; and it tries a wrong password twice per request, while cameras lock accounts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from gateway.camera.challenges import Challenge, Secret, read_challenges


class Authorisation:
    """Remembers the peer's last challenge, so that later requests need no 401 first.

    Args:
        username: As configured; None: the camera asks nobody.
        password: Likewise.
    """

    def __init__(self, username: str | None, password: str | None) -> None:
        self._secret = None if username is None else Secret(username, password or "")
        self._challenge: Challenge | None = None
        self._uses = 0

    def header(self, target: str) -> str | None:
        """Return the `Authorization` header for a GET of `target` (path and query); None before any challenge."""
        if self._challenge is None or self._secret is None:
            return None
        self._uses += 1
        return self._challenge.answer(self._secret, "GET", target, self._uses, os.urandom(8).hex())

    def accept(self, headers: Iterable[str], *, answered_fresh: bool) -> bool:
        """Take in a 401; True when asking once more may help.

        Args:
            headers: All `WWW-Authenticate` headers of the answer.
            answered_fresh: The refused request answered a challenge of this very exchange: then the password is wrong.
        """
        offers = read_challenges(headers)
        refused, self._challenge, self._uses = self._challenge, None, 0
        if answered_fresh or self._secret is None or not offers:
            return False
        if refused is not None and not refused.nonce and not offers[0].nonce:
            return False  # Basic was refused, and Basic is all there is
        self._challenge = offers[0]
        return True
