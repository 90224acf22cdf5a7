"""The grid worker's pages in a browser: a round on a phone, one item for two people, the shell without a line."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from PIL import Image
from playwright.async_api import Browser, Page, Route, WebSocketRoute, async_playwright, expect

from gateway.app import UI_DIST
from gateway.patrol.rounds import RoundClerk
from gateway.web.app import make_web_app
from storage.records_patrol import PatrolPlan, PatrolPoint, PatrolWindow, RoundState, ViewVerdict
from tests.integration.gateway_rig import BROWSER_ARGUMENTS, PAGE_TIMEOUT_MS, until
from tests.unit.gateway.web.house import PASSWORD, House, found_town, open_house

pytestmark = pytest.mark.unpaced

DWELL_S = 3
VIEWS = 3
STILL_EVERY_S = 0.5
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { get: () => hidden, configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
# A finger that is drawn over the picture to the right.
SWIPE = """() => {
  const stage = document.querySelector('figure.player .stage');
  const box = stage.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 3, box.top + box.height / 2];
  const tell = (kind, dx) => stage.dispatchEvent(new PointerEvent(kind, {
    pointerId: 7, pointerType: 'touch', isPrimary: true, bubbles: true, clientX: x + dx, clientY: y,
  }));
  tell('pointerdown', 0);
  for (const dx of [40, 90, 140]) tell('pointermove', dx);
  tell('pointerup', 140);
}"""
KEPT = """async () => {
  const names = await caches.keys();
  const lists = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return lists.flat().map((request) => new URL(request.url).pathname);
}"""


def picture(shade: int) -> bytes:
    """Return a JPEG of one grey."""
    made = io.BytesIO()
    Image.fromarray(np.full((180, 320, 3), shade, np.uint8)).save(made, "JPEG")
    return made.getvalue()


async def play(socket: WebSocketRoute) -> None:
    """Be a camera that delivers single pictures."""
    socket.send('{"kind": "jpeg"}')

    async def pictures() -> None:
        for shade in range(200):
            socket.send(picture(shade))
            await asyncio.sleep(STILL_EVERY_S)

    task = asyncio.ensure_future(pictures())
    socket.on_close(lambda _code, _reason: task.cancel())


async def still(route: Route) -> None:
    headers = {"Content-Type": "image/jpeg", "X-Picture-At": datetime.now(UTC).isoformat()}
    await route.fulfill(body=picture(90), headers=headers)


@asynccontextmanager
async def served(house: House, chromium: str) -> AsyncIterator[tuple[Browser, str]]:
    """Serve the town to a browser."""
    async with TestServer(make_web_app(house.context)) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(BROWSER_ARGUMENTS))
        yield browser, str(server.make_url("")).rstrip("/")
        await browser.close()


async def signed_in(browser: Browser, address: str, name: str, *, phone: bool, keeps_shell: bool = False) -> Page:
    """Sign in on a phone or at a desk, with a live camera; a service worker would hide requests from the test."""
    width, height = (360, 740) if phone else (1440, 900)
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        has_touch=phone,
        is_mobile=phone,
        timezone_id="Asia/Shanghai",
        service_workers="allow" if keeps_shell else "block",
    )
    page = await context.new_page()
    page.set_default_timeout(PAGE_TIMEOUT_MS)
    await page.route_web_socket("**/live", play)
    await page.route("**/picture*", still)
    await page.goto(f"{address}/sign-in")
    await page.get_by_test_id("sign-in-name").fill(name)
    await page.get_by_test_id("sign-in-password").fill(PASSWORD)
    await page.get_by_test_id("sign-in-submit").click()
    await page.wait_for_url(f"{address}/today")
    return page


async def plan_round(house: House) -> None:
    """Make a plan whose window is open, and its rounds."""
    points = tuple(PatrolPoint(f"pt_{n}", "cam-east", f"view {n}", DWELL_S) for n in range(VIEWS))
    window = PatrolWindow("00:00", "23:59")
    now = house.clock.now()
    plan = PatrolPlan("plan_1", "上午巡查", "east", points, (window,), (), (), True, 1, "acc_grid-leader", now)
    await house.stores.patrol.save_plan(plan)
    await RoundClerk(house.stores.patrol, ZoneInfo("Asia/Shanghai"), house.clock).run_once()


async def dwell(page: Page) -> float:
    return float(await page.get_by_test_id("dwell").get_attribute("data-dwell") or 0)


async def check_hidden_time(page: Page) -> None:
    """Time goes on the ring while the page is seen, and only then."""
    await page.wait_for_function("() => document.querySelector('[data-testid=dwell]').dataset.dwell > 0.5")
    await page.evaluate(HIDE, True)
    before = await dwell(page)
    await asyncio.sleep(1.5)
    assert await dwell(page) == before
    await page.evaluate(HIDE, False)


async def report(page: Page) -> None:
    """Freeze the view, mark it by keys, choose what it is."""
    await page.get_by_test_id("view-finding").click()
    pad = page.get_by_test_id("box-pad")
    await pad.focus()
    for key in ("Enter", "ArrowUp", "Shift+ArrowRight"):
        await page.keyboard.press(key)
    await page.locator(".type").first.click()
    await page.get_by_test_id("finding-send").click()


async def has_seen(house: House, round_id: str, views: int) -> bool:
    return (await house.stores.patrol.round(round_id)).seen >= views


async def is_done(house: House, round_id: str) -> bool:
    return (await house.stores.patrol.round(round_id)).state is RoundState.DONE


@pytest.mark.chromium
@pytest.mark.usefixtures("built_pages")
async def test_round_is_walked_on_a_phone(tmp_path: Path, chromium: str) -> None:
    """Time counts while it is seen; normal, finding and not viewable arrive, the last over a line that was gone."""
    await found_town(tmp_path / "town.db")
    async with open_house(tmp_path, dist=UI_DIST) as house, served(house, chromium) as (browser, address):
        await plan_round(house)
        page = await signed_in(browser, address, "grid-worker", phone=True)
        await page.goto(f"{address}/patrol")
        await page.get_by_test_id("round-open").first.click()
        await page.get_by_test_id("round-start").click()
        await expect(page.get_by_test_id("round-count")).to_have_text(f"1 / {VIEWS}")
        await check_hidden_time(page)
        normal = page.get_by_test_id("view-normal")
        await expect(normal).to_have_attribute("aria-disabled", "false", timeout=PAGE_TIMEOUT_MS)
        await normal.click()
        await expect(page.get_by_test_id("round-count")).to_have_text(f"2 / {VIEWS}")
        await expect(page.get_by_test_id("view-finding")).to_be_enabled()
        await report(page)
        await expect(page.get_by_test_id("round-count")).to_have_text(f"3 / {VIEWS}")
        round_id = page.url.rsplit("/", 1)[1]
        await until(lambda: has_seen(house, round_id, 2), what="the finding's letter")
        await page.route("**/patrol/rounds/**", lambda route: route.abort())
        await page.get_by_test_id("view-not_viewable").click()
        await expect(page.get_by_test_id("round-summary").get_by_test_id("outbox")).to_contain_text("2")
        await page.unroute("**/patrol/rounds/**")
        await until(lambda: is_done(house, round_id), what="the round's last letters")
        walked = await house.stores.patrol.round(round_id)
        assert (walked.seen, walked.findings, walked.not_viewable) == (VIEWS, 1, 1)
        said = {view.point_id: view for view in await house.stores.patrol.views([round_id])}
        assert [said[f"pt_{n}"].verdict for n in range(VIEWS)] == list(ViewVerdict)
        assert said["pt_0"].dwell_s >= DWELL_S
        assert said["pt_1"].event_id is not None


@pytest.mark.chromium
@pytest.mark.usefixtures("built_pages")
async def test_item_belongs_to_one_person_at_a_time(tmp_path: Path, chromium: str) -> None:
    """The second to open it reads who has it; a swipe of the first judges it, and the next comes."""
    await found_town(tmp_path / "town.db")
    async with open_house(tmp_path, dist=UI_DIST) as house, served(house, chromium) as (browser, address):
        first, second = await house.add_event(1), await house.add_event(2, event_type="litter", label="")
        phone = await signed_in(browser, address, "grid-worker", phone=True)
        await phone.goto(f"{address}/review/{first.id}")
        await expect(phone.get_by_test_id("verdict-confirmed")).to_be_visible()
        desk = await signed_in(browser, address, "operator", phone=False)
        await desk.goto(f"{address}/review/{first.id}")
        await expect(desk.get_by_test_id("held")).to_contain_text("grid-worker")
        await expect(desk.get_by_test_id("verdict-confirmed")).to_have_count(0)
        await phone.evaluate(SWIPE)
        await phone.wait_for_url(f"{address}/review/{second.id}")
        await expect(phone.get_by_test_id("undo")).to_be_visible()
        await expect(desk.get_by_test_id("held")).to_have_count(0, timeout=PAGE_TIMEOUT_MS)
        assert (await house.stores.reviews.get(first.id)).verdict == "confirmed"


@pytest.mark.chromium
@pytest.mark.usefixtures("built_pages")
async def test_shell_stands_without_a_line(tmp_path: Path, chromium: str) -> None:
    """The page opens from what the browser kept, shows whose it is, and nothing of the API lies in the caches."""
    await found_town(tmp_path / "town.db")
    async with open_house(tmp_path, dist=UI_DIST) as house, served(house, chromium) as (browser, address):
        await house.add_event(1)
        page = await signed_in(browser, address, "grid-worker", phone=True, keeps_shell=True)
        await page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        await page.goto(f"{address}/review")
        await expect(page.get_by_test_id("sentence")).to_be_visible()
        kept = await page.evaluate(KEPT)
        assert "/" in kept
        assert not [path for path in kept if path.startswith("/api") or path.endswith((".mp4", ".jpg"))]
        await page.context.set_offline(True)
        await page.goto(f"{address}/review")
        await expect(page.get_by_test_id("sentence")).to_be_visible(timeout=PAGE_TIMEOUT_MS)
