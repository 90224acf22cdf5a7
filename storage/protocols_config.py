"""The store of the configuration, as a contract."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from storage.records import Page
from storage.records_config import (
    ConfigChange,
    ConfigEntry,
    ConfigNews,
    ConfigTouch,
    ConfigVersion,
    ConfigWrite,
    EntryKey,
    FolderState,
)


class Authorship(NamedTuple):
    """Who makes a version, when and why."""

    at: datetime
    author: str
    reason: str


class ConfigStore(Protocol):
    """Entries in force, and every version that led to them."""

    async def newest(self) -> int:
        """Return the id of the newest version, 0 when there is none. Cheap: to be asked every second."""

    async def current(self) -> ConfigNews:
        """Return everything that is in force."""

    async def since(self, version: int) -> ConfigNews:
        """Return what has changed since a version."""

    async def save(
        self, writes: Sequence[ConfigWrite], by: Authorship, seen: int | None = None, folder: FolderState | None = None
    ) -> ConfigVersion | None:
        """Write a version, or nothing of it; note a change of kind "config".

        Entries that are to become what they are already are left out (an answer was lost on a bad line); where nothing
        is left no version is made and None returned.

        Args:
            writes: Canonical documents.
            by: Goes into the version.
            seen: The newest version when the writes were checked; None: they need no other entry.
            folder: Replaces what is known of the folder, in the same transaction, even where nothing is left.

        Raises:
            ConfigMoved: There is a newer version than `seen`.
            StaleConfig: An entry is of another version than the writer saw.
        """

    async def versions(self, entry: EntryKey | None, cursor: str | None, limit: int) -> Page[ConfigVersion]:
        """Return versions, newest first; of one entry only those that changed it.

        Raises:
            InvalidCursor: The cursor is not one of this list.
        """

    async def version(self, version: int) -> ConfigVersion:
        """Return a version; raises `RecordNotFound`."""

    async def changes(self, version: int) -> list[ConfigChange]:
        """Return what a version changed, in order of kind and id."""

    async def touched(self, versions: Sequence[int], limit: int) -> dict[int, list[ConfigTouch]]:
        """Return the first entries that these versions changed, at most `limit` of each."""

    async def undone(self, version: int, entry: EntryKey | None = None) -> dict[EntryKey, str | None]:
        """Return, of the entries changed after a version, what each was right after it (None: not there)."""

    async def state_at(self, version: int) -> list[ConfigEntry]:
        """Return everything that was in force right after a version."""

    async def folder(self) -> FolderState:
        """Return what the folder said when it was last read."""
