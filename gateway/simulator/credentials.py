"""Basic and Digest authentication of RTSP requests (RFC 7617; RFC 2069 digests, as cameras ask for them)."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode
from binascii import Error as Base64Error
from dataclasses import dataclass, field
from typing import Literal

from gateway.simulator.messages import BadRequest, Request, path_of

REALM = "GridPatrol simulator"

AuthKind = Literal["none", "basic", "digest"]

_FIELD = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Login:
    """What a path demands."""

    kind: AuthKind = "none"
    username: str = ""
    password: str = field(default="", repr=False)

    def challenge(self, nonce: str) -> str:
        """Return the WWW-Authenticate value; of kind "none" as for a digest that nobody can answer."""
        return f'Basic realm="{REALM}"' if self.kind == "basic" else f'Digest realm="{REALM}", nonce="{nonce}"'

    def admits(self, request: Request, nonce: str) -> bool:
        """Say whether the Authorization header of a request holds the right answer to `challenge(nonce)`."""
        if self.kind == "none":
            return True
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != self.kind:
            return False
        return self._admits_basic(value) if self.kind == "basic" else self._admits_digest(value, request, nonce)

    def _admits_basic(self, value: str) -> bool:
        try:
            given = b64decode(value.strip(), validate=True)
        except (Base64Error, ValueError):
            return False
        return hmac.compare_digest(given, f"{self.username}:{self.password}".encode())

    def _admits_digest(self, value: str, request: Request, nonce: str) -> bool:
        given = {name.lower(): _unquoted(quoted) or bare for name, quoted, bare in _FIELD.findall(value)}
        if (given.get("username"), given.get("realm"), given.get("nonce")) != (self.username, REALM, nonce):
            return False
        if not _same_resource(given.get("uri", ""), request):
            return False
        expected = digest_answer(self.username, self.password, request.method, given["uri"], nonce)
        return hmac.compare_digest(given.get("response", "").lower().encode(), expected.encode())


def digest_answer(username: str, password: str, method: str, uri: str, nonce: str) -> str:
    """Return the `response` field of a digest without qop, lower-case hex."""
    secret = _md5(f"{username}:{REALM}:{password}")
    return _md5(f"{secret}:{nonce}:{_md5(f'{method}:{uri}')}")


def _same_resource(uri: str, request: Request) -> bool:
    """Compare decoded paths: clients differ in what they escape, and some leave out the host."""
    try:
        return path_of(uri) == request.path
    except BadRequest:
        return False


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
