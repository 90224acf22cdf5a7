"""A camera's fault in a browser: what it showed when all was well beside the picture of the alarm, the clip below."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import FloatRect, Locator, Page, async_playwright, expect

from gateway.app import UI_DIST
from gateway.evidence.snapshot import snapshot, store_picture
from gateway.web.app import make_web_app
from storage.records import Event, EvidenceKind, ReviewItem
from tests.integration.gateway_rig import BROWSER_ARGUMENTS, PAGE_TIMEOUT_MS
from tests.unit.gateway.web.house import PASSWORD, House, event, found_town, open_house

DESK, PHONE = (1280, 800), (360, 740)
WORDS = {"zh-CN": ("正常时", "现在", "遮挡"), "en": ("When it was well", "Now", "Lens covered")}


async def add_fault(house: House) -> ReviewItem:
    """Keep a fault as the desk does: both pictures of their own size and time."""
    fault = event(1, event_type="camera_fault.covered", label="", zone_id=None, boxes=(), zone_polygon=())
    well = snapshot(np.full((360, 640, 3), 140, np.uint8), (), (), fault.started_at - timedelta(seconds=40))
    raised = snapshot(np.full((720, 1280, 3), 30, np.uint8), (), (), fault.raised_at)
    files = [
        await store_picture(house.media, fault, kind, jpeg, house.clock)
        for kind, jpeg in ((EvidenceKind.SNAPSHOT, raised), (EvidenceKind.REFERENCE, well))
    ]
    item = waiting(fault)
    await house.stores.events.conclude(fault, files, item)
    return item


def waiting(happened: Event) -> ReviewItem:
    return ReviewItem(
        id=f"rev_{1:026d}",
        event_id=happened.id,
        camera_id=happened.camera_id,
        grid_id=happened.grid_id,
        event_type=happened.event_type,
        severity=happened.severity,
        created_at=happened.raised_at,
    )


@asynccontextmanager
async def desk(house: House, chromium: str, locale: str, size: tuple[int, int]) -> AsyncIterator[tuple[Page, str]]:
    """Serve the town and sign in with a browser; yields its page and the address of the gateway."""
    async with TestServer(make_web_app(house.context)) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(BROWSER_ARGUMENTS))
        page = await browser.new_page(viewport={"width": size[0], "height": size[1]})
        page.set_default_timeout(PAGE_TIMEOUT_MS)
        await page.add_init_script(f"localStorage.setItem('gridpatrol.locale', '{locale}')")
        address = str(server.make_url("")).rstrip("/")
        await page.goto(f"{address}/sign-in")
        await page.get_by_test_id("sign-in-name").fill("grid-worker")
        await page.get_by_test_id("sign-in-password").fill(PASSWORD)
        await page.get_by_test_id("sign-in-submit").click()
        await expect(page).not_to_have_url(f"{address}/sign-in", timeout=PAGE_TIMEOUT_MS)
        yield page, address
        await browser.close()


async def box(place: Locator) -> FloatRect:
    found = await place.bounding_box()
    assert found is not None
    return found


async def check_pair(page: Page, locale: str, *, beside: bool) -> None:
    """Both pictures are there with word, time and alternative text; they lie as the width asks, the clip below."""
    well, now = page.get_by_test_id("picture-reference"), page.get_by_test_id("picture-now")
    for side, word, width in ((well, WORDS[locale][0], 640), (now, WORDS[locale][1], 1280)):
        await expect(side.locator("figcaption strong")).to_have_text(word)
        await expect(side.locator("img")).to_have_js_property("naturalWidth", width)
        shown = await side.locator("time").inner_text()
        assert shown in (await side.locator("img").get_attribute("alt") or "")
        await side.locator("a").focus()
        await expect(side.locator("a")).to_be_focused()
    first, second, clip = await box(well), await box(now), await box(page.locator("figure.player"))
    assert (first["y"] == second["y"]) is beside
    assert (first["x"] == second["x"]) is not beside
    assert clip["y"] >= second["y"] + second["height"]
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= await page.evaluate("window.innerWidth")


@pytest.mark.chromium
@pytest.mark.usefixtures("built_pages")
@pytest.mark.parametrize(("locale", "size"), [("zh-CN", DESK), ("en", PHONE)])
async def test_fault_is_shown_beside_what_was_well(
    tmp_path: Path, chromium: str, locale: str, size: tuple[int, int]
) -> None:
    """On the pages of event and review, at a desk and on a phone; an event of a scene looks as before."""
    await found_town(tmp_path / "town.db")
    async with open_house(tmp_path, dist=UI_DIST) as house:
        fault, scene = await add_fault(house), await house.add_event(2)
        async with desk(house, chromium, locale, size) as (page, address):
            for path in (f"/events/{fault.event_id}", f"/review/{fault.id}"):
                await page.goto(address + path)
                await check_pair(page, locale, beside=size == DESK)
                await expect(page.get_by_role("heading").filter(has_text=WORDS[locale][2])).to_be_visible()
            await page.goto(f"{address}/review/{scene.id}")
            await expect(page.locator("figure.player")).to_be_visible()
            await expect(page.get_by_test_id("picture-pair")).to_have_count(0)
