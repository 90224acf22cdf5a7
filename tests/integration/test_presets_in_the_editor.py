"""Zones follow a picture that has moved, and a preset gets its own, in a real browser before a real gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from playwright.async_api import Page, expect

from gateway.types import Bgr
from storage.reference_pictures import picture_id, picture_key
from tests.integration.gateway_rig import PAGE_TIMEOUT_MS, Rig, Visitor, until
from tests.unit.gateway.analysis.health.street import street

pytestmark = pytest.mark.unpaced

FPS, SECONDS, BLOCK_S = 10, 18.0, 12.0
RIGHT_PX = 24  # of 480: a twentieth of the width
SQUARE = [[0.3, 0.2], [0.7, 0.2], [0.7, 0.8], [0.3, 0.8]]
# From the middle in steps of 5 % of the picture, a corner after each run.
_RUNS = (("Left", 6), ("Right", 12), ("Down", 9), ("Left", 12))
DRAWN = [key for way, n in _RUNS for key in (*[f"Shift+Arrow{way}"] * n, " ")] + ["Enter"]


def write_street(path: Path) -> Path:
    """Encode a street through which, from the fifth second on, a bright block moves; to be played in a loop."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=FPS, options={"g": str(FPS), "bf": "0", "preset": "veryfast"})
        assert isinstance(video, av.VideoStream)
        (video.width, video.height), video.pix_fmt = (480, 270), "yuv420p"
        for index in range(round(SECONDS * FPS)):
            picture = street(index)
            since_s = index / FPS - 5
            if 0 <= since_s < BLOCK_S:
                left = round(since_s / BLOCK_S * 400)
                picture[100:200, left : left + 70] = 245
            frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
            frame.pts = index
            output.mux(video.encode(frame))
        output.mux(video.encode())
    return path


def keep(rig: Rig, camera_id: str, picture: Bgr) -> str:
    """Put a reference picture where the gateway keeps them and return its name."""
    jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
    reference = picture_id(jpeg)
    path = rig.data / "media" / picture_key(camera_id, reference)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg)
    return reference


def camera(rig: Rig, camera_id: str, **more: Any) -> dict[str, Any]:
    """Return a camera with a zone that a rule watches."""
    return {
        "id": camera_id,
        "name": camera_id,
        "streams": [{"url": f"rtsp://127.0.0.1:{rig.rtsp_port}/{camera_id}"}],
        "rules": [{"id": "enter", "type": "zone_intrusion", "zone": "z", "dwell_s": 1}],
        **more,
    }


async def deployed(rig: Rig) -> None:
    """Start a gateway before two cameras: one was turned since its zone was drawn, one turns and has a preset."""
    scene = await asyncio.to_thread(write_street, rig.folder / "street.mp4")
    moved = keep(rig, "gate", np.roll(street(), -RIGHT_PX, 1))
    zone = {"id": "z", "name": "lane", "polygon": SQUARE}
    fixed = camera(rig, "gate", references=[moved], zones=[zone])
    yard = {"id": "yard", "name": "yard", "references": [keep(rig, "ptz", street(seed=3))]}
    turning = camera(rig, "ptz", presets=[yard], zones=[{**zone, "preset": "yard"}])
    rig.configure([fixed, turning])
    await rig.add_operator()
    await rig.simulate(f"gate={scene}", f"ptz={scene}")
    await rig.gateway().start()
    await rig.ready()


async def document(visitor: Visitor, camera_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await visitor.get(f"/config/cameras/{camera_id}"))["document"]
    return found


async def notes(visitor: Visitor, camera_id: str) -> list[str]:
    found: list[str] = (await visitor.get(f"/cameras/{camera_id}"))["state"]["notes"]
    return found


async def online(visitor: Visitor, camera_id: str) -> bool:
    state = (await visitor.get(f"/cameras/{camera_id}"))["state"]
    return bool(state["state"] == "online" and state["last_picture_at"])


async def save(page: Page, reason: str) -> None:
    await page.get_by_test_id("save").click()
    await page.get_by_test_id("save-reason").fill(reason)
    await page.get_by_test_id("save-confirm").click()
    await expect(page.get_by_test_id("save-bar")).to_have_count(0, timeout=PAGE_TIMEOUT_MS)


async def move_zones_along(page: Page, visitor: Visitor, address: str) -> None:
    """Open the camera that was turned, see by how much, and let its zone follow; an undo takes it back."""
    before = await document(visitor, "gate")
    await page.goto(f"{address}/cameras/gate/edit")
    await expect(page.get_by_test_id("shift-by")).to_contain_text("%", timeout=PAGE_TIMEOUT_MS)
    await page.get_by_test_id("shift-along").click()
    await expect(page.get_by_test_id("shift")).to_have_count(0, timeout=PAGE_TIMEOUT_MS)
    await page.get_by_test_id("undo").click()
    await expect(page.get_by_test_id("shift")).to_be_visible(timeout=PAGE_TIMEOUT_MS)
    await page.get_by_test_id("shift-along").click()
    await expect(page.get_by_test_id("shift")).to_have_count(0, timeout=PAGE_TIMEOUT_MS)
    await save(page, "moved along")
    after = await document(visitor, "gate")
    assert after["references"] != before["references"]
    for (x, y), (old_x, old_y) in zip(after["zones"][0]["polygon"], SQUARE, strict=True):
        assert x == pytest.approx(old_x + RIGHT_PX / 480, abs=0.004)
        assert y == pytest.approx(old_y, abs=0.004)


async def draw_on_a_preset(page: Page, visitor: Visitor, address: str) -> None:
    """Add a preset, take its picture, draw a zone on it by keys, give it the rule's type and save."""
    await page.goto(f"{address}/cameras/ptz/edit")
    await page.get_by_test_id("add-preset").click(timeout=PAGE_TIMEOUT_MS)
    await page.locator("#preset-name").fill("street")
    await page.get_by_test_id("take-reference").click()
    await expect(page.get_by_test_id("which-picture")).to_be_visible(timeout=PAGE_TIMEOUT_MS)
    await page.get_by_test_id("draw-area").click()
    for key in DRAWN:
        await page.keyboard.press(key)
    await page.locator("#zone-name").fill("court")
    await page.locator("#tab-rules").click()
    await page.locator("#fresh-type").select_option("zone_intrusion")
    await page.locator("#fresh-zone").select_option(label="court")
    await page.get_by_test_id("add-rule").click()
    await save(page, "a preset")
    found = await document(visitor, "ptz")
    _, street_preset = found["presets"]
    (drawn,) = (zone for zone in found["zones"] if zone["name"] == "court")
    assert (street_preset["name"], drawn["preset"]) == ("street", street_preset["id"])
    assert len(street_preset["references"]) == 1


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.usefixtures("built_pages")
async def test_zones_follow_the_picture_and_presets_have_their_own(rig: Rig, chromium: str) -> None:
    """Moved along by the measured shift, undone and done again; then a preset is drawn, recognised, and flags."""
    await deployed(rig)
    async with rig.visitor() as visitor, rig.page(chromium) as page:

        async def shown() -> bool:
            return await online(visitor, "gate") and await online(visitor, "ptz")

        await until(shown, what="both cameras' pictures")
        await move_zones_along(page, visitor, rig.address)

        async def unknown() -> bool:
            return "view_unknown" in await notes(visitor, "ptz")

        await until(unknown, what="the note that the view is unknown: it is not the yard")
        await draw_on_a_preset(page, visitor, rig.address)

        async def known() -> bool:
            return "view_unknown" not in await notes(visitor, "ptz") and await online(visitor, "ptz")

        await until(known, what="the preset to be recognised")

        async def flagged() -> bool:
            events = (await visitor.get("/cameras/ptz"))["recent"]
            return any(event["zone_name"] == "court" for event in events)

        await until(flagged, timeout_s=90, what="an event in the preset's zone")
        events = (await visitor.get("/cameras/ptz"))["recent"]
        assert not [event for event in events if event["zone_id"] == "z"], "the yard was never in view"
