"""What can go wrong in storage, in its own words; driver errors are translated where the driver is imported."""

from __future__ import annotations


class StorageError(Exception):
    """Root of all storage errors."""


class StoreUnavailable(StorageError):
    """The database cannot be reached or is locked for too long: try again."""


class MediaWriteError(StorageError):
    """An evidence file could not be made durable (disk full, no permission): the event is kept without it."""


class RecordNotFound(StorageError):
    """No record of that id."""


class RecordConflict(StorageError):
    """The record is not in the state the change needs, or a unique value is taken."""


class ItemHeld(RecordConflict):
    """Somebody else looks at the review item just now.

    Attributes:
        account_id: Who.
    """

    def __init__(self, item_id: str, account_id: str) -> None:
        self.account_id = account_id
        super().__init__(item_id)


class InvalidCursor(StorageError):
    """A page was asked for with a cursor that this list did not give out."""
