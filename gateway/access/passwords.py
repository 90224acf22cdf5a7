"""Passwords: argon2id hashes made and checked off the event loop, and refusal of the ones everybody tries first."""

from __future__ import annotations

import asyncio
import re
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.errors import GridPatrolError

MIN_LENGTH = 10  # characters
MAX_LENGTH = 256  # characters; longer ones only cost time
# Each hash takes 64 MiB and some 0.3 s of a core: more at once would let a flood of sign-ins starve the gateway.
HASHES_AT_ONCE = 2

_COMMON = frozenset(
    {
        "1314520520",
        "1q2w3e4r5t",
        "1q2w3e4r5t6y",
        "1qaz2wsx3edc",
        "5201314520",
        "a123456789",
        "a1234567890",
        "aa123456789",
        "abc1234567",
        "abcd123456",
        "abcdefghij",
        "admin12345",
        "admin123456",
        "administrator",
        "administrator1",
        "asdfghjkl123",
        "changeme123",
        "dahua123456",
        "default123",
        "gridpatrol",
        "gridpatrol123",
        "hik12345678",
        "hikvision123",
        "iloveyou123",
        "letmein123",
        "p@ssw0rd123",
        "p@ssword123",
        "passw0rd123",
        "password01",
        "password12",
        "password123",
        "password1234",
        "password12345",
        "qwerty123456",
        "qwertyuiop",
        "qwertyuiop123",
        "root123456",
        "system123456",
        "test123456",
        "user123456",
        "wangge123456",
        "welcome123",
        "welcome1234",
        "woaini1314",
        "woaini1314520",
        "woaini520",
        "xueliang123",
        "zongzhi123456",
        "zxcvbnm123",
    }
)
_RUNS = ("01234567890123456789", "09876543210987654321", "abcdefghijklmnopqrstuvwxyz")


class WeakPassword(GridPatrolError):
    """A new password that would be guessed.

    Attributes:
        reason: "too_short", "too_long", "common" or "contains_name", for the interface to word.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def check_new_password(password: str, account_name: str) -> None:
    """Refuse passwords that are among the first to be tried.

    Raises:
        WeakPassword: With the reason.
    """
    text = unicodedata.normalize("NFKC", password)
    plain = text.casefold()
    if len(text) < MIN_LENGTH:
        raise WeakPassword("too_short")
    if len(text) > MAX_LENGTH:
        raise WeakPassword("too_long")
    if len(account_name) > 2 and account_name.casefold() in plain:
        raise WeakPassword("contains_name")
    if plain in _COMMON or len(set(plain)) < 4 or any(plain in run for run in _RUNS) or _repeats(plain):
        raise WeakPassword("common")


def _repeats(text: str) -> bool:
    return re.fullmatch(r"(.{1,4})\1+", text) is not None


class Passwords:
    """Makes and checks hashes in threads; the loop never waits for argon2."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = asyncio.Semaphore(HASHES_AT_ONCE)
        # Checked where there is no account, so that an unknown name takes as long as a wrong password.
        self._nobody = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """Return the hash to keep, parameters and salt included."""
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def verify(self, password_hash: str | None, password: str) -> bool:
        """Say whether the password fits; with None (no such account) say no, after the same amount of work."""
        async with self._turns:
            fits = await asyncio.to_thread(self._fits, password_hash or self._nobody, _normal(password))
        return fits and password_hash is not None

    def outdated(self, password_hash: str) -> bool:
        """Say whether a hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def _fits(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def _normal(password: str) -> str:
    # Input methods write the same letters in full and half width; an overlong text is cut before it costs time.
    return unicodedata.normalize("NFKC", password[: 2 * MAX_LENGTH])
