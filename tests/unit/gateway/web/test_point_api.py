"""Points over HTTP: made by leaders, their codes hidden from those who are to go there, and read from pictures."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import pytest

from gateway.web import point_api
from gateway.web.point_api import CODE_LETTERS, MAX_PICTURE_BYTES
from tests.unit.gateway.evidence.test_qr import CODE, photo
from tests.unit.gateway.patrol.samples import an_image
from tests.unit.gateway.web.house import Client, House, SignedIn
from tests.unit.gateway.web.patrols import API, get, post

GATE = {"grid_id": "east", "name": "水闸", "lon": 117.0, "lat": 36.6}


async def read(client: Client, data: bytes) -> tuple[int, Any]:
    answer = await client.post(f"{API}/points/read", data=io.BytesIO(data))
    return answer.status, await answer.json()


async def test_code_is_for_those_who_post_it(signed_in: SignedIn) -> None:
    """A worker sees the point and scans its code on site; other grids see neither."""
    leader, worker = await signed_in("grid-leader"), await signed_in("grid-worker")
    status, point = await post(leader, "/points", **GATE)
    assert (status, len(point["code"])) == (201, CODE_LETTERS)
    assert (await get(leader, "/points?grid_id=east"))[1] == [point]
    assert (await get(leader, "/points?q=水"))[1] == [point]
    assert (await get(leader, "/points?q=桥"))[1] == []
    assert (await get(worker, "/points"))[1] == [point | {"code": None}]
    assert (await get(await signed_in("west-worker"), "/points"))[1] == []


async def test_points_stand_in_known_grids(signed_in: SignedIn) -> None:
    """Within the scope, by who plans patrols, at a position that exists; also when they are changed."""
    leader = await signed_in("grid-leader")
    assert (await post(leader, "/points", **GATE | {"grid_id": "west"}))[0] == 404
    assert (await post(await signed_in("admin"), "/points", **GATE | {"grid_id": "nowhere"}))[0] == 404
    assert (await post(await signed_in("grid-worker"), "/points", **GATE))[0] == 403
    assert (await post(leader, "/points", **GATE | {"lat": 91}))[0] == 422
    _, point = await post(leader, "/points", **GATE)
    assert (await post(leader, f"/points/{point['id']}", **GATE | {"grid_id": "west"}))[0] == 404
    assert (await post(await signed_in("grid-worker"), f"/points/{point['id']}", **GATE))[0] == 403
    assert (await post(leader, "/points/cp_none", **GATE))[0] == 404


async def test_point_is_changed_and_removed(signed_in: SignedIn) -> None:
    """Its code stays; with it go the tasks that nobody has done."""
    leader = await signed_in("grid-leader")
    _, point = await post(leader, "/points", **GATE)
    status, changed = await post(leader, f"/points/{point['id']}", **GATE | {"name": "新水闸", "lat": 36.7})
    assert (status, changed) == (200, point | {"name": "新水闸", "lat": 36.7})
    _, task = await post(leader, "/tasks", grid_id="east", title="看水闸", point_id=point["id"])
    assert (await leader.delete(f"{API}/points/{point['id']}")).status == 204
    assert (await get(leader, "/points"))[1] == []
    assert (await get(leader, f"/tasks/{task['id']}"))[1]["state"] == "cancelled"
    assert (await leader.delete(f"{API}/points/{point['id']}")).status == 404


async def test_last_check_is_told(signed_in: SignedIn) -> None:
    """When, by whom, what was found, and whether the code was scanned."""
    leader, worker = await signed_in("grid-leader"), await signed_in("grid-worker")
    _, point = await post(leader, "/points", **GATE)
    _, task = await post(leader, "/tasks", grid_id="east", title="看水闸", point_id=point["id"])
    await post(worker, f"/tasks/{task['id']}/arrive", code=point["code"].upper())
    assert (await get(worker, "/points"))[1][0]["last_check"] is None
    await post(worker, f"/tasks/{task['id']}/finish", result="handled", client_id="c" * 10)
    check = (await get(worker, "/points"))[1][0]["last_check"]
    assert (check["task_id"], check["result"], check["arrived_by"]) == (task["id"], "handled", "code")
    assert check["by_name"] == "grid-worker 同志"


async def test_sign_is_drawn_for_those_who_post_it(signed_in: SignedIn) -> None:
    """As SVG that no cache keeps."""
    leader = await signed_in("grid-leader")
    _, point = await post(leader, "/points", **GATE)
    answer = await leader.get(f"{API}/points/{point['id']}/code")
    assert (answer.content_type, answer.headers["Cache-Control"]) == ("image/svg+xml", "no-store")
    assert (await answer.text()).startswith("<svg ")
    assert (await (await signed_in("grid-worker")).get(f"{API}/points/{point['id']}/code")).status == 403
    assert (await leader.get(f"{API}/points/cp_none/code")).status == 404


async def test_code_is_read_from_a_picture(signed_in: SignedIn) -> None:
    """One that shows a code, one that shows none, something else, too much of it."""
    worker = await signed_in("grid-worker")
    assert await read(worker, photo()) == (200, {"code": CODE.upper()})
    assert await read(worker, an_image(320, 240)) == (200, {"code": None})
    assert (await read(worker, b"nothing"))[0] == 415
    assert (await read(worker, bytes(MAX_PICTURE_BYTES + 1)))[0] == 413
    assert (await read(await signed_in("auditor"), photo()))[0] == 403


async def test_pictures_do_not_queue(house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is being read others are told to come again."""
    worker = await signed_in("grid-worker")
    busy = asyncio.Semaphore(1)
    monkeypatch.setattr(point_api, "_READING", busy)
    async with busy:
        answer = await worker.post(f"{API}/points/read", data=photo())
        assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
    assert (await read(worker, photo()))[0] == 200
