"""Every change of the configuration is a version: checked as files are, saved whole or not at all, taken back at will.

Nobody but this file writes versions.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from camera_configs.documents import Document, Key, canonical, document_of
from camera_configs.models import CameraConfig, SiteConfig
from camera_configs.problems import Problem
from camera_configs.proposal import Proposal, propose
from gateway.clock import Clock
from gateway.desk.secrets import Seals, sealed
from gateway.desk.site_book import MANY, SiteBook
from gateway.errors import GridPatrolError
from storage.errors import RecordNotFound
from storage.protocols_config import Authorship, ConfigStore
from storage.records_config import ConfigMoved, ConfigVersion, ConfigWrite, EntryKey, FolderState

Changes = Mapping[Key, Document | None]  # complete documents; None removes
# What speaks against a camera beyond its document, for example a detector that is not on this machine.
Objections = Callable[[CameraConfig], Sequence[Problem]]


class InvalidConfig(GridPatrolError):
    """The change would make the configuration unusable; nothing was saved."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


@dataclass(frozen=True, slots=True)
class By:
    """Who makes a change, and why.

    Attributes:
        author: An account's name; "files" for what comes from a folder.
        reason: In their own words.
    """

    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class Basis:
    """What a check was made against.

    Attributes:
        newest: The newest version then.
        versions: Of each entry, the version that its author saw; 0: none.
    """

    newest: int
    versions: Mapping[Key, int]


class VersionDesk:
    """Checks and saves changes.

    Args:
        store: Where versions are kept.
        book: This process's site; it is renewed after each save, so that the next request sees it.
        seals: For passwords.
        clock: Dates versions.
        objections: See `Objections`.
    """

    def __init__(
        self,
        store: ConfigStore,
        book: SiteBook,
        seals: Seals,
        clock: Clock,
        objections: Objections = lambda _: (),
    ) -> None:
        self._store = store
        self._book = book
        self._seals = seals
        self._clock = clock
        self._objections = objections

    @property
    def site(self) -> SiteConfig:
        """The site as it is now."""
        return self._book.site

    async def check(self, changes: Changes, *, tokens: bool = False) -> Proposal:
        """Say what is wrong or dubious about a change; nothing is saved. Passwords come out sealed.

        Args:
            changes: By key.
            tokens: Sealed passwords may be given as such: the documents come from versions or files, not from people.
        """
        if len(changes) < MANY:
            return self._check(changes, tokens=tokens)
        return await asyncio.to_thread(self._check, changes, tokens=tokens)

    async def save(
        self, changes: Changes, bases: Mapping[Key, int], by: By, *, tokens: bool = False
    ) -> ConfigVersion | None:
        """Save a change as one version, or nothing of it; None when it changes nothing.

        Args:
            changes: By key.
            bases: Which version of each entry the author saw, 0: none. An entry left out is taken as it is now.
            by: Author and reason.
            tokens: See `check`.

        Raises:
            InvalidConfig: With all problems found.
            StaleConfig: Somebody else was first.
        """
        for last in (False, False, True):
            await self._book.renew()
            basis = self.basis(changes, bases)
            proposal = await self.check(changes, tokens=tokens)
            if proposal.problems:
                raise InvalidConfig(proposal.problems)
            try:
                return await self.save_checked(proposal.models, basis, by)
            except ConfigMoved:  # another entry was saved meanwhile: does this one still fit?
                if last:
                    raise
        raise AssertionError("unreachable")

    def basis(self, keys: Iterable[Key], bases: Mapping[Key, int] | None = None) -> Basis:
        """Return what a check that begins now is made against; to be taken before it."""
        given = bases or {}
        return Basis(self._book.version, {key: given.get(key, self._book.version_of(key)) for key in keys})

    async def save_checked(
        self, models: Mapping[Key, BaseModel | None], basis: Basis, by: By, folder: FolderState | None = None
    ) -> ConfigVersion | None:
        """Save models that were checked against the book.

        Raises:
            StaleConfig: An entry is of another version than its author saw.
            ConfigMoved: Something else has changed since the check.
        """
        many = len(models) >= MANY  # seconds of work where a ledger brings thousands
        writes = await asyncio.to_thread(_writes, models, basis) if many else _writes(models, basis)
        at = Authorship(self._clock.now(), by.author, by.reason)
        version = await self._store.save(writes, at, basis.newest, folder)
        await self._book.renew()
        return version

    async def roll_back(self, version: int, by: By, entry: Key | None = None) -> ConfigVersion | None:
        """Make everything, or one entry, what it was right after a version; that is a version too.

        Raises:
            RecordNotFound: No such version.
            InvalidConfig: What was sound then is not now, for something else has changed.
        """
        return await self.save(await self.undone(version, entry), {}, by, tokens=True)

    async def undone(self, version: int, entry: Key | None = None) -> dict[Key, Document | None]:
        """Return the change that `roll_back` would make; raises `RecordNotFound`."""
        if version != 0:
            await self._store.version(version)
        found = await self._store.undone(version, EntryKey(*entry) if entry else None)
        if entry is not None and not found and self._book.version_of(entry) == 0:
            raise RecordNotFound(entry.id)
        return {_key(key): None if text is None else json.loads(text) for key, text in found.items()}

    def _check(self, changes: Changes, *, tokens: bool) -> Proposal:
        ready = {key: self._sealed(key, document, tokens=tokens) for key, document in changes.items()}
        proposal = propose(self._book.models, ready)
        cameras = (model for model in proposal.models.values() if isinstance(model, CameraConfig))
        objections = [problem for camera in cameras for problem in self._objections(camera)]
        return Proposal(proposal.models, (*proposal.problems, *objections), proposal.warnings)

    def _sealed(self, key: Key, document: Document | None, *, tokens: bool) -> Document | None:
        if key.kind != "camera" or document is None:
            return document
        return sealed(document, self._book.site.find_camera(key.id), self._seals, tokens=tokens)


def _writes(models: Mapping[Key, BaseModel | None], basis: Basis) -> list[ConfigWrite]:
    return [_write(key, model, basis.versions[key]) for key, model in models.items()]


def _write(key: Key, model: BaseModel | None, base: int) -> ConfigWrite:
    return ConfigWrite(EntryKey(*key), base, None if model is None else canonical(document_of(model)))


def _key(key: EntryKey) -> Key:
    return Key(key.kind, key.id)  # type: ignore[arg-type]  # what is kept was written by this program
