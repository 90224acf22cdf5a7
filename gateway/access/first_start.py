"""The first start: a one-time token that makes the first administrator, and passwords to be read out."""

from __future__ import annotations

import asyncio
import hmac
import os
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from gateway.access.accounts import AccountDesk, NewAccount
from gateway.access.sessions import hash_token
from gateway.errors import NotFound
from storage.errors import StorageError
from storage.records import Account, Role

TOKEN_FILE = "setup-token"  # noqa: S105  # the name of the file; it holds a hash
TOKEN_BYTES = 32

_CONSONANTS = "bdfghjklmnprstvz"
_VOWELS = "aeiou"
SYLLABLES = 6  # 38 bits, and 7 of the number: enough behind argon2 and the throttle


class SetupToken:
    """The token's hash, in a file that only its owner can read; while the file is there, set-up is open."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / TOKEN_FILE

    @property
    def needed(self) -> bool:
        """Whether a token has been issued and not been used."""
        return self._path.exists()

    def issue(self) -> str:
        """Return a new token, to be shown once; an earlier one is worth nothing from then on."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._write(hash_token(token))
        return token

    def withdraw(self) -> None:
        """Close set-up."""
        self._path.unlink(missing_ok=True)

    def fits(self, token: str) -> bool:
        """Say whether it is the token that was issued last."""
        try:
            kept = self._path.read_text(encoding="ascii")
        except FileNotFoundError:
            return False
        return hmac.compare_digest(kept, hash_token(token))

    def take(self, token: str) -> bool:
        """Use the token up; True for exactly one caller who has the right one."""
        taken = self._path.with_name(f"{TOKEN_FILE}.{secrets.token_hex(8)}")
        if not self.fits(token):
            return False
        try:
            self._path.rename(taken)  # atomic: of two callers, one finds the file gone
        except FileNotFoundError:
            return False
        taken.unlink()
        return True

    def put_back(self, token: str) -> None:
        """Make a taken token good again: what it was taken for did not come about."""
        self._write(hash_token(token))

    def _write(self, token_hash: str) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_name(f"{TOKEN_FILE}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(token_hash)
        draft.replace(self._path)


async def open_setup(desk: AccountDesk, token: SetupToken) -> str | None:
    """Return a token to print when there is no administrator yet; None, and set-up closed, when there is one."""
    if any(account.role is Role.ADMIN for account in await desk.accounts.all()):
        await asyncio.to_thread(token.withdraw)
        return None
    return await asyncio.to_thread(token.issue)


@dataclass(frozen=True, slots=True)
class SetupForm:
    """What the first administrator types in."""

    token: str = field(repr=False)
    name: str
    display_name: str
    password: str = field(repr=False)


async def set_up(desk: AccountDesk, token: SetupToken, form: SetupForm, now: datetime) -> Account:
    """Make the first administrator and use the token up.

    Raises:
        NotFound: The token is wrong or has been used.
        InvalidAccount, WeakPassword, RecordConflict: Nothing was made; the token is still good.
    """
    if not await asyncio.to_thread(token.fits, form.token):  # before any costly work
        raise NotFound
    wanted = NewAccount(form.name, form.display_name, Role.ADMIN, region_codes=("",))
    account = await desk.draft(wanted, form.password, now)
    if not await asyncio.to_thread(token.take, form.token):
        raise NotFound
    try:
        await desk.save(account, "system")
    except StorageError:
        await asyncio.to_thread(token.put_back, form.token)
        raise
    return account


def pronounceable_password() -> str:
    """Return a random password that can be read out over the telephone, for example `tavoki-lerumo-52`."""
    syllables = [secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS) for _ in range(SYLLABLES)]
    return f"{''.join(syllables[:3])}-{''.join(syllables[3:])}-{secrets.randbelow(90) + 10}"
