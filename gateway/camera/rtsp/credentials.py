"""Answers to what a camera demands: Basic (RFC 7617), Digest with MD5 or SHA-256 (RFC 2069 and RFC 7616)."""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

_FIELD = re.compile(r'([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]*))')
_SCHEME = re.compile(r"(?i)\b(basic|digest)(?=\s|$)")
_HASHES: Mapping[str, Callable[[bytes], str]] = {
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
}


@dataclass(frozen=True, slots=True)
class Secret:
    """User name and password of one camera; no repr shows the password."""

    username: str
    password: str = field(repr=False)


class Answerer:
    """Makes Authorization headers from the newest challenge. For one session.

    Args:
        secret: None: every challenge stays unanswered.
        nonce: Makes the client's own nonce.
    """

    def __init__(self, secret: Secret | None, nonce: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._secret = secret
        self._make_nonce = nonce
        self._scheme = ""
        self._fields: dict[str, str] = {}
        self._count = 0  # requests answered with this nonce
        self._accepted = False

    def accept(self) -> None:
        """The camera took an answer: a refusal from now on is about the nonce, not the password."""
        self._accepted = bool(self._scheme)

    def challenged(self, headers: Sequence[str]) -> bool:
        """Take WWW-Authenticate headers; say whether to try again.

        Not with credentials that were just refused: cameras lock accounts.
        """
        if self._secret is None:
            return False
        offers = [offer for header in headers for offer in _offers(header)]
        ranked = [(_rank(scheme, fields), scheme, fields) for scheme, fields in offers]
        rank, scheme, fields = min(ranked, key=lambda offer: offer[0], default=(_REFUSED, "", {}))
        if rank == _REFUSED:
            return False
        again = not self._scheme or self._accepted or fields.get("stale", "").lower() == "true"
        self._scheme, self._fields, self._count = scheme, fields, 0
        return again

    def header(self, method: str, uri: str) -> str | None:
        """Return the Authorization value for a request; None before any challenge."""
        if self._secret is None or not self._scheme:
            return None
        if self._scheme == "basic":
            pair = f"{self._secret.username}:{self._secret.password}"
            return f"Basic {b64encode(pair.encode()).decode()}"
        return self._digest(self._secret, method, uri)

    def _digest(self, secret: Secret, method: str, uri: str) -> str:
        given = self._fields
        realm, nonce = given.get("realm", ""), given.get("nonce", "")
        algorithm = given.get("algorithm", "MD5").upper()
        digest = _HASHES[algorithm.removesuffix("-SESS")]
        self._count += 1
        count, own = f"{self._count:08x}", self._make_nonce()
        key = digest(f"{secret.username}:{realm}:{secret.password}".encode())
        if algorithm.endswith("-SESS"):
            key = digest(f"{key}:{nonce}:{own}".encode())
        resource = digest(f"{method}:{uri}".encode())
        quality = "auth" in [word.strip() for word in given.get("qop", "").split(",")]
        middle = f"{nonce}:{count}:{own}:auth" if quality else nonce
        answer = digest(f"{key}:{middle}:{resource}".encode())
        parts = [f'username="{_quoted(secret.username)}"', f'realm="{_quoted(realm)}"', f'nonce="{_quoted(nonce)}"']
        parts += [f'uri="{uri}"', f'response="{answer}"']
        parts += [f"algorithm={given['algorithm']}"] if "algorithm" in given else []
        parts += [f'opaque="{_quoted(given["opaque"])}"'] if "opaque" in given else []
        parts += [f'qop=auth, nc={count}, cnonce="{own}"'] if quality else []
        return "Digest " + ", ".join(parts)


_REFUSED = 9


def _rank(scheme: str, fields: Mapping[str, str]) -> int:
    """Order offers, best first; `_REFUSED` for what we cannot answer."""
    if scheme == "basic":
        return 3
    algorithm = fields.get("algorithm", "MD5").upper().removesuffix("-SESS")
    known = list(_HASHES)
    qops = [word.strip() for word in fields.get("qop", "auth").split(",")]
    return known.index(algorithm) if algorithm in known and "auth" in qops else _REFUSED


def _offers(header: str) -> list[tuple[str, dict[str, str]]]:
    """Split a header, which may hold several challenges."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', lambda quoted: "x" * len(quoted.group()), header)
    marks = list(_SCHEME.finditer(bare))
    ends = [*(mark.start() for mark in marks), len(header)][1:]
    return [(mark.group(1).lower(), _fields(header[mark.end() : end])) for mark, end in zip(marks, ends, strict=True)]


def _fields(text: str) -> dict[str, str]:
    return {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in _FIELD.findall(text)}


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
