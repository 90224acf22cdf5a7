"""The services of patrols, wired to the stores, the workers' pictures and the evidence folder."""

from __future__ import annotations

from dataclasses import replace

from gateway.web.patrol_services import make_handled_desk, make_round_clerk
from tests.unit.gateway.patrol.samples import an_image
from tests.unit.gateway.web.house import House, SignedIn
from tests.unit.gateway.web.patrols import add_round, fed_back, get, post
from tests.unit.gateway.web.test_live_api import working


async def test_handled_case_is_looked_at_through_its_worker(house: House, signed_in: SignedIn) -> None:
    """The worker's picture becomes evidence beside the old one; somebody is asked; motion cannot judge one picture."""
    client = await signed_in("grid-worker")
    case_id = await fed_back(house, client)
    desk = make_handled_desk(house.context, lambda *_: None)
    async with working(house) as worker:
        await desk.run_once()
        assert (await get(client, f"/cases/{case_id}/looks"))[1]["looks"] == []  # its picture is no picture
        worker.jpeg = an_image(640, 480)
        worker.picture_at = house.clock.now().isoformat()
        await desk.run_once()
        await desk.run_once()
    _, answer = await get(client, f"/cases/{case_id}/looks")
    (look,) = answer["looks"]
    assert (answer["checkable"], look["result"], look["detail"]) == (True, "cannot_tell", "no_detector")
    assert (look["before"]["kind"], look["after"]["kind"]) == ("thumbnail", "after")
    assert (await client.get(look["after"]["url"])).status == 200
    _, page = await get(client, "/tasks?mine=true")
    (task,) = page["items"]
    assert (task["kind"], task["case_id"], task["place"]) == ("verify", case_id, "东街 3 号消防通道")
    _, detail = await get(client, f"/tasks/{task['id']}")
    assert detail["looks"] == [look]
    await post(client, f"/cases/{case_id}/verify", result="verified")
    assert (await get(client, f"/tasks/{task['id']}"))[1]["state"] == "cancelled"


async def test_services_are_wired_to_the_stores(house: House) -> None:
    """The clerk of the town misses rounds and makes those of its plans."""
    old = await add_round(house, opened_s_ago=4 * 3600)
    plan = await house.stores.patrol.plan(old.plan_id)
    await house.stores.patrol.save_plan(replace(plan, version=2))
    await make_round_clerk(house.context).run_once()
    assert (await house.stores.patrol.round(old.id)).state == "missed"
    assert await house.stores.patrol.plans_to_round(house.clock.now(), 10) == []
