"""The stores of the review desk, as contracts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from storage.records import ReviewItem
from storage.records_review import Hold, PushSubscription, ReviewNote


class HoldStore(Protocol):
    """Who looks at which item now. Times are the caller's; a hold whose time is up is as good as none."""

    async def take(self, item_id: str, account_id: str, now: datetime, until: datetime) -> Hold:
        """Hold an item, or go on holding it; of two who ask at once one gets it.

        Raises:
            ItemHeld: Somebody else holds it.
            RecordConflict: It has been judged.
        """

    async def drop(self, item_id: str, account_id: str) -> None:
        """Let go of an item; somebody else's hold is left alone."""

    async def of(self, item_ids: Sequence[str], now: datetime) -> dict[str, Hold]:
        """Return the holds that count at this moment, by item id."""

    async def purge(self, before: datetime) -> int:
        """Remove holds that ended, and receipts of verdicts that came, before then; return how many."""


class NoteStore(Protocol):
    """Photos and voice notes that people add to items."""

    async def add(self, note: ReviewNote, limit: int) -> ReviewNote:
        """Save a note; the file must already be durable. Returns the kept one where its `client_id` came before.

        Raises:
            RecordNotFound: No such item.
            RecordConflict: The item has `limit` notes already.
        """

    async def sent(self, account_id: str, client_id: str) -> ReviewNote | None:
        """Return the note that this account sent under this id, None when there is none."""

    async def of_item(self, item_id: str) -> list[ReviewNote]:
        """Return an item's notes, oldest first."""

    async def get(self, note_id: str) -> tuple[ReviewNote, ReviewItem]:
        """Return a note with the item it belongs to (for the rights check)."""


class PushStore(Protocol):
    """Browsers that want to be woken."""

    async def put(self, subscription: PushSubscription, limit: int) -> None:
        """Save a subscription, or move it to the account that now uses this browser.

        Of an account's subscriptions the newest `limit` stay.
        """

    async def drop(self, endpoint: str, account_id: str | None = None) -> None:
        """Remove a subscription, of that account only where one is named; unknown ones are ignored."""

    async def all(self) -> list[PushSubscription]:
        """Return every subscription."""

    async def settle(self, endpoint: str, *, delivered: bool, give_up_after: int) -> None:
        """Count a failure or forget former ones; one that failed so often in a row is removed."""
