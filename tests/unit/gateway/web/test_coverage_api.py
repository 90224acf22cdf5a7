"""Coverage over HTTP: in scope, and adding up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from storage.records import CoverageRow, CoverageState
from tests.unit.gateway.web.house import Client, House, SignedIn

NOW = datetime(2027, 3, 1, 10, tzinfo=UTC)
LOOKED, OFFLINE = CoverageState.LOOKED, CoverageState.OFFLINE
NOTHING = dict.fromkeys((state.value for state in CoverageState), 0)


async def remember(house: House, *rows: tuple[str, CoverageState, float, float]) -> None:
    """Write rows: camera's grid, state, and seconds from the fixed moment."""
    await house.stores.coverage.extend(
        [
            CoverageRow(f"cam-{grid}", grid, state, NOW + timedelta(seconds=start), NOW + timedelta(seconds=end))
            for grid, state, start, end in rows
        ]
    )


@pytest.fixture
async def ledger(house: House) -> House:
    """A town with a little history, whose clock has just come to the fixed moment."""
    house.clock.ahead += NOW - house.clock.now()
    await remember(house, ("east", LOOKED, -90, -30), ("east", OFFLINE, -30, -10), ("west", LOOKED, -90, 0))
    return house


async def ask(client: Client, path: str) -> Any:
    answer = await client.get(f"/api/v1{path}")
    assert answer.status == 200, await answer.text()
    return await answer.json()


@pytest.mark.parametrize(
    "path",
    [
        "/cameras/cam-east/coverage?from=yesterday",
        "/cameras/cam-east/coverage?from=2027-03-01T00:00:00",  # of which zone?
        "/cameras/cam-east/coverage?from=2027-03-02T00:00:00Z&to=2027-03-01T00:00:00Z",
        "/cameras/cam-east/coverage?from=2027-01-01T00:00:00Z&to=2027-03-01T00:00:00Z",
        "/cameras/cam-east/coverage?from=0001-01-01T00:00:00%2B14:00",
        "/coverage?day=9999-12-31",
        "/coverage?day=tomorrow",
        "/coverage?by=person",
    ],
)
async def test_spans_that_make_no_sense_are_refused(signed_in: SignedIn, path: str) -> None:
    """As 422, naming the field."""
    answer = await (await signed_in("grid-worker")).get(f"/api/v1{path}")
    problem = await answer.json()
    assert (answer.status, problem["code"]) == (422, "invalid")
    assert problem["errors"][0]["field"] in {"from", "day", "by"}


async def test_a_camera_outside_the_scope_is_not_there(signed_in: SignedIn) -> None:
    """Nor is anything for those without the right."""
    worker = await signed_in("grid-worker")
    assert (await worker.get("/api/v1/cameras/cam-west/coverage")).status == 404
    assert (await worker.get("/api/v1/cameras/cam-none/coverage")).status == 404
    auditor = await signed_in("auditor")
    assert (await auditor.get("/api/v1/cameras/cam-east/coverage")).status == 403
    assert (await auditor.get("/api/v1/coverage")).status == 403


async def test_rows_and_sums_of_a_camera(ledger: House, signed_in: SignedIn) -> None:
    """Cut to the span; rows and what is not recorded make up the past part of it."""
    client = await signed_in("admin")
    span = "from=2027-03-01T17:59:00%2B08:00&to=2027-03-01T10:05:00Z"
    found = await ask(client, f"/cameras/cam-east/coverage?{span}")
    assert [(row["state"], row["start"], row["end"]) for row in found["rows"]] == [
        ("looked", "2027-03-01T09:59:00Z", "2027-03-01T09:59:30Z"),
        ("offline", "2027-03-01T09:59:30Z", "2027-03-01T09:59:50Z"),
    ]
    assert found["seconds"] == {**NOTHING, "looked": 30, "offline": 20}
    assert found["watched_share"] == pytest.approx(0.6)
    assert 10 <= found["unrecorded_s"] <= 40  # of the ten seconds until the moment, and some since


async def test_the_last_day_unless_told(ledger: House, signed_in: SignedIn) -> None:
    """Twenty-four hours up to now."""
    found = await ask(await signed_in("admin"), "/cameras/cam-east/coverage")
    start, end = (datetime.fromisoformat(found[name]) for name in ("start", "end"))
    assert end - start == timedelta(hours=24)
    assert found["seconds"]["looked"] == 60


async def test_a_day_per_grid(ledger: House, signed_in: SignedIn) -> None:
    """All grids for the administrator, with their sum."""
    found = await ask(await signed_in("admin"), "/coverage?day=2027-03-01")
    assert (found["by"], found["next_cursor"]) == ("grid", None)
    assert found["start"] == "2027-02-28T16:00:00Z"
    items = [(i["id"], i["name"], i["cameras"], i["seconds"]["looked"], i["watched_share"]) for i in found["items"]]
    assert items == [("east", "east 网格", 1, 60, 0.75), ("west", "west 网格", 1, 90, 1.0)]
    assert found["total"]["seconds"] == {**NOTHING, "looked": 150, "offline": 20}


async def test_a_day_keeps_to_the_scope(ledger: House, signed_in: SignedIn) -> None:
    """A worker of the east learns nothing of the west, neither in rows nor in sums nor by naming it."""
    client = await signed_in("grid-worker")
    for by in ("grid", "camera"):
        found = await ask(client, f"/coverage?day=2027-03-01&by={by}")
        assert [item["id"] for item in found["items"]] == ["east" if by == "grid" else "cam-east"]
        assert found["total"]["seconds"]["looked"] == 60
        other = await ask(client, f"/coverage?day=2027-03-01&by={by}&grid_id=west")
        assert (other["items"], other["total"]["watched_share"]) == ([], None)


async def test_a_day_per_camera_in_pages(ledger: House, signed_in: SignedIn) -> None:
    """The cursor goes on; the sum is of all; a day without rows has cameras without a share."""
    client = await signed_in("admin")
    first = await ask(client, "/coverage?day=2027-03-01&by=camera&limit=1")
    second = await ask(client, f"/coverage?day=2027-03-01&by=camera&limit=1&cursor={first['next_cursor']}")
    assert [page["items"][0]["id"] for page in (first, second)] == ["cam-east", "cam-west"]
    assert first["total"] == second["total"]
    assert second["next_cursor"] is None
    before = await ask(client, "/coverage?day=2027-02-01&by=camera&grid_id=east")
    assert [(item["id"], item["watched_share"]) for item in before["items"]] == [("cam-east", None)]
