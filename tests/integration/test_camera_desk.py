"""The camera desk walked by an administrator: from a system without cameras to the first event of a zone drawn there.

Three simulated devices are found, connected, seen, placed, registered and saved in the wizard. One has a wrong clock;
one has another password than the others and refuses theirs. Found by their addresses: multicast would find the devices
of other tests, too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, Position, expect

from tests.integration.gateway_rig import Rig, free_port, until
from tests.integration.worker_rig import write_street

pytestmark = pytest.mark.unpaced

PATIENCE_MS = 90_000  # the machine may be busy with other tests
SIDE = 0.02  # degrees
# One grid is outlined, so that a position tells it.
CENTRE = (100.45, 38.92)
REGION = {"code": "620702001001", "name": "东街社区"}
GRID = {
    "id": "east",
    "code": "62070200100101",
    "name": "东街第一网格",
    "region_code": REGION["code"],
    "polygon": [[CENTRE[0] + x * SIDE, CENTRE[1] + y * SIDE] for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))],
}
USER, PASSWORD, OTHER_PASSWORD = "admin", "same-For-All", "0ther-one"
TWO_DAYS_S = 172_800
# By name: password, and by how much the clock is ahead.
DEVICES = {"normal": (PASSWORD, 0), "late": (PASSWORD, TWO_DAYS_S), "guarded": (OTHER_PASSWORD, 0)}
ZONE = "东门前"
CORNERS = ((0.15, 0.3), (0.85, 0.3), (0.85, 0.8), (0.15, 0.8))  # the walker of `write_street` stays inside
BESIDE_THE_PINS: Position = {"x": 200, "y": 480}  # on the map, px
ENTERS_S, LEAVES_S, ROUND_S = 6, 18, 20


async def empty_town(rig: Rig) -> None:
    """Start a gateway that knows a grid, an administrator and no camera."""
    rig.configure([])
    (rig.site / "site.yaml").write_text(json.dumps({"regions": [REGION], "grids": [GRID], "cameras": []}))
    said = await rig.run("accounts", "add", "admin", "--role", "admin", "--display-name", "管理员")
    rig.passwords["admin"] = said.split()[-1]
    await rig.gateway().start()
    await rig.ready()


async def devices(rig: Rig, street: Path) -> dict[str, str]:
    """Start the devices, each a process of its own; return where they are, by name."""
    return {name: await device(rig, street, name, *DEVICES[name]) for name in DEVICES}


async def device(rig: Rig, street: Path, name: str, password: str, ahead_s: int) -> str:
    port = free_port()
    login = ["--user", f"{USER}:{password}", "--onvif", str(port), "--onvif-clock", str(ahead_s)]
    program = await rig.simulate(f"{name}={street}", options=login, port=free_port())
    await until(lambda: f":{port}/" in program.said, what=f"the device {name}")
    return f"127.0.0.1:{port}"


async def press(page: Page | Locator, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click(timeout=PATIENCE_MS)


async def onwards(page: Page, step: str) -> None:
    """Go to the next step, once this one lacks nothing."""
    await press(page, "下一步")
    await expect(page.get_by_role("heading", name=step)).to_be_focused(timeout=PATIENCE_MS)


async def find(page: Page, hosts: Mapping[str, str]) -> None:
    """Ask this machine's ports; all three answer."""
    await page.get_by_role("link", name="摄像机").first.click()
    await page.get_by_role("link", name="接入摄像机").click()
    await page.get_by_role("radio", name="按地址段搜索").check()
    await page.get_by_role("textbox", name="地址段").fill("127.0.0.1")
    await page.get_by_role("textbox", name="端口").fill(" ".join(host.partition(":")[2] for host in hosts.values()))
    await press(page, "开始搜索")
    await expect(page.get_by_role("heading", name="找到 3 台设备")).to_be_visible(timeout=PATIENCE_MS)
    await page.get_by_role("checkbox", name="全选新设备").check()
    await onwards(page, "连接")


def row(page: Page, words: str) -> Locator:
    """The line of a device that is told by its address, or by the name given to it."""
    return page.get_by_role("listitem").filter(has_text=words)


async def connect(page: Page, hosts: Mapping[str, str]) -> None:
    """The first password is right for two; the third device refuses it, and is not bothered with it again."""
    await page.get_by_role("textbox", name="设备账号").fill(USER)
    await page.get_by_label("设备密码").fill(PASSWORD)
    await press(page, "连接 3 台")
    await expect(page.get_by_text("已连上 2 / 3")).to_be_visible(timeout=PATIENCE_MS)
    await expect(row(page, hosts["guarded"])).to_contain_text("账号或密码不对。", timeout=PATIENCE_MS)
    await expect(page.get_by_role("alert")).to_contain_text("1 台拒绝了这组密码。")
    await expect(page.get_by_role("button", name="连接 0 台")).to_be_disabled()
    await expect(row(page, hosts["late"])).to_contain_text("设备时钟不准。")


async def connect_the_last(page: Page) -> None:
    """With its own password the third device is had, too."""
    await page.get_by_label("设备密码").fill(OTHER_PASSWORD)
    await press(page, "连接 1 台")
    await expect(page.get_by_text("已连上 3 / 3")).to_be_visible(timeout=PATIENCE_MS)
    await onwards(page, "画面")


async def look(page: Page, hosts: Mapping[str, str]) -> None:
    """Each has a picture, and its stream is what it plays; the wrong clock is told here, too."""
    for host in hosts.values():
        await expect(row(page, host).get_by_role("img", name="的最近画面")).to_be_visible(timeout=PATIENCE_MS)
        await expect(row(page, host)).to_contain_text("640×360", timeout=PATIENCE_MS)
    await expect(row(page, hosts["late"])).to_contain_text("快 ")
    await onwards(page, "位置与网格")


async def place(page: Page, hosts: Mapping[str, str]) -> None:
    """Two are placed by their coordinates, one by a press on the map; the grid follows from the position."""
    for n, (name, host) in enumerate(hosts.items()):
        card = page.get_by_role("article").filter(has_text=host)
        await card.get_by_role("textbox", name="名称").fill(name)
        await card.get_by_role("textbox", name="编号").fill(name)
        await card.get_by_role("textbox", name="地点").fill(f"东街 {n + 1} 号")
        if name == "guarded":
            await page.get_by_role("application", name="地图，点一下就定位").click(position=BESIDE_THE_PINS)
        else:
            lon, lat = CENTRE[0] + n * SIDE / 4, CENTRE[1]
            await card.get_by_role("textbox", name="经度, 纬度").fill(f"{lon}, {lat}")
            await card.get_by_role("textbox", name="经度, 纬度").press("Tab")
        await expect(card).to_contain_text(f"按位置属于：{GRID['name']}", timeout=PATIENCE_MS)
    await onwards(page, "合规")


async def register(page: Page) -> None:
    """What the law asks for, once for all."""
    await page.get_by_role("textbox", name="用途").fill("周界防护")
    await page.get_by_role("combobox", name="依据").select_option(label="第七条：政府部门建设")
    await page.get_by_role("textbox", name="建设单位").fill("东街街道办事处")
    await page.get_by_role("combobox", name="位置类别").first.select_option(label="单位周界")
    await page.get_by_role("checkbox", name="现场已设置告示牌").check()
    await onwards(page, "规则")


async def choose_rules(page: Page) -> None:
    """Entry into a closed area is proposed for a perimeter, and waits for its zone; smoke is left out here."""
    await expect(page.get_by_role("checkbox", name="禁区闯入")).to_be_checked()
    await page.get_by_role("checkbox", name="烟火").uncheck()
    await onwards(page, "启用")


async def save_all(page: Page) -> None:
    await expect(page.get_by_role("heading", name="将接入 3 台摄像机")).to_be_visible()
    await page.get_by_role("textbox", name="变更原因").fill("东街三处周界")
    await press(page, "保存 3 台")
    await expect(page.get_by_text("3 台摄像机已接入")).to_be_visible(timeout=PATIENCE_MS)


async def draw(page: Page) -> None:
    """Draw the zone with the mouse on the picture of the camera with the wrong clock."""
    await row(page, "late").get_by_role("link", name="划区域").click()
    canvas = page.get_by_role("application", name="late的画面")
    await expect(canvas.locator("img")).to_be_visible(timeout=PATIENCE_MS)  # a decoration to readers, so without a role
    await press(page, "检测区")
    box = await canvas.bounding_box()
    assert box is not None
    for x, y in CORNERS:
        await canvas.click(position={"x": x * box["width"], "y": y * box["height"]})
    await press(page, "画完")
    await page.get_by_role("textbox", name="名称").fill(ZONE)


async def arm(page: Page) -> None:
    """Give the waiting rule its zone, switch it on, and save both with a reason."""
    await page.get_by_role("tab", name="规则").click()
    await page.get_by_role("button", name="禁区闯入").click()
    await page.get_by_role("tabpanel").get_by_role("combobox", name="区域").last.select_option(label=ZONE)
    await press(page, "启用")
    await press(page, "保存")
    dialog = page.get_by_role("dialog", name="保存改动")
    await dialog.get_by_role("textbox", name="为什么改").fill("划好了门前的区域")
    await press(dialog, "保存")
    await expect(dialog).to_be_hidden(timeout=PATIENCE_MS)


async def await_event(page: Page) -> None:
    """It comes by itself, to whoever looks at the queue."""
    await page.get_by_role("link", name="核实").first.click()
    entry = page.get_by_role("button", name="禁区闯入").filter(has_text=ZONE)
    await expect(entry.first).to_be_visible(timeout=PATIENCE_MS)


async def check_saved(rig: Rig) -> None:
    """All are online; no password is told, each is kept sealed; every change is a version with its reason."""
    async with rig.visitor("admin") as visitor:

        async def online() -> bool:
            cameras = (await visitor.get("/cameras"))["items"]
            return {c["id"] for c in cameras if c["state"]["state"] == "online"} == set(DEVICES)

        await until(online, what="all cameras online")
        documents: dict[str, Mapping[str, Any]] = {
            name: (await visitor.get(f"/config/cameras/{name}"))["document"] for name in DEVICES
        }
        reasons = [version["reason"] for version in await visitor.every("/config/versions")]
        heard = "\n".join(visitor.heard)
    assert reasons[:4] == ["划好了门前的区域", *["东街三处周界"] * 3]
    assert all(document["grids"] == ["east"] for document in documents.values())
    assert all(document["streams"][0]["password_sealed"] for document in documents.values())
    (zone,) = documents["late"]["zones"]
    assert zone["name"] == ZONE
    assert [c for point in zone["polygon"] for c in point] == pytest.approx([c for p in CORNERS for c in p], abs=0.03)
    (rule,) = documents["late"]["rules"]
    assert rule == {"id": "zone_intrusion", "type": "zone_intrusion", "zone": zone["id"]}
    kept = [*(program.said for program in rig.programs), heard, *(row["document"] for row in rig.rows(DOCUMENTS))]
    assert [word for word in (PASSWORD, OTHER_PASSWORD) for text in kept if word in text] == []


DOCUMENTS = "SELECT document FROM config_entries"


@pytest.mark.chromium
@pytest.mark.slow
@pytest.mark.usefixtures("built_pages")
async def test_from_no_camera_to_the_first_event_of_a_drawn_zone(rig: Rig, chromium: str) -> None:
    """A wrong password is refused in plain words and a wrong clock told; neither keeps anything from working."""
    street = await asyncio.to_thread(write_street, rig.folder / "street.mp4", ENTERS_S, LEAVES_S, ROUND_S)
    await empty_town(rig)
    hosts = await devices(rig, street)
    async with rig.page(chromium, "admin") as page:
        await find(page, hosts)
        await connect(page, hosts)
        await connect_the_last(page)
        await look(page, hosts)
        await place(page, hosts)
        await register(page)
        await choose_rules(page)
        await save_all(page)
        await draw(page)
        await arm(page)
        await await_event(page)
    await check_saved(rig)
