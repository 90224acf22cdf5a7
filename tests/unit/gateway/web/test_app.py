"""Rights over every route at once, so that a new endpoint cannot be forgotten; headers and errors."""

from __future__ import annotations

import io
from typing import Any

from PIL import Image

from gateway.access.rights import RIGHTS, Right
from gateway.web.app import api_routes
from gateway.web.routes import API, Open, Route
from storage.records import Role
from tests.unit.gateway.web.house import Client, House, SignedIn

GUARDED = [route for route in api_routes() if route.access not in {Open.ANYBODY, Open.SIGNATURE}]
WITH_RIGHT = [route for route in GUARDED if isinstance(route.access, Right)]
CHANGING = [route for route in GUARDED if route.method != "GET"]
IDS = [f"{route.method} {route.path}" for route in GUARDED]

CLIENT_ID = "0f8fad5b-d9cb-469f-a165-70867728950e"
BODIES: dict[str, Any] = {
    "/review/{item_id}/verdict": {"verdict": "rejected"},
    "/session": {"locale": "en"},
    "/patrol/rounds/{round_id}/views/{point_id}": {
        "verdict": "normal",
        "dwell_s": 1,
        "shown": "live",
        "client_id": CLIENT_ID,
    },
    "/patrol/rounds/{round_id}/finish": {},
    "/tasks/{task_id}/arrive": {"lon": 117.0, "lat": 36.0, "accuracy_m": 10},
    "/tasks/{task_id}/return": {"note": "not mine"},
    "/tasks/{task_id}/finish": {"result": "rejected", "client_id": CLIENT_ID},
    "/cases/{case_id}/verify": {"result": "verified"},
}
# Bodies that are files; what is wrong with a file is told before anything is looked up.
FILES = {"/review/{item_id}/notes": f"?client_id={CLIENT_ID}", "/tasks/{task_id}/photos": "?moment=before"}
# What must be said to be answered.
QUERIES = {
    "/grids/at": "?lon=117&lat=36",
    "/map": "?bbox=116,35,118,37&zoom=9",
    "/patrol/workers": "?grid_id=east",
    "/patrol/log": "?grid_id=east",
    "/patrol/coverage": "?grid_id=east",
    "/config/cameras/{camera_id}/offsets": "?references=ref_00000000000000000000000000000000",
}
# What this town's application was not given.
NOT_HERE = {"/ledger/jobs/{job_id}": {503}, "/config/trials/{trial_id}": {503}}
# Told only to who may see all of the site.
WHOLE_SITE = {"/config/export"}
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
    if route.path in FILES and route.method == "POST":
        path = path_of(route, **ids) + FILES[route.path]
        answer = await client.post(path, data=photo(), headers={"Content-Type": "image/jpeg"})
    else:
        path = path_of(route, **ids) + QUERIES.get(route.path, "")
        answer = await client.request(route.method, path, json=BODIES.get(route.path))
    code = (await answer.json()).get("code", "") if answer.content_type == "application/problem+json" else ""
    return answer.status, code


def photo() -> bytes:
    """Return a small picture."""
    made = io.BytesIO()
    Image.new("RGB", (16, 16)).save(made, "JPEG")
    return made.getvalue()


async def test_every_role_is_refused_what_it_has_no_right_to(signed_in: SignedIn) -> None:
    """For all roles and routes: 403 exactly where the right is missing."""
    for role in Role:
        client = await signed_in(role.value.replace("_", "-"))
        for route in WITH_RIGHT:
            if route.websocket or route.method != "GET":
                continue
            refused = (await ask(client, route))[1] == "access_denied"
            lacking = route.access not in RIGHTS[role] or (route.path in WHOLE_SITE and role is not Role.ADMIN)
            assert refused == lacking, (role, route.path)


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
    assert {route.path for route in footage} == {
        "/cameras/{camera_id}/live",
        "/cameras/{camera_id}/picture",
        "/config/cameras/{camera_id}/references/{reference_id}",
        "/evidence/{evidence_id}",
        "/review/notes/{note_id}",
        "/tasks/{task_id}/photos/{photo_id}",
    }
    for route in footage:
        assert await ask(client, route, **EAST) == (403, "access_denied")


async def test_other_grids_do_not_exist(house: House, signed_in: SignedIn) -> None:
    """A worker of the west gets 404 for everything of the east, as for what is nowhere; 403 where no worker may."""
    item = await house.add_event()
    east = await signed_in("grid-worker")
    await east.post(f"{API}/review/{item.id}/verdict", json={"verdict": "confirmed"})
    case_id = (await house.stores.reviews.get(item.id)).case_id
    assert case_id is not None
    west = await signed_in("west-worker")
    for route in WITH_RIGHT:
        if route.parameters:
            refusal = (404, "not_found") if route.access in RIGHTS[Role.GRID_WORKER] else (403, "access_denied")
            assert await ask(west, route, **EAST, case_id=case_id) == refusal, route.path


async def test_reading_with_all_rights_never_crashes(house: House, signed_in: SignedIn) -> None:
    """No GET answers 500, for ids that exist and ids that do not."""
    await house.add_event()
    client = await signed_in("admin")
    for route in GUARDED:
        if route.method == "GET" and route.media_type != "text/event-stream":
            for ids in (EAST, {}):
                status, _ = await ask(client, route, **ids)
                assert status in {200, 404, 426, *NOT_HERE.get(route.path, ())}, (route.path, status)
