"""The configuration as it is kept: entries, versions, and what each version changed. Documents are canonical JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from storage.errors import RecordConflict


class EntryKey(NamedTuple):
    """Names an entry: "camera", "grid", "region", "event_type" or "calendar", and its id."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True)
class ConfigEntry:
    """An entry in force.

    Attributes:
        version: The version that wrote it.
        turn: Which of its kind it was when it came, from 0; stays while it is changed.
    """

    kind: str
    id: str
    version: int
    turn: int
    document: str

    @property
    def key(self) -> EntryKey:
        """What it is named by."""
        return EntryKey(self.kind, self.id)


@dataclass(frozen=True, slots=True)
class ConfigWrite:
    """What is to become of an entry.

    Attributes:
        base: The version of the entry that the writer saw, 0 where there was none.
        document: None removes it.
    """

    key: EntryKey
    base: int
    document: str | None


@dataclass(frozen=True, slots=True)
class ConfigVersion:
    """One change of the configuration, of however many entries.

    Attributes:
        id: 1, 2, 3 ...
        digest: Hexadecimal SHA-256 over the digest of the version before and what this one wrote.
        entries: How many entries it changed.
        cameras: How many of them are cameras.
    """

    id: int
    at: datetime
    author: str
    reason: str
    digest: str
    entries: int
    cameras: int


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """What a version did to an entry; None: it was, or is, not there."""

    version: int
    kind: str
    entry_id: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ConfigTouch:
    """The same without the documents."""

    version: int
    kind: str
    entry_id: str
    action: Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class ConfigNews:
    """What has changed since a version.

    Attributes:
        version: The newest, which this leads to.
        entries: As they are now.
        removed: Entries that are not there any more.
    """

    version: int
    entries: Sequence[ConfigEntry]
    removed: Sequence[EntryKey] = ()


@dataclass(frozen=True, slots=True)
class FolderState:
    """What a folder of files said when it was last read into the configuration.

    Attributes:
        files: SHA-256 of each file by its path in the folder.
        entries: SHA-256 of each entry's document.
        places: In which file each entry stands.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    entries: Mapping[EntryKey, str] = field(default_factory=dict)
    places: Mapping[EntryKey, str] = field(default_factory=dict)


class ConfigMoved(RecordConflict):
    """There is a newer version than the one the writes were checked against; nothing was written."""


class StaleConfig(RecordConflict):
    """Somebody else has changed these entries; nothing was written.

    Attributes:
        versions: The present version by entry, 0 where it is gone.
    """

    def __init__(self, versions: Mapping[EntryKey, int]) -> None:
        self.versions = dict(versions)
        super().__init__(", ".join(f"{kind} {entry_id}" for kind, entry_id in sorted(versions)))
