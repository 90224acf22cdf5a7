"""Photos of tasks over HTTP: bare of what the phone wrote, bounded, on record."""

from __future__ import annotations

import io

from PIL import Image

from tests.unit.gateway.patrol.samples import an_image
from tests.unit.gateway.web.house import House, SignedIn
from tests.unit.gateway.web.patrols import API, get, on_site, post


async def test_photo_comes_back_without_exif(house: House, signed_in: SignedIn) -> None:
    """Turned, shrunk, encoded anew; seen by the leader, on record once per look; the sweep keeps its file."""
    client, leader = await signed_in("grid-worker"), await signed_in("grid-leader")
    task = await on_site(house, client)
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    url = f"{API}/tasks/{task['id']}/photos?moment=before"
    added = await client.post(url, data=io.BytesIO(an_image(2000, 1000, exif=exif)))
    assert added.status == 201
    photo_id = (await added.json())["photo_id"]
    _, detail = await get(leader, f"/tasks/{task['id']}")
    (photo,) = detail["photos"]
    assert (photo["id"], photo["moment"], photo["width"], photo["height"]) == (photo_id, "before", 1600, 800)
    for _ in range(2):
        answer = await leader.get(photo["url"])
        body = await answer.read()
    assert (answer.status, answer.content_type, len(body)) == (200, "image/jpeg", photo["size_bytes"])
    assert b"PhoneMaker" not in body
    looks = [e for e in await house.stores.audit.entries() if e.action == "view_photo"]
    assert [(e.actor, e.subject) for e in looks] == [("acc_grid-leader", photo_id)]


async def test_what_is_no_photo_is_refused(house: House, signed_in: SignedIn) -> None:
    """415 for no picture, 413 for one too large, 422 without a moment or body, 404 for one that is not there."""
    client = await signed_in("grid-worker")
    task = await on_site(house, client)
    path = f"{API}/tasks/{task['id']}/photos"
    assert (await client.post(f"{path}?moment=before", data=b"%PDF-1.7")).status == 415
    assert (await client.post(f"{path}?moment=before", data=an_image(kind="GIF"))).status == 415
    assert (await client.post(f"{path}?moment=before", data=b"")).status == 422
    assert (await client.post(path, data=an_image())).status == 422
    assert (await client.get(f"{path}/pho_none")).status == 404
    assert (await get(client, f"/tasks/{task['id']}"))[1]["photos"] == []


async def test_photo_sent_twice_is_one_photo(house: House, signed_in: SignedIn) -> None:
    """The answer was lost on a bad line: the same `client_id` names the same photo, also after the task has ended."""
    client = await signed_in("grid-worker")
    task = await on_site(house, client)
    url = f"{API}/tasks/{task['id']}/photos?moment=before&client_id=letter-0001"
    first = await (await client.post(url, data=an_image())).json()
    await post(client, f"/tasks/{task['id']}/finish", result="rejected", client_id="client-0001")
    assert await (await client.post(url, data=an_image())).json() == first
    assert len((await get(client, f"/tasks/{task['id']}"))[1]["photos"]) == 1


async def test_ended_task_takes_no_photo(house: House, signed_in: SignedIn) -> None:
    """What comes after the result belongs to nothing."""
    client = await signed_in("grid-worker")
    task = await on_site(house, client)
    await post(client, f"/tasks/{task['id']}/finish", result="rejected", client_id="client-0001")
    late = await client.post(f"{API}/tasks/{task['id']}/photos?moment=after", data=an_image())
    assert (late.status, (await late.json())["code"]) == (409, "closed")
