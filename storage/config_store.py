"""The configuration by versions: entries in force, and what each version changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Table, and_, case, delete, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import cursors
from storage.change_store import Note, note
from storage.config_tables import config_changes, config_entries, config_files, config_imports, config_versions
from storage.engine import Database
from storage.errors import InvalidCursor, RecordNotFound
from storage.mapping import Mapped, upsert
from storage.protocols_config import Authorship
from storage.records import Page
from storage.records_config import (
    ConfigChange,
    ConfigEntry,
    ConfigMoved,
    ConfigNews,
    ConfigTouch,
    ConfigVersion,
    ConfigWrite,
    EntryKey,
    FolderState,
    StaleConfig,
)

T = TypeVar("T")

ENTRIES = Mapped(config_entries, ConfigEntry)
_Rows = Mapping[tuple[str, ...], dict[str, str]]  # the other columns by primary key

VERSIONS = Mapped(config_versions, ConfigVersion)
CONFIG_CHANGES = Mapped(config_changes, ConfigChange)

_LIST = "config_versions"
# Any number that nobody else in this database uses: "gpcfg" in ASCII.
_CONFIG_LOCK = 0x6770636667
# Both databases take some 32,000 parameters in a statement.
_IDS_AT_ONCE = 5_000
# An `OR` of more terms than this is too deep for SQLite's parser.
_KEYS_AT_ONCE = 500
_e, _v, _c = config_entries.c, config_versions.c, config_changes.c


class SqlConfigStore:
    """See `ConfigStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self) -> int:
        """Return the id of the newest version."""
        async with self._database.read() as conn:
            return await _newest(conn)

    async def current(self) -> ConfigNews:
        """Return everything that is in force."""
        async with self._database.read() as conn:
            version = await _newest(conn)
            # On PostgreSQL a version may be committed in between: what it wrote comes again with the next `since`.
            entries = await ENTRIES.all(conn, ENTRIES.select().order_by(_e.kind, _e.id))
            return ConfigNews(version, entries)

    async def since(self, version: int) -> ConfigNews:
        """Return what has changed since a version."""
        async with self._database.read() as conn:
            newest = await _newest(conn)
            if newest == version:
                return ConfigNews(newest, ())
            entries = await ENTRIES.all(conn, ENTRIES.select().where(_e.version > version).order_by(_e.kind, _e.id))
            there = and_(_e.kind == _c.kind, _e.id == _c.entry_id)
            gone = select(_c.kind, _c.entry_id).where(_c.version > version, ~select(_e.id).where(there).exists())
            removed = [EntryKey(*row) for row in await conn.execute(gone.distinct())]
            return ConfigNews(newest, entries, sorted(removed))

    async def save(
        self, writes: Sequence[ConfigWrite], by: Authorship, seen: int | None = None, folder: FolderState | None = None
    ) -> ConfigVersion | None:
        """Write a version, or nothing of it."""
        async with self._database.write() as conn:
            await _wait_for_turn(conn)
            present = await _present(conn, [w.key for w in writes])
            real = [w for w in writes if _document(present, w.key) != w.document]
            _refuse_stale(real, present)
            if folder is not None:
                await _remember_folder(conn, folder)
            if not real:
                return None
            if seen is not None and await _newest(conn) != seen:
                raise ConfigMoved(str(seen))
            version = await _new_version(conn, real, by)
            await VERSIONS.add(conn, version)
            await _write_changes(conn, version.id, real, present)
            await _write_entries(conn, version.id, real, present)
            await note(conn, [Note("config", str(version.id), None)], by.at)
        return version

    async def versions(self, entry: EntryKey | None, cursor: str | None, limit: int) -> Page[ConfigVersion]:
        """Return versions, newest first."""
        query = VERSIONS.select().order_by(_v.id.desc()).limit(limit + 1)
        if entry is not None:
            query = query.where(_v.id.in_(select(_c.version).where(_c.kind == entry.kind, _c.entry_id == entry.id)))
        if cursor is not None:
            query = query.where(_v.id < _before(cursor))
        async with self._database.read() as conn:
            found = await VERSIONS.all(conn, query)
        more = cursors.encode(_LIST, str(found[limit - 1].id)) if len(found) > limit else None
        return Page(tuple(found[:limit]), more)

    async def version(self, version: int) -> ConfigVersion:
        """Return a version."""
        async with self._database.read() as conn:
            found = await VERSIONS.first(conn, VERSIONS.select().where(_v.id == version))
        if found is None:
            raise RecordNotFound(str(version))
        return found

    async def changes(self, version: int) -> list[ConfigChange]:
        """Return what a version changed."""
        query = CONFIG_CHANGES.select().where(_c.version == version).order_by(_c.kind, _c.entry_id)
        async with self._database.read() as conn:
            return await CONFIG_CHANGES.all(conn, query)

    async def touched(self, versions: Sequence[int], limit: int) -> dict[int, list[ConfigTouch]]:
        """Return the first entries that these versions changed."""
        action = case((_c.before.is_(None), "added"), (_c.after.is_(None), "removed"), else_="changed")
        order = func.row_number().over(partition_by=_c.version, order_by=(_c.kind, _c.entry_id))
        numbered = (
            select(_c.version, _c.kind, _c.entry_id, action.label("action"), order.label("number"))
            .where(_c.version.in_(versions))
            .subquery()
        )
        columns = (numbered.c[name] for name in ("version", "kind", "entry_id", "action"))
        query = select(*columns).where(numbered.c.number <= limit).order_by(numbered.c.version, numbered.c.number)
        found: dict[int, list[ConfigTouch]] = {version: [] for version in versions}
        async with self._database.read() as conn:
            for row in await conn.execute(query):
                found[row.version].append(ConfigTouch(*row))
        return found

    async def undone(self, version: int, entry: EntryKey | None = None) -> dict[EntryKey, str | None]:
        """Return what the entries changed after a version were right after it."""
        later = [_c.version > version]
        if entry is not None:
            later += [_c.kind == entry.kind, _c.entry_id == entry.id]
        first = select(_c.kind, _c.entry_id, func.min(_c.version).label("version")).where(*later)
        first_change = first.group_by(_c.kind, _c.entry_id).subquery()
        same = [first_change.c[name] == _c[name] for name in ("kind", "entry_id", "version")]
        query = select(_c.kind, _c.entry_id, _c.before).join(first_change, and_(*same))
        async with self._database.read() as conn:
            return {EntryKey(row.kind, row.entry_id): row.before for row in await conn.execute(query)}

    async def state_at(self, version: int) -> list[ConfigEntry]:
        """Return everything that was in force right after a version."""
        last = select(_c.kind, _c.entry_id, func.max(_c.version).label("version")).where(_c.version <= version)
        last_change = last.group_by(_c.kind, _c.entry_id).subquery()
        same = [last_change.c[name] == _c[name] for name in ("kind", "entry_id", "version")]
        query = select(_c.kind, _c.entry_id, _c.version, _c.after).join(last_change, and_(*same))
        ordered = query.where(_c.after.is_not(None)).order_by(_c.kind, _c.entry_id)
        async with self._database.read() as conn:
            rows = (await conn.execute(ordered)).all()
        return [ConfigEntry(row.kind, row.entry_id, row.version, turn, row.after) for turn, row in enumerate(rows)]

    async def folder(self) -> FolderState:
        """Return what the folder said when it was last read."""
        async with self._database.read() as conn:
            files = {row.path: row.digest for row in await conn.execute(select(config_files))}
            rows = (await conn.execute(select(config_imports))).all()
        keys = [EntryKey(row.kind, row.entry_id) for row in rows]
        return FolderState(
            files,
            {key: row.digest for key, row in zip(keys, rows, strict=True)},
            {key: row.path for key, row in zip(keys, rows, strict=True)},
        )


async def _newest(conn: AsyncConnection) -> int:
    return (await conn.scalar(select(func.max(_v.id)))) or 0


async def _wait_for_turn(conn: AsyncConnection) -> None:
    if conn.dialect.name == "postgresql":  # SQLite: a write transaction is alone from its start
        await conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CONFIG_LOCK})


async def _present(conn: AsyncConnection, keys: Iterable[EntryKey]) -> dict[EntryKey, ConfigEntry]:
    by_kind: dict[str, list[str]] = {}
    for key in keys:
        by_kind.setdefault(key.kind, []).append(key.id)
    found: list[ConfigEntry] = []
    for kind, ids in by_kind.items():
        for some in _parts(ids, _IDS_AT_ONCE):
            found += await ENTRIES.all(conn, ENTRIES.select().where(_e.kind == kind, _e.id.in_(some)))
    return {entry.key: entry for entry in found}


def _document(present: Mapping[EntryKey, ConfigEntry], key: EntryKey) -> str | None:
    return present[key].document if key in present else None


def _refuse_stale(writes: Iterable[ConfigWrite], present: Mapping[EntryKey, ConfigEntry]) -> None:
    versions = {w.key: present[w.key].version if w.key in present else 0 for w in writes}
    stale = {w.key: versions[w.key] for w in writes if versions[w.key] != w.base}
    if stale:
        raise StaleConfig(stale)


async def _new_version(conn: AsyncConnection, writes: Sequence[ConfigWrite], by: Authorship) -> ConfigVersion:
    before = await VERSIONS.first(conn, VERSIONS.select().order_by(_v.id.desc()))
    said = json.dumps([before.digest if before else "", *([*w.key, w.document] for w in writes)], ensure_ascii=True)
    digest = hashlib.sha256(said.encode()).hexdigest()
    cameras = sum(w.key.kind == "camera" for w in writes)
    return ConfigVersion(before.id + 1 if before else 1, by.at, by.author, by.reason, digest, len(writes), cameras)


async def _write_changes(
    conn: AsyncConnection, version: int, writes: Sequence[ConfigWrite], present: Mapping[EntryKey, ConfigEntry]
) -> None:
    changes = [ConfigChange(version, *w.key, _document(present, w.key), w.document) for w in writes]
    await CONFIG_CHANGES.add(conn, *changes)


async def _write_entries(
    conn: AsyncConnection, version: int, writes: Sequence[ConfigWrite], present: Mapping[EntryKey, ConfigEntry]
) -> None:
    last = select(_e.kind, func.max(_e.turn).label("turn")).group_by(_e.kind)
    turns = {row.kind: row.turn + 1 for row in await conn.execute(last)}
    rows: list[dict[str, Any]] = []
    for w in writes:
        if w.document is None:
            continue
        known = present.get(w.key)
        turn = known.turn if known else turns.get(w.key.kind, 0)
        turns[w.key.kind] = turns.get(w.key.kind, 0) + (known is None)
        rows.append(ENTRIES.row(ConfigEntry(*w.key, version, turn, w.document)))
    if rows:
        await conn.execute(upsert(conn, config_entries), rows)
    gone = [w.key for w in writes if w.document is None]
    for some in _parts(gone, _KEYS_AT_ONCE):
        await conn.execute(delete(config_entries).where(or_(*(and_(_e.kind == k, _e.id == i) for k, i in some))))


async def _remember_folder(conn: AsyncConnection, folder: FolderState) -> None:
    """Write what is other than before: of 15,000 entries a change concerns a few."""
    files: _Rows = {(path,): {"digest": digest} for path, digest in folder.files.items()}
    await _make_rows(conn, config_files, files)
    entries = {tuple(k): {"digest": d, "path": folder.places[k]} for k, d in folder.entries.items()}
    await _make_rows(conn, config_imports, entries)


async def _make_rows(conn: AsyncConnection, table: Table, wanted: _Rows) -> None:
    keys = list(table.primary_key.columns)  # the first of its columns
    names, rest = [c.name for c in keys], [c.name for c in table.columns][len(keys) :]
    rows = (await conn.execute(select(table))).all()
    there = {tuple(row[: len(keys)]): dict(zip(rest, row[len(keys) :], strict=True)) for row in rows}
    fresh = [
        {**dict(zip(names, key, strict=True)), **other} for key, other in wanted.items() if there.get(key) != other
    ]
    if fresh:
        await conn.execute(upsert(conn, table), fresh)
    for some in _parts(there.keys() - wanted.keys(), _KEYS_AT_ONCE):
        same = (and_(*(column == part for column, part in zip(keys, key, strict=True))) for key in some)
        await conn.execute(delete(table).where(or_(*same)))


def _parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    every = list(items)
    return (every[start : start + size] for start in range(0, len(every), size))


def _before(cursor: str) -> int:
    [word] = cursors.decode(_LIST, cursor, (str,))
    if not str(word).isdecimal():
        raise InvalidCursor(cursor)
    return int(str(word))
