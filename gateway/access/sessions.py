"""Signed-in browsers: who is behind a cookie, for how long, and how often one may guess."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import replace
from datetime import timedelta

import structlog

from gateway.access.passwords import Passwords
from gateway.access.throttle import Throttle, TooManyTries
from gateway.clock import Clock
from gateway.errors import GridPatrolError
from storage.errors import RecordNotFound
from storage.protocols import AccountStore, AuditStore
from storage.records import Account, WebSession

IDLE_TIMEOUT = timedelta(hours=8)  # a shift
ABSOLUTE_TIMEOUT = timedelta(hours=24)
TOKEN_BYTES = 32
# A whole office may share one address; each name still has its own, lower limit.
FREE_TRIES_PER_ADDRESS = 20
# `last_used_at` need not be exact: one write a minute, not one per request.
TOUCH_EVERY = timedelta(minutes=1)
PURGE_EVERY_S = 3_600.0

logger = structlog.get_logger(__name__)


class WrongCredentials(GridPatrolError):
    """Name unknown, password wrong or account disabled: which of them is not told."""


class SessionBook:
    """Opens, resolves and closes sessions. Only hashes of tokens are stored; the token itself is in the cookie."""

    def __init__(
        self, accounts: AccountStore, audit: AuditStore, clock: Clock, passwords: Passwords | None = None
    ) -> None:
        self._accounts = accounts
        self._audit = audit
        self._clock = clock
        self._passwords = passwords or Passwords()
        self._names = Throttle(clock)
        self._addresses = Throttle(clock, FREE_TRIES_PER_ADDRESS)

    async def sign_in(self, name: str, password: str, address: str) -> tuple[str, WebSession, Account]:
        """Return the cookie's token, the session and the account.

        An unknown name takes as long as a wrong password.

        Raises:
            TooManyTries: This name or address must wait; the password was not looked at.
            WrongCredentials: They do not fit.
        """
        name = name.strip().lower()
        self._admit(name, address)
        account = await self._accounts.by_name(name)
        fits = await self._passwords.verify(account.password_hash if account else None, password)
        if account is None or not fits or account.disabled:
            await self._note_failure(account, address)
            raise WrongCredentials
        self._names.clear(name)
        self._addresses.refund(address)
        account = await self._renew_hash(account, password)
        return await self.open_for(account, address)

    async def open_for(self, account: Account, address: str) -> tuple[str, WebSession, Account]:
        """Open a session for somebody who has just proved who they are: by password, or by the set-up token."""
        token, now = secrets.token_urlsafe(TOKEN_BYTES), self._clock.now()
        session = WebSession(
            token_hash=hash_token(token),
            account_id=account.id,
            csrf_token=secrets.token_urlsafe(TOKEN_BYTES),
            created_at=now,
            expires_at=now + ABSOLUTE_TIMEOUT,
            last_used_at=now,
        )
        await self._accounts.open_session(session)
        await self._audit.append(now, account.id, "sign_in", account.id, {"address": address})
        return token, session, account

    async def resolve(self, token: str) -> tuple[Account, WebSession] | None:
        """Return who is behind a cookie; None when it is unknown, too old, or the account is gone or disabled."""
        session = await self._accounts.session(hash_token(token))
        if session is None:
            return None
        now = self._clock.now()
        account = await self._account_of(session)
        over = now >= session.expires_at or now - session.last_used_at >= IDLE_TIMEOUT
        if over or account is None or account.disabled:
            await self._accounts.close_session(session.token_hash)
            return None
        if now - session.last_used_at >= TOUCH_EVERY:
            await self._accounts.use_session(session.token_hash, now)
            session = replace(session, last_used_at=now)
        return account, session

    async def sign_out(self, token: str) -> None:
        """Close a session; an unknown one is ignored."""
        session = await self._accounts.session(hash_token(token))
        if session is not None:
            await self._accounts.close_session(session.token_hash)
            await self._audit.append(self._clock.now(), session.account_id, "sign_out", session.account_id, {})

    async def run(self) -> None:
        """Remove expired sessions once an hour, until cancelled."""
        while True:
            purged = await self._accounts.purge_sessions(self._clock.now())
            if purged:
                logger.info("expired sessions removed", count=purged)
            await self._clock.sleep(PURGE_EVERY_S)

    def _admit(self, name: str, address: str) -> None:
        wait_s = max(self._names.wait_s(name), self._addresses.wait_s(address))
        if wait_s > 0:
            raise TooManyTries(wait_s)
        self._names.charge(name)
        self._addresses.charge(address)

    async def _note_failure(self, account: Account | None, address: str) -> None:
        # An unknown name is not written down: people type passwords into the wrong field.
        subject = account.id if account else ""
        await self._audit.append(self._clock.now(), "system", "sign_in_failed", subject, {"address": address})

    async def _renew_hash(self, account: Account, password: str) -> Account:
        if not self._passwords.outdated(account.password_hash):
            return account
        renewed = replace(account, password_hash=await self._passwords.hash(password))
        await self._accounts.update(renewed)
        return renewed

    async def _account_of(self, session: WebSession) -> Account | None:
        try:
            return await self._accounts.get(session.account_id)
        except RecordNotFound:
            return None


def hash_token(token: str) -> str:
    """Return what is stored of a token. It is random already: no salt, no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_fits(session: WebSession, given: str | None) -> bool:
    """Say whether a request carries its session's CSRF token; takes the same time either way."""
    return hmac.compare_digest(session.csrf_token.encode(), (given or "").encode())
