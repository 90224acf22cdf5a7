"""The walk through the demonstration without a person: every step seen in a real browser, with its time."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from playwright.async_api import Browser, Error, Page, async_playwright, expect

if TYPE_CHECKING:
    from demo import Demo

# The promise: the first flagged event within a minute of start-up.
FIRST_EVENT_S = 60.0
# Undo window (10 s), delivery, and the platform's answer.
CASE_S = 60.0
BROWSER_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PLAYS = "v => !v.error && v.readyState >= 2 && v.currentTime > 0.5 && v.videoWidth > 0"


class Steps:
    """Prints each step with the seconds since start-up; a step that does not happen ends the walk."""

    def __init__(self, started_s: float) -> None:
        self._started_s = started_s
        self.done: dict[str, float] = {}

    @asynccontextmanager
    async def step(self, words: str) -> AsyncIterator[None]:
        """Time one step; its failure is printed and ends the program with exit code 1."""
        try:
            yield
        except (Error, AssertionError, TimeoutError) as exc:
            print(f"FAILED {self._elapsed():6.1f} s  {words}\n{exc}", flush=True)
            sys.exit(1)
        self.done[words] = round(self._elapsed(), 1)
        print(f"ok     {self._elapsed():6.1f} s  {words}", flush=True)

    def left_s(self, limit_s: float) -> float:
        """Return how much of a limit counted from start-up is left, at least a second."""
        return max(1.0, limit_s - self._elapsed())

    def _elapsed(self) -> float:
        return time.monotonic() - self._started_s


def browser_path() -> str:
    """Return a Chromium to drive.

    Raises:
        SystemExit: There is none.
    """
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        sys.exit("FAILED: the check needs Chromium, and there is none")
    return found


async def walk(demo: Demo, passwords: dict[str, str], *, started_s: float, prepared_in_s: float) -> None:
    """Sign in, see the first event's clip play, confirm it, see the case at the platform and its number come back."""
    steps = Steps(started_s)
    print(f"prepared in {prepared_in_s:.1f} s; times below are since start-up", flush=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path(), args=list(BROWSER_ARGUMENTS))
        page = await browser.new_page(locale="zh-CN", viewport={"width": 1440, "height": 900})
        async with steps.step("signed in"):
            await sign_in(page, demo.address, "operator", passwords["operator"])
        async with steps.step("the review page shows a flagged event"):
            await page.goto(f"{demo.address}/review")
            first = page.get_by_test_id("review-item").first
            await expect(first).to_be_visible(timeout=steps.left_s(FIRST_EVENT_S) * 1000)
            await first.click()
        async with steps.step("its clip plays"):
            await expect(page.get_by_test_id("clip")).to_be_visible(timeout=15_000)
            await wait_for_clip(page)
        async with steps.step("confirmed: the case is open"):
            async with page.expect_response(lambda r: r.url.endswith("/verdict")) as answered:
                await page.get_by_test_id("verdict-confirmed").click()
            detail = await (await answered.value).json()
            event_id, case_id = detail["event"]["id"], detail["case"]["id"]
        async with steps.step("the platform shows the case, its signature verified"):
            await see_at_platform(browser, demo.platform, case_id)
        async with steps.step("the platform's case number stands on the event"):
            await page.goto(f"{demo.address}/events/{event_id}")
            number = page.get_by_test_id("case-number")
            await expect(number).to_contain_text("AJ-", timeout=CASE_S * 1000)
        await browser.close()
    print(json.dumps({"demo": "ok", "steps": steps.done}, ensure_ascii=False))


async def sign_in(page: Page, address: str, name: str, password: str) -> None:
    """Sign in as a person would."""
    await page.goto(f"{address}/sign-in")
    await page.get_by_test_id("sign-in-name").fill(name)
    await page.get_by_test_id("sign-in-password").fill(password)
    await page.get_by_test_id("sign-in-submit").click()
    await expect(page).not_to_have_url(f"{address}/sign-in", timeout=15_000)


async def wait_for_clip(page: Page) -> None:
    """Wait until the browser has decoded and is playing the clip."""
    await page.wait_for_function(
        f"() => {{ const v = document.querySelector('[data-testid=clip]'); return ({PLAYS})(v) }}", timeout=15_000
    )


async def see_at_platform(browser: Browser, address: str, case_id: str) -> None:
    """Find the case on the platform's own page, with its verified signature."""
    page = await browser.new_page(locale="zh-CN")
    row = page.locator(f"[data-case-id='{case_id}']")
    due = time.monotonic() + CASE_S
    while time.monotonic() < due:
        await page.goto(address)
        if await row.count():
            break
        await page.wait_for_timeout(500)
    await expect(row).to_contain_text("✓", timeout=1_000)
    await expect(row).to_contain_text("AJ-", timeout=1_000)
