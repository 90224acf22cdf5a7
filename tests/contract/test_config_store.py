"""What a store of the configuration must do, on every backend."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from storage.errors import InvalidCursor, RecordNotFound
from storage.protocols_config import Authorship
from storage.records_config import ConfigMoved, ConfigWrite, EntryKey, FolderState, StaleConfig
from storage.stores import Stores

A, B, GRID = EntryKey("camera", "a"), EntryKey("camera", "b"), EntryKey("grid", "east")
AT = datetime(2026, 11, 22, 8, tzinfo=UTC)


def by(reason: str = "why") -> Authorship:
    return Authorship(AT, "li-na", reason)


def write(key: EntryKey, document: str | None, base: int = 0) -> ConfigWrite:
    return ConfigWrite(key, base, document)


async def filled(stores: Stores) -> None:
    """Make three versions: a and the grid come, b comes and a changes, a goes."""
    await stores.config.save([write(A, "a1"), write(GRID, "g1")], by("first"))
    await stores.config.save([write(A, "a2", 1), write(B, "b1")], by("second"))
    await stores.config.save([write(A, None, 2)], by("third"))


async def test_empty(stores: Stores) -> None:
    """Before the first version there is nothing, and that is no error."""
    assert await stores.config.newest() == 0
    assert (await stores.config.current()).entries == []
    assert (await stores.config.versions(None, None, 5)).items == ()
    assert await stores.config.folder() == FolderState()
    with pytest.raises(RecordNotFound):
        await stores.config.version(1)


async def test_versions_tell_who_when_why_and_what(stores: Stores) -> None:
    """Newest first, in pages; of an entry only those that changed it; digests form a chain."""
    await filled(stores)
    page = await stores.config.versions(None, None, 2)
    assert [v.id for v in page.items] == [3, 2]
    assert [v.id for v in (await stores.config.versions(None, page.next_cursor, 2)).items] == [1]
    second = await stores.config.version(2)
    assert (second.at, second.author, second.reason, second.entries, second.cameras) == (AT, "li-na", "second", 2, 2)
    assert [v.id for v in (await stores.config.versions(B, None, 9)).items] == [2]
    assert len({v.digest for v in page.items}) == 2
    with pytest.raises(InvalidCursor):
        await stores.config.versions(None, "nonsense", 2)


async def test_changes_hold_before_and_after(stores: Stores) -> None:
    """A version can be shown and undone from its own rows."""
    await filled(stores)
    changes = [(c.kind, c.entry_id, c.before, c.after) for c in await stores.config.changes(2)]
    assert changes == [("camera", "a", "a1", "a2"), ("camera", "b", None, "b1")]
    touched = await stores.config.touched([1, 2, 3], 1)
    assert {v: [(t.entry_id, t.action) for t in found] for v, found in touched.items()} == {
        1: [("a", "added")],
        2: [("a", "changed")],
        3: [("a", "removed")],
    }


async def test_state_now_then_and_in_between(stores: Stores) -> None:
    """What is in force, what was, what has come since, and what going back would mean."""
    await filled(stores)
    assert {e.key: e.document for e in (await stores.config.current()).entries} == {B: "b1", GRID: "g1"}
    assert {e.key: e.document for e in await stores.config.state_at(1)} == {A: "a1", GRID: "g1"}
    news = await stores.config.since(1)
    assert (news.version, [e.key for e in news.entries], list(news.removed)) == (3, [B], [A])
    assert (await stores.config.since(3)).entries == ()
    assert await stores.config.undone(1) == {A: "a1", B: None}
    assert await stores.config.undone(0, A) == {A: None}


async def test_two_authors_of_one_entry(stores: Stores, other_stores: Stores) -> None:
    """The second is told, with the present version, and nothing of the second's change is written."""
    await stores.config.save([write(A, "a1")], by())
    await stores.config.save([write(A, "a2", 1)], by())
    with pytest.raises(StaleConfig) as caught:
        await other_stores.config.save([write(A, "a3", 1), write(B, "b1")], by())
    assert caught.value.versions == {A: 2}
    assert await stores.config.newest() == 2


async def test_what_is_so_already_makes_no_version(stores: Stores) -> None:
    """An answer that was lost may be asked for again, whatever version it names."""
    await stores.config.save([write(A, "a1")], by())
    assert await stores.config.save([write(A, "a1"), write(B, None)], by()) is None
    assert await stores.config.newest() == 1


async def test_check_that_is_out_of_date_is_made_again(stores: Stores) -> None:
    """Entries refer to each other: what was checked against another version may not fit any more."""
    await stores.config.save([write(A, "a1")], by())
    with pytest.raises(ConfigMoved):
        await stores.config.save([write(B, "b1")], by(), seen=0)
    assert await stores.config.save([write(B, "b1")], by(), seen=1) is not None


async def test_entries_keep_their_turn(stores: Stores) -> None:
    """Changing a camera never moves it or others; what comes later comes after all that is there."""
    await stores.config.save([write(B, "b1"), write(A, "a1")], by())
    await stores.config.save([write(B, "b2", 1)], by())
    await stores.config.save([write(EntryKey("camera", "c"), "c1")], by())
    turns = {e.id: e.turn for e in (await stores.config.current()).entries}
    assert turns == {"b": 0, "a": 1, "c": 2}


async def test_versions_are_numbered_without_gaps_by_many_writers(stores: Stores, other_stores: Stores) -> None:
    """Two processes that save at once queue up; each version has a number of its own, and each is told of."""
    before = await stores.changes.last_id()

    async def save(who: Stores, number: int) -> None:
        await who.config.save([write(EntryKey("camera", f"c{number}"), "x")], by())

    await asyncio.gather(*(save(who, i + 10 * n) for n, who in enumerate((stores, other_stores)) for i in range(5)))
    assert [v.id for v in (await stores.config.versions(None, None, 50)).items] == list(range(10, 0, -1))
    notes = [c for c in await stores.changes.since(before) if c.kind == "config"]
    assert sorted(int(c.ref_id) for c in notes) == list(range(1, 11))


async def test_many_entries_in_one_version(stores: Stores) -> None:
    """A ledger brings thousands: more than one statement may hold."""
    keys = [EntryKey("camera", f"c{i:05d}") for i in range(6_000)]
    saved = await stores.config.save([write(key, "x") for key in keys], by())
    assert saved is not None
    assert saved.entries == 6_000
    assert await stores.config.save([write(key, "x") for key in keys], by()) is None
    await stores.config.save([write(key, None, 1) for key in keys[1:]], by())
    assert [e.key for e in (await stores.config.current()).entries] == keys[:1]
    assert len(await stores.config.state_at(1)) == 6_000


async def test_folder_is_remembered_with_its_version_or_not_at_all(stores: Stores) -> None:
    """What was read from files and that it was read belong together."""
    said = FolderState({"a.yaml": "d1"}, {A: "x", B: "y"}, {A: "a.yaml", B: "a.yaml"})
    await stores.config.save([write(A, "a1")], by(), folder=said)
    assert await stores.config.folder() == said
    other = FolderState({"b.yaml": "d2"}, {A: "z"}, {A: "b.yaml"})
    with pytest.raises(StaleConfig):
        await stores.config.save([write(A, "a2", 7)], by(), folder=other)
    assert await stores.config.folder() == said
    assert await stores.config.save([], by(), folder=other) is None
    assert await stores.config.folder() == other
