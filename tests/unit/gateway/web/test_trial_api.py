"""Trials over HTTP: who may, what is refused, and that nobody sees another's."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from camera_configs.documents import document_of
from gateway.desk.trials import MAX_WAITING, TrialDesk
from gateway.settings import Settings
from tests.unit.gateway.web.house import Client, House, SignedIn, town

ECHO = "import json, sys; print(json.dumps({'result': json.load(sys.stdin)}))"
PATH = "/api/v1/config/cameras/cam-east/trials"


@pytest.fixture
async def trials(house: House, tmp_path: Path) -> TrialDesk:
    """Give the town a desk whose process answers with its order; it runs once `run` is awaited."""
    desk = TrialDesk(Settings(data_dir=tmp_path), (sys.executable, "-c", ECHO))
    house.context = replace(house.context, trials=desk)
    return desk


def document(**changes: Any) -> dict[str, Any]:
    camera = next(c for c in town().cameras if c.id == "cam-east")
    return {**document_of(camera), **changes}


async def told(client: Client, path: str) -> tuple[int, Any]:
    answer = await client.get(f"/api/v1{path}")
    return answer.status, await answer.json()


async def test_without_trials_it_is_said_so(signed_in: SignedIn) -> None:
    """503, not an error nobody foresaw."""
    answer = await (await signed_in("admin")).post(PATH, json={})
    assert (answer.status, (await answer.json())["code"]) == (503, "unavailable")


@pytest.mark.parametrize(
    "body",
    [{"task": "guess"}, {"days": 0}, {"days": 93}, {"more": 1}, {"document": document(zones=7)}, {"document": {}}],
    ids=str,
)
async def test_what_makes_no_sense_is_refused(trials: TrialDesk, signed_in: SignedIn, body: dict[str, Any]) -> None:
    """With the field's name, and nothing is put in line."""
    answer = await (await signed_in("admin")).post(PATH, json=body)
    problem = await answer.json()
    assert (answer.status, problem["code"]) == (422, "invalid")
    assert problem.get("errors") or problem.get("problems")


@pytest.mark.parametrize("name", ["grid-worker", "grid-leader", "maintainer", "auditor"])
async def test_who_may_not_edit_may_not_try(trials: TrialDesk, signed_in: SignedIn, name: str) -> None:
    """The right is that of editing."""
    client = await signed_in(name)
    assert (await client.post(PATH, json={})).status == 403
    assert (await client.get("/api/v1/config/trials/trial_x")).status == 403


async def test_a_camera_that_is_not_there_is_not_tried(trials: TrialDesk, signed_in: SignedIn) -> None:
    """404, as for one out of scope."""
    client = await signed_in("admin")
    assert (await client.post("/api/v1/config/cameras/none/trials", json={})).status == 404
    operator = await signed_in("operator")
    assert (await operator.post("/api/v1/config/cameras/cam-west/trials", json={})).status == 404


async def test_too_many_are_refused_with_a_time(trials: TrialDesk, signed_in: SignedIn) -> None:
    """Nobody waits for ever."""
    client = await signed_in("admin")
    for _ in range(MAX_WAITING):
        assert (await client.post(PATH, json={})).status == 202
    answer = await client.post(PATH, json={})
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_a_changed_camera_is_tried_and_only_its_owner_hears(
    trials: TrialDesk, signed_in: SignedIn, house: House
) -> None:
    """Nothing is saved; the register knows who tried."""
    client = await signed_in("admin")
    changed = document(name="changed")
    answer = await client.post(PATH, json={"task": "proposals", "document": changed, "days": 30})
    assert answer.status == 202, await answer.text()
    trial_id = (await answer.json())["trial_id"]
    async with asyncio.TaskGroup() as group:
        running = group.create_task(trials.run())
        async with asyncio.timeout(60):
            while (await told(client, f"/config/trials/{trial_id}"))[1]["state"] != "done":  # noqa: ASYNC110 - as people ask
                await asyncio.sleep(0.02)
        running.cancel()
    status, view = await told(client, f"/config/trials/{trial_id}")
    assert (status, view["task"], view["camera_id"], view["error"]) == (200, "proposals", "cam-east", "")
    assert view["result"]["site"]["cameras"][0]["name"] == "changed"
    assert house.context.site.camera("cam-east").name != "changed"
    assert (await told(await signed_in("operator"), f"/config/trials/{trial_id}"))[0] == 404
    assert any(e.action == "config.trial" and e.subject == "cam-east" for e in await house.stores.audit.entries())
    assert "password" not in json.dumps(view)
