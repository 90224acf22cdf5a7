"""Browsers subscribe and take it back; nobody makes the gateway call what it should not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.push.endpoints import AllowedHosts
from gateway.push.keys import PushKeys
from gateway.settings import Settings
from gateway.web.context import PushDesk
from gateway.web.push_services import Audience, make_push_sender, open_push
from storage.records import Role
from tests.unit.gateway.push.service import Browser, text_of
from tests.unit.gateway.web.house import House, serve, sign_in

ENDPOINT = "https://push.example/to/a"


def wanted(endpoint: str = ENDPOINT, **keys: str) -> dict[str, Any]:
    browser = Browser("a")
    return {"endpoint": endpoint, "keys": {"p256dh": browser.p256dh, "auth": text_of(browser.auth), **keys}}


@pytest.fixture
def pushing(house: House, tmp_path: Path) -> House:
    """A town whose people may be woken."""
    desk = PushDesk(PushKeys.of_folder(tmp_path), AllowedHosts(["push.example"]))
    house.context = replace(house.context, push=desk)
    return house


async def test_without_push_services_nobody_is_woken(house: House, tmp_path: Path) -> None:
    """The page is told and offers nothing; no key is made."""
    assert open_push(Settings(data_dir=tmp_path, push_hosts=())) is None
    assert make_push_sender(house.context) is None
    async with serve(house) as new_client:
        client = new_client()
        await sign_in(client, "grid-worker")
        assert await (await client.get("/api/v1/push/key")).json() == {"public_key": None}
        assert (await client.post("/api/v1/push/subscriptions", json=wanted())).status == 404


@pytest.mark.parametrize(
    "body",
    [
        wanted("https://internal.example/to/a"),
        wanted("http://push.example/to/a"),
        wanted("file:///etc/passwd"),
        wanted(ENDPOINT + "x" * 1_000),
        wanted(p256dh="A" * 87),
        wanted(auth="A" * 40),
        {"endpoint": ENDPOINT},
    ],
    ids=["host", "http", "file", "long", "point", "secret", "no keys"],
)
async def test_unsound_subscriptions_are_refused(pushing: House, body: dict[str, Any]) -> None:
    """422, and nothing is kept."""
    async with serve(pushing) as new_client:
        client = new_client()
        await sign_in(client, "grid-worker")
        assert (await client.post("/api/v1/push/subscriptions", json=body)).status == 422
    assert await pushing.stores.push.all() == []


async def test_subscribing_and_taking_it_back(pushing: House) -> None:
    """By whoever may judge; nobody takes back what is another's."""
    async with serve(pushing) as new_client:
        worker, leader, auditor = new_client(), new_client(), new_client()
        for client, name in ((worker, "grid-worker"), (leader, "grid-leader"), (auditor, "auditor")):
            await sign_in(client, name)
        assert pushing.context.push is not None
        key = (await (await worker.get("/api/v1/push/key")).json())["public_key"]
        assert key == pushing.context.push.keys.public
        assert (await worker.post("/api/v1/push/subscriptions", json=wanted())).status == 204
        assert (await auditor.post("/api/v1/push/subscriptions", json=wanted())).status == 403
        assert [s.account_id for s in await pushing.stores.push.all()] == ["acc_grid-worker"]
        for client, left in ((leader, 1), (worker, 0)):
            answer = await client.delete("/api/v1/push/subscriptions", json={"endpoint": ENDPOINT})
            assert (answer.status, len(await pushing.stores.push.all())) == (204, left)


async def test_who_is_woken_for_what(pushing: House) -> None:
    """One's own grids, as far as one may still see and judge them."""
    audience = Audience(pushing.context)
    worker = await pushing.stores.accounts.get("acc_grid-worker")
    assert audience.grids_of(worker) == {"east"}
    assert audience.grids_of(replace(worker, disabled=True)) == frozenset()
    assert audience.grids_of(replace(worker, role=Role.AUDITOR)) == frozenset()
    assert audience.grids_of(replace(worker, grid_ids=(), region_codes=("",))) == frozenset()
    assert make_push_sender(pushing.context) is not None
