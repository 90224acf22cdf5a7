"""A folder of YAML files beside the database: what it says otherwise, and what of that is to be taken over.

Only files that have changed since the folder was last read, or that say otherwise than the database, are read again: of
15,000 cameras one change costs the reading of one file.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from pydantic import BaseModel

from camera_configs.documents import ID_FIELDS, MODELS, SECTIONS, Entry, Key, Kind, canonical, document_of
from camera_configs.drafts import Draft, Item
from camera_configs.fields import check_item
from camera_configs.loader import gather, yaml_paths
from camera_configs.models import CameraConfig
from camera_configs.problems import ConfigError, Problem
from camera_configs.proposal import propose
from camera_configs.references import check_unique
from camera_configs.writer import entry_files, path_of
from gateway.desk.secrets import Seals, sealed_model
from gateway.desk.site_book import SiteBook, digest
from gateway.desk.versions import Basis, By, VersionDesk
from storage.protocols_config import ConfigStore
from storage.records_config import ConfigVersion, EntryKey, FolderState

# A folder of which more files than these are unknown is compared with what an export would write, before it is read.
FEW_FILES = 3
_DEFAULTS = "defaults"
_KINDS: Mapping[str, Kind] = {section: kind for kind, section in SECTIONS.items()}


@dataclass(frozen=True, slots=True)
class FolderReading:
    """What a folder says, compared with the site as it is.

    Attributes:
        models: What would become of the entries that the folder has otherwise; None: removed.
        kept: Entries that the folder has changed since it was last read, and people have too: theirs stay.
        state: To be saved with the change.
        warnings: Of what was read.
    """

    models: Mapping[Key, BaseModel | None]
    kept: tuple[Key, ...]
    state: FolderState
    warnings: tuple[Problem, ...]


@dataclass(slots=True)
class _Said:
    """What the folder says of entries: their digests and places, and the models of those that were read."""

    digests: dict[EntryKey, str] = field(default_factory=dict)
    places: dict[EntryKey, str] = field(default_factory=dict)
    models: dict[Key, BaseModel] = field(default_factory=dict)


class FolderReader:
    """Reads one folder against one book; blocks, so it belongs in a thread.

    Args:
        folder: Of YAML files.
        known: What it said when it was last read.
        book: The site as it is; must not be renewed meanwhile.
        seals: For plain passwords in files.
    """

    def __init__(self, folder: Path, known: FolderState, book: SiteBook, seals: Seals) -> None:
        self._folder = folder
        self._known = known
        self._book = book
        self._models = book.models
        self._seals = seals
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []

    def changes_since(self) -> FolderReading:
        """Return what has changed in the folder since it was last read, but for what people have changed since.

        Raises:
            ConfigError: With all problems, by file, line and key.
        """
        said = self._read(frozenset())
        keys = {*said.digests, *self._known.entries}
        other = [key for key in keys if said.digests.get(key) != self._known.entries.get(key)]
        mine = {_key(key) for key in other if key.kind != _DEFAULTS}
        wanted = {key for key in mine if said.digests.get(EntryKey(*key)) != self._book.digest_of(key)}
        kept = {key for key in wanted if self._book.digest_of(key) != self._known.entries.get(EntryKey(*key))}
        reading = self._reading(said, wanted - kept, kept)
        if self._models:  # what people have made beside the folder must fit to it, too
            documents = {key: None if m is None else document_of(m) for key, m in reading.models.items()}
            self._refuse(propose(self._models, documents).problems)
        return reading

    def differences(self) -> FolderReading:
        """Return everything that the folder says otherwise than the site as it is; raises `ConfigError`."""
        said = self._read(frozenset(self._files_changed_by_people()))
        mine = {_key(key) for key in said.digests if key.kind != _DEFAULTS}
        wanted = {key for key in mine if said.digests[EntryKey(*key)] != self._book.digest_of(key)}
        return self._reading(said, wanted | (self._models.keys() - mine), frozenset())

    def _reading(self, said: _Said, wanted: Iterable[Key], kept: Iterable[Key]) -> FolderReading:
        models = {key: said.models.get(key) for key in sorted(wanted)}
        state = FolderState(self._digests, said.digests, said.places)
        return FolderReading(models, tuple(sorted(kept)), state, tuple(sorted(set(self._warnings))))

    def _files_changed_by_people(self) -> Iterable[str]:
        for key, place in self._known.places.items():
            if key.kind != _DEFAULTS and self._book.digest_of(_key(key)) != self._known.entries[key]:
                yield place

    def _read(self, also: frozenset[str]) -> _Said:
        paths = {path.relative_to(self._folder).as_posix(): path for path in yaml_paths(self._folder, self._problems)}
        self._refuse(self._problems)
        data = {name: path.read_bytes() for name, path in paths.items()}
        self._digests = {name: hashlib.sha256(text).hexdigest() for name, text in data.items()}
        same = {name for name, found in self._digests.items() if self._known.files.get(name) == found} - also
        same = set() if self._defaults_touched(same) else same
        said = _Said()
        self._take_known(said, same)
        rest = [name for name in paths if name not in same]
        if len(rest) > FEW_FILES and not any(key.kind == _DEFAULTS for key in self._known.entries):
            rest = self._take_exported(said, rest, data)
        self._take_files(said, {name: paths[name] for name in rest}, paths)
        return said

    def _defaults_touched(self, same: set[str]) -> bool:
        """Say whether a file that holds defaults has changed: then every entry may have."""
        return any(key.kind == _DEFAULTS and self._known.places[key] not in same for key in self._known.entries)

    def _take_known(self, said: _Said, same: set[str]) -> None:
        for key, place in self._known.places.items():
            if place in same:
                said.digests[key], said.places[key] = self._known.entries[key], place

    def _take_exported(self, said: _Said, rest: Iterable[str], data: Mapping[str, bytes]) -> list[str]:
        """Take files that are just as an export would write them for what they are; return the others."""
        entries = [Entry(key, document_of(self._models[key])) for key in sorted(self._models)]
        written = entry_files(entries)
        equal = {name for name in rest if written.get(name) == data[name]}
        for entry in entries:
            if (place := path_of(entry)) in equal:
                key = EntryKey(*entry.key)
                said.digests[key], said.places[key] = self._book.digest_of(entry.key) or "", place
        return [name for name in rest if name not in equal]

    def _take_files(self, said: _Said, wanted: Mapping[str, Path], paths: Mapping[str, Path]) -> None:
        if not wanted:
            return
        names = {path: name for name, path in paths.items()}
        others = {key.id for key in said.digests if key.kind == _DEFAULTS} - wanted.keys()
        gathered = gather(sorted(paths[name] for name in {*wanted, *others}), self._problems)
        with_defaults = {names[mark.file] for mark in gathered.default_marks.values()}
        if with_defaults & wanted.keys() and len(wanted) < len(paths):  # new ones: they concern every file
            self._problems.clear()
            said.digests.clear()
            said.places.clear()
            self._take_files(said, paths, paths)
            return
        for name in with_defaults:
            key = EntryKey(_DEFAULTS, name)
            said.digests[key], said.places[key] = self._digests[name], name
        self._take_items(said, [item for item in gathered.items if names[item.tree.mark.file] in wanted], names)

    def _take_items(self, said: _Said, items: list[Item], names: Mapping[Path, str]) -> None:
        draft = Draft(items=items)
        check_unique(draft)
        self._problems += draft.problems
        wanted: dict[Key, Item] = {}
        for item in items:
            kind = _KINDS[item.section]
            if item.tree.text(ID_FIELDS[kind]) is None:
                check_item(MODELS[kind], item, self._problems)
                continue
            key = Key(kind, cast("str", item.tree.text(ID_FIELDS[kind])))
            if (earlier := said.places.get(EntryKey(*key))) is not None:
                message = f"{key.id!r} is used twice, first in {self._folder / earlier}"
                self._problems.append(item.problem((ID_FIELDS[kind],), message, code="used_twice"))
            wanted[key] = item
        self._check(said, wanted, names)

    def _check(self, said: _Said, wanted: Mapping[Key, Item], names: Mapping[Path, str]) -> None:
        """Check what was read beside what the folder says elsewhere; what it does not say at all is not there."""
        elsewhere = {key: model for key, model in self._models.items() if EntryKey(*key) in said.digests}
        proposal = propose(elsewhere, wanted)
        self._warnings += proposal.warnings
        self._refuse([*self._problems, *proposal.problems])
        for key, model in proposal.models.items():
            if model is None:
                continue
            kept = self._sealed(key, model)
            place = EntryKey(*key)
            said.models[key] = kept
            said.digests[place] = digest(canonical(document_of(kept)))
            said.places[place] = names[wanted[key].tree.mark.file]

    def _sealed(self, key: Key, model: BaseModel) -> BaseModel:
        if not isinstance(model, CameraConfig):
            return model
        present = self._models.get(key)
        return sealed_model(model, present if isinstance(present, CameraConfig) else None, self._seals)

    def _refuse(self, problems: Iterable[Problem]) -> None:
        found = {problem if problem.line else replace(problem, file=self._folder) for problem in problems}
        if found:
            raise ConfigError(sorted(found))


class FolderDesk:
    """Takes folders over into versions, and writes the site as a folder.

    Args:
        store: For what is known of the folder.
        book: This process's site.
        seals: For plain passwords in files.
        versions: Saves.
    """

    def __init__(self, store: ConfigStore, book: SiteBook, seals: Seals, versions: VersionDesk) -> None:
        self._store = store
        self._book = book
        self._seals = seals
        self._versions = versions

    async def take_over(self, folder: Path, by: By) -> FolderReading:
        """Save what has changed in a folder since it was last read, as a version; what people have changed stays.

        Raises:
            ConfigError: With all problems; nothing was saved.
        """
        basis, reading = await self._read(folder, FolderReader.changes_since)
        await self._save(reading, basis, by)
        return reading

    async def compare(self, folder: Path) -> FolderReading:
        """Return what a folder says otherwise than the site as it is; raises `ConfigError`."""
        return (await self._read(folder, FolderReader.differences))[1]

    async def apply(self, folder: Path, by: By) -> tuple[FolderReading, ConfigVersion | None]:
        """Make the site what a folder says, as one version.

        Raises:
            ConfigError: With all problems; nothing was saved.
            ConfigMoved: Somebody else was quicker.
        """
        basis, reading = await self._read(folder, FolderReader.differences)
        return reading, await self._save(reading, basis, by)

    async def _read(self, folder: Path, how: Callable[[FolderReader], FolderReading]) -> tuple[Basis, FolderReading]:
        await self._book.renew()
        known = await self._store.folder()
        basis = self._versions.basis(())
        reader = FolderReader(folder, known, self._book, self._seals)
        return basis, await asyncio.to_thread(how, reader)

    async def _save(self, reading: FolderReading, basis: Basis, by: By) -> ConfigVersion | None:
        versions = {key: self._book.version_of(key) for key in reading.models}
        return await self._versions.save_checked(reading.models, replace(basis, versions=versions), by, reading.state)


def _key(key: EntryKey) -> Key:
    return Key(cast("Kind", key.kind), key.id)
