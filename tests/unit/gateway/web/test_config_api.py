"""Configuration through the browser: what is saved, what is refused, and who sees what."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from camera_configs.loader import load_site
from tests.unit.gateway.web.house import Client, House, SignedIn

BASE = "/api/v1/config"
SECRET = "a-word-nobody-may-see"


async def said(client: Client, method: str, path: str, status: int = 200, **body: Any) -> dict[str, Any]:
    """Ask, and return the answer; it must have that status."""
    options: Any = {"json": body} if body else {}
    answer = await client.request(method, BASE + path, **options)
    assert answer.status == status, await answer.text()
    found: dict[str, Any] = await answer.json() if status != 204 else {}
    return found


async def renamed(client: Client, name: str, camera_id: str = "cam-east") -> dict[str, Any]:
    """Save a camera under another name, and return the answer."""
    shown = await said(client, "GET", f"/cameras/{camera_id}")
    document = {**shown["document"], "name": name}
    body: dict[str, Any] = {"document": document, "base_version": shown["version"], "reason": f"called {name}"}
    return await said(client, "POST", f"/cameras/{camera_id}", **body)


async def test_saved_camera_is_a_version_with_author_reason_and_diff(signed_in: SignedIn, house: House) -> None:
    """What is saved is in force at once, and the version tells who did what and why."""
    operator = await signed_in("operator")
    answer = await renamed(operator, "东门")
    assert (answer["version"], answer["document"]["name"]) == (1, "东门")
    assert house.context.site.camera("cam-east").name == "东门"
    [version] = (await said(operator, "GET", "/versions?camera_id=cam-east"))["items"]
    assert (version["author"], version["reason"], version["cameras"]) == ("operator", "called 东门", 1)
    assert version["entries"] == [{"kind": "camera", "id": "cam-east", "action": "added"}]
    await renamed(operator, "西门")
    [changed] = (await said(operator, "GET", "/versions/2"))["diff"]
    assert changed["changes"] == [{"path": "name", "before": "东门", "after": "西门"}]


async def test_second_author_is_told_of_the_first(signed_in: SignedIn) -> None:
    """Who saved over what somebody else has changed would undo it unseen: 409, with the present version."""
    operator = await signed_in("operator")
    stale = await said(operator, "GET", "/cameras/cam-east")
    await renamed(operator, "东门")
    body: dict[str, Any] = {"document": {**stale["document"], "name": "西门"}, "base_version": 0, "reason": "late"}
    problem = await said(operator, "POST", "/cameras/cam-east", 409, **body)
    assert (problem["code"], problem["version"]) == ("conflict", 1)


async def test_repeated_request_is_no_conflict(signed_in: SignedIn) -> None:
    """An answer that was lost on the way may be asked for again: nothing is written twice."""
    operator = await signed_in("operator")
    shown = await said(operator, "GET", "/cameras/cam-east")
    body: dict[str, Any] = {"document": {**shown["document"], "name": "东门"}, "base_version": 0, "reason": "once"}
    for _ in range(2):
        assert (await said(operator, "POST", "/cameras/cam-east", **body))["version"] == 1


async def test_problems_name_fields_and_nothing_is_saved(signed_in: SignedIn, house: House) -> None:
    """The same words as of a file, with the field as the form knows it."""
    operator = await signed_in("operator")
    shown = await said(operator, "GET", "/cameras/cam-east")
    shown["document"]["rules"][0]["zone"] = "nowhere"
    shown["document"]["position"]["lat"] = 99
    checked = await said(operator, "POST", "/check", document=shown["document"])
    assert [(p["field"], p["code"]) for p in checked["problems"]] == [("position.lat", "less_than_equal")]
    shown["document"]["position"]["lat"] = 36.6
    body: dict[str, Any] = {"document": shown["document"], "base_version": 0, "reason": "wrong"}
    problem = await said(operator, "POST", "/cameras/cam-east", 422, **body)
    [found] = problem["problems"]
    assert (found["field"], found["code"]) == ("rules[0].zone", "unknown")
    assert await house.stores.config.newest() == 0


async def test_passwords_go_in_and_never_come_out(signed_in: SignedIn, house: House) -> None:
    """A password is sealed when it is saved, kept while the host is the same, and asked for again when it is not."""
    operator = await signed_in("operator")
    shown = await said(operator, "GET", "/cameras/cam-east")
    shown["document"]["streams"][0]["password"] = SECRET
    body: dict[str, Any] = {"document": shown["document"], "base_version": 0, "reason": "password"}
    answer = await said(operator, "POST", "/cameras/cam-east", **body)
    assert answer["document"]["streams"][0]["password_sealed"] is True
    token = house.context.site.camera("cam-east").streams[0].password_sealed
    assert token is not None
    await renamed(operator, "东门")
    assert house.context.site.camera("cam-east").streams[0].password_sealed == token
    whole = str(await said(operator, "GET", "/versions/1")) + str(await said(operator, "GET", "/cameras/cam-east"))
    assert SECRET not in whole
    assert token not in whole
    answer["document"]["streams"][0]["url"] = "rtsp://elsewhere.example/main"
    problem = await said(
        operator, "POST", "/cameras/cam-east", 422, document=answer["document"], base_version=2, reason="moved"
    )
    assert problem["problems"][0]["field"] == "streams[0].password_sealed"


async def test_batch_is_previewed_and_all_or_nothing(signed_in: SignedIn, house: House) -> None:
    """A preview saves nothing; one camera that cannot take the change keeps all others from it."""
    admin = await signed_in("admin")
    rule = {"id": "park", "type": "illegal_parking", "zone": "lane"}
    wanted: dict[str, Any] = {
        "select": {"region_code": "370100000000"},
        "change": {"add_rules": [rule]},
        "reason": "parking",
    }
    preview = await said(admin, "POST", "/batch", **wanted, preview=True)
    assert (preview["matched"], preview["changed_total"], preview["problems"]) == (2, 2, [])
    assert preview["changed"][0]["diff"][0]["path"] == "rules[park]"
    assert await house.stores.config.newest() == 0
    wrong: dict[str, Any] = {**wanted, "change": {"add_rules": [{**rule, "zone": "elsewhere"}]}}
    refused = await said(admin, "POST", "/batch", **wrong, preview=False)
    assert {p["camera_id"] for p in refused["problems"]} == {"cam-east", "cam-west"}
    assert await house.stores.config.newest() == 0
    saved = await said(admin, "POST", "/batch", **wanted, preview=False)
    assert saved["version"] == 1
    assert all(c.rules[-1].id == "park" for c in house.context.site.cameras)
    await said(admin, "POST", "/batch", 422, select={}, change={"enabled": False}, reason="all", preview=True)


async def test_batch_reaches_only_the_own_grids(signed_in: SignedIn) -> None:
    """An operator of the east changes no camera of the west, whatever they select."""
    operator = await signed_in("operator")
    wanted: dict[str, Any] = {
        "select": {"region_code": "370100000000"},
        "change": {"add_tags": ["new"]},
        "reason": "tag",
    }
    assert (await said(operator, "POST", "/batch", **wanted, preview=False))["matched"] == 1
    await said(operator, "GET", "/cameras/cam-west", 404)
    shown = await said(operator, "GET", "/cameras/cam-east")
    moved = {**shown["document"], "grids": ["west"]}
    await said(operator, "POST", "/cameras/cam-east", 404, document=moved, base_version=1, reason="away")


async def test_rollback_is_a_version_of_its_own(signed_in: SignedIn, house: House) -> None:
    """Everything, or one camera, becomes what it was; nothing of the history is lost."""
    admin = await signed_in("admin")
    await renamed(admin, "一")
    await renamed(admin, "二")
    await renamed(admin, "三", "cam-west")
    made = await said(admin, "POST", "/versions/1/rollback", reason="the second was wrong", camera_id="cam-east")
    assert (made["id"], made["entries"][0]["id"]) == (4, "cam-east")
    site = house.context.site
    assert (site.camera("cam-east").name, site.camera("cam-west").name) == ("一", "三")
    await said(admin, "POST", "/versions/3/rollback", reason="after all")
    assert house.context.site.camera("cam-east").name == "二"
    await said(admin, "POST", "/versions/77/rollback", 404, reason="never was")


async def test_camera_is_removed_and_a_new_one_made(signed_in: SignedIn, house: House) -> None:
    """A new camera has base version 0; what is removed is gone for the next request."""
    admin = await signed_in("admin")
    shown = await said(admin, "GET", "/cameras/cam-east")
    fresh = {**shown["document"], "id": "cam-new"}
    await said(admin, "POST", "/cameras/cam-new", document=fresh, base_version=0, reason="new")
    await said(admin, "POST", "/cameras/cam-other", 422, document=fresh, base_version=0, reason="wrong id")
    await said(admin, "DELETE", "/cameras/cam-new", 204, base_version=1, reason="gone")
    await said(admin, "GET", "/cameras/cam-new", 404)
    assert house.context.site.find_camera("cam-new") is None


async def test_export_loads_again(signed_in: SignedIn, tmp_path_factory: Any) -> None:
    """The archive is the folder that `gridpatrol config apply` takes; a part of the site is not exported."""
    admin = await signed_in("admin")
    await renamed(admin, "东门")
    answer = await admin.get(BASE + "/export")
    folder = tmp_path_factory.mktemp("export")
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as archive:
        archive.extractall(folder)
    assert load_site(folder).camera("cam-east").name == "东门"
    operator = await signed_in("operator")
    assert (await operator.get(BASE + "/export")).status == 403


async def test_grid_is_saved_and_the_site_shown(signed_in: SignedIn) -> None:
    """An outline drawn in the browser; the editor learns what there is to choose from."""
    operator = await signed_in("operator")
    shown = await said(operator, "GET", "/grids/east")
    outline = [[117.0, 36.6], [117.1, 36.6], [117.1, 36.7]]
    document = {**shown["document"], "polygon": outline}
    await said(operator, "POST", "/grids/east", document=document, base_version=0, reason="outline")
    site = await said(operator, "GET", "/site")
    assert [(g["id"], g["version"], g["polygon"]) for g in site["grids"]] == [("east", 1, outline)]
    blocked = next(t for t in site["event_types"] if t["id"] == "fire_lane_blocked")
    assert blocked["available"]
    assert blocked["default_rule"]["dwell_s"] > 0


async def test_rights(signed_in: SignedIn) -> None:
    """Grid workers see no configuration; who keeps the system running reads it and changes nothing."""
    worker, maintainer = await signed_in("grid-worker"), await signed_in("maintainer")
    await said(worker, "GET", "/site", 403)
    shown = await said(maintainer, "GET", "/cameras/cam-east")
    body: dict[str, Any] = {"document": shown["document"], "base_version": 0, "reason": "no"}
    await said(maintainer, "POST", "/cameras/cam-east", 403, **body)
