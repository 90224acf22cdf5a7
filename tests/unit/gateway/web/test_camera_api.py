"""Cameras over HTTP: health in scope, and never a credential."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.desk.site_book import standing
from storage.records import CameraState, CameraStateName, CoverageRow, CoverageState
from tests.unit.gateway.web.house import House, SignedIn, camera, serve, sign_in, town


async def test_credentials_are_never_shown(signed_in: SignedIn) -> None:
    """Neither password, user name nor path of the stream; its host only."""
    answer = await (await signed_in("admin")).get("/api/v1/cameras/cam-east")
    text = await answer.text()
    for secret in ("hidden-password", "viewer", "rtsp://", "/main"):
        assert secret not in text
    assert (await answer.json())["streams"] == [
        {"role": "main", "transport": "tcp", "codec": None, "host": "camera.example"}
    ]


async def test_list_shows_the_scope_only(house: House, signed_in: SignedIn) -> None:
    """A worker of the east sees the east; totals count the same."""
    await house.report("cam-east", CameraStateName.ONLINE)
    await house.report("cam-west", CameraStateName.ONLINE)
    page = await (await (await signed_in("grid-worker")).get("/api/v1/cameras")).json()
    assert [item["id"] for item in page["items"]] == ["cam-east"]
    assert page["totals"] == {"online": 1, "total": 1}


async def test_camera_in_two_grids_is_seen_from_both(house: House) -> None:
    """One of its grids in scope is enough."""
    shared = camera("cam-shared", "west", grids=("west", "east"))
    site = town()
    changed = site.model_copy(update={"cameras": (*site.cameras, shared)})
    house.context = replace(house.context, book=standing(changed))
    async with serve(house) as new_client:
        client = new_client()
        await sign_in(client, "grid-worker")
        page = await (await client.get("/api/v1/cameras")).json()
    assert [item["id"] for item in page["items"]] == ["cam-east", "cam-shared"]


async def test_camera_without_a_report_is_connecting(signed_in: SignedIn) -> None:
    """Unknown is not online; nothing has been heard of it yet."""
    detail = await (await (await signed_in("grid-worker")).get("/api/v1/cameras/cam-east")).json()
    assert detail["state"]["state"] == "connecting"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=WEST", ["cam-west"]),
        ("q=东街", ["cam-east", "cam-west"]),
        ("grid_id=east", ["cam-east"]),
        ("state=online", ["cam-east"]),
        ("state=online,connecting", ["cam-east", "cam-west"]),
        ("q=nowhere", []),
    ],
)
async def test_list_is_filtered(house: House, signed_in: SignedIn, query: str, expected: list[str]) -> None:
    """By words, grid and state."""
    await house.report("cam-east", CameraStateName.ONLINE)
    page = await (await (await signed_in("operator")).get(f"/api/v1/cameras?{query}")).json()
    wanted = [camera_id for camera_id in expected if camera_id == "cam-east"]
    assert [item["id"] for item in page["items"]] == wanted
    everything = await (await (await signed_in("admin")).get(f"/api/v1/cameras?{query}")).json()
    assert [item["id"] for item in everything["items"]] == expected


async def test_pages_follow_each_other(signed_in: SignedIn) -> None:
    """The cursor of one page begins the next."""
    client = await signed_in("admin")
    first = await (await client.get("/api/v1/cameras?limit=1")).json()
    second = await (await client.get(f"/api/v1/cameras?limit=1&cursor={first['next_cursor']}")).json()
    assert [p["items"][0]["id"] for p in (first, second)] == ["cam-east", "cam-west"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=-id", ["cam-west", "cam-east"]),
        ("sort=name", ["cam-east", "cam-west"]),
        ("sort=-grid", ["cam-west", "cam-east"]),
        ("sort=state", ["cam-west", "cam-east"]),
        ("sort=-state", ["cam-east", "cam-west"]),
        ("sort=since", ["cam-west", "cam-east"]),
        ("sort=-since", ["cam-east", "cam-west"]),
        ("region_code=3701", ["cam-east", "cam-west"]),
        ("region_code=44", []),
        ("tag=none", []),
        ("q=west 东街", ["cam-west"]),
    ],
)
async def test_list_is_ordered_and_paged_in_its_order(
    house: House, signed_in: SignedIn, query: str, expected: list[str]
) -> None:
    """The worst state comes first; page by page it is the same list, and `found` its length."""
    await house.report("cam-west", CameraStateName.AUTH_FAILED)
    house.clock.ahead += timedelta(seconds=60)
    await house.report("cam-east", CameraStateName.ONLINE)
    client, found, cursor = await signed_in("admin"), [], ""
    for _ in range(3):
        page = await (await client.get(f"/api/v1/cameras?{query}&limit=1{cursor}")).json()
        found += [item["id"] for item in page["items"]]
        assert page["found"] == len(expected)
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == expected


@pytest.mark.parametrize("cursor", ["nonsense", "WyJjYW1lcmFzIHN0YXRlIiwieCIsImEiXQ"])
async def test_a_cursor_of_another_list_is_refused(signed_in: SignedIn, cursor: str) -> None:
    """Rather than answered with some page."""
    answer = await (await signed_in("admin")).get(f"/api/v1/cameras?sort=state&cursor={cursor}")
    assert answer.status == 422


async def test_detail_says_what_the_rules_do(house: House, signed_in: SignedIn) -> None:
    """Defaults of the taxonomy are filled in; a type that nothing recognises says so."""
    client = await signed_in("grid-worker")
    rule = (await (await client.get("/api/v1/cameras/cam-east")).json())["rules"][0]
    assert (rule["dwell_s"], rule["severity"], rule["detector_ready"]) == (180, "S2", True)


async def test_facts_of_the_watching_are_shown(house: House, signed_in: SignedIn) -> None:
    """Tier, clock, group of pictures, notes and counters."""
    now = house.clock.now()
    facts = {
        "tier": "sub", "clock_offset_s": 6.5, "gop_s": 10.0, "notes": ["long_gop"], "audited": 9, "audit_active": 3,
        "audit_missed": 1, "refused_looks": 4, "refused_bursts": 5, "lost_packets": 6,
    }  # fmt: skip
    known = {**facts, "notes": ("long_gop",)}
    await house.stores.fleet.save_states([CameraState("cam-east", CameraStateName.ONLINE, now, now, **known)])  # type: ignore[arg-type]
    state = (await (await (await signed_in("maintainer")).get("/api/v1/cameras/cam-east")).json())["state"]
    assert {name: state[name] for name in facts} == facts


async def test_list_and_page_say_how_well_a_camera_was_watched_today(house: House, signed_in: SignedIn) -> None:
    """A quarter of the time offline; the camera that nothing is known of says nothing."""
    now = house.clock.now().replace(microsecond=0)
    house.clock.ahead += timedelta(days=1) - (now - now.replace(hour=20, minute=0, second=0))  # 4 o'clock there
    now = house.clock.now().replace(microsecond=0)
    middle = now - timedelta(seconds=1_000)
    rows = [
        CoverageRow("cam-east", "east", CoverageState.LOOKED, now - timedelta(seconds=4_000), middle),
        CoverageRow("cam-east", "east", CoverageState.OFFLINE, middle, now),
    ]
    await house.stores.coverage.extend(rows)
    client = await signed_in("admin")
    page = await (await client.get("/api/v1/cameras")).json()
    assert [item["coverage_today"] for item in page["items"]] == [pytest.approx(0.75, abs=0.01), None]
    detail = await (await client.get("/api/v1/cameras/cam-east")).json()
    assert detail["coverage_today"] == pytest.approx(0.75, abs=0.01)
