"""A ledger of 300 cameras through the real gateway: previewed, imported as one version, exported, its secrets kept."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.desk.ledger_file import read_ledger, write_ledger
from tests.integration.gateway_rig import Rig, Visitor, until

pytestmark = pytest.mark.unpaced

HEADINGS = (
    "国标编码", "设备名称", "安装地址", "经度", "纬度", "所属网格", "主码流地址", "用户名", "密码", "场所类型", "用途",
    "法律依据", "建设单位", "启用",
)  # fmt: skip
ROWS = 300
SECRET = "geheim-und-lang-77"
REASON = "第一批台账"


def row(number: int) -> list[str | float]:
    """Return a camera that is not to be watched yet: nobody answers at its address."""
    return [
        f"620702000013200{number:05}", f"南街 {number} 号", f"南街 {number} 号路灯杆", 100.4 + number / 10_000, 38.9,
        "62070200100101", f"rtsp://10.0.{number // 250}.{number % 250}:554/main", "admin", f"{SECRET}-{number}", "道路",
        "街面秩序", "政府", "综治中心", "否",
    ]  # fmt: skip


def ledger(kind: Any) -> bytes:
    """Return 300 rows under a title, three of them wrong."""
    rows: list[list[str | float]] = [row(number) for number in range(ROWS)]
    rows[10][9] = "女更衣室"
    rows[20][3] = "北"
    rows[30][5] = "没有的网格"
    return write_ledger(kind, ["张掖市视频监控一机一档"], [HEADINGS, *rows])


class Importer:
    """An operator at the ledger desk."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor

    async def preview(self, content: bytes) -> tuple[str, Any]:
        """Send a file, take the columns as suggested, and wait for what comes of the rows."""
        headers = {"X-CSRF-Token": self.visitor.csrf_token}
        async with self.visitor.session.post("/api/v1/ledger/files?name=t", data=content, headers=headers) as answer:
            self.visitor.heard.append(await answer.text())
            assert answer.status == 200, self.visitor.heard[-1]
            file = await answer.json()
        mapping = {column["suggested"]: column["name"] for column in file["columns"] if column["suggested"]}
        assert len(mapping) == len(HEADINGS)
        status, answer_body = await self.visitor.post(f"/ledger/files/{file['file_id']}/preview", {"mapping": mapping})
        assert status == 202
        path = f"/ledger/jobs/{answer_body['job_id']}"
        return path, await self.left(path, "running")

    async def import_(self, path: str, **how: Any) -> Any:
        """Import what was previewed, and wait for its end."""
        status, _ = await self.visitor.post(f"{path}/import", {"reason": REASON, **how})
        return await self.left(path, "importing") if status == 202 else status

    async def left(self, path: str, state: str) -> Any:
        """Wait until the job is in another state, and return it."""
        job: dict[str, Any] = {"state": state}

        async def moved() -> bool:
            nonlocal job
            job = await self.visitor.get(path)
            assert job["done"] <= job["total"]
            return bool(job["state"] != state)

        await until(moved, what="the job")
        return job


async def test_a_ledger_comes_in_as_one_version_and_out_again(rig: Rig) -> None:
    """Three bad rows hold everything up until somebody says to skip them; a second time changes nothing."""
    rig.configure([], min_free_mb=0, workers=1)
    gateway = await rig.gateway().start()
    await rig.ready()
    await rig.add_operator()
    async with rig.visitor() as visitor:
        desk = Importer(visitor)
        path, job = await desk.preview(ledger("xlsx"))
        assert (job["state"], job["new"], job["errors_total"], job["total"]) == ("ready", 297, 3, 300)
        found = [(error["row"], error["field"], error["code"]) for error in job["errors"]]
        assert found == [
            (13, "placement", "forbidden_place"),
            (23, "lon", "not_a_number"),
            (33, "grids", "unknown_grid"),
        ]
        assert "第八条" in job["errors"][0]["message"]
        assert (await visitor.get("/cameras"))["totals"]["total"] == 0
        assert await desk.import_(path) == 409
        assert (await visitor.get("/cameras"))["totals"]["total"] == 0
        done = await desk.import_(path, skip_errors=True)
        assert (done["state"], done["new"], done["faulty_rows"]) == ("done", 297, 3)
        assert (await visitor.get("/cameras", q="南街 299"))["found"] == 1
        (version,) = [v for v in await visitor.every("/config/versions") if v["reason"] == REASON]
        assert version["cameras"] == 297
        _, again = await desk.preview(ledger("csv"))
        assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 297)
        status, exported, _ = await visitor.fetch("/api/v1/ledger/export?format=csv")
        assert status == 200
        assert len(read_ledger(exported, "x").rows) == 297
        assert not any(SECRET in words for words in visitor.heard)
        assert SECRET.encode() not in exported
    assert SECRET not in gateway.said
    files = [path for path in rig.data.rglob("*") if path.is_file()]
    contents = [await asyncio.to_thread(file.read_bytes) for file in files]
    assert not any(SECRET.encode() in content for content in contents)
