"""Rounds and tasks in the town, ready to be worked on."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any

from storage.ids import new_id
from storage.records import CaseState, CaseStep
from storage.records_patrol import PatrolPlan, PatrolPoint, PatrolRound, PatrolWindow
from tests.unit.gateway.patrol.samples import an_image
from tests.unit.gateway.web.house import Client, House

API = "/api/v1"
FRAME = base64.b64encode(an_image(320, 240)).decode()


def draft(**changes: Any) -> dict[str, Any]:
    """Return a plan of the east as a browser sends it."""
    made: dict[str, Any] = {
        "name": "早巡",
        "grid_id": "east",
        "points": [{"camera_id": "cam-east", "dwell_s": 20}],
        "windows": [{"start": "09:00", "end": "10:30"}],
    }
    return made | changes


async def add_round(house: House, grid_id: str = "east", opened_s_ago: float = 60, **changes: Any) -> PatrolRound:
    """Save a plan with a round that opened so many seconds ago and is due an hour after that."""
    now = house.clock.now()
    opens_at = now - timedelta(seconds=opened_s_ago)
    camera_id = f"cam-{grid_id}"
    points = (PatrolPoint("p1", camera_id, "北口", 20.0), PatrolPoint("p2", camera_id, "南口", 20.0))
    plan = PatrolPlan(
        id=new_id("plan"),
        name="早巡",
        grid_id=grid_id,
        points=points,
        windows=(PatrolWindow("09:00", "10:30"),),
        weekdays=(),
        assignees=changes.pop("assignees", ()),
        enabled=True,
        version=1,
        updated_by="acc_grid-leader",
        updated_at=now,
    )
    made = PatrolRound(
        id=new_id("rnd"),
        plan_id=plan.id,
        name=plan.name,
        grid_id=grid_id,
        day=opens_at.astimezone(house.context.settings.timezone).date(),
        opens_at=opens_at,
        due_at=opens_at + timedelta(hours=1),
        closes_at=opens_at + timedelta(hours=3),
        views=points,
        planned=2,
        assignees=plan.assignees,
    )
    await house.stores.patrol.save_plan(plan)
    await house.stores.patrol.add_rounds(plan, [replace(made, **changes)], now + timedelta(days=30))
    return await house.stores.patrol.round(made.id)


async def post(client: Client, path: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """Send a JSON body below the API; return status and answer."""
    answer = await client.post(API + path, json=body)
    return answer.status, (await answer.json() if answer.content_length or answer.status != 204 else {})


async def get(client: Client, path: str) -> tuple[int, Any]:
    """Read below the API."""
    answer = await client.get(API + path)
    return answer.status, await answer.json()


async def started(client: Client, found: PatrolRound) -> dict[str, Any]:
    """Begin a round."""
    status, detail = await post(client, f"/patrol/rounds/{found.id}/start")
    assert status == 200, detail
    return detail


def verdict(**changes: Any) -> dict[str, Any]:
    """Return what a browser says of a view."""
    said: dict[str, Any] = {"verdict": "normal", "dwell_s": 1.5, "shown": "live", "client_id": new_id("c")}
    return said | changes


def finding(**changes: Any) -> dict[str, Any]:
    """Return a finding as a browser says it."""
    marked = {"event_type": "fire_lane_blocked", "box": [0.1, 0.2, 0.5, 0.6], "frame_jpeg": FRAME, "note": "堵了"}
    return verdict(verdict="finding", finding=marked | changes)


async def on_site(house: House, client: Client, number: int = 1) -> dict[str, Any]:
    """Judge a new event `on_site`; return the task that follows."""
    item = await house.add_event(number)
    status, _ = await post(client, f"/review/{item.id}/verdict", verdict="on_site", note="看不清")
    assert status == 200
    _, page = await get(client, "/tasks")
    task: dict[str, Any] = page["items"][0]
    return task


async def fed_back(house: House, client: Client, number: int = 1) -> str:
    """Confirm a new event and let the platform say that it was handled; return the case's id."""
    item = await house.add_event(number)
    _, detail = await post(client, f"/review/{item.id}/verdict", verdict="confirmed")
    case_id: str = detail["case"]["id"]
    await house.stores.cases.advance(
        CaseStep(new_id("step"), case_id, CaseState.FED_BACK, house.clock.now(), "platform:plat", "已清理", new_id("h"))
    )
    return case_id
