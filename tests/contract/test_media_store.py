"""What a media store must do; every implementation runs this suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.errors import MediaWriteError, RecordNotFound
from storage.media import FolderMediaStore
from storage.protocols import MediaStore

KEY = "2026/11/22/cam-1/evt_01.mp4"
BAD_KEYS = ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.", ".scratch/x", "a/.hidden", "a\\b", "a/b\x00", "视频"]


@pytest.fixture
def media_store(tmp_path: Path) -> MediaStore:
    return FolderMediaStore(tmp_path / "evidence", min_free_bytes=0)


async def keys(media: MediaStore) -> list[str]:
    return [key async for key in media.keys()]  # noqa: SIM118  # not a mapping


@pytest.mark.parametrize("key", [*BAD_KEYS, "a" * 300, "a/" * 300 + "b"])
async def test_bad_keys_lead_nowhere(media_store: MediaStore, key: str) -> None:
    """What is no key can be neither written nor read, and deleting it is nothing."""
    with pytest.raises(MediaWriteError):
        await media_store.put_bytes(key, b"x")
    with pytest.raises(RecordNotFound):
        await media_store.open_path(key)
    await media_store.delete(key)
    assert await keys(media_store) == []


async def test_missing_files(media_store: MediaStore) -> None:
    """Reading says so, deleting ignores it, a missing source leaves nothing behind."""
    with pytest.raises(RecordNotFound):
        await media_store.open_path(KEY)
    await media_store.delete(KEY)
    with pytest.raises(MediaWriteError):
        await media_store.put(KEY, media_store.scratch() / "never-written")
    assert await keys(media_store) == []


async def test_put_moves_the_file_in(media_store: MediaStore) -> None:
    """The size is returned, the source is gone, the content is there."""
    draft = media_store.scratch() / "draft.mp4"
    draft.write_bytes(b"moov" * 100)
    assert await media_store.put(KEY, draft) == 400
    assert not draft.exists()
    assert (await media_store.open_path(KEY)).read_bytes() == b"moov" * 100


async def test_small_files_from_memory(media_store: MediaStore) -> None:
    """Bytes become a file; empty ones too; nothing stays in scratch."""
    assert await media_store.put_bytes("a/thumb.jpg", b"\xff\xd8") == 2
    assert await media_store.put_bytes("a/empty", b"") == 0
    assert (await media_store.open_path("a/thumb.jpg")).read_bytes() == b"\xff\xd8"
    assert list(media_store.scratch().iterdir()) == []


async def test_keys_lists_files_but_no_drafts(media_store: MediaStore) -> None:
    """All keys, each once, in a steady order; files in the making are not among them."""
    for key in ("b/2", "a/1", "c", "a/0/deep.jpg"):
        await media_store.put_bytes(key, b"x")
    (media_store.scratch() / "draft").write_bytes(b"x")
    assert sorted(await keys(media_store)) == ["a/0/deep.jpg", "a/1", "b/2", "c"]
    await media_store.delete("a/1")
    assert "a/1" not in await keys(media_store)
