"""Browsers that want to be woken."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from storage.engine import Database
from storage.mapping import PUSH_SUBSCRIPTIONS
from storage.records_review import PushSubscription
from storage.review_tables import push_subscriptions

_c = push_subscriptions.c


class SqlPushStore:
    """Subscriptions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def put(self, subscription: PushSubscription, limit: int) -> None:
        """Save a subscription; the account's oldest ones beyond `limit` go."""
        own = _c.account_id == subscription.account_id
        kept = select(_c.endpoint).where(own).order_by(_c.created_at.desc(), _c.endpoint).limit(limit)
        async with self._database.write() as conn:
            await PUSH_SUBSCRIPTIONS.put(conn, subscription)
            stay = list(await conn.scalars(kept))
            await conn.execute(delete(push_subscriptions).where(own, _c.endpoint.not_in(stay)))

    async def drop(self, endpoint: str, account_id: str | None = None) -> None:
        """Remove a subscription."""
        gone = delete(push_subscriptions).where(_c.endpoint == endpoint)
        async with self._database.write() as conn:
            await conn.execute(gone if account_id is None else gone.where(_c.account_id == account_id))

    async def all(self) -> list[PushSubscription]:
        """Return every subscription."""
        async with self._database.read() as conn:
            return await PUSH_SUBSCRIPTIONS.all(conn, PUSH_SUBSCRIPTIONS.select().order_by(_c.account_id, _c.endpoint))

    async def settle(self, endpoint: str, *, delivered: bool, give_up_after: int) -> None:
        """Count a failure or forget former ones."""
        this = _c.endpoint == endpoint
        async with self._database.write() as conn:
            if delivered:
                await conn.execute(update(push_subscriptions).where(this, _c.failures > 0).values(failures=0))
                return
            await conn.execute(update(push_subscriptions).where(this).values(failures=_c.failures + 1))
            await conn.execute(delete(push_subscriptions).where(this, _c.failures >= give_up_after))
