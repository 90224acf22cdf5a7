"""Evidence files over HTTP: ranges, tags, and who looked is written down."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest

from tests.unit.gateway.web.house import CLIP, Client, House, SignedIn

CLIP_URL = f"/api/v1/evidence/evd_{1:026d}clip"
THUMBNAIL_URL = f"/api/v1/evidence/evd_{1:026d}thumbnail"


async def _openings(house: House) -> list[str]:
    return [entry.subject for entry in await house.stores.audit.entries() if entry.action == "view_clip"]


@pytest.mark.parametrize(
    "path",
    [
        "..%2f..%2ftown.db",
        "%2e%2e/%2e%2e/town.db",
        "../../../town.db",
        "..\\..\\town.db",
        "%00",
        "/etc/passwd",
        "2026%2f11%2f22%2fcam-east%2fx.clip",
    ],
)
async def test_no_path_leads_out_of_the_store(signed_in: SignedIn, path: str) -> None:
    """Evidence is asked for by id; nothing that looks like a path reaches the file system."""
    client = await signed_in("admin")
    answer = await client.get(f"/api/v1/evidence/{path}")
    assert answer.status in {400, 404}
    assert b"SQLite" not in await answer.read()


async def test_row_whose_file_is_gone_is_not_found(house: House, signed_in: SignedIn) -> None:
    """A file removed behind our back is a plain 404."""
    item = await house.add_event()
    await house.media.delete(f"2026/11/22/cam-east/{item.event_id}.clip")
    assert (await (await signed_in("grid-worker")).get(CLIP_URL)).status == 404


async def test_whole_file_with_its_hash_as_tag(house: House, signed_in: SignedIn) -> None:
    """Content, type, tag; not kept by proxies."""
    await house.add_event()
    answer = await (await signed_in("grid-worker")).get(CLIP_URL)
    assert await answer.read() == CLIP
    assert answer.content_type == "video/mp4"
    assert answer.headers["ETag"] == f'"{hashlib.sha256(CLIP).hexdigest()}"'
    assert answer.headers["Cache-Control"].startswith("private")
    assert answer.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("wanted", "status", "expected"),
    [
        ("bytes=0-9", 206, CLIP[:10]),
        ("bytes=100-", 206, CLIP[100:]),
        ("bytes=-7", 206, CLIP[-7:]),
        ("bytes=99999999-", 416, None),
        ("bytes=9-1", 416, None),
    ],
)
async def test_ranges(house: House, signed_in: SignedIn, wanted: str, status: int, expected: bytes | None) -> None:
    """A player reads parts; a range outside the file is 416."""
    await house.add_event()
    answer = await (await signed_in("grid-worker")).get(CLIP_URL, headers={"Range": wanted})
    assert answer.status == status
    assert "ETag" in answer.headers
    if expected is not None:
        assert await answer.read() == expected


async def test_unchanged_file_is_not_sent_again(house: House, signed_in: SignedIn) -> None:
    """A browser that has the file is told so by its tag."""
    await house.add_event()
    client = await signed_in("grid-worker")
    tag = (await client.get(CLIP_URL)).headers["ETag"]
    answer = await client.get(CLIP_URL, headers={"If-None-Match": tag})
    assert (answer.status, await answer.read()) == (304, b"")


async def test_openings_are_registered_once(house: House, signed_in: SignedIn) -> None:
    """One entry per opening of a clip: not per range of the player, and not for thumbnails in lists."""
    await house.add_event()
    client = await signed_in("grid-worker")
    for wanted in ("bytes=500-", "bytes=0-", "bytes=900-1000"):
        await client.get(CLIP_URL, headers={"Range": wanted})
    await client.get(THUMBNAIL_URL)
    assert await _openings(house) == [f"evd_{1:026d}clip"]


async def test_picture_of_when_all_was_well_is_footage_like_any_other(house: House, signed_in: SignedIn) -> None:
    """Its opening is registered, its name says what it is, and who may not see footage does not see it."""
    await house.add_event(event_type="camera_fault.covered")
    address = f"/api/v1/evidence/evd_{1:026d}reference"
    refused = [(await (await signed_in(who)).get(address)).status for who in ("maintainer", "west-worker")]
    assert refused == [403, 404]
    answer = await (await signed_in("grid-worker")).get(address)
    assert answer.content_type == "image/jpeg"
    assert f"evt_{1:026d}-reference.jpg" in answer.headers["Content-Disposition"]
    assert await _openings(house) == [f"evd_{1:026d}reference"]


async def test_refused_view_is_no_opening(house: House, signed_in: SignedIn, browser: Callable[[], Client]) -> None:
    """Nobody, the maintainer and the other grid see nothing; the register stays empty."""
    await house.add_event()
    statuses = [
        (await client.get(CLIP_URL)).status
        for client in (browser(), await signed_in("maintainer"), await signed_in("west-worker"))
    ]
    assert statuses == [401, 403, 404]
    assert await _openings(house) == []
