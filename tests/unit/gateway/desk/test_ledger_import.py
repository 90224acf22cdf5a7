"""Importing a ledger: preview first, then all of it or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from camera_configs.models import CameraConfig, SiteConfig
from gateway.desk import ledger_import
from gateway.desk.ledger_export import export_ledger
from gateway.desk.ledger_file import write_ledger
from gateway.desk.ledger_import import KEPT_FOR, Job, LedgerBusy, LedgerDesk, LedgerNotReady, Owner, Refused
from gateway.errors import NotFound
from storage.errors import StoreUnavailable
from storage.protocols import Scope
from tests.unit.gateway.desk.county import FakeSeals, county
from tests.unit.gateway.desk.test_ledger_rows import CODE, ROW
from tests.unit.gateway.desk.test_pulse import StoppedClock

ME, OTHER = Owner("acc_me", Scope(None)), Owner("acc_other", Scope(None))
HEADINGS = {
    "code": "设备编码", "name": "设备名称", "place": "安装地址", "lon": "经度", "lat": "纬度",
    "main_url": "主码流地址", "username": "用户名", "password": "密码", "placement": "场所类型", "purpose": "用途",
    "legal_basis": "法律依据", "installer": "建设单位",
}  # fmt: skip


class FakeStore:
    """Remembers headings."""

    def __init__(self) -> None:
        self.meant: dict[str, str] = {}

    async def headings(self) -> dict[str, str]:
        return dict(self.meant)

    async def remember_headings(self, meant: dict[str, str], at: object) -> None:
        self.meant |= meant


class House:
    """A desk with everything around it."""

    def __init__(self) -> None:
        self.site: SiteConfig = county()
        self.store, self.clock = FakeStore(), StoppedClock()
        self.saved: list[tuple[list[str], str, str]] = []
        self.refusal: Exception | None = None
        self.desk = LedgerDesk(
            self.store, lambda: self.site, self.save, FakeSeals(), self.clock  # type: ignore[arg-type]
        )  # fmt: skip

    async def save(self, cameras: Sequence[CameraConfig], author: str, reason: str) -> int | None:
        if self.refusal is not None:
            raise self.refusal
        self.saved.append(([c.id for c in cameras], author, reason))
        self.site = county(*({c.id: c for c in self.site.cameras} | {c.id: c for c in cameras}).values())
        return len(self.saved)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.desk.run())
            yield
            task.cancel()

    async def preview(self, content: bytes, **defaults: str) -> Job:
        upload = await self.desk.take(content, "台账.csv", ME.id)
        mapping = {field: column for column, field in upload.suggested.items()}
        job = self.desk.preview(upload.id, ME, mapping, defaults)
        await until(lambda: job.state != "running")
        return job


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not done():  # noqa: ASYNC110  # what is waited for tells nobody
            await asyncio.sleep(0.001)


def ledger(*rows: dict[str, str]) -> bytes:
    return write_ledger("csv", list(HEADINGS.values()), [[row[name] for name in HEADINGS] for row in rows])


def rows(count: int, **changes: str) -> list[dict[str, str]]:
    return [ROW | {"code": f"371121000013299{n:05}", "name": f"路口 {n}"} | changes for n in range(count)]


@pytest.fixture
def house() -> House:
    return House()


async def test_a_file_is_its_senders_and_forgotten_after_a_while(house: House) -> None:
    """It holds passwords; nobody else may see it, and it does not stay."""
    upload = await house.desk.take(ledger(ROW), "x", ME.id)
    with pytest.raises(NotFound):
        house.desk.preview(upload.id, OTHER, {}, {})
    job = house.desk.preview(upload.id, ME, {}, {})
    with pytest.raises(NotFound):
        house.desk.job(job.id, OTHER.id)
    house.clock.at += KEPT_FOR + timedelta(seconds=1)
    with pytest.raises(NotFound):
        house.desk.preview(upload.id, ME, {}, {})


async def test_samples_leave_passwords_out(house: House) -> None:
    """They are shown to choose columns by; a column that only looks like one of passwords has none either."""
    headings = [*HEADINGS.values(), "管理口令2"]
    cells = [(ROW | {"main_url": "rtsp://admin:geheim-77@10.0.0.9/x"})[name] for name in HEADINGS]
    upload = await house.desk.take(write_ledger("csv", headings, [[*cells, "geheim-77"]] * 2), "x", ME.id)
    assert upload.samples("密码") == upload.samples("管理口令2") == []
    assert upload.samples("主码流地址") == ["rtsp://***@10.0.0.9/x"]
    assert upload.samples("设备名称") == ["东街路口"]
    assert "geheim" not in repr(upload)


async def test_a_mapping_must_name_what_there_is(house: House) -> None:
    """Fields and columns."""
    upload = await house.desk.take(ledger(ROW), "x", ME.id)
    for mapping in ({"colour": "设备名称"}, {"name": "颜色"}):
        with pytest.raises(KeyError):
            house.desk.preview(upload.id, ME, mapping, {})


async def test_too_many_jobs_are_refused(house: House) -> None:
    """Nobody is working here, so they all wait."""
    upload = await house.desk.take(ledger(ROW), "x", ME.id)
    for _ in range(ledger_import.MAX_WAITING):
        house.desk.preview(upload.id, ME, {}, {})
    with pytest.raises(LedgerBusy):
        house.desk.preview(upload.id, ME, {}, {})


async def test_only_the_newest_files_are_kept(house: House) -> None:
    """Each may be tens of megabytes."""
    uploads = [await house.desk.take(ledger(ROW), "x", ME.id) for _ in range(ledger_import.MAX_FILES + 1)]
    with pytest.raises(NotFound):
        house.desk.preview(uploads[0].id, ME, {}, {})
    house.desk.preview(uploads[-1].id, ME, {}, {})


async def test_a_preview_saves_nothing_and_says_everything(house: House) -> None:
    """Counts, errors by row, and a sample without a password."""
    async with house.running():
        job = await house.preview(ledger(*rows(250), ROW | {"placement": "宿舍"}))
    assert (job.state, job.done, job.total) == ("ready", 251, 251)
    assert job.counts == {"new": 250, "changed": 0, "unchanged": 0}
    assert [(e.row, e.field, e.code) for e in job.errors] == [(252, "placement", "forbidden_place")]
    assert len(job.sample) == ledger_import.MAX_SAMPLE
    assert job.sample[0]["streams"][0]["password_sealed"] is True
    assert "geheim" not in repr(job)
    assert house.saved == []


async def test_errors_stop_an_import_unless_somebody_says_to_skip_them(house: House) -> None:
    """Nothing is half imported by oversight."""
    async with house.running():
        job = await house.preview(ledger(*rows(3), ROW | {"lon": "x"}))
        with pytest.raises(LedgerNotReady):
            house.desk.begin_import(job, "li", "新装", skip_errors=False)
        house.desk.begin_import(job, "li", "新装", skip_errors=True)
        with pytest.raises(LedgerNotReady):
            house.desk.begin_import(job, "li", "新装", skip_errors=True)
        await until(lambda: job.state == "done")
    ((saved, author, reason),) = house.saved
    assert (len(saved), author, reason) == (3, "li", "新装")
    assert job.version == 1


async def import_all(house: House, content: bytes) -> Job:
    job = await house.preview(content)
    house.desk.begin_import(job, "li", "r", skip_errors=False)
    await until(lambda: job.state in {"done", "failed"})
    return job


async def test_the_same_ledger_again_changes_nothing(house: House) -> None:
    """And one that has one row changed, one camera."""
    async with house.running():
        await import_all(house, ledger(*rows(3)))
        again = await import_all(house, ledger(*rows(3)))
        assert again.counts == {"new": 0, "changed": 0, "unchanged": 3}
        third = await import_all(house, ledger(*rows(2), rows(3)[2] | {"name": "新名"}))
    assert third.counts == {"new": 0, "changed": 1, "unchanged": 2}
    assert [len(saved) for saved, _, _ in house.saved] == [3, 0, 1]


async def test_what_changed_since_the_preview_is_seen(house: House) -> None:
    """The rows are read again, and errors that come of it stop the import."""
    async with house.running():
        job = await house.preview(ledger(*rows(2)))
        house.site = county().model_copy(update={"grids": ()})
        house.desk.begin_import(job, "li", "r", skip_errors=False)
        await until(lambda: job.state == "failed")
    assert job.errors_total == 2
    assert house.saved == []


async def test_what_the_whole_does_not_take_is_told_by_row(house: House) -> None:
    """Nothing was saved."""
    house.refusal = Refused([(rows(2)[1]["code"], "there is no such thing")])
    async with house.running():
        job = await import_all(house, ledger(*rows(2)))
    assert job.state == "failed"
    assert [(e.row, e.code) for e in job.errors] == [(3, "site")]


async def test_a_database_that_is_away_fails_the_job_and_not_the_desk(house: House) -> None:
    """The next one works."""
    house.refusal = StoreUnavailable("away")
    async with house.running():
        assert (await import_all(house, ledger(ROW))).state == "failed"
        house.refusal = None
        assert (await import_all(house, ledger(ROW))).state == "done"


async def test_the_mapping_is_remembered_once_it_was_used(house: House) -> None:
    """Also that a column was left out."""
    headings, cells = [*HEADINGS.values(), "点位别名"], [*(ROW[name] for name in HEADINGS), "门口"]
    content = write_ledger("csv", headings, [cells])
    async with house.running():
        upload = await house.desk.take(content, "x", ME.id)
        mapping = {f: c for c, f in upload.suggested.items() if f not in {"name", "place"}} | {"name": "点位别名"}
        job = house.desk.preview(upload.id, ME, mapping, {})
        await until(lambda: job.state == "ready")
        assert house.store.meant == {}
        house.desk.begin_import(job, "li", "r", skip_errors=False)
        await until(lambda: job.state == "done")
        suggested = (await house.desk.take(content, "x", ME.id)).suggested
    assert suggested["点位别名"] == "name"
    assert "安装地址" not in suggested
    assert "设备名称" not in suggested


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@pytest.mark.parametrize("locale", ["zh-CN", "en"])
async def test_what_is_exported_comes_back_unchanged(house: House, kind: Any, locale: str) -> None:
    """In both formats and languages, and without a password."""
    async with house.running():
        await import_all(house, ledger(*rows(3), ROW | {"name": "=1+1 路口"}))
        codes = {grid.id: grid.code for grid in house.site.grids}
        content = export_ledger(kind, house.site.cameras, codes, locale)
        assert b"geheim" not in content
        assert b"sealed" not in content
        job = await house.preview(content)
    assert (job.errors, job.counts) == ([], {"new": 0, "changed": 0, "unchanged": 4})
    assert CODE in {c.id for c in house.site.cameras}
