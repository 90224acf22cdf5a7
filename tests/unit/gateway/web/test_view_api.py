"""Reference pictures over HTTP: taken from the worker, kept, shown to people who may, compared."""

from __future__ import annotations

from collections.abc import AsyncIterator

import cv2
import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from gateway.types import Bgr
from storage.records import WorkerRecord
from storage.reference_pictures import picture_key
from tests.unit.gateway.analysis.health.street import street
from tests.unit.gateway.web.house import House, SignedIn

BASE = "/api/v1/config/cameras/cam-east"
NONE = f"ref_{'0' * 32}"


class Watcher:
    """A worker that shows what the test puts before it."""

    def __init__(self) -> None:
        self.picture: Bgr | None = street()
        self.taken_at = ""

    async def show(self, _: web.Request) -> web.Response:
        """Answer as a worker does."""
        if self.picture is None:
            raise web.HTTPNotFound
        jpeg = cv2.imencode(".jpg", self.picture)[1].tobytes()
        return web.Response(body=jpeg, content_type="image/jpeg", headers={"X-Picture-At": self.taken_at})


@pytest.fixture
async def watcher(house: House) -> AsyncIterator[Watcher]:
    """Return a worker, listening and registered, that watches both cameras."""
    found = Watcher()
    now = house.clock.now()
    found.taken_at = now.isoformat()
    app = web.Application()
    app.router.add_get("/cameras/{camera_id}/picture", found.show)
    server = TestServer(app)
    await server.start_server()
    record = WorkerRecord("w1", "run_1", 1, str(server.make_url("")), "token", ("cam-east", "cam-west"), now, now)
    await house.stores.fleet.register(record)
    yield found
    await server.close()


async def test_a_reference_is_taken_shown_and_on_record(house: House, signed_in: SignedIn, watcher: Watcher) -> None:
    """The picture is kept among the media, comes back as JPEG, and every opening is in the register."""
    client = await signed_in("operator")
    taken = await client.post(f"{BASE}/references", json={"instead_of": None})
    assert taken.status == 201, await taken.text()
    answer = await taken.json()
    assert (answer["offset"], answer["taken_at"][:10]) == (None, watcher.taken_at[:10])
    await house.media.open_path(picture_key("cam-east", answer["id"]))
    for _ in range(2):
        shown = await client.get(f"{BASE}/references/{answer['id']}")
    assert (shown.status, shown.content_type) == (200, "image/jpeg")
    assert "X-Picture-At" in shown.headers
    picture = cv2.imdecode(np.frombuffer(await shown.read(), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (270, 480, 3)
    actions = [(e.action, e.subject) for e in await house.stores.audit.entries()]
    assert actions.count(("config.reference.take", "cam-east")) == 1
    assert actions.count(("view_reference", answer["id"])) == 1


async def test_what_has_moved_is_told(signed_in: SignedIn, watcher: Watcher) -> None:
    """By which way and how far, when compared and when the picture is taken anew; unknown pictures are left out."""
    client = await signed_in("operator")
    first = (await (await client.post(f"{BASE}/references", json={})).json())["id"]
    watcher.picture = np.roll(street(1), (0, 24), (0, 1))
    answer = await (await client.get(f"{BASE}/offsets?references={first},{NONE}")).json()
    (offset,) = answer["offsets"]
    assert (offset["reference"], offset["lies"]) == (first, "aside")
    assert offset["right"] == pytest.approx(0.05, abs=0.003)
    taken = await (await client.post(f"{BASE}/references", json={"instead_of": first})).json()
    assert taken["offset"]["right"] == pytest.approx(0.05, abs=0.003)
    again = await (await client.get(f"{BASE}/offsets?references={taken['id']}")).json()
    assert again["offsets"][0]["lies"] == "in_place"


async def test_who_may_not_see_footage_takes_and_sees_none(signed_in: SignedIn, watcher: Watcher) -> None:
    """Maintainers compare, which shows nothing; pictures of other grids are not there; ids are checked."""
    operator, maintainer = await signed_in("operator"), await signed_in("maintainer")
    taken = (await (await operator.post(f"{BASE}/references", json={})).json())["id"]
    assert (await maintainer.post(f"{BASE}/references", json={})).status == 403
    assert (await maintainer.get(f"{BASE}/references/{taken}")).status == 403
    assert (await operator.get(f"{BASE}/references/{NONE}")).status == 404
    assert (await operator.get("/api/v1/config/cameras/cam-none/references/x")).status == 404
    assert (await operator.get(f"{BASE}/offsets?references=../../x")).status == 422
    assert (await operator.get(f"{BASE}/offsets?references={','.join([NONE] * 17)}")).status == 422
    assert watcher.picture is not None


async def test_without_a_picture_there_is_nothing_to_take(signed_in: SignedIn, watcher: Watcher) -> None:
    """404 while the camera shows nothing; taken once it does."""
    client = await signed_in("operator")
    watcher.picture = None
    assert (await client.post(f"{BASE}/references", json={})).status == 404
    watcher.picture = street()
    assert (await client.post(f"{BASE}/references", json={})).status == 201
