"""Pairs of eyes on each page, narrow and wide, Chinese and English: what axe finds wrong, and pictures if wanted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page

from tests.integration.gateway_rig import PAGE_TIMEOUT_MS, ROOT
from tests.integration.walk_phone import sign_in

AXE = ROOT / "gateway" / "web" / "ui" / "node_modules" / "axe-core" / "axe.min.js"
# A folder to put a picture of every page into; pictures are for people, the test needs none. With it, each language is
# looked at in each width, which takes twice as long.
SHOTS = os.environ.get("GRIDPATROL_WALK_SHOTS", "")
EYES = (("zh-CN", (360, 780)), ("en", (1440, 900)))
MORE_EYES = (("en", (360, 780)), ("zh-CN", (1440, 900)))
GRAVE = ("serious", "critical")
# Targets of 24 px are demanded since WCAG 2.2; axe leaves that rule out unless it is asked for.
CHECK = """async () => {
  const found = await axe.run(document, {
    resultTypes: ['violations'], rules: { 'target-size': { enabled: true } },
  });
  return found.violations.map(({ id, impact, nodes }) => ({
    id, impact, where: nodes.map((node) => `${node.target.join(' ')}: ${node.failureSummary.replace(/\\s+/g, ' ')}`),
  }));
}"""
# What a thumb judges with in the rain is 44 px high and wide, everything else 24: axe minds only what has neighbours.
SMALL = """() => [
  ['.verdicts .btn, .acts .btn', 44], ['button, .btn, summary, .facts dd > a', 24],
].flatMap(([what, least]) =>
  [...document.querySelectorAll(what)].filter((target) => {
    const { width, height } = target.getBoundingClientRect();
    return width > 0 && (width < least || height < least);
  }).map((target) => `${target.dataset.testid ?? target.textContent.trim()} is smaller than ${least} px`))"""
CUT_OFF = """() => document.documentElement.scrollWidth - document.documentElement.clientWidth"""

Prepare = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True)
class Eye:
    """A browser of one width and one language."""

    page: Page
    locale: str
    width: int


@dataclass
class Eyes:
    """Looks at pages and remembers what is wrong with them."""

    address: str
    eyes: list[Eye]
    wrong: list[str] = field(default_factory=list)

    async def look(self, name: str, path: str, prepare: Prepare | None = None) -> None:
        """Open a page with each eye, bring it into the state that is meant, and check it."""
        async with asyncio.TaskGroup() as group:
            for eye in self.eyes:
                group.create_task(self._look(eye, name, path, prepare))

    async def _look(self, eye: Eye, name: str, path: str, prepare: Prepare | None) -> None:
        await eye.page.goto(self.address + path)
        # A page that fills the screen, as a round does, leaves an element without height around it.
        await eye.page.locator("main, form").first.wait_for(state="attached")
        if prepare is not None:
            await prepare(eye.page)
        await self._check(name, eye)
        await eye.page.goto("about:blank")  # holds, live pictures and the stream of changes end

    async def _check(self, name: str, eye: Eye) -> None:
        where = f"{name} at {eye.width} px in {eye.locale}"
        if SHOTS:
            await eye.page.screenshot(path=Path(SHOTS) / f"{name}-{eye.width}-{eye.locale}.png", full_page=True)
        await eye.page.evaluate(AXE.read_text("utf-8"))
        found: list[dict[str, Any]] = await eye.page.evaluate(CHECK)
        self.wrong += [
            f"{where}: {each['id']} ({each['impact']})\n    " + "\n    ".join(each["where"])
            for each in found
            if each["impact"] in GRAVE
        ]
        small: list[str] = await eye.page.evaluate(SMALL) if eye.width < 1100 else []
        self.wrong += [f"{where}: {each}" for each in small]
        if await eye.page.evaluate(CUT_OFF) > 0:
            self.wrong.append(f"{where}: wider than the screen")


@asynccontextmanager
async def eyes_on(browser: Browser, address: str, name: str) -> AsyncIterator[Eyes]:
    """Open the browsers, look at the page for signing in, and sign in."""
    eyes = Eyes(address, [])
    for locale, (width, height) in EYES + MORE_EYES if SHOTS else EYES:
        context = await browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=width < 1100,
            is_mobile=width < 1100,
            locale=locale,
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            service_workers="block",
        )
        await context.add_init_script(f"localStorage.setItem('gridpatrol.locale', '{locale}')")
        page = await context.new_page()
        page.set_default_timeout(PAGE_TIMEOUT_MS)
        eyes.eyes.append(Eye(page, locale, width))
    await eyes.look("sign-in", "/sign-in")
    for eye in eyes.eyes:
        await eye.page.goto(f"{address}/sign-in")
        await sign_in(eye.page, address, name)
        await eye.page.goto("about:blank")
    yield eyes
    for eye in eyes.eyes:
        await eye.page.context.close()
