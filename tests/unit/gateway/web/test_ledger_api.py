"""Ledgers over HTTP: who may, what is refused, and that nothing secret comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.access.sealing import Sealer
from gateway.desk.ledger_file import read_ledger, write_ledger
from gateway.desk.services import DeskServices
from tests.unit.gateway.web.house import Client, House, SignedIn, serve, sign_in

API = "/api/v1"
HEADINGS = [
    "国标编码", "设备名称", "经度", "纬度", "网格", "主码流地址", "用户名", "密码", "场所类型", "用途", "法律依据",
    "建设单位",
]  # fmt: skip
PASSWORD = "geheim-77"


def row(number: int, **changes: str) -> list[str]:
    cells = {
        "code": f"371121000013200{number:05}", "name": f"路口 {number}", "lon": "117.0", "lat": "36.6",
        "grids": "WG-east", "url": f"rtsp://10.0.0.{number}:554/main", "user": "admin", "password": PASSWORD,
        "placement": "公共道路", "purpose": "街面秩序", "basis": "政府", "unit": "综治中心",
    }  # fmt: skip
    return list((cells | changes).values())


def ledger(*rows: list[str]) -> bytes:
    return write_ledger("csv", HEADINGS, rows)


@asynccontextmanager
async def working(house: House) -> AsyncIterator[Callable[[], Client]]:
    """Serve the town with its imports running."""
    made = house.context
    zone = ZoneInfo("Asia/Shanghai")
    services = DeskServices.make(house.stores, made.versions, Sealer([bytes(32)]), house.clock, zone)
    house.context = replace(made, pulse=services.pulse, ledger=services.ledger)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(services.ledger.run())
        async with serve(house) as new_client:
            yield new_client
        task.cancel()


async def signed_in_to(new_client: Callable[[], Client], name: str) -> Client:
    client = new_client()
    await sign_in(client, name)
    return client


async def preview(client: Client, content: bytes, **defaults: str) -> dict[str, Any]:
    file = await (await client.post(f"{API}/ledger/files?name=t.csv", data=content)).json()
    mapping = {column["suggested"]: column["name"] for column in file["columns"] if column["suggested"]}
    body = {"mapping": mapping, "defaults": defaults}
    answer = await client.post(f"{API}/ledger/files/{file['file_id']}/preview", json=body)
    assert answer.status == 202
    return await job_at(client, (await answer.json())["job_id"], "running")


async def job_at(client: Client, job_id: str, leaving: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            job: dict[str, Any] = await (await client.get(f"{API}/ledger/jobs/{job_id}")).json()
            if job["state"] != leaving:
                return job | {"id": job_id}
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("name", ["grid-worker", "grid-leader", "maintainer", "auditor"])
async def test_only_who_onboards_cameras_imports(signed_in: SignedIn, name: str) -> None:
    """A maintainer may read the configuration, not make cameras."""
    client = await signed_in(name)
    assert (await client.post(f"{API}/ledger/files", data=ledger(row(1)))).status == 403
    assert (await client.get(f"{API}/ledger/jobs/job_1")).status == 403


async def test_a_file_that_is_no_ledger_is_refused_in_the_readers_language(house: House) -> None:
    """With the file's name; one that is too large before it is read."""
    async with working(house) as new_client:
        client = await signed_in_to(new_client, "admin")
        answer = await client.post(f"{API}/ledger/files?name=照片.jpg", data=b"\xff\xd8\x00\x00")
        assert answer.status == 422
        assert "照片.jpg" in (await answer.json())["detail"]
        answer = await client.post(f"{API}/ledger/files", data=b"x", headers={"Content-Length": str(33 << 20)})
        assert answer.status == 413


async def test_a_ledger_becomes_one_version(house: House) -> None:
    """Two new cameras; a third row is wrong and skipped on purpose; the register knows."""
    async with working(house) as new_client:
        client = await signed_in_to(new_client, "admin")
        job = await preview(client, ledger(row(1), row(2), row(3, placement="更衣室")))
        assert (job["state"], job["new"], job["errors_total"]) == ("ready", 2, 1)
        (error,) = job["errors"]
        assert (error["row"], error["column"], error["field"]) == (4, "场所类型", "placement")
        assert "第八条" in error["message"]
        path = f"{API}/ledger/jobs/{job['id']}/import"
        assert (await client.post(path, json={"reason": "新装"})).status == 409
        assert (await client.post(path, json={"reason": "新装", "skip_errors": True})).status == 202
        done = await job_at(client, job["id"], "importing")
        assert (done["state"], done["new"], done["faulty_rows"]) == ("done", 2, 1)
        versions = await (await client.get(f"{API}/config/versions")).json()
        assert [(v["reason"], v["cameras"]) for v in versions["items"]] == [("新装", 2)]
        page = await (await client.get(f"{API}/cameras?q=路口")).json()
        assert page["found"] == 2
    assert "import_ledger" in [entry.action for entry in (await house.stores.audit.entries())]


async def test_no_answer_holds_a_password(house: House) -> None:
    """Neither samples, nor previews, nor the export; the database holds it sealed."""
    async with working(house) as new_client:
        client = await signed_in_to(new_client, "admin")
        content = ledger(row(1), row(2, url=f"ftp://admin:{PASSWORD}@10.0.0.2/x"))
        answer = await client.post(f"{API}/ledger/files", data=content)
        assert PASSWORD not in await answer.text()
        job = await preview(client, content)
        assert PASSWORD not in str(job)
        await client.post(f"{API}/ledger/jobs/{job['id']}/import", json={"reason": "r", "skip_errors": True})
        await job_at(client, job["id"], "importing")
        for kind in ("csv", "xlsx"):
            exported = await (await client.get(f"{API}/ledger/export?format={kind}")).read()
            text = repr([r.cells for r in read_ledger(exported, "x").rows])
            assert PASSWORD not in text
            assert "gps1." not in text
        shown = await (await client.get(f"{API}/config/cameras/37112100001320000001")).text()
        assert PASSWORD not in shown
        assert "gps1." not in shown
    (stream,) = house.context.site.camera("37112100001320000001").streams
    assert Sealer([bytes(32)]).open(stream.password_sealed or "") == PASSWORD


async def test_a_job_is_nobody_elses(house: House) -> None:
    """Not even another administrator's."""
    async with working(house) as new_client:
        admin, operator = [await signed_in_to(new_client, name) for name in ("admin", "operator")]
        job = await preview(admin, ledger(row(1)))
        assert (await operator.get(f"{API}/ledger/jobs/{job['id']}")).status == 404


async def test_an_operator_imports_into_their_own_grids_only(house: House) -> None:
    """This one has the east."""
    async with working(house) as new_client:
        client = await signed_in_to(new_client, "operator")
        job = await preview(client, ledger(row(1), row(2, grids="WG-west")))
    assert (job["new"], [(e["row"], e["code"]) for e in job["errors"]]) == (1, [(3, "other_scope")])


async def test_a_mapping_of_nothing_is_refused(house: House) -> None:
    """Unknown fields and columns; a file that is not there is not found."""
    async with working(house) as new_client:
        client = await signed_in_to(new_client, "admin")
        file = await (await client.post(f"{API}/ledger/files", data=ledger(row(1)))).json()
        path = f"{API}/ledger/files/{file['file_id']}/preview"
        assert (await client.post(path, json={"mapping": {"colour": "设备名称"}})).status == 422
        answer = await client.post(f"{API}/ledger/files/led_none/preview", json={"mapping": {}})
        assert answer.status == 404


async def test_without_a_desk_imports_are_unavailable(signed_in: SignedIn) -> None:
    """It is told as something that comes back."""
    answer = await (await signed_in("admin")).post(f"{API}/ledger/files", data=ledger(row(1)))
    assert answer.status == 503
    assert "Retry-After" in answer.headers


async def test_an_export_keeps_to_the_scope(signed_in: SignedIn) -> None:
    """A maintainer of the east exports the east, as a download that nobody caches."""
    answer = await (await signed_in("maintainer")).get(f"{API}/ledger/export?format=csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="cameras.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    exported = read_ledger(await answer.read(), "x")
    assert [cells.cells[0] for cells in exported.rows] == ["cam-east"]
    assert (await (await signed_in("grid-worker")).get(f"{API}/ledger/export")).status == 403


async def test_placement_and_positions_can_be_asked_for(signed_in: SignedIn) -> None:
    """The town's grids have no outlines: no grid is found, which is an answer."""
    client = await signed_in("operator")
    placement = await (await client.get(f"{API}/placement")).json()
    assert {"id": "toilet", "zh": "卫生间", "en": "Toilet", "article": "第八条"} in placement["forbidden"]
    assert len(placement["classes"]) == 8
    assert await (await client.get(f"{API}/grids/at?lon=117&lat=36")).json() == {"grid_ids": []}
    assert (await client.get(f"{API}/grids/at?lon=300&lat=36")).status == 422
