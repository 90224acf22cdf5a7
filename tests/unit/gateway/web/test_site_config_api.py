"""Regions, grids, event types and holidays by versions: what is refused, who may, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.gateway.web.house import Client, House, SignedIn

BASE = "/api/v1/config"


async def said(client: Client, method: str, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    """Ask, and return the answer; it must have that status."""
    options: Any = {"json": body} if body else {}
    answer = await client.request(method, BASE + path, **options)
    assert answer.status == status, await answer.text()
    found: dict[str, Any] = await answer.json()
    return found


async def put(client: Client, kind: str, entry: str, document: Any, status: int = 200, **more: Any) -> dict[str, Any]:
    body = {"id": entry, "document": document, "base_version": 0, "reason": "a reason", **more}
    return await said(client, "POST", f"/entries/{kind}", status, **body)


async def listed(client: Client, kind: str) -> dict[str, dict[str, Any]]:
    return {entry["id"]: entry for entry in (await said(client, "GET", f"/entries/{kind}"))["items"]}


async def test_holidays_are_a_version_and_count_for_deadlines_at_once(signed_in: SignedIn, house: House) -> None:
    """With author, reason and diff; taken away again they are gone."""
    admin = await signed_in("admin")
    year = {"year": "2027", "holidays": ["2027-01-01"], "make_up_days": ["2027-01-09"]}
    looked = await put(admin, "calendar", "2027", year, preview=True)
    assert (looked["entry"], looked["problems"], len(looked["diff"])) == (None, [], 1)
    assert not house.context.site.calendar
    saved = await put(admin, "calendar", "2027", year)
    assert (saved["entry"]["version"], saved["entry"]["document"]) == (1, year)
    calendar = house.context.case_terms.calendar
    assert [str(day) for day in calendar.holidays] == ["2027-01-01"]
    [version] = (await said(admin, "GET", "/versions"))["items"]
    assert (version["author"], version["reason"]) == ("admin", "a reason")
    assert version["entries"] == [{"kind": "calendar", "id": "2027", "action": "added"}]
    assert (await put(admin, "calendar", "2027", None, base_version=1))["entry"] is None
    assert await listed(admin, "calendar") == {}
    assert (await said(admin, "POST", "/versions/1/rollback", reason="back"))["id"] == 3
    assert house.context.site.calendar[0].year == "2027"


async def test_what_cannot_be_meant_is_refused_with_its_field(signed_in: SignedIn) -> None:
    """Before it is saved and when it is."""
    admin = await signed_in("admin")
    wrong = {"year": "2027", "holidays": ["tomorrow"]}
    assert [p["field"] for p in (await put(admin, "calendar", "2027", wrong, preview=True))["problems"]] == [
        "holidays[0]"
    ]
    problem = await put(admin, "calendar", "2027", wrong, 422)
    assert [p["field"] for p in problem["problems"]] == ["holidays[0]"]
    other = await put(admin, "calendar", "2028", {"year": "2027"}, 422)
    assert [p["code"] for p in other["problems"]] == ["other_id"]
    await put(admin, "calendar", "2030", None, 404)
    await put(admin, "camera", "cam-east", {}, 404)
    assert (await admin.request("GET", f"{BASE}/entries/camera")).status == 404


async def test_a_grid_in_use_cannot_be_taken_away(signed_in: SignedIn) -> None:
    """The camera that names it is named; an unused one may go, and its outline may change."""
    admin = await signed_in("admin")
    east = (await listed(admin, "grid"))["east"]
    assert east["used_by"] > 0
    problem = await put(admin, "grid", "east", None, 422)
    assert {p["code"] for p in problem["problems"]} == {"unknown"}
    outline = [[100.1, 38.1], [100.2, 38.1], [100.2, 38.2]]
    saved = await put(admin, "grid", "east", {**east["document"], "polygon": outline})
    assert saved["diff"][0]["path"] == "polygon"
    stale = await put(admin, "grid", "east", {**east["document"], "name": "Other"}, 409)
    assert (stale["code"], stale["version"]) == ("conflict", 1)
    fresh = {**east["document"], "id": "north", "code": "north-1", "name": "North"}
    assert (await put(admin, "grid", "north", fresh))["entry"]["used_by"] == 0
    assert (await put(admin, "grid", "north", None, base_version=2))["entry"] is None


async def test_an_event_type_keeps_only_what_the_site_says_otherwise(signed_in: SignedIn, house: House) -> None:
    """Taken away it is as shipped again; a type about persons is refused."""
    admin = await signed_in("admin")
    shipped = (await listed(admin, "event_type"))["camera_fault.black"]
    assert (shipped["shipped"], shipped["version"], shipped["document"]) == (True, 0, {"id": "camera_fault.black"})
    change = {"id": "camera_fault.black", "deadline": {"amount": 2, "unit": "wd"}}
    saved = await put(admin, "event_type", "camera_fault.black", change)
    assert saved["entry"]["document"] == change
    assert saved["entry"]["effective"]["zh"] == shipped["effective"]["zh"]
    assert house.context.site.event_type("camera_fault.black").deadline.amount == 2
    back = await put(admin, "event_type", "camera_fault.black", None, base_version=1)
    assert back["entry"]["document"] == {"id": "camera_fault.black"}
    assert house.context.site.event_type("camera_fault.black").deadline.unit == shipped["effective"]["deadline"]["unit"]
    person = {**shipped["effective"], "id": "face_match", "parent": None, "zh": "人脸比对", "en": "Face match"}
    assert [p["code"] for p in (await put(admin, "event_type", "face_match", person, 422))["problems"]] == [
        "about_persons"
    ]


@pytest.mark.parametrize("kind", ["region", "event_type", "calendar"])
async def test_what_is_the_whole_sites_is_not_for_an_account_of_some_grids(signed_in: SignedIn, kind: str) -> None:
    """It may read it; its own grids it may edit, and no others."""
    operator = await signed_in("operator")
    await listed(operator, kind)
    documents = {
        "region": ("620702001001", {"code": "620702001001", "name": "Other"}),
        "event_type": ("camera_fault.black", {"id": "camera_fault.black", "dwell_s": 9}),
        "calendar": ("2027", {"year": "2027"}),
    }
    await put(operator, kind, *documents[kind], status=403)
    grids = await listed(operator, "grid")
    assert set(grids) == {"east"}
    await put(operator, "grid", "east", {**grids["east"]["document"], "name": "East side"})
    admin = await signed_in("admin")
    west = (await listed(admin, "grid"))["west"]["document"]
    await put(operator, "grid", "west", {**west, "name": "Mine"}, status=404)
