"""Which addresses may be written to: browsers hand them in, and we must not be made to call anything else."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

AUTH_BYTES = 16


class AllowedHosts:
    """Push services by host, with all hosts below it, over https; or one origin exactly as it is written."""

    def __init__(self, hosts: Iterable[str]) -> None:
        entries = [entry.strip().rstrip("/").lower() for entry in hosts]
        self._origins = {entry for entry in entries if "://" in entry}
        self._hosts = tuple(entry for entry in entries if entry and "://" not in entry)

    def __bool__(self) -> bool:
        return bool(self._origins or self._hosts)

    def allows(self, endpoint: str) -> bool:
        """Say whether this is the address of a push service that may be called."""
        try:
            parts = urlsplit(endpoint)
            host, has_port = (parts.hostname or "").lower(), parts.port is not None
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None:
            return False
        if f"{parts.scheme}://{parts.netloc}".lower() in self._origins:
            return True
        known = any(host == name or host.endswith(f".{name}") for name in self._hosts)
        return parts.scheme == "https" and known and not has_port


def are_keys(p256dh: str, auth: str) -> bool:
    """Say whether a browser's public key and secret are what they must be (RFC 8291): a P-256 point and 16 bytes."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _decoded(p256dh))
        return len(_decoded(auth)) == AUTH_BYTES
    except (binascii.Error, ValueError):
        return False


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
