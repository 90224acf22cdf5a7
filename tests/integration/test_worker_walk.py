"""A grid worker's day on a telephone, from signing in to a verified case, and everything that the day's pages show.

What is on the screen is touched as by a finger; after each part the database says what came of it. Four more browsers
(360 and 1440 px, Chinese and English) open every page in the state that the worker meets it in.
"""

from __future__ import annotations

import asyncio
import io
import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from PIL import Image
from playwright.async_api import FilePayload, Page, async_playwright, expect

from gateway.app import UI_DIST
from gateway.delivery.signing import Signer
from gateway.patrol.rounds import RoundClerk
from gateway.web.app import make_web_app
from gateway.web.patrol_services import make_handled_desk
from storage.protocols import Scope
from storage.records import CaseState, ReviewItem, Verdict
from storage.records_patrol import (
    PatrolPlan,
    PatrolPoint,
    PatrolWindow,
    RoundState,
    TaskKind,
    TaskResult,
    TaskState,
    ViewVerdict,
)
from tests.conftest import require
from tests.integration.gateway_rig import BROWSER_ARGUMENTS, PAGE_TIMEOUT_MS, until
from tests.integration.walk_eyes import AXE, Eyes, Prepare, eyes_on
from tests.integration.walk_phone import Phone, measured, pick_up, table
from tests.integration.walk_town import CORNERS, GRID, Film, Watcher, add_events, settle, shoot_all, watched
from tests.unit.gateway.web.house import CALLBACK_SECRET, House, found_town, open_house

pytestmark = [pytest.mark.unpaced, pytest.mark.slow]

ITEMS = 10
DWELL_S = 1.0
FOUND_AT = 2  # the view of the round, from 0, on which something is found
MINUTE_S = 60.0
# What the worker says of each kind; a false alarm is wiped off to the left, everything else is one tap.
VERDICTS = {
    "waterlogging": Verdict.ON_SITE,
    "camera_fault.covered": Verdict.UNCLEAR,
    "road_obstacle": Verdict.REJECTED,
    "illegal_parking": Verdict.REJECTED,
}
PLATFORM_STATES = ("accepted", "filed", "dispatched", "handling", "fed_back")


@dataclass
class Day:
    """What a day needs: the house, its films and worker, the telephone, and eyes on the pages."""

    house: House
    films: Mapping[str, Film]
    watcher: Watcher
    address: str
    phone: Phone
    eyes: Eyes

    async def item(self, item_id: str) -> ReviewItem:
        return await self.house.stores.reviews.get(item_id)


@pytest.mark.chromium
@pytest.mark.usefixtures("built_pages")
async def test_worker_walks_through_a_day(tmp_path: Path, chromium: str) -> None:
    """Ten items in a minute, a round of eight views, a place on foot, a case verified; no page is hard to use."""
    require("axe", present=AXE.exists())
    asyncio.get_running_loop().set_debug(False)  # noting where each callback came from would be part of the waits
    await found_town(tmp_path / "town.db")
    films = await asyncio.to_thread(shoot_all, tmp_path)
    async with AsyncExitStack() as stack:
        house = await stack.enter_async_context(open_house(tmp_path, dist=UI_DIST))
        settle(house)
        await add_events(house, films)
        await plan_round(house)
        watcher = await stack.enter_async_context(watched(house, films))
        server = await stack.enter_async_context(TestServer(make_web_app(house.context)))
        playwright = await stack.enter_async_context(async_playwright())
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(BROWSER_ARGUMENTS))
        stack.push_async_callback(browser.close)
        address = str(server.make_url("")).rstrip("/")
        eyes = await stack.enter_async_context(eyes_on(browser, address, "grid-worker"))
        phone = await pick_up(browser, address, "grid-worker")
        day = Day(house, films, watcher, address, phone, eyes)
        await eyes.look("today", "/today", ready("today-review"))
        judged = await judge_ten(day)
        await walk_round(day)
        await go_there(day, judged)
        await verify_case(day, judged)
        await look_at_the_rest(day, judged)
        assert eyes.wrong == [], "\n".join(["what is hard to use:", *eyes.wrong])


def ready(test_id: str) -> Prepare:
    """Return a wait for something that is there when the page is."""

    async def wait(page: Page) -> None:
        await page.get_by_test_id(test_id).first.wait_for()

    return wait


async def plan_round(house: House) -> None:
    """Make a plan of all cameras whose window is open, and its round."""
    points = tuple(PatrolPoint(f"pt_{n}", camera_id, "", DWELL_S) for n, camera_id in enumerate(CORNERS))
    window, now = PatrolWindow("00:00", "23:59"), house.clock.now()
    plan = PatrolPlan("plan_1", "上午巡查", GRID, points, (window,), (), (), True, 1, "acc_grid-leader", now)
    await house.stores.patrol.save_plan(plan)
    await RoundClerk(house.stores.patrol, ZoneInfo("Asia/Shanghai"), house.clock).run_once()


async def judge_ten(day: Day) -> dict[str, ReviewItem]:
    """Judge ten items with ten touches; return them by event type."""
    phone = day.phone
    seen: list[str] = []

    async def judge(item_id: str) -> str:
        verdict = VERDICTS.get((await day.item(item_id)).event_type, Verdict.CONFIRMED)
        seen.append(item_id)
        if verdict is Verdict.REJECTED:
            await phone.draw(phone.page.locator("figure.player .stage"), (0.75, 0.6), (0.25, 0.6))
        else:
            await phone.tap(f"verdict-{verdict.value}")
        return verdict.value

    await phone.tap("today-review")
    touches = await measured(phone, judge, ITEMS)
    sys.stdout.write(f"\n{table(touches)}\n")
    assert sum(touch.runs_ms for touch in touches) < MINUTE_S * 1000
    assert len(set(seen)) == ITEMS
    await until(lambda: _all_judged(day, seen), what="ten verdicts")
    judged = {item.event_type: item for item in [await day.item(item_id) for item_id in seen]}
    for event_type, item in judged.items():
        assert item.verdict == VERDICTS.get(event_type, Verdict.CONFIRMED), event_type
        assert (item.case_id is not None) == (item.verdict is Verdict.CONFIRMED)
    await look_at_queue(day, seen[0])
    return judged


async def _all_judged(day: Day, item_ids: list[str]) -> bool:
    return all([(await day.item(item_id)).verdict is not None for item_id in item_ids])


async def look_at_queue(day: Day, judged_id: str) -> None:
    """Look at an item that waits, in its states, and at one that was judged."""

    async def with_note(page: Page) -> None:
        await page.get_by_test_id("verdict-confirmed").wait_for()
        await page.locator(".verdicts .note").click()

    async def with_reasons(page: Page) -> None:
        await page.get_by_test_id("verdict-rejected").click()
        await page.get_by_test_id("reason-none").wait_for()

    async def with_queue(page: Page) -> None:
        await page.get_by_test_id("verdict-confirmed").wait_for()
        if await page.get_by_test_id("open-queue").count():
            await page.get_by_test_id("open-queue").click()
        await page.get_by_test_id("review-item").first.wait_for()

    await day.eyes.look("review", "/review", ready("verdict-confirmed"))
    await day.eyes.look("review-note", "/review", with_note)
    await day.eyes.look("review-reasons", "/review", with_reasons)
    await day.eyes.look("review-queue", "/review", with_queue)
    await day.eyes.look("review-judged", f"/review/{judged_id}", ready("sentence"))


async def walk_round(day: Day) -> None:
    """Walk a round of eight views; on one of them something is marked by hand."""
    phone, page = day.phone, day.phone.page
    await page.locator("nav a[href='/patrol']").tap()
    await phone.one("round-open").wait_for()
    await day.eyes.look("patrol", "/patrol", ready("round-open"))
    await phone.tap("round-open")
    await phone.one("round-start").wait_for()
    round_id = page.url.rsplit("/", 1)[1]
    await day.eyes.look("round-before", f"/patrol/rounds/{round_id}", ready("round-start"))
    await phone.tap("round-start")
    for number in range(len(CORNERS)):
        await expect(phone.one("round-count")).to_have_text(f"{number + 1} / {len(CORNERS)}", timeout=PAGE_TIMEOUT_MS)
        if number == FOUND_AT:
            await look_at_round(day, round_id)
            await report(phone)
            continue
        await expect(phone.one("view-normal")).to_have_attribute("aria-disabled", "false", timeout=PAGE_TIMEOUT_MS)
        await phone.tap("view-normal")
    await phone.one("round-summary").wait_for()

    async def ended() -> bool:
        return (await day.house.stores.patrol.round(round_id)).state is RoundState.DONE

    await until(ended, what="the end of the round")
    await check_round(day, round_id)
    await day.eyes.look("round-after", f"/patrol/rounds/{round_id}", ready("round-summary"))


async def look_at_round(day: Day, round_id: str) -> None:
    """Look at a view that is being watched, and at a frame being marked."""

    async def marking(page: Page) -> None:
        await expect(page.get_by_test_id("view-finding")).to_be_enabled(timeout=PAGE_TIMEOUT_MS)
        await page.get_by_test_id("view-finding").click()
        await page.get_by_test_id("box-pad").click()

    await day.eyes.look("round", f"/patrol/rounds/{round_id}", ready("view-normal"))
    await day.eyes.look("round-finding", f"/patrol/rounds/{round_id}", marking)


async def report(phone: Phone) -> None:
    """Freeze the picture, draw a box with the finger, say what it is."""
    await expect(phone.one("view-finding")).to_be_enabled(timeout=PAGE_TIMEOUT_MS)
    await phone.tap("view-finding")
    await phone.draw(phone.one("box-pad"), (0.3, 0.45), (0.6, 0.55))
    await phone.page.locator(".type:has([data-testid=type-litter])").tap()
    await phone.tap("finding-send")


async def check_round(day: Day, round_id: str) -> None:
    """The round is done; the finding is an event with a picture, confirmed, and a case."""
    stores = day.house.stores
    walked = await stores.patrol.round(round_id)
    assert (walked.seen, walked.findings, walked.not_viewable) == (8, 1, 0)
    views = {view.point_id: view for view in await stores.patrol.views([round_id])}
    assert {view.verdict for view in views.values()} == {ViewVerdict.NORMAL, ViewVerdict.FINDING}
    event_id = views[f"pt_{FOUND_AT}"].event_id
    assert event_id is not None
    found = await stores.events.get(event_id)
    assert (found.event_type, found.camera_id, found.detector) == ("litter", list(CORNERS)[FOUND_AT], "patrol")
    assert found.boxes[0][0] == pytest.approx(0.3, abs=0.03)
    assert found.boxes[0][2] == pytest.approx(0.6, abs=0.03)
    assert {file.kind for file in await stores.events.evidence(event_id)} >= {"snapshot", "thumbnail"}
    assert await stores.cases.by_event(event_id) is not None


async def go_there(day: Day, judged: Mapping[str, ReviewItem]) -> None:
    """Go to the place of the item that only somebody there can judge: check in, take photos, confirm it."""
    phone, stores = day.phone, day.house.stores
    await phone.page.locator("nav a[href='/tasks']").tap()
    await phone.one("task").first.wait_for()
    await day.eyes.look("tasks", "/tasks", ready("task"))
    await phone.tap("task")
    await phone.one("arrive").wait_for()
    task_id = phone.page.url.rsplit("/", 1)[1]
    await day.eyes.look("task", f"/tasks/{task_id}", ready("task-picture"))
    await phone.tap("arrive")
    await phone.one("arrived").wait_for()
    for moment in ("before", "after"):
        file = FilePayload(name=f"{moment}.jpg", mimeType="image/jpeg", buffer=photo())
        await phone.one(f"photo-{moment}").set_input_files(file)

    async def both() -> bool:
        return {each.moment for each in await stores.tasks.photos(task_id)} == {"before", "after"}

    await until(both, what="two photos")
    await expect(phone.page.locator(".photos img")).to_have_count(2, timeout=PAGE_TIMEOUT_MS)
    await day.eyes.look("task-there", f"/tasks/{task_id}", ready("arrived"))
    await phone.tap("result-confirmed")
    await phone.one("task-done").wait_for()
    await until(lambda: _is_done(day, task_id), what="the result")
    task = await stores.tasks.get(task_id)
    assert (task.kind, task.result, task.assignee) == (TaskKind.CHECK, TaskResult.CONFIRMED, "acc_grid-worker")
    assert task.arrival is not None
    assert (task.arrival.by, task.arrival.accuracy_m) == ("position", 18)
    assert task.arrival.distance_m is not None
    assert task.arrival.distance_m < 50
    item = await day.item(judged["waterlogging"].id)
    assert (task.item_id, item.verdict) == (item.id, Verdict.CONFIRMED)
    assert item.case_id is not None
    await day.eyes.look("task-done", f"/tasks/{task_id}", ready("task-done"))


def photo() -> bytes:
    """Return a photo as a telephone takes it, larger than is kept."""
    made = io.BytesIO()
    shades = np.linspace(60, 200, 2400, dtype=np.uint8)
    Image.fromarray(np.stack([np.tile(shades, (1800, 1))] * 3, axis=-1)).save(made, "JPEG")
    return made.getvalue()


async def _is_done(day: Day, task_id: str) -> bool:
    return (await day.house.stores.tasks.get(task_id)).state is TaskState.DONE


async def verify_case(day: Day, judged: Mapping[str, ReviewItem]) -> None:
    """The platform says that the lane is free: look at before and after, and say that it is so."""
    phone, stores = day.phone, day.house.stores
    case_id = judged["fire_lane_blocked"].case_id
    assert case_id is not None
    await platform_handles(day, case_id)
    day.watcher.clear("cam-fire-lane", day.films["cam-fire-lane"])
    await make_handled_desk(day.house.context, lambda *_: None).run_once()
    await phone.page.goto(f"{day.address}/cases")
    await phone.page.locator(f"a[href='/cases/{case_id}']").tap()
    await phone.one("before-after").wait_for()
    assert (
        await phone.page.locator("[data-testid=before-after] img").evaluate_all(
            "(images) => Promise.all(images.map((image) => image.decode())).then(() => images.length)"
        )
        == 2
    )
    await expect(phone.page.locator(".line .done .name", has_text="受理")).to_have_count(1, timeout=PAGE_TIMEOUT_MS)
    await day.eyes.look("cases", "/cases", ready("case-item"))
    await day.eyes.look("case-handled", f"/cases/{case_id}", ready("before-after"))
    await phone.tap("verify-verified")

    async def verified() -> bool:
        return (await stores.cases.get(case_id)).state is CaseState.VERIFIED

    await until(verified, what="the verified case")
    last = (await stores.cases.steps(case_id))[-1]
    assert (last.state, last.actor) == (CaseState.VERIFIED, "acc_grid-worker")
    told = json.loads((await stores.outbox.for_case(case_id))[-1].body)
    assert (told["type"], told["data"]["result"]) == ("cn.gridpatrol.case.checked", "verified")
    (look,) = await stores.looks.of_case(case_id)
    assert look.evidence_id is not None
    await day.eyes.look("case-verified", f"/cases/{case_id}", ready("case-state"))


async def platform_handles(day: Day, case_id: str) -> None:
    """Take the case as a platform does: answer with a number, then call back with each state."""
    stores, now = day.house.stores, day.house.clock.now()
    for delivery in await stores.outbox.claim(now + timedelta(minutes=1), 60, 100):
        case_number = f"JN-2026-{delivery.case_id[-5:]}"
        await stores.outbox.succeeded(delivery.id, now, 200, {"case_number": case_number})
    async with aiohttp.ClientSession() as http:
        for number, state in enumerate(PLATFORM_STATES):
            said = {"state": state, "note": "已通知车主驶离" if state == "fed_back" else ""}
            event = {"specversion": "1.0", "id": f"cb_{number}", "source": "urn:platform", "subject": case_id}
            body = json.dumps({**event, "type": "cn.gridpatrol.case.state", "data": said})
            headers = Signer([CALLBACK_SECRET]).sign(f"cb_{number}", body, day.house.clock.now())
            url = f"{day.address}/api/v1/callbacks/plat"
            async with http.post(url, data=body.encode(), headers=headers) as answer:
                assert (answer.status, await answer.json()) == (200, {"applied": True})


async def look_at_the_rest(day: Day, judged: Mapping[str, ReviewItem]) -> None:
    """Look at what the day's pages lead to."""
    await day.eyes.look("event", f"/events/{judged['water_intrusion'].event_id}", ready("clip"))
    await day.eyes.look("event-fault", f"/events/{judged['camera_fault.covered'].event_id}", ready("picture-pair"))
    await day.eyes.look("today-after", "/today", ready("day-map"))
    everything = await day.house.stores.cases.page(Scope(None), (), None, 50)
    confirmed = [item for item in judged.values() if item.verdict is Verdict.CONFIRMED]
    # The round's finding and the place on foot have cases of their own.
    assert len(everything.items) == len(confirmed) + 2
