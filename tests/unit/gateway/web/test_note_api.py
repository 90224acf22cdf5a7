"""Photos and voice notes over HTTP: bounded, made anew, kept once, seen by whoever may see the item."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from gateway.web.note_api import MAX_NOTES_PER_ITEM
from gateway.web.uploads import MAX_FILE_BYTES
from tests.unit.gateway.evidence.test_attached import OGG, encoded
from tests.unit.gateway.web.house import Client, House, SignedIn


async def add(
    client: Client, item_id: str, data: bytes, kind: str = "image/jpeg", client_id: str = "letter-1"
) -> tuple[int, dict[str, Any]]:
    address = f"/api/v1/review/{item_id}/notes?client_id={client_id}"
    answer = await client.post(address, data=io.BytesIO(data), headers={"Content-Type": kind})
    return answer.status, await answer.json()


async def _kept(house: House) -> list[str]:
    """Return the keys of all notes' files."""
    keys = house.media.keys()
    return [key async for key in keys if key.startswith("notes/")]


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"", "image/jpeg", 422),
        (b"no picture", "image/jpeg", 415),
        (OGG, "image/png", 415),
        (encoded("JPEG"), "audio/ogg", 415),
        (b"<html>", "text/html", 415),
        (bytes(MAX_FILE_BYTES + 1), "image/jpeg", 413),
    ],
    ids=["empty", "no picture", "sound as picture", "picture as sound", "page", "too large"],
)
async def test_unsound_files_are_refused(
    house: House, signed_in: SignedIn, data: bytes, kind: str, status: int
) -> None:
    """And nothing of them is kept."""
    item = await house.add_event()
    assert (await add(await signed_in("grid-worker"), item.id, data, kind))[0] == status
    assert await house.stores.notes.of_item(item.id) == []
    assert await _kept(house) == []


async def test_item_of_another_grid_takes_no_note_and_shows_none(house: House, signed_in: SignedIn) -> None:
    """404, as for the item itself; who keeps the system running sees no notes at all."""
    item = await house.add_event()
    status, answer = await add(await signed_in("grid-worker"), item.id, encoded("JPEG"))
    assert status == 201
    west = await signed_in("west-worker")
    assert (await add(west, item.id, encoded("JPEG")))[0] == 404
    assert (await west.get(f"/api/v1/review/notes/{answer['note_id']}")).status == 404
    assert (await (await signed_in("maintainer")).get(f"/api/v1/review/notes/{answer['note_id']}")).status == 403


async def test_note_sent_twice_is_one_note(house: House, signed_in: SignedIn) -> None:
    """Its id may not be used for another item; too many are refused."""
    item, other = await house.add_event(1), await house.add_event(2)
    client = await signed_in("grid-worker")
    first = await add(client, item.id, encoded("PNG"), "image/png")
    assert await add(client, item.id, encoded("PNG"), "image/png") == first
    assert (await add(client, other.id, encoded("PNG"), "image/png"))[1]["code"] == "conflict"
    for number in range(2, MAX_NOTES_PER_ITEM + 1):
        assert (await add(client, item.id, OGG, "audio/ogg", f"letter-{number}"))[0] == 201
    assert (await add(client, item.id, OGG, "audio/ogg", "letter-99"))[0] == 409
    assert len(await _kept(house)) == MAX_NOTES_PER_ITEM


async def test_notes_are_shown_with_the_item_and_opened_on_record(house: House, signed_in: SignedIn) -> None:
    """Small, without EXIF, by range, and each opening in the register."""
    item = await house.add_event()
    client = await signed_in("grid-worker")
    await add(client, item.id, encoded("JPEG", (3_000, 1_500)))
    await add(client, item.id, OGG, "audio/webm;codecs=opus", "letter-2")
    leader = await signed_in("grid-leader")
    photo, voice = (await (await leader.get(f"/api/v1/review/{item.id}")).json())["notes"]
    assert (photo["kind"], photo["content_type"], photo["width"], photo["by_name"]) == (
        *("photo", "image/jpeg", 1_600),
        "grid-worker 同志",
    )
    assert (voice["kind"], voice["content_type"], voice["size_bytes"]) == ("voice", "audio/ogg", len(OGG))
    answer = await leader.get(photo["url"])
    with Image.open(io.BytesIO(await answer.read())) as picture:
        assert picture.size == (1_600, 800)
    part = await leader.get(voice["url"], headers={"Range": "bytes=0-3"})
    assert (part.status, await part.read(), part.headers["Content-Type"]) == (206, b"OggS", "audio/ogg")
    told = [(e.action, e.subject) for e in await house.stores.audit.entries() if "note" in e.action]
    assert told == [
        *[("add_note", item.id)] * 2,
        ("view_note", photo["id"]),
        ("view_note", voice["id"]),
    ]
