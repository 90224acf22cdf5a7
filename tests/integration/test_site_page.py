"""Holidays, a grid's outline and an event type changed in a real browser, each a version that can be taken back."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.integration.gateway_rig import PAGE_TIMEOUT_MS, Rig

pytestmark = pytest.mark.unpaced

OUTLINE = "100.1, 38.1\n100.2, 38.1\n100.2, 38.2"


async def save(page: Page, reason: str) -> None:
    """Look at what changes, and save it with a reason."""
    await page.get_by_test_id("site-save").click()
    await page.get_by_test_id("save-reason").fill(reason, timeout=PAGE_TIMEOUT_MS)
    await page.get_by_test_id("save-confirm").click()
    await expect(page.get_by_test_id("save-reason")).to_have_count(0, timeout=PAGE_TIMEOUT_MS)


async def add_holidays(page: Page, address: str) -> None:
    await page.goto(f"{address}/site")
    await page.get_by_test_id("site-add").click(timeout=PAGE_TIMEOUT_MS)
    await page.get_by_test_id("site-year-input").fill("2027")
    await page.get_by_test_id("site-year-input").press("Tab")
    spans = page.locator("fieldset.days")
    await spans.nth(0).locator("input").nth(0).fill("2027-10-01")
    await spans.nth(0).locator("input").nth(1).fill("2027-10-03")
    await spans.nth(0).locator("button.btn").click()
    await spans.nth(1).locator("input").nth(0).fill("2027-10-09")
    await spans.nth(1).locator("button.btn").click()
    await save(page, "notice of the year")


async def outline_grid(page: Page, address: str, grid_id: str) -> None:
    await page.goto(f"{address}/site?of=grid")
    await page.get_by_test_id(f"entry-{grid_id}").click(timeout=PAGE_TIMEOUT_MS)
    await page.locator(".outline summary").click()
    await page.locator(".outline textarea").fill(OUTLINE)
    await page.locator(".outline textarea").press("Tab")
    await save(page, "drawn")


async def change_type(page: Page, address: str) -> None:
    await page.goto(f"{address}/site?of=event_type")
    await page.get_by_test_id("entry-litter").click(timeout=PAGE_TIMEOUT_MS)
    await page.get_by_test_id("site-deadline/amount").fill("3")
    await page.get_by_test_id("site-deadline/amount").press("Tab")
    await save(page, "as our city has it")


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.usefixtures("built_pages")
async def test_the_site_is_changed_by_versions(rig: Rig, chromium: str) -> None:
    """What was typed is in force, with reason and difference; what holds of a shipped type besides is left out."""
    rig.configure([])
    await rig.add_operator()
    await rig.gateway().start()
    await rig.ready()
    async with rig.visitor() as visitor, rig.page(chromium) as page:
        grid_id = (await visitor.get("/config/entries/grid"))["items"][0]["id"]
        await add_holidays(page, rig.address)
        await outline_grid(page, rig.address, grid_id)
        await change_type(page, rig.address)
        [year] = (await visitor.get("/config/entries/calendar"))["items"]
        assert year["document"] == {
            "year": "2027",
            "holidays": ["2027-10-01", "2027-10-02", "2027-10-03"],
            "make_up_days": ["2027-10-09"],
        }
        grid = (await visitor.get("/config/entries/grid"))["items"][0]["document"]
        assert grid["polygon"] == [[100.1, 38.1], [100.2, 38.1], [100.2, 38.2]]
        types = {each["id"]: each for each in (await visitor.get("/config/entries/event_type"))["items"]}
        assert types["litter"]["document"].keys() == {"id", "deadline"}
        assert types["litter"]["document"]["deadline"]["amount"] == 3
        versions = await visitor.every("/config/versions")
        assert [v["reason"] for v in versions[:3]] == ["as our city has it", "drawn", "notice of the year"]
