"""What cameras demand before they let us in, over RTSP and HTTP alike, and the answers to it.

Basic (RFC 7617), Digest with MD5 or SHA-256 (RFC 2069 and RFC 7616). No state: who answers when, and how often a
refusal is worth another try, is the protocols' own (`rtsp.credentials`, `snapshots.authorisation`).
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_PART = re.compile(r'([a-zA-Z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')
_SCHEME = re.compile(r"(?:^|,)\s*(basic|digest)\b", re.IGNORECASE)
_HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}  # strongest first


@dataclass(frozen=True, slots=True)
class Secret:
    """User name and password of one camera; no repr shows the password."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Challenge:
    """One offer of the peer."""

    realm: str
    nonce: str  # empty: Basic
    algorithm: str = ""  # as the peer writes it, "-sess" included; empty: it names none, which means MD5
    qop: str = ""  # "auth", "auth-int" or empty
    opaque: str | None = None
    stale: bool = False  # the nonce was too old; nothing is wrong with the password

    @property
    def hash_name(self) -> str:
        """The hash without the session suffix."""
        return (self.algorithm or "MD5").upper().removesuffix("-SESS")

    def answer(self, secret: Secret, method: str, target: str, uses: int, own_nonce: str) -> str:
        """Return the Authorization header's value.

        Args:
            secret: Whose credentials.
            method: Of the request.
            target: Its URI (RTSP), or path and query (HTTP).
            uses: How often this challenge was answered, this time included.
            own_nonce: The client's own.
        """
        if not self.nonce:
            return "Basic " + b64encode(f"{secret.username}:{secret.password}".encode()).decode()
        count = f"{uses:08x}"
        fields = {
            "username": _quoted(secret.username),
            "realm": _quoted(self.realm),
            "nonce": _quoted(self.nonce),
            "uri": _quoted(target),
            "response": _quoted(self._response(secret, method, target, count, own_nonce)),
        }
        if self.algorithm:
            fields["algorithm"] = self.algorithm
        if self.opaque is not None:
            fields["opaque"] = _quoted(self.opaque)
        if self.qop:
            fields |= {"qop": self.qop, "nc": count, "cnonce": _quoted(own_nonce)}
        return "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())

    def _response(self, secret: Secret, method: str, target: str, count: str, own_nonce: str) -> str:
        key = self._hashed(secret.username, self.realm, secret.password)
        if self.algorithm.upper().endswith("-SESS"):
            key = self._hashed(key, self.nonce, own_nonce)
        body = (self._hashed(""),) if self.qop == "auth-int" else ()
        request = self._hashed(method, target, *body)
        if not self.qop:
            return self._hashed(key, self.nonce, request)
        return self._hashed(key, self.nonce, count, own_nonce, self.qop, request)

    def _hashed(self, *parts: str) -> str:
        return _HASHES[self.hash_name](":".join(parts).encode(), usedforsecurity=False).hexdigest()


def read_challenges(headers: Iterable[str]) -> list[Challenge]:
    """Return what the `WWW-Authenticate` headers offer and can be answered, strongest first."""
    found = [c for header in headers for scheme, rest in _split(header) if (c := _challenge(scheme, rest))]
    rank = {name: place for place, name in enumerate(_HASHES)}
    return sorted(found, key=lambda c: rank[c.hash_name] if c.nonce else len(rank))


def _split(header: str) -> list[tuple[str, str]]:
    """Return scheme and parameters of each challenge in one header."""
    bare = _QUOTED.sub(lambda quoted: "x" * len(quoted.group()), header)
    starts = list(_SCHEME.finditer(bare))
    ends = [*(match.start() for match in starts), len(header)][1:]
    return [(match[1].lower(), header[match.end() : end]) for match, end in zip(starts, ends, strict=bool(starts))]


def _challenge(scheme: str, rest: str) -> Challenge | None:
    # The first of a name counts: what follows belongs to a scheme that is not known here.
    found = reversed(list(_PART.finditer(rest)))
    parts = {m[1].lower(): m[3] if m[2] is None else re.sub(r"\\(.)", r"\1", m[2]) for m in found}
    realm = parts.get("realm", "")
    if scheme == "basic":
        return Challenge(realm, "")
    offered = [q.strip().lower() for q in parts.get("qop", "").split(",") if q.strip()]
    qop = "auth" if "auth" in offered else next(iter(offered), "")
    stale = parts.get("stale", "").lower() == "true"
    challenge = Challenge(
        realm, parts.get("nonce", ""), parts.get("algorithm", ""), qop, parts.get("opaque"), stale=stale
    )
    sound = challenge.nonce and challenge.hash_name in _HASHES and qop in {"", "auth", "auth-int"}
    return challenge if sound else None


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
