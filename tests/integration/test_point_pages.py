"""Points in a browser: made on the map, printed, and scanned through the phone's own camera at check-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, async_playwright, expect

from gateway.app import UI_DIST
from gateway.evidence.qr import QUIET_SQUARES, SQUARE_PX, squares_of
from gateway.web.app import make_web_app
from gateway.web.patrol_services import make_foot_clerk
from storage.protocols import Scope
from storage.protocols_patrol import TaskFilter
from storage.records_patrol import CheckPoint, Task, TaskKind, TaskState
from tests.integration.gateway_rig import BROWSER_ARGUMENTS, PAGE_TIMEOUT_MS, until
from tests.unit.gateway.web.house import PASSWORD, House, found_town, open_house

pytestmark = pytest.mark.unpaced

PHONE, DESK = (360, 780), (1440, 900)
CODE = "0k3m9abcdxyz"
CAMERA_PX = (640, 480)
CAMERA_FPS = 10


def film_sign(path: Path, text: str | None) -> Path:
    """Write what a phone's camera sees: a wall, and where there is a text, its code held askew and not quite still."""
    rng = np.random.default_rng(5)
    width, height = CAMERA_PX
    wall = np.kron(rng.integers(90, 150, (height // 40, width // 40)), np.ones((40, 40))).astype(np.int16)
    with av.open(str(path), "w") as film:
        video = film.add_stream("mjpeg", rate=CAMERA_FPS)
        assert isinstance(video, av.VideoStream)
        (video.width, video.height), video.pix_fmt, video.time_base = CAMERA_PX, "yuvj420p", Fraction(1, CAMERA_FPS)
        for number in range(CAMERA_FPS * 2):
            picture = wall.copy()
            if text is not None:
                squares = np.pad(~squares_of(text), QUIET_SQUARES, constant_values=True)
                sign = np.kron(squares, np.ones((9, 9))).astype(np.int16) * 200 + 25
                left = 150 + number % 7
                picture[90 : 90 + sign.shape[0], left : left + sign.shape[1]] = sign
            picture += rng.integers(-6, 7, picture.shape, np.int16)
            shades = np.repeat(picture.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
            film.mux(video.encode(av.VideoFrame.from_ndarray(shades, format="rgb24")))
        film.mux(video.encode(None))
    return path


@asynccontextmanager
async def served(house: House, chromium: str, film: Path | None = None) -> AsyncIterator[tuple[Browser, str]]:
    """Serve the town to a browser whose camera shows the film, over and over; without one it has no camera."""
    camera = () if film is None else (
        "--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}",
    )  # fmt: skip
    async with TestServer(make_web_app(house.context)) as server, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=[*BROWSER_ARGUMENTS, *camera])
        yield browser, str(server.make_url("")).rstrip("/")
        await browser.close()


async def signed_in(
    browser: Browser, address: str, name: str, size: tuple[int, int], permissions: tuple[str, ...] = ()
) -> Page:
    phone = size == PHONE
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        has_touch=phone,
        is_mobile=phone,
        timezone_id="Asia/Shanghai",
        locale="zh-CN",
        permissions=permissions,
        service_workers="block",
    )
    page = await context.new_page()
    page.set_default_timeout(PAGE_TIMEOUT_MS)
    await page.goto(f"{address}/sign-in")
    await page.get_by_test_id("sign-in-name").fill(name)
    await page.get_by_test_id("sign-in-password").fill(PASSWORD)
    await page.get_by_test_id("sign-in-submit").click()
    await page.wait_for_url(f"{address}/today")
    return page


async def task_at_gate(house: House) -> Task:
    """Make a point with a known code, and a task there."""
    now = house.clock.now()
    await house.stores.tasks.add_point(CheckPoint("cp_gate", "east", "东街水闸", 117.0, 36.6, CODE, now))
    task = Task(
        id="task_gate",
        kind=TaskKind.ROUTINE,
        grid_id="east",
        title="早间河道巡查",
        what="",
        place="东街水闸",
        lon=117.0,
        lat=36.6,
        created_at=now,
        created_by="acc_grid-leader",
        due_at=now + timedelta(hours=2),
        assignee="acc_grid-worker",
        point_id="cp_gate",
    )
    await house.stores.tasks.add(task)
    return task


async def routine_tasks(house: House) -> list[Task]:
    return list((await house.stores.tasks.page(Scope(None), TaskFilter(kinds=(TaskKind.ROUTINE,)))).items)


@pytest.mark.chromium
@pytest.mark.usefixtures("built_pages")
async def test_code_is_scanned_through_the_camera(tmp_path: Path, chromium: str) -> None:
    """A task at a point opens, the camera's live picture shows the code, and the check-in is by that code."""
    await found_town(tmp_path / "town.db")
    film = film_sign(tmp_path / "sign.mjpeg", CODE)
    async with open_house(tmp_path, dist=UI_DIST) as house, served(house, chromium, film) as (browser, address):
        task = await task_at_gate(house)
        page = await signed_in(browser, address, "grid-worker", PHONE, ("camera",))
        await page.goto(f"{address}/tasks/{task.id}")
        await page.get_by_test_id("scan-start").click()
        await expect(page.get_by_test_id("arrived")).to_be_visible()
        await expect(page.get_by_test_id("scan-view")).to_have_count(0)

        async def arrived() -> bool:
            return (await house.stores.tasks.get(task.id)).state is TaskState.ARRIVED

        await until(arrived, what="the check-in")
        arrival = (await house.stores.tasks.get(task.id)).arrival
        assert arrival is not None
        assert (arrival.by, arrival.point_id, arrival.distance_m) == ("code", "cp_gate", 0.0)
        await page.get_by_test_id("result-rejected").click()
        await expect(page.get_by_test_id("task-done")).to_be_visible()


@pytest.mark.chromium
@pytest.mark.usefixtures("built_pages")
async def test_camera_that_is_refused_or_missing_is_told(tmp_path: Path, chromium: str) -> None:
    """Permission refused, no camera at all: words, and the code can still be typed, spaces and all."""
    await found_town(tmp_path / "town.db")
    film = film_sign(tmp_path / "wall.mjpeg", None)
    async with open_house(tmp_path, dist=UI_DIST) as house:
        task = await task_at_gate(house)
        async with served(house, chromium, film) as (browser, address):
            page = await signed_in(browser, address, "grid-worker", PHONE)
            await page.goto(f"{address}/tasks/{task.id}")
            await page.get_by_test_id("scan-start").click()
            await expect(page.get_by_test_id("scan-why")).to_contain_text("没有摄像头权限")
        async with served(house, chromium) as (browser, address):
            page = await signed_in(browser, address, "grid-worker", PHONE, ("camera",))
            await page.goto(f"{address}/tasks/{task.id}")
            await page.get_by_test_id("scan-start").click()
            await expect(page.get_by_test_id("scan-why")).to_contain_text("没有可用的摄像头")
            await page.locator("#point-code").fill("0K3M 9abc dxyz")
            await page.keyboard.press("Enter")
            await expect(page.get_by_test_id("arrived")).to_be_visible()

            async def arrived() -> bool:
                return (await house.stores.tasks.get(task.id)).arrival is not None

            await until(arrived, what="the check-in")


@pytest.mark.chromium
@pytest.mark.usefixtures("built_pages")
async def test_leader_makes_a_point_and_sends_somebody(tmp_path: Path, chromium: str) -> None:
    """On the map, by hand and by plan; its code is on the sheet; a miss is on the patrol page."""
    await found_town(tmp_path / "town.db")
    async with open_house(tmp_path, dist=UI_DIST) as house, served(house, chromium) as (browser, address):
        page = await signed_in(browser, address, "grid-leader", DESK)
        await page.goto(f"{address}/patrol/points")
        await page.get_by_test_id("point-new").click()
        await page.get_by_test_id("point-save").click()
        await expect(page.get_by_test_id("point-form").get_by_role("alert")).to_be_visible()
        await page.get_by_test_id("point-name").fill("东街水闸")
        await page.get_by_test_id("map").focus()
        await page.keyboard.press("Enter")
        await page.get_by_test_id("point-save").click()
        await expect(page.get_by_test_id("point")).to_contain_text("东街水闸")
        (point,) = await house.stores.tasks.points(Scope(None))
        await page.get_by_test_id("point").get_by_role("checkbox").check()
        await page.get_by_test_id("give-open").click()
        await page.get_by_test_id("give-who").select_option("acc_grid-worker")
        await page.get_by_test_id("give-send").click()

        async def given() -> bool:
            return len(await routine_tasks(house)) == 1

        await until(given, what="the task")
        (task,) = await routine_tasks(house)
        assert (task.point_id, task.assignee, task.place) == (point.id, "acc_grid-worker", "东街水闸")
        await page.get_by_test_id("to-print").click()
        await expect(page.get_by_test_id("sign").locator("img")).to_have_js_property("naturalWidth", 29 * SQUARE_PX)
        await page.goto(f"{address}/patrol/foot-plans")
        await page.get_by_test_id("foot-new").click()
        await page.locator("#foot-name").fill("夜间巡查")
        await page.get_by_test_id("foot-add-point").click()
        await page.locator("#foot-from-0").fill("00:00")
        await page.locator("#foot-to-0").fill("23:59")
        await page.get_by_role("checkbox").first.uncheck()
        await page.get_by_test_id("foot-save").click()
        await expect(page.get_by_test_id("foot-plan")).to_contain_text("夜间巡查")
        await make_foot_clerk(house.context).run_once()
        assert {task.title for task in await routine_tasks(house)} == {"例行巡查", "夜间巡查"}
        house.clock.ahead = timedelta(days=1, hours=3)
        await make_foot_clerk(house.context).run_once()
        states = {task.title: task.state for task in await routine_tasks(house) if task.closes_at}
        assert TaskState.MISSED in states.values()
