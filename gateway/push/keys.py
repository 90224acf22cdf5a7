"""The gateway's own key pair (VAPID, RFC 8292): by it a push service knows who writes to a browser."""

from __future__ import annotations

import base64
import os
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import jwt

from gateway.errors import SettingsError

FILE_NAME = "push_key.pem"
# Push services accept a day; a clock may be hours off.
TOKEN_LASTS = timedelta(hours=12)
TOKEN_USED_FOR = timedelta(hours=6)


class PushKeys:
    """Signs what is sent. Browsers subscribe to the public half: with another key, all of them must subscribe anew."""

    def __init__(self, private: ec.EllipticCurvePrivateKey, contact: str = "") -> None:
        self._private = private
        self._contact = contact
        self._tokens: dict[str, tuple[datetime, str]] = {}
        point = private.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        self.public = base64.urlsafe_b64encode(point).decode().rstrip("=")  # what `subscribe` in the browser takes

    @classmethod
    def of_folder(cls, folder: Path, contact: str = "") -> PushKeys:
        """Read the key, or make it at the first start; nobody but the owner may read the file.

        Args:
            folder: The data directory.
            contact: A `mailto:` or `https:` address for push services to complain to; "" names none.

        Raises:
            SettingsError: The file can be neither read nor made, or holds no such key.
        """
        path = folder / FILE_NAME
        try:
            return cls(_read(path) if path.exists() else _make(path), contact)
        except (OSError, ValueError, TypeError) as exc:
            raise SettingsError(f"{path}: {exc}") from exc

    def authorization(self, endpoint: str, now: datetime) -> str:
        """Return the header that lets us write to this endpoint; signed anew every few hours only."""
        parts = urlsplit(endpoint)
        audience = f"{parts.scheme}://{parts.netloc}"
        made_at, token = self._tokens.get(audience, (now, ""))
        if not token or not timedelta(0) <= now - made_at < TOKEN_USED_FOR:
            token = self._signed(audience, now)
            self._tokens[audience] = (now, token)
        return f"vapid t={token}, k={self.public}"

    def _signed(self, audience: str, now: datetime) -> str:
        claims: dict[str, object] = {"aud": audience, "exp": int((now + TOKEN_LASTS).timestamp())}
        if self._contact:
            claims["sub"] = self._contact
        return str(jwt.sign(claims, self._private))


def _read(path: Path) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise TypeError("not a P-256 key")
    return key


def _make(path: Path) -> ec.EllipticCurvePrivateKey:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return key
