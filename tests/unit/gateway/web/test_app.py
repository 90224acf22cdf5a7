"""Rights over every route at once, so that a new endpoint cannot be forgotten; headers and errors."""

from __future__ import annotations

from typing import Any

from gateway.access.rights import RIGHTS, Right
from gateway.web.app import api_routes
from gateway.web.routes import API, Open, Route
from storage.records import Role
from tests.unit.gateway.web.house import Client, House, SignedIn

GUARDED = [route for route in api_routes() if route.access not in {Open.ANYBODY, Open.SIGNATURE}]
WITH_RIGHT = [route for route in GUARDED if isinstance(route.access, Right)]
CHANGING = [route for route in GUARDED if route.method != "GET"]
IDS = [f"{route.method} {route.path}" for route in GUARDED]

BODIES: dict[str, Any] = {"/review/{item_id}/verdict": {"verdict": "rejected"}, "/session": {"locale": "en"}}
# What each id of a path means in the town, seen from the west: everything here belongs to the east.
EAST = {
    "item_id": f"rev_{1:026d}",
    "event_id": f"evt_{1:026d}",
    "evidence_id": f"evd_{1:026d}clip",
    "camera_id": "cam-east",
}


def path_of(route: Route, **ids: str) -> str:
    """Return an address of the route, with ids that exist nowhere unless given."""
    return API + route.path.format(**{name: ids.get(name, "nowhere") for name in route.parameters})


async def ask(client: Client, route: Route, **ids: str) -> tuple[int, str]:
    """Ask as plainly as possible; return status and problem code."""
    answer = await client.request(route.method, path_of(route, **ids), json=BODIES.get(route.path))
    code = (await answer.json()).get("code", "") if answer.content_type == "application/problem+json" else ""
    return answer.status, code


async def test_every_role_is_refused_what_it_has_no_right_to(signed_in: SignedIn) -> None:
    """For all roles and routes: 403 exactly where the right is missing."""
    for role in Role:
        client = await signed_in(role.value.replace("_", "-"))
        for route in WITH_RIGHT:
            if route.websocket or route.method != "GET":
                continue
            refused = (await ask(client, route))[1] == "access_denied"
            assert refused == (route.access not in RIGHTS[role]), (role, route.path)


async def test_changes_need_the_right_too(signed_in: SignedIn) -> None:
    """An auditor may change nothing."""
    client = await signed_in("auditor")
    for route in CHANGING:
        if isinstance(route.access, Right):
            assert await ask(client, route) == (403, "access_denied")


async def test_maintainer_sees_no_footage(house: House, signed_in: SignedIn) -> None:
    """Order 799 article 19: pictures, clips and live view are refused to who keeps the system running."""
    await house.add_event()
    client = await signed_in("maintainer")
    footage = [route for route in WITH_RIGHT if route.access is Right.FOOTAGE_VIEW]
    assert len(footage) == 3
    for route in footage:
        assert await ask(client, route, **EAST) == (403, "access_denied")


async def test_other_grids_do_not_exist(house: House, signed_in: SignedIn) -> None:
    """A worker of the west gets 404 for everything of the east, as for what is nowhere."""
    item = await house.add_event()
    east = await signed_in("grid-worker")
    await east.post(f"{API}/review/{item.id}/verdict", json={"verdict": "confirmed"})
    case_id = (await house.stores.reviews.get(item.id)).case_id
    assert case_id is not None
    west = await signed_in("west-worker")
    for route in WITH_RIGHT:
        if route.parameters and route.access is not Right.CASE_REPLAY:
            assert await ask(west, route, **EAST, case_id=case_id) == (404, "not_found"), route.path


async def test_reading_with_all_rights_never_crashes(house: House, signed_in: SignedIn) -> None:
    """No GET answers 500, for ids that exist and ids that do not."""
    await house.add_event()
    client = await signed_in("admin")
    for route in GUARDED:
        if route.method == "GET" and route.media_type != "text/event-stream":
            for ids in (EAST, {}):
                status, _ = await ask(client, route, **ids)
                assert status in {200, 404, 426}, (route.path, status)
