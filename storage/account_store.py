"""Accounts and signed-in browsers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, update

from storage.engine import Database
from storage.errors import RecordNotFound
from storage.mapping import ACCOUNTS, WEB_SESSIONS
from storage.records import Account, WebSession
from storage.tables import accounts, web_sessions


class SqlAccountStore:
    """Accounts and sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, account: Account) -> None:
        """Save a new account.

        Raises:
            RecordConflict: The name is taken.
        """
        async with self._database.write() as conn:
            await ACCOUNTS.add(conn, account)

    async def get(self, account_id: str) -> Account:
        """Return an account."""
        async with self._database.read() as conn:
            return await ACCOUNTS.get(conn, account_id)

    async def many(self, account_ids: Sequence[str]) -> list[Account]:
        """Return the accounts of these ids in one query."""
        async with self._database.read() as conn:
            return await ACCOUNTS.all(conn, ACCOUNTS.select().where(accounts.c.id.in_(account_ids)))

    async def by_name(self, name: str) -> Account | None:
        """Return the account of a sign-in name, None when there is none."""
        async with self._database.read() as conn:
            return await ACCOUNTS.first(conn, ACCOUNTS.select().where(accounts.c.name == name))

    async def all(self) -> list[Account]:
        """Return all accounts by name."""
        async with self._database.read() as conn:
            return await ACCOUNTS.all(conn, ACCOUNTS.select().order_by(accounts.c.name))

    async def update(self, account: Account) -> None:
        """Replace an account.

        Raises:
            RecordConflict: Its new name is taken.
        """
        async with self._database.write() as conn:
            values = ACCOUNTS.row(account)
            done = await conn.execute(update(accounts).where(accounts.c.id == account.id).values(**values))
            if not done.rowcount:
                raise RecordNotFound(account.id)

    async def open_session(self, session: WebSession) -> None:
        """Save a session."""
        async with self._database.write() as conn:
            await WEB_SESSIONS.add(conn, session)

    async def session(self, token_hash: str) -> WebSession | None:
        """Return a session, None when unknown; whether it has expired is for the caller to say."""
        async with self._database.read() as conn:
            query = WEB_SESSIONS.select().where(web_sessions.c.token_hash == token_hash)
            return await WEB_SESSIONS.first(conn, query)

    async def use_session(self, token_hash: str, now: datetime) -> None:
        """Note that a session was used."""
        used = update(web_sessions).where(web_sessions.c.token_hash == token_hash).values(last_used_at=now)
        async with self._database.write() as conn:
            if not (await conn.execute(used)).rowcount:
                raise RecordNotFound("session")  # the hash of a token is nothing for a log

    async def close_session(self, token_hash: str) -> None:
        """Remove a session; unknown ones are ignored."""
        async with self._database.write() as conn:
            await conn.execute(delete(web_sessions).where(web_sessions.c.token_hash == token_hash))

    async def purge_sessions(self, now: datetime) -> int:
        """Remove expired sessions; return how many."""
        async with self._database.write() as conn:
            return (await conn.execute(delete(web_sessions).where(web_sessions.c.expires_at <= now))).rowcount
