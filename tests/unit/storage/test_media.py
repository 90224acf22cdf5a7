"""The folder of evidence: durability, full disks, links that lead out, and the sweep."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import media as media_module
from storage.errors import MediaWriteError, RecordNotFound
from storage.media import SCRATCH_NAME, FolderMediaStore, sweep_orphans

KEY = "2026/11/22/cam-1/evt_01.mp4"
SOON = timedelta(minutes=1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


@pytest.fixture
def media(root: Path) -> FolderMediaStore:
    return FolderMediaStore(root, min_free_bytes=0)


def draft(media: FolderMediaStore, data: bytes = b"clip") -> Path:
    path = media.scratch() / "draft.mp4"
    path.write_bytes(data)
    return path


async def keys(media: FolderMediaStore) -> list[str]:
    return [key async for key in media.keys()]  # noqa: SIM118  # not a mapping


def failing(number: int) -> object:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


async def test_clips_stop_before_the_disk_is_full(root: Path) -> None:
    """Below the floor nothing is written, and the draft is left to its maker."""
    media = FolderMediaStore(root, min_free_bytes=shutil.disk_usage("/").total * 1000)
    clip = draft(media)
    with pytest.raises(MediaWriteError, match="must stay free"):
        await media.put(KEY, clip)
    with pytest.raises(MediaWriteError, match="must stay free"):
        await media.put_bytes(KEY, b"x")
    assert clip.exists()
    assert await keys(media) == []


async def test_disk_that_fills_up_while_writing(media: FolderMediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOSPC becomes MediaWriteError, with no key and no half-written draft."""
    monkeypatch.setattr(Path, "write_bytes", failing(errno.ENOSPC))
    with pytest.raises(MediaWriteError, match="No space left"):
        await media.put_bytes(KEY, b"x")
    assert await keys(media) == []
    assert list(media.scratch().iterdir()) == []


async def test_failing_sync_leaves_no_key(media: FolderMediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that may be gone after a power cut is not there at all."""
    clip = draft(media)
    (media.scratch().parent / "2026/11/22/cam-1").mkdir(parents=True)
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(MediaWriteError):
        await media.put(KEY, clip)
    monkeypatch.undo()
    assert await keys(media) == []


async def test_folder_that_cannot_be_synced_after_the_rename(
    media: FolderMediaStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rename is taken back when it could not be made durable."""
    clip, target = draft(media), root / KEY
    target.parent.mkdir(parents=True)
    real = media_module._sync

    def only_files(path: Path) -> None:
        if path == target.parent:
            raise OSError(errno.EIO, "broken")
        real(path)

    monkeypatch.setattr(media_module, "_sync", only_files)
    with pytest.raises(MediaWriteError, match="broken"):
        await media.put(KEY, clip)
    assert not target.exists()


async def test_source_on_another_file_system_is_copied(
    media: FolderMediaStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a rename cannot reach, the copy is made durable first and the source removed last."""
    elsewhere = tmp_path / "elsewhere.mp4"
    elsewhere.write_bytes(b"clip")
    real = Path.replace

    def across(self: Path, target: Path) -> Path:
        if self == elsewhere:
            raise OSError(errno.EXDEV, "cross-device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", across)
    assert await media.put(KEY, elsewhere) == 4
    assert (await media.open_path(KEY)).read_bytes() == b"clip"
    assert not elsewhere.exists()
    assert list(media.scratch().iterdir()) == []


@pytest.fixture
def secret(root: Path, tmp_path: Path) -> Path:
    """A folder outside the store, with links to it inside."""
    secret = tmp_path / "secret"
    for folder in (secret, root):
        folder.mkdir()
    (secret / "file").write_bytes(b"secret")
    (root / "folder").symlink_to(secret)
    (root / "file").symlink_to(secret / "file")
    return secret


async def test_links_that_lead_out_are_not_followed(media: FolderMediaStore, secret: Path) -> None:
    """Neither a linked file nor a linked folder opens a way out of the store."""
    for key in ("folder/file", "file"):
        with pytest.raises(RecordNotFound):
            await media.open_path(key)
    with pytest.raises(MediaWriteError, match="leads out"):
        await media.put_bytes("folder/new", b"x")
    await media.delete("folder/file")
    assert (secret / "file").read_bytes() == b"secret"
    assert await keys(media) == []


async def test_what_may_not_be_removed(media: FolderMediaStore, root: Path) -> None:
    """A key that is a folder is neither readable nor removable."""
    (root / "a" / "b").mkdir(parents=True)
    with pytest.raises(RecordNotFound):
        await media.open_path("a/b")
    with pytest.raises(MediaWriteError):
        await media.delete("a/b")


async def test_scratch_is_emptied_at_start(media: FolderMediaStore) -> None:
    """Drafts of a crashed run go, files and folders; finished evidence stays."""
    await media.put_bytes(KEY, b"x")
    draft(media)
    (media.scratch() / "folder").mkdir()
    (media.scratch() / "folder" / "part").write_bytes(b"x")
    (media.scratch() / "link").symlink_to("/")
    assert media.clear_scratch() == 3
    assert list(media.scratch().iterdir()) == []
    assert await keys(media) == [KEY]


async def test_age_counts_from_the_moment_a_file_is_put(media: FolderMediaStore) -> None:
    """An old recording moved in today is new."""
    clip = draft(media)
    os.utime(clip, (0, 0))
    await media.put(KEY, clip)
    assert abs(datetime.now(UTC) - await media.written_at(KEY)) < SOON
    with pytest.raises(RecordNotFound):
        await media.written_at("none")


async def test_sweep_spares_named_and_young_files(media: FolderMediaStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only files that no row names, older than the limit, are removed, over several batches."""
    monkeypatch.setattr(media_module, "SWEEP_BATCH_KEYS", 2)
    for number in range(5):
        await media.put_bytes(f"a/{number}", b"x")
    asked: list[str] = []

    async def known_keys(keys: Sequence[str]) -> set[str]:
        asked.extend(keys)
        return {"a/1", "a/3"} & set(keys)

    now = datetime.now(UTC)
    assert await sweep_orphans(media, known_keys, now - SOON) == 0
    assert await sweep_orphans(media, known_keys, now + SOON) == 3
    assert await keys(media) == ["a/1", "a/3"]
    assert sorted(asked) == sorted([f"a/{n}" for n in range(5)] * 2)


async def test_sweep_of_a_file_that_vanishes(media: FolderMediaStore, root: Path) -> None:
    """Retention may delete a file while the sweep asks about it."""
    await media.put_bytes("a", b"x")

    async def known_keys(_: Sequence[str]) -> set[str]:
        (root / "a").unlink()
        return set()

    assert await sweep_orphans(media, known_keys, datetime.now(UTC) + SOON) == 0


def test_scratch_lies_inside_the_store(media: FolderMediaStore, root: Path) -> None:
    """The same file system, or a rename would not be atomic."""
    assert media.scratch() == root / SCRATCH_NAME
