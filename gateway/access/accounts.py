"""Making an account: name and password checked, the password hashed, the act registered."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from gateway.access.passwords import Passwords, check_new_password
from gateway.errors import GridPatrolError
from storage.ids import new_id
from storage.protocols import AccountStore, AuditStore
from storage.records import Account, Role

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{1,62}")
MAX_DISPLAY_NAME = 120  # characters


class InvalidAccount(GridPatrolError):
    """A name that cannot be used.

    Attributes:
        field: "name" or "display_name".
    """

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(field)


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made."""

    name: str
    display_name: str
    role: Role
    grid_ids: tuple[str, ...] = ()
    region_codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountDesk:
    """Where accounts are made."""

    accounts: AccountStore
    audit: AuditStore
    passwords: Passwords

    async def draft(self, wanted: NewAccount, password: str, now: datetime) -> Account:
        """Check and return an account that is not saved yet.

        Raises:
            InvalidAccount: The name is not 2-63 lower-case letters, digits, '-' and '_', or a name is missing.
            WeakPassword: The password would be guessed.
        """
        name, display_name = wanted.name.strip().lower(), wanted.display_name.strip()
        if not _NAME.fullmatch(name):
            raise InvalidAccount("name")
        if not 0 < len(display_name) <= MAX_DISPLAY_NAME or "\0" in display_name:
            raise InvalidAccount("display_name")
        check_new_password(password, name)
        return Account(
            id=new_id("acc"),
            name=name,
            display_name=display_name,
            role=wanted.role,
            grid_ids=wanted.grid_ids,
            region_codes=wanted.region_codes,
            password_hash=await self.passwords.hash(password),
            created_at=now,
        )

    async def save(self, account: Account, actor: str) -> None:
        """Save a drafted account and register who made it.

        Raises:
            RecordConflict: The name is taken.
        """
        await self.accounts.add(account)
        detail = {"name": account.name, "role": account.role.value}
        await self.audit.append(account.created_at, actor, "account_created", account.id, detail)
