"""Accounts and the register kept in memory, and hashes too cheap for real use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from argon2 import PasswordHasher

from gateway.access.passwords import Passwords
from storage.errors import RecordConflict, RecordNotFound, StoreUnavailable
from storage.records import Account, AuditEntry, Role, WebSession

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
GOOD = "tavoki-lerumo-52"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def full_width(text: str) -> str:
    """Return ASCII text as a Chinese input method writes it in full width."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def cheap_passwords() -> Passwords:
    """Return passwords whose hashes cost next to nothing."""
    return Passwords(CHEAP)


def account(name: str = "ma-yulan", role: Role = Role.GRID_WORKER, **fields: Any) -> Account:
    """Return an account whose password is GOOD."""
    values: dict[str, Any] = {
        "id": f"acc_{name}",
        "display_name": name,
        "grid_ids": (),
        "region_codes": (),
        "created_at": NOW,
    }
    return Account(name=name, role=role, password_hash=CHEAP.hash(GOOD), **(values | fields))


class FakeAccounts:
    """An AccountStore in memory; `down` makes the next write fail."""

    def __init__(self, *accounts: Account) -> None:
        self.accounts = {a.id: a for a in accounts}
        self.sessions: dict[str, WebSession] = {}
        self.touched = 0
        self.down = False

    async def add(self, account: Account) -> None:
        if self.down:
            raise StoreUnavailable
        if await self.by_name(account.name):
            raise RecordConflict
        self.accounts[account.id] = account

    async def get(self, account_id: str) -> Account:
        try:
            return self.accounts[account_id]
        except KeyError:
            raise RecordNotFound from None

    async def many(self, account_ids: Sequence[str]) -> list[Account]:
        return [account for account in self.accounts.values() if account.id in account_ids]

    async def by_name(self, name: str) -> Account | None:
        return next((a for a in self.accounts.values() if a.name == name), None)

    async def all(self) -> list[Account]:
        return sorted(self.accounts.values(), key=lambda a: a.name)

    async def update(self, account: Account) -> None:
        self.accounts[account.id] = account

    async def open_session(self, session: WebSession) -> None:
        self.sessions[session.token_hash] = session

    async def session(self, token_hash: str) -> WebSession | None:
        return self.sessions.get(token_hash)

    async def use_session(self, token_hash: str, now: datetime) -> None:
        self.touched += 1
        self.sessions[token_hash] = replace(self.sessions[token_hash], last_used_at=now)

    async def close_session(self, token_hash: str) -> None:
        self.sessions.pop(token_hash, None)

    async def purge_sessions(self, now: datetime) -> int:
        old = [h for h, s in self.sessions.items() if s.expires_at <= now]
        for token_hash in old:
            del self.sessions[token_hash]
        return len(old)


class FakeAudit:
    """An AuditStore in memory, without the chain."""

    def __init__(self) -> None:
        self.log: list[AuditEntry] = []

    async def append(self, at: datetime, actor: str, action: str, subject: str, detail: dict[str, Any]) -> AuditEntry:
        entry = AuditEntry(len(self.log) + 1, at, actor, action, subject, detail, "", "")
        self.log.append(entry)
        return entry

    async def entries(self, after_id: int = 0, limit: int = 500) -> list[AuditEntry]:
        return self.log[after_id : after_id + limit]

    async def verify(self) -> int | None:
        return None
