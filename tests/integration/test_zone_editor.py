"""A zone drawn by keys in a real browser becomes a version, is watched, and is taken back."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.integration.gateway_rig import PAGE_TIMEOUT_MS, Rig, Visitor, until, write_scene

pytestmark = pytest.mark.unpaced

CAMERA: dict[str, Any] = {
    "id": "gate",
    "name": "gate",
    "zones": [{"id": "z", "name": "whole", "polygon": [[0, 0], [1, 0], [1, 1], [0, 1]]}],
    "rules": [{"id": "enter", "type": "zone_intrusion", "zone": "z"}],
}
DRAWN = [" ", *["Shift+ArrowRight"] * 4, " ", *["Shift+ArrowDown"] * 4, " ", "Enter"]  # steps of 5 % of the picture


async def draw_and_save(page: Page, address: str) -> None:
    """Draw a triangle by keys alone, name it, give it a rule, and save both with a reason."""
    await page.goto(f"{address}/cameras/gate/edit")
    await page.get_by_test_id("draw-area").click(timeout=PAGE_TIMEOUT_MS)
    for key in DRAWN:
        await page.keyboard.press(key)
    await expect(page.locator("#zone-name")).to_be_focused()
    await page.locator("#zone-name").fill("triangle")
    await page.locator("#tab-rules").click()
    await page.locator("#fresh-type").select_option("illegal_parking")
    await page.locator("#fresh-zone").select_option(label="triangle")
    await page.get_by_test_id("add-rule").click()
    await page.get_by_test_id("save").click()
    await page.get_by_test_id("save-reason").fill("parking")
    await page.get_by_test_id("save-confirm").click()
    await expect(page.get_by_test_id("save-bar")).to_have_count(0, timeout=PAGE_TIMEOUT_MS)


async def names_of_zones(visitor: Visitor) -> list[str]:
    return [zone["name"] for zone in (await visitor.get("/config/cameras/gate"))["document"]["zones"]]


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.usefixtures("built_pages")
async def test_a_zone_drawn_by_keys_is_saved_shown_and_taken_back(rig: Rig, chromium: str) -> None:
    """What was drawn stands in the document and its version to the tenth of a per cent; rolling back removes it."""
    scene = await asyncio.to_thread(write_scene, rig.folder / "scene.mp4")
    rig.configure([{**CAMERA, "streams": [{"url": f"rtsp://127.0.0.1:{rig.rtsp_port}/gate"}]}])
    await rig.add_operator()
    await rig.simulate(f"gate={scene}")
    await rig.gateway().start()
    await rig.ready()
    async with rig.visitor() as visitor, rig.page(chromium) as page:
        await draw_and_save(page, rig.address)
        document = (await visitor.get("/config/cameras/gate"))["document"]
        (drawn,) = (zone for zone in document["zones"] if zone["name"] == "triangle")
        assert drawn["polygon"] == [[0.5, 0.5], [0.7, 0.5], [0.7, 0.7]]
        assert [rule["zone"] for rule in document["rules"]] == ["z", drawn["id"]]
        versions = await visitor.every("/config/versions", camera_id="gate")
        assert (versions[0]["author"], versions[0]["reason"]) == ("operator", "parking")

        async def watched() -> bool:
            return len((await visitor.get("/cameras/gate"))["zones"]) == 2

        await until(watched, what="the new zone on the camera's page")
        status, _ = await visitor.post(f"/config/versions/{versions[1]['id']}/rollback", {"reason": "not needed"})
        assert status == 200
        assert await names_of_zones(visitor) == ["whole"]
