"""From the change feed to people's browsers: what is urgent in a grid wakes those whose grid it is."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from typing import Protocol

import structlog

from gateway.clock import Clock
from gateway.push.notices import Notice, Notices
from gateway.push.post import PushPost, Sent
from storage.protocols import AccountStore, ReviewStore
from storage.protocols_review import PushStore
from storage.records import Account, Change, ReviewItem
from storage.records_review import PushSubscription

logger = structlog.get_logger(__name__)

URGENT = frozenset({"S1", "S2"})
# Connections to push services at once.
CONCURRENT_SENDS = 8
# Failures in a row after which a browser is given up; with a message a minute that is a quarter of an hour at least.
GIVE_UP_AFTER = 15
IDLE_S = 30.0
# Items remembered as told; one older than these that waits again (an undo) is told once more.
REMEMBERED_ITEMS = 10_000


class Changes(Protocol):
    """What is new in the database, for a reader that remembers the id it has reached."""

    closed: bool

    async def position(self) -> int:
        """Return the id of the newest change."""

    async def after(self, last_id: int) -> list[Change]:
        """Return changes after that id, oldest first."""

    async def wait(self, last_id: int, seconds: float) -> bool:
        """Wait until there may be some; False when none came."""


class PushSender:
    """One for the whole gateway. What came while it was not running is not told: it is in the queue anyway."""

    def __init__(
        self,
        changes: Changes,
        stores: tuple[ReviewStore, AccountStore, PushStore],
        post: PushPost,
        grids_of: Callable[[Account], frozenset[str]],
        clock: Clock,
    ) -> None:
        """Wire it.

        Args:
            grids_of: The grids whose urgent items this account is woken for; none for one that may not judge.
        """
        self._changes = changes
        self._reviews, self._accounts, self._subscriptions = stores
        self._post = post
        self._grids_of = grids_of
        self._clock = clock
        self._notices = Notices()
        self._told: OrderedDict[str, None] = OrderedDict()
        self._position: int | None = None
        self._slots = asyncio.Semaphore(CONCURRENT_SENDS)

    async def run(self) -> None:
        """Follow the changes until the feed closes; run again after a failure, it goes on where it was.

        Raises:
            StoreUnavailable: The database cannot be asked.
        """
        if self._position is None:
            self._position = await self._changes.position()
        while not self._changes.closed:
            await self._changes.wait(self._position, self._pause_s())
            while changes := await self._changes.after(self._position):
                await self._gather(change.ref_id for change in changes if change.kind == "review")
                self._position = changes[-1].id
            await self._send_due()

    def _pause_s(self) -> float:
        due_s = self._notices.next_due_s()
        return IDLE_S if due_s is None else min(max(due_s - self._clock.monotonic(), 0.0), IDLE_S)

    async def _gather(self, item_ids: Iterable[str]) -> None:
        fresh = [item_id for item_id in dict.fromkeys(item_ids) if item_id not in self._told]
        items = (await self._reviews.many(fresh)).values() if fresh else ()
        urgent = [item for item in items if item.severity in URGENT and item.verdict is None]
        if urgent:
            grids = await self._listeners()
            for item in urgent:
                self._remember(item)
                self._note(item, grids)

    def _note(self, item: ReviewItem, grids: dict[str, frozenset[str]]) -> None:
        now_s = self._clock.monotonic()
        for account_id, own in grids.items():
            if item.grid_id in own:
                self._notices.add(account_id, item.severity, item.event_type, now_s)

    def _remember(self, item: ReviewItem) -> None:
        self._told[item.id] = None
        if len(self._told) > REMEMBERED_ITEMS:
            self._told.popitem(last=False)

    async def _listeners(self) -> dict[str, frozenset[str]]:
        """Return the grids of everybody who has subscribed and may still judge."""
        ids = sorted({s.account_id for s in await self._subscriptions.all()})
        return {account.id: self._grids_of(account) for account in await self._accounts.many(ids)}

    async def _send_due(self) -> None:
        due = self._notices.take(self._clock.monotonic())
        if not due:
            return
        browsers: defaultdict[str, list[PushSubscription]] = defaultdict(list)
        for subscription in await self._subscriptions.all():
            browsers[subscription.account_id].append(subscription)
        async with asyncio.TaskGroup() as group:
            for notice in due:
                for subscription in browsers[notice.account_id]:
                    group.create_task(self._send(subscription, notice))

    async def _send(self, subscription: PushSubscription, notice: Notice) -> None:
        async with self._slots:
            sent = await self._post.send(subscription, notice)
        if sent is Sent.GONE:
            await self._subscriptions.drop(subscription.endpoint)
            logger.info("push subscription gone", account_id=subscription.account_id)
            return
        await self._subscriptions.settle(
            subscription.endpoint, delivered=sent is Sent.DELIVERED, give_up_after=GIVE_UP_AFTER
        )
