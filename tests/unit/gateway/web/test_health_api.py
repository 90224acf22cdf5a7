"""The health board and the map over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.access.rights import principal_for
from gateway.desk.ledger_file import read_ledger
from gateway.web.stream_api import visible
from storage.records import Account, CameraStateName, Change, CoverageRow, CoverageState, EventState, Role
from storage.records_desk import HealthDay, SiteOutage
from tests.unit.gateway.web.house import House, SignedIn

API = "/api/v1"
FAULT = "camera_fault.blurred"


async def test_a_maintainer_sees_health_and_no_footage_anywhere(house: House, signed_in: SignedIn) -> None:
    """Order 799, article 19: whoever keeps the system running does not see what it shows."""
    item = await house.add_event(1, event_type=FAULT, state=EventState.OPEN, ended_at=None)
    await house.report("cam-east", CameraStateName.ONLINE)
    client = await signed_in("maintainer")
    page = await (await client.get(f"{API}/health/cameras?needs_technician=true")).json()
    (shown,) = page["items"]
    assert shown["faults"][0]["event_id"] == item.event_id
    files = await house.stores.events.evidence(item.event_id)
    paths = ["/cameras/cam-east/picture", "/cameras/cam-east/live", f"/review/{item.id}", "/review"]
    paths += [f"/events/{item.event_id}", *(f"/evidence/{file.id}" for file in files)]
    for path in paths:
        answer = await client.get(f"{API}{path}")
        assert answer.status == 403 or "text/html" in answer.content_type, path
        assert answer.content_type not in {"image/jpeg", "video/mp4"}
    for path in ("/health/summary", "/health/cameras", "/cameras", "/cameras/cam-east", "/map?bbox=1,1,2,2&zoom=3"):
        text = await (await client.get(f"{API}{path}")).text()
        assert "/evidence/" not in text
        assert not any(file.id in text for file in files)


@pytest.mark.parametrize("name", ["grid-worker", "auditor"])
async def test_health_is_for_those_who_look_after_it(signed_in: SignedIn, name: str) -> None:
    """A grid worker sees cameras, not the board."""
    client = await signed_in(name)
    for path in ("summary", "cameras", "work-order"):
        assert (await client.get(f"{API}/health/{path}")).status == 403


async def test_the_summary_keeps_to_the_scope(house: House, signed_in: SignedIn) -> None:
    """A leader of the east sees the east's rates, days and sites."""
    await house.report("cam-east", CameraStateName.ONLINE)
    await house.report("cam-west", CameraStateName.SILENT)
    today = datetime.now(UTC).astimezone(house.context.settings.timezone).date()
    days = [HealthDay(today, "east", 1, 100, 90, 80, 4, 3), HealthDay(today, "west", 1, 100, 0, 0, 4, 0)]
    await house.stores.desk.put_days(days)
    now = house.clock.now()
    await house.stores.desk.begin_outage(SiteOutage("out_1", "grid:west", "西", "west", 1, now, now))
    mine = await (await (await signed_in("grid-leader")).get(f"{API}/health/summary")).json()
    assert (mine["cameras"], mine["online_rate"], mine["intact_rate"], mine["faults"]) == (1, 1.0, 1.0, {})
    assert (mine["recording_rate"], mine["recording_basis"], mine["recording_events"]) == (0.75, "evidence_clips", 4)
    assert mine["trend"] == [{"day": today.isoformat(), "online_rate": 0.9, "intact_rate": 0.8}]
    assert mine["sites_down"] == []
    client = await signed_in("admin")
    everything = await (await client.get(f"{API}/health/summary")).json()
    assert (everything["cameras"], everything["online_rate"]) == (2, 0.5)
    assert everything["faults"] == {"camera_fault.offline": 1}
    assert [site["key"] for site in everything["sites_down"]] == ["grid:west"]
    west = await (await client.get(f"{API}/health/summary?grid_id=west")).json()
    assert (west["online_rate"], west["trend"][0]["online_rate"]) == (0.0, 0.0)
    nowhere = await (await client.get(f"{API}/health/summary?region_code=99")).json()
    assert (nowhere["cameras"], nowhere["online_rate"], nowhere["recording_rate"]) == (0, None, None)


@pytest.mark.parametrize(
    ("role", "grid_id", "told"),
    [(Role.MAINTAINER, "east", True), (Role.MAINTAINER, "west", False), (Role.MAINTAINER, None, False),
     (Role.GRID_WORKER, "east", False), (Role.ADMIN, None, True)],
)  # fmt: skip
async def test_the_alarm_of_a_site_reaches_who_looks_after_it(
    house: House, role: Role, grid_id: str | None, told: bool
) -> None:
    """One of several grids only who sees them all."""
    now = house.clock.now()
    account = Account("a", "a", "a", role, ("east",), (), "x", now)
    principal = principal_for(account, house.context.site)
    assert visible(Change(1, now, "site", "out_1", grid_id), principal, house.context) is told


async def test_the_board_lists_faults_and_coverage(house: House, signed_in: SignedIn) -> None:
    """Pages follow each other; shares are of today."""
    await house.report("cam-east", CameraStateName.SILENT)
    now = house.clock.now().replace(microsecond=0)
    await house.stores.coverage.extend(
        [CoverageRow("cam-east", "east", CoverageState.LOOKED, now - timedelta(seconds=1), now)]
    )
    client = await signed_in("admin")
    first = await (await client.get(f"{API}/health/cameras?limit=1")).json()
    assert (first["found"], first["items"][0]["coverage"]) == (2, {"looked": 1.0})
    assert first["items"][0]["faults"][0]["type"] == "camera_fault.offline"
    second = await (await client.get(f"{API}/health/cameras?limit=1&cursor={first['next_cursor']}")).json()
    assert (second["items"][0]["camera_id"], second["items"][0]["since"], second["next_cursor"]) == (
        "cam-west", None, None,
    )  # fmt: skip
    waiting = await (await client.get(f"{API}/health/cameras?needs_technician=true")).json()
    assert waiting["items"] == []
    offline = await (await client.get(f"{API}/health/cameras?fault=camera_fault.offline&q=东街")).json()
    assert [item["camera_id"] for item in offline["items"]] == ["cam-east"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_work_order_is_a_file_and_an_entry_of_the_register(
    house: House, signed_in: SignedIn, kind: str
) -> None:
    """In the language of the account."""
    await house.report("cam-east", CameraStateName.AUTH_FAILED)
    client = await signed_in("maintainer")
    answer = await client.get(f"{API}/health/work-order?needs_technician=true&format={kind}")
    assert answer.status == 200
    (row,) = read_ledger(await answer.read(), "x").rows
    assert "用户名或密码错误" in row.cells
    assert "export_work_order" in [entry.action for entry in await house.stores.audit.entries()]


async def test_the_map_shows_the_scope_only(house: House, signed_in: SignedIn) -> None:
    """Two cameras at one place are a cluster for who sees both, and one camera for who sees one."""
    await house.report("cam-east", CameraStateName.SILENT)
    path = f"{API}/map?bbox=116,36,118,37&zoom=10"
    both = await (await (await signed_in("admin")).get(path)).json()
    assert [(c["count"], c["offline"]) for c in both["clusters"]] == [(2, 1)]
    one = await (await (await signed_in("grid-worker")).get(path)).json()
    assert (one["clusters"], [(c["id"], c["state"]) for c in one["cameras"]]) == ([], [("cam-east", "silent")])
    empty = await (await (await signed_in("admin")).get(f"{API}/map?bbox=1,1,2,2&zoom=10")).json()
    assert empty == {"clusters": [], "cameras": []}
    for wrong in ("1,2,3", "a,b,c,d", "1,2,3,4,5", ""):
        assert (await (await signed_in("admin")).get(f"{API}/map?bbox={wrong}&zoom=3")).status == 422
