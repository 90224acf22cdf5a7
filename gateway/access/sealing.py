"""Secrets at rest: cameras' passwords are kept sealed in the database, the key outside it.

A token is `gps1.<key id>.<base64url of nonce and AES-256-GCM text>`. Every process that reads the same key file, or is
given the same `GRIDPATROL_SEAL_KEY`, opens the same tokens. Nothing here repeats a secret, a token or a key: not in an
error, not in a repr.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

from gateway.errors import GridPatrolError, SettingsError

KEY_FILE = "seal.key"
KEY_BYTES = 32  # AES-256
NONCE_BYTES = 12  # what GCM wants; random, so a key serves 2^32 tokens, more than any county types
# A password longer than this is a mistake of the person who types it.
MAX_SECRET_CHARS = 1_000
_TOKEN = re.compile(r"gps1\.([0-9a-f]{12})\.([A-Za-z0-9_-]+={0,2})")


class SealError(GridPatrolError):
    """A secret cannot be sealed or opened."""


class UnknownSealKey(SealError):
    """The token was sealed with a key that is not here: another data folder's, or one that was thrown away."""

    def __init__(self, key_id: str) -> None:
        self.key_id = key_id
        super().__init__(key_id)

    def __str__(self) -> str:
        return f"a secret was sealed with key {self.key_id}, which is not here"


class BrokenSeal(SealError):
    """The token is not one of ours, or somebody changed it."""

    def __str__(self) -> str:
        return "a sealed secret cannot be opened: it is damaged"


class Sealer:
    """Seals with the first key, opens with any: an old key is kept behind a new one until all is sealed anew."""

    __slots__ = ("_ciphers", "_key_id")

    def __init__(self, keys: Iterable[bytes]) -> None:
        """Take keys of 32 bytes, the one to seal with first.

        Raises:
            ValueError: No key, or one of another length.
        """
        usable = list(keys)
        if not usable or any(len(key) != KEY_BYTES for key in usable):
            raise ValueError(f"wants keys of {KEY_BYTES} bytes")
        self._ciphers = {_key_id(key): AESGCM(key) for key in usable}
        self._key_id = _key_id(usable[0])

    def __repr__(self) -> str:
        return f"Sealer(key_id={self._key_id!r})"

    @property
    def key_id(self) -> str:
        """Which key seals; says nothing about the key itself."""
        return self._key_id

    def seal(self, text: str) -> str:
        """Return a token for a secret; the same secret gives another token each time.

        Raises:
            ValueError: Longer than `MAX_SECRET_CHARS`.
        """
        if len(text) > MAX_SECRET_CHARS:
            raise ValueError(f"longer than {MAX_SECRET_CHARS} characters")
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = self._ciphers[self._key_id].encrypt(nonce, text.encode(), _bound_to(self._key_id))
        return f"gps1.{self._key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode('ascii')}"

    def open(self, token: str) -> str:
        """Return the secret of a token.

        Raises:
            UnknownSealKey: Sealed with a key that is not here.
            BrokenSeal: Not a token, or changed since.
        """
        found = _TOKEN.fullmatch(token)
        if found is None:
            raise BrokenSeal
        key_id, body = found.groups()
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnknownSealKey(key_id)
        try:
            raw = base64.urlsafe_b64decode(body)
            return cipher.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound_to(key_id)).decode()
        except (InvalidTag, ValueError):  # the cause holds the token: it must not reach a log
            raise BrokenSeal from None


def is_sealed(token: str) -> bool:
    """Say whether a text looks like a token; whether it can be opened only `Sealer.open` knows."""
    return _TOKEN.fullmatch(token) is not None


def open_sealer(data_dir: Path, seal_key: SecretStr | None = None) -> Sealer:
    """Return the sealer of this deployment: of `seal_key` where it is set, else of the key file, made if not there.

    Several keys, separated by spaces, commas or lines: the first seals, the others open what was sealed before.

    Raises:
        SettingsError: The key cannot be used, or the file cannot be read, made, or is open to others.
    """
    if seal_key is not None:
        return Sealer(_parsed(seal_key.get_secret_value(), "GRIDPATROL_SEAL_KEY"))
    path = data_dir / KEY_FILE
    try:
        return Sealer(_parsed(_kept_key(path), str(path)))
    except OSError as exc:
        raise SettingsError(f"{path}: cannot be used as key file: {exc.strerror}") from exc


def _kept_key(path: Path) -> str:
    try:
        return _read_private(path)
    except FileNotFoundError:
        _make_key_file(path)
        return _read_private(path)  # another process may have been quicker: what lies there counts


def _read_private(path: Path) -> str:
    with path.open(encoding="ascii", errors="replace") as file:
        if os.fstat(file.fileno()).st_mode & 0o077:
            raise SettingsError(f"{path}: others can read this key: chmod 600 it")
        return file.read()


def _make_key_file(path: Path) -> None:
    """Make the file whole or not at all, and never over one that is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{KEY_FILE}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii") + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:  # a password sealed with a key that a power cut takes away is lost
        os.fsync(folder)
    finally:
        os.close(folder)


def _parsed(text: str, source: str) -> list[bytes]:
    try:
        keys = [base64.urlsafe_b64decode(part) for part in re.split(r"[\s,]+", text.strip()) if part]
        if keys and all(len(key) == KEY_BYTES for key in keys):
            return keys
    except (binascii.Error, ValueError):
        pass
    raise SettingsError(f"{source}: wants keys of {KEY_BYTES} bytes in base64url")


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"gridpatrol seal key id\0" + key).hexdigest()[:12]


def _bound_to(key_id: str) -> bytes:
    return f"gps1.{key_id}".encode("ascii")
