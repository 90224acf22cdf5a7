"""What a store of notes must do, on every backend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from storage.errors import RecordConflict, RecordNotFound
from storage.records_review import NoteKind, ReviewNote
from storage.stores import Stores
from tests.contract.store_samples import after, fresh, shown


def a_note(item_id: str, **changes: Any) -> ReviewNote:
    number = fresh("note")
    note = ReviewNote(
        id=number,
        item_id=item_id,
        account_id="acc-li",
        client_id=f"letter-{number}",
        kind=NoteKind.PHOTO,
        media_key=f"notes/2026/11/22/{number}.jpg",
        content_type="image/jpeg",
        size_bytes=1_000,
        sha256="0" * 64,
        created_at=after(100),
        width=800,
        height=600,
    )
    return replace(note, **changes)


async def test_note_needs_its_item(stores: Stores) -> None:
    """Unknown items and notes are named."""
    with pytest.raises(RecordNotFound, match="rev_none"):
        await stores.notes.add(a_note("rev_none"), 10)
    with pytest.raises(RecordNotFound, match="note_none"):
        await stores.notes.get("note_none")
    assert await stores.notes.sent("acc-li", "letter") is None
    assert await stores.notes.of_item("rev_none") == []


async def test_notes_of_an_item_are_bounded(stores: Stores) -> None:
    """The bound holds for the item, whoever adds; what was kept may still be sent again."""
    _, item = await shown(stores)
    notes = [a_note(item.id, account_id=f"acc-{n}", created_at=after(n)) for n in range(3)]
    for note in notes:
        await stores.notes.add(note, 3)
    with pytest.raises(RecordConflict):
        await stores.notes.add(a_note(item.id), 3)
    assert await stores.notes.add(notes[0], 3) == notes[0]
    assert await stores.notes.of_item(item.id) == notes


async def test_note_sent_twice_is_one_note(stores: Stores, other_stores: Stores) -> None:
    """The first is kept, also when both arrive at once; readers hear of it once, and the sweep knows its file."""
    _, item = await shown(stores)
    told = await stores.changes.last_id()
    first, second = (a_note(item.id, client_id="letter-1") for _ in range(2))
    kept = await asyncio.gather(stores.notes.add(first, 10), other_stores.notes.add(second, 10))
    assert kept[0] == kept[1]
    assert await stores.notes.of_item(item.id) == [kept[0]]
    assert await stores.notes.sent("acc-li", "letter-1") == kept[0]
    assert await stores.notes.get(kept[0].id) == (kept[0], item)
    assert [c.ref_id for c in await stores.changes.since(told)] == [item.id]
    assert await stores.events.known_media_keys([first.media_key, second.media_key]) == {kept[0].media_key}
