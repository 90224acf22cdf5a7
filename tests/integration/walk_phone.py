"""A worker's telephone in a browser: real touches, and what passes between a touch and the picture that follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from playwright.async_api import Browser, CDPSession, Locator, Page

from tests.integration.gateway_rig import PAGE_TIMEOUT_MS
from tests.unit.gateway.web.house import PASSWORD

PHONE_PX = (360, 780)
SWIPE_STEPS = 6
SWIPE_STEP_S = 0.016
LOOK_S = 1.0  # nobody judges in less, and only what comes after the touch is the page's time
REST_S = 0.15  # a finger that lifts while it moves throws the page, and the touch after that only stops it
# Notes each touch, and when the clip that follows it stands and when it runs. A clip that lay ready has its first
# picture already: it stands as soon as the page is painted.
WATCH = """() => {
  const clip = () => document.querySelector('video[data-testid=clip]');
  const painted = (then) => requestAnimationFrame(() => setTimeout(() => then(performance.now())));
  const follow = (touch) => {
    const now = clip();
    if (!now || now === touch.left) return requestAnimationFrame(() => follow(touch));
    touch.ready = now.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    const stands = (at) => touch.standsMs ??= at - touch.at;
    if (touch.ready) painted(stands);
    else now.requestVideoFrameCallback(stands);
    const runs = () => {
      if (now.currentTime > 0 && touch.standsMs !== undefined) touch.runsMs = performance.now() - touch.at;
      else requestAnimationFrame(runs);
    };
    runs();
  };
  window.touches = [];
  document.addEventListener('pointerup', (event) => {
    const touch = { at: event.timeStamp, left: clip() };
    window.touches.push(touch);
    follow(touch);
  }, true);
}"""
RUNS = "(n) => window.touches.length === n && window.touches[n - 1].runsMs !== undefined"
TOUCHES = "() => window.touches.map(({ at, standsMs, runsMs, ready }) => ({ at, standsMs, runsMs, ready }))"


@dataclass(frozen=True)
class Touch:
    """One touch that judged, and the clip after it; times in ms from the touch."""

    what: str
    stands_ms: float
    runs_ms: float
    ready: bool  # the clip lay decoded when its turn came


class Phone:
    """A page on a telephone, touched as by a finger."""

    def __init__(self, page: Page, touchpad: CDPSession) -> None:
        self.page = page
        self._touchpad = touchpad

    def one(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    async def tap(self, test_id: str) -> None:
        await self.one(test_id).first.tap()

    async def draw(self, locator: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Draw a finger over an element, between two places in 0-1 of it."""
        box = await locator.bounding_box()
        assert box is not None
        steps = [step / SWIPE_STEPS for step in range(SWIPE_STEPS + 1)]
        along = [tuple(start[n] + (end[n] - start[n]) * step for n in (0, 1)) for step in steps]
        way = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in along]
        for number, (x, y) in enumerate(way):
            kind = "touchMove" if number else "touchStart"
            await self._send(kind, [{"x": x, "y": y}])
            await asyncio.sleep(SWIPE_STEP_S)
        await asyncio.sleep(REST_S)
        await self._send("touchEnd", [])

    async def _send(self, kind: str, points: Sequence[dict[str, float]]) -> None:
        await self._touchpad.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})


async def pick_up(browser: Browser, address: str, name: str) -> Phone:
    """Sign in on a telephone that knows where it is: beside the water on the road, give or take 18 m."""
    context = await browser.new_context(
        viewport={"width": PHONE_PX[0], "height": PHONE_PX[1]},
        has_touch=True,
        is_mobile=True,
        device_scale_factor=2,
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        geolocation={"longitude": 117.0077, "latitude": 36.6511, "accuracy": 18},
        permissions=["geolocation"],
        service_workers="block",  # it would hide requests from the test
    )
    page = await context.new_page()
    page.set_default_timeout(PAGE_TIMEOUT_MS)
    await page.goto(f"{address}/sign-in")
    await sign_in(page, address, name)
    return Phone(page, await context.new_cdp_session(page))


async def sign_in(page: Page, address: str, name: str) -> None:
    """Fill in the form that is open."""
    await page.get_by_test_id("sign-in-name").fill(name)
    await page.get_by_test_id("sign-in-password").fill(PASSWORD)
    await page.get_by_test_id("sign-in-submit").click()
    await page.wait_for_url(f"{address}/today")


async def measured(phone: Phone, judge: Callable[[str], Awaitable[str]], number: int) -> list[Touch]:
    """Judge so many items, each after one look at its clip; `judge` is given the item's id and says what it did."""
    await phone.page.wait_for_function("() => document.querySelector('video[data-testid=clip]')?.currentTime > 0")
    await phone.page.evaluate(WATCH)
    said = []
    for n in range(number):
        await asyncio.sleep(LOOK_S)
        said.append(await judge(phone.page.url.rsplit("/", 1)[1]))
        await phone.page.wait_for_function(RUNS, arg=n + 1)
    noted: list[dict[str, Any]] = await phone.page.evaluate(TOUCHES)
    assert len(noted) == number, "one touch is one verdict"
    return [
        Touch(what, each["standsMs"], each["runsMs"], each["ready"]) for what, each in zip(said, noted, strict=True)
    ]


def table(touches: Sequence[Touch]) -> str:
    """Return what was measured, for people."""
    stands, runs = [touch.stands_ms for touch in touches], [touch.runs_ms for touch in touches]
    lines = ["    verdict      first picture ms   runs ms   lay ready"]
    lines += [
        f"{n:>2}  {each.what:<12} {each.stands_ms:>16.0f} {each.runs_ms:>9.0f}   {each.ready}"
        for n, each in enumerate(touches, 1)
    ]
    total_s = sum(runs) / 1000
    lines.append(f"touches {len(touches)}, interface time {total_s:.2f} s, {total_s / len(touches):.2f} s an item")
    for what, times in (("first picture", stands), ("runs", runs)):
        lines.append(f"{what}: p50 {median(times):.0f} ms, max {max(times):.0f} ms")
    return "\n".join(lines)
