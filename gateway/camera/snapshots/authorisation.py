"""Answers to HTTP 401: Basic (RFC 7617) and Digest (RFC 7616), for one camera's credentials.

The client library's own middleware reads one `WWW-Authenticate` header only, while cameras send a Basic and a Digest
one; and it tries a wrong password twice per request, while cameras lock accounts.
"""

from __future__ import annotations

import hashlib
import os
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass

_PART = re.compile(r'([a-zA-Z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_SCHEME = re.compile(r"(?:^|,)\s*(basic|digest)\b", re.IGNORECASE)
_HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One offer of the peer."""

    realm: str
    nonce: str  # empty: Basic
    algorithm: str = "MD5"  # as the peer writes it, "-sess" included
    qop: str = ""  # "auth", "auth-int" or empty
    opaque: str | None = None

    @property
    def hash_name(self) -> str:
        """The hash without the session suffix."""
        return self.algorithm.upper().removesuffix("-SESS")


def read_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Return what the `WWW-Authenticate` headers offer and this module can answer, strongest first."""
    found = [c for header in headers for scheme, rest in _split(header) if (c := _challenge(scheme, rest))]
    rank = {name: place for place, name in enumerate(_HASHES)}
    return sorted(found, key=lambda c: rank[c.hash_name] if c.nonce else len(rank))


class Authorisation:
    """Remembers the peer's last challenge, so that later requests need no 401 first.

    Args:
        username: As configured; None: the camera asks nobody.
        password: Likewise.
    """

    def __init__(self, username: str | None, password: str | None) -> None:
        self._username = username
        self._password = password or ""
        self._challenge: Challenge | None = None
        self._uses = 0

    def header(self, target: str) -> str | None:
        """Return the `Authorization` header for a GET of `target` (path and query); None before any challenge."""
        challenge = self._challenge
        if challenge is None or self._username is None:
            return None
        if not challenge.nonce:
            return "Basic " + b64encode(f"{self._username}:{self._password}".encode()).decode()
        self._uses += 1
        return "Digest " + self._digest(challenge, target)

    def accept(self, headers: Iterable[str], *, answered_fresh: bool) -> bool:
        """Take in a 401; True when asking once more may help.

        Args:
            headers: All `WWW-Authenticate` headers of the answer.
            answered_fresh: The refused request answered a challenge of this very exchange: then the password is wrong.
        """
        offers = read_challenges(headers)
        refused, self._challenge, self._uses = self._challenge, None, 0
        if answered_fresh or self._username is None or not offers:
            return False
        if refused is not None and not refused.nonce and not offers[0].nonce:
            return False  # Basic was refused, and Basic is all there is
        self._challenge = offers[0]
        return True

    def _digest(self, challenge: Challenge, target: str) -> str:
        count, own_nonce = f"{self._uses:08x}", os.urandom(8).hex()
        fields = {
            "username": _quoted(self._username or ""),
            "realm": _quoted(challenge.realm),
            "nonce": _quoted(challenge.nonce),
            "uri": _quoted(target),
            "response": _quoted(self._response(challenge, target, count, own_nonce)),
            "algorithm": challenge.algorithm,
        }
        if challenge.opaque is not None:
            fields["opaque"] = _quoted(challenge.opaque)
        if challenge.qop:
            fields |= {"qop": challenge.qop, "nc": count, "cnonce": _quoted(own_nonce)}
        return ", ".join(f"{name}={value}" for name, value in fields.items())

    def _response(self, challenge: Challenge, target: str, count: str, own_nonce: str) -> str:
        hash_name = challenge.hash_name
        secret = _hashed(hash_name, self._username or "", challenge.realm, self._password)
        if challenge.algorithm.upper().endswith("-SESS"):
            secret = _hashed(hash_name, secret, challenge.nonce, own_nonce)
        body = (_hashed(hash_name, ""),) if challenge.qop == "auth-int" else ()
        request = _hashed(hash_name, "GET", target, *body)
        if not challenge.qop:
            return _hashed(hash_name, secret, challenge.nonce, request)
        return _hashed(hash_name, secret, challenge.nonce, count, own_nonce, challenge.qop, request)


def _split(header: str) -> list[tuple[str, str]]:
    """Return scheme and parameters of each challenge in one header."""
    starts = list(_SCHEME.finditer(header))
    ends = [*(match.start() for match in starts), len(header)][1:]
    return [(match[1].lower(), header[match.end() : end]) for match, end in zip(starts, ends, strict=bool(starts))]


def _challenge(scheme: str, rest: str) -> Challenge | None:
    # The first of a name counts: what follows belongs to a scheme that is not known here.
    found = reversed(list(_PART.finditer(rest)))
    parts = {m[1].lower(): m[3] if m[2] is None else re.sub(r"\\(.)", r"\1", m[2]) for m in found}
    if scheme == "basic":
        return Challenge(parts.get("realm", ""), "")
    offered = [q.strip().lower() for q in parts.get("qop", "").split(",") if q.strip()]
    qop = "auth" if "auth" in offered else next(iter(offered), "")
    challenge = Challenge(
        parts.get("realm", ""), parts.get("nonce", ""), parts.get("algorithm", "MD5"), qop, parts.get("opaque")
    )
    sound = challenge.nonce and challenge.hash_name in _HASHES and qop in {"", "auth", "auth-int"}
    return challenge if sound else None


def _hashed(hash_name: str, *parts: str) -> str:
    return _HASHES[hash_name](":".join(parts).encode(), usedforsecurity=False).hexdigest()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
