"""Cameras are dealt out to workers completely, evenly and always alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fleet.shards import Shard, shards
from tests.unit.gateway.fleet.cameras import book_of, camera


@given(st.integers(0, 40), st.integers(1, 16))
def test_every_camera_has_exactly_one_worker(count: int, workers: int) -> None:
    """No camera is left out, none is watched twice, and no worker has two more than another."""
    book = book_of(*(camera(f"cam-{i}") for i in range(count)))
    parts = [shard.cameras(book) for shard in shards(workers)]
    assert sorted(c.id for part in parts for c in part) == sorted(c.id for c in book.site.cameras)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_order_of_the_files_does_not_matter() -> None:
    """The same site gives the same shards however its files are ordered."""
    cameras = [camera(f"cam-{i}") for i in range(7)]
    assert Shard(1, 3).cameras(book_of(*cameras)) == Shard(1, 3).cameras(book_of(*cameras[::-1]))


def test_disabled_cameras_are_watched_by_nobody() -> None:
    """A camera that is switched off takes no place in a shard."""
    assert Shard(0, 1).cameras(book_of(camera("a", enabled=False), camera("b"))) == [camera("b")]


def test_shard_survives_the_command_line() -> None:
    """What the fleet writes on a worker's command line reads back the same."""
    assert Shard.parse(str(Shard(2, 5))) == Shard(2, 5)
    assert Shard(2, 5).worker_id == "w2"


@pytest.mark.parametrize("text", ["", "1", "2/2", "-1/2", "a/b", "0/0"])
def test_wrong_shards_are_refused(text: str) -> None:
    """A shard that does not exist is an error, not an empty one."""
    with pytest.raises(ValueError, match=r"."):
        Shard.parse(text)
