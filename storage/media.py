"""Evidence files in a folder: made in the scratch folder, made durable, then renamed to where they can be read."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from storage.errors import MediaWriteError, RecordNotFound

# Room for the database's own log and a tidy shutdown; clips stop before the disk is full, events do not.
MIN_FREE_BYTES = 500_000_000
SCRATCH_NAME = ".scratch"  # no key can name it: segments of a key do not begin with a dot
SWEEP_BATCH_KEYS = 500

_KEY_MAX_CHARS = 400
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")

KnownKeys = Callable[[Sequence[str]], Awaitable[set[str]]]


class FolderMediaStore:
    """A `MediaStore` below one folder. Blocking work runs in threads; several processes may share the folder."""

    def __init__(self, root: Path, min_free_bytes: int = MIN_FREE_BYTES) -> None:
        self._root = root
        self._min_free_bytes = min_free_bytes

    async def put(self, key: str, source: Path) -> int:
        """Move a finished file in; from another file system it is copied.

        Raises:
            MediaWriteError: The key is not one, the disk is full or may not be written; nothing is left under `key`.
        """
        return await asyncio.to_thread(self._put, key, source)

    async def put_bytes(self, key: str, data: bytes) -> int:
        """Write a small file from memory; raises like `put`."""
        return await asyncio.to_thread(self._put_bytes, key, data)

    async def open_path(self, key: str) -> Path:
        """Return where the file lies, all symbolic links resolved.

        Raises:
            RecordNotFound: No such file, or the key would leave the store.
        """
        return await asyncio.to_thread(self._existing, key)

    async def delete(self, key: str) -> None:
        """Remove a file; a missing one, and a key that is none, are ignored.

        Raises:
            MediaWriteError: It may not be removed.
        """
        await asyncio.to_thread(self._delete, key)

    async def keys(self) -> AsyncIterator[str]:
        """Yield all keys, folder by folder; files that come while this runs may be missed."""
        folders = [self._root]
        while folders:
            files, deeper = await asyncio.to_thread(_listing, folders.pop())
            folders.extend(reversed([f for f in deeper if f.name != SCRATCH_NAME]))
            for file in files:
                yield file.relative_to(self._root).as_posix()

    async def written_at(self, key: str) -> datetime:
        """Return when the file was put here, aware UTC.

        Raises:
            RecordNotFound: No such file.
        """
        path = await self.open_path(key)
        try:
            return datetime.fromtimestamp((await asyncio.to_thread(path.stat)).st_mtime, UTC)
        except FileNotFoundError as exc:
            raise RecordNotFound(key) from exc

    def scratch(self) -> Path:
        """Return the folder for files in the making, on the same file system as the store."""
        path = self._root / SCRATCH_NAME
        path.mkdir(parents=True, exist_ok=True)
        return path

    def clear_scratch(self) -> int:
        """Remove what a crash left half made; return how many. Only before anybody writes (gateway start)."""
        left = list(self.scratch().iterdir())
        for path in left:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        return len(left)

    def _put(self, key: str, source: Path) -> int:
        try:
            size = source.stat().st_size
            target = self._target(key, size)
            os.utime(source)  # its age counts from here: the sweep must not take a new file for an old orphan
            _sync(source)
            self._publish(source, target)
        except OSError as exc:
            raise _refused(key, exc) from exc
        return size

    def _put_bytes(self, key: str, data: bytes) -> int:
        try:
            target = self._target(key, len(data))
            draft = self.scratch() / uuid.uuid4().hex
            try:
                draft.write_bytes(data)
                _sync(draft)
                _rename(draft, target)
            finally:
                draft.unlink(missing_ok=True)
        except OSError as exc:
            raise _refused(key, exc) from exc
        return len(data)

    def _publish(self, source: Path, target: Path) -> None:
        try:
            _rename(source, target)
        except OSError as exc:
            if exc.errno != errno.EXDEV:
                raise
            self._copy_in(source, target)
            source.unlink()

    def _copy_in(self, source: Path, target: Path) -> None:
        draft = self.scratch() / uuid.uuid4().hex
        try:
            shutil.copyfile(source, draft)
            _sync(draft)
            _rename(draft, target)
        finally:
            draft.unlink(missing_ok=True)

    def _target(self, key: str, size: int) -> Path:
        """Return the path of a new file, its folder durable, after checking that there is room."""
        path = self._path(key)
        if path is None:
            raise MediaWriteError(f"{key!r} is no key")
        self._root.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._root).free
        if free - size < self._min_free_bytes:
            raise MediaWriteError(f"{key}: {free} bytes free, {self._min_free_bytes} must stay free")
        _make_folder(path.parent)
        if not path.parent.resolve().is_relative_to(self._root.resolve()):
            raise MediaWriteError(f"{key}: its folder leads out of the store")
        return path

    def _path(self, key: str) -> Path | None:
        parts = key.split("/")
        if len(key) > _KEY_MAX_CHARS or not all(_SEGMENT.fullmatch(part) for part in parts):
            return None
        return self._root.joinpath(*parts)

    def _existing(self, key: str) -> Path:
        path = self._path(key)
        found = None if path is None else path.resolve()
        if found is None or not found.is_relative_to(self._root.resolve()) or not found.is_file():
            raise RecordNotFound(key)
        return found

    def _delete(self, key: str) -> None:
        path = self._path(key)
        if path is None or not path.parent.resolve().is_relative_to(self._root.resolve()):
            return
        try:
            path.unlink(missing_ok=True)
        except OSError as exc:
            raise _refused(key, exc) from exc


async def sweep_orphans(media: FolderMediaStore, known_keys: KnownKeys, before: datetime) -> int:
    """Remove files put before that moment which no evidence row names; return how many.

    A file is put before its row is committed, and the commit may be tried again for as long as the database is away:
    leave an hour at least. Files that appear while this runs are younger than `before` and stay.

    Args:
        known_keys: `EventStore.known_media_keys`.
    """
    removed = 0
    batch: list[str] = []
    async for key in media.keys():
        batch.append(key)
        if len(batch) >= SWEEP_BATCH_KEYS:
            removed += await _sweep(media, known_keys, before, batch)
            batch = []
    return removed + await _sweep(media, known_keys, before, batch)


async def _sweep(media: FolderMediaStore, known_keys: KnownKeys, before: datetime, keys: Sequence[str]) -> int:
    removed = 0
    known = await known_keys(keys) if keys else set()
    for key in keys:
        if key not in known and await _is_older(media, key, before):
            await media.delete(key)
            removed += 1
    return removed


async def _is_older(media: FolderMediaStore, key: str, before: datetime) -> bool:
    try:
        return await media.written_at(key) < before
    except RecordNotFound:  # not a key of ours, a link out of the store, or gone by now
        return False


def _listing(folder: Path) -> tuple[list[Path], list[Path]]:
    try:
        entries = sorted(folder.iterdir())
    except FileNotFoundError:
        return [], []
    folders = [e for e in entries if e.is_dir() and not e.is_symlink()]
    return [e for e in entries if e.is_file() and not e.is_symlink()], folders


def _rename(source: Path, target: Path) -> None:
    source.replace(target)
    try:
        _sync(target.parent)
    except OSError:
        target.unlink(missing_ok=True)  # it might be gone after a power cut: then it must not be named by a row
        raise


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    missing = [folder, *folder.parents]
    missing = list(islice(missing, next(i for i, p in enumerate(missing) if p.is_dir())))
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        _sync(path.parent)


def _refused(key: str, exc: OSError) -> MediaWriteError:
    return MediaWriteError(f"{key}: {exc.strerror or type(exc).__name__}")
