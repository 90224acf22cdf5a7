"""The camera desk with a county's cameras: list, search, map, health board, import, and how soon an edit is in force.

`scripts/bench desk --cameras 15000 --backend sqlite|postgresql`. The real application on a real socket, asked one
request after the other by a client in the same process, while states of cameras keep changing.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web
from argon2 import PasswordHasher

from camera_configs.documents import Key, document_of
from camera_configs.models import GridConfig, RegionConfig, SiteConfig
from gateway.access.accounts import AccountDesk
from gateway.access.first_start import SetupToken
from gateway.access.passwords import Passwords
from gateway.access.sealing import open_sealer
from gateway.access.sessions import SessionBook
from gateway.casework.open_case import Terms
from gateway.clock import SystemClock
from gateway.desk.ledger_file import write_ledger
from gateway.desk.services import DeskServices
from gateway.desk.site_book import SiteBook
from gateway.desk.versions import By, VersionDesk
from gateway.log import configure_logging
from gateway.web.app import make_web_app
from gateway.web.context import WebContext
from gateway.web.feed import ChangeFeed
from scripts.benches.machine import say
from storage.ids import new_id
from storage.media import FolderMediaStore
from storage.records import (
    Account,
    CameraState,
    CameraStateName,
    CoverageRow,
    CoverageState,
    Event,
    EventState,
    ReviewItem,
    Role,
)
from storage.records_desk import HealthDay
from storage.stores import Stores, open_stores
from tests.postgresql import binaries, running_server

REGION = "371121000000"
CAMERAS_PER_GRID = 15
WEST, SOUTH, CELL_DEG = 118.0, 35.0, 0.02
PASSWORD = "tavoki-lerumo-52"  # noqa: S105  # of an account that lives for a minute
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)  # signing in is not what is measured
ROUNDS = 200
# A county's cameras change state a few times a second on a bad day.
MOVES_PER_S = 5
FAULTY_SHARE, AWAY_SHARE = 0.02, 0.04
COVERAGE_ROWS = 12
TREND_DAYS = 30
BATCH = 500
POLL_S = 0.1

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; milliseconds are the 95th percentile of requests one after the other."""

    list_p95_ms: float
    search_p95_ms: float
    map_p95_ms: float
    health_p95_ms: float
    import_rows_per_s: float
    apply_one_s: float


def run(arguments: Sequence[str]) -> int:
    """Measure and print; the last line is one JSON object."""
    parser = argparse.ArgumentParser(prog="scripts/bench desk", description=__doc__)
    parser.add_argument("--cameras", type=int, default=15_000)
    parser.add_argument("--backend", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--format", choices=["xlsx", "csv"], default="xlsx", help="of the imported ledger")
    options = parser.parse_args(arguments)
    configure_logging("console", "error")
    with tempfile.TemporaryDirectory(prefix="gp-desk-") as folder, database(options.backend, Path(folder)) as url:
        found = asyncio.run(_measure(options, Path(folder), url))
    _show(options, found)
    return 0


def _show(options: argparse.Namespace, found: Figures) -> None:
    print(f"{options.cameras} cameras on {options.backend}, {options.rounds} requests of each kind")
    for name in Figures.__dataclass_fields__:
        print(f"  {name:20} {getattr(found, name):10.2f}")
    figures = {name: round(getattr(found, name), 3) for name in Figures.__dataclass_fields__}
    say({"bench": "desk", "cameras": options.cameras, "backend": options.backend, **figures})


@contextmanager
def database(backend: str, folder: Path) -> Iterator[str]:
    """Return the address of an empty database that is thrown away at the end."""
    if backend == "sqlite":
        yield f"sqlite:///{folder / 'desk.db'}"
        return
    found = binaries()
    if found is None:
        sys.exit("no PostgreSQL server is installed here")
    with running_server(found) as server:
        yield server.url(server.create())


def grids(cameras: int) -> list[GridConfig]:
    """Return square grids side by side, enough for the cameras."""
    made = []
    for number in range(-(-cameras // CAMERAS_PER_GRID)):
        west, south = WEST + number % 40 * CELL_DEG, SOUTH + number // 40 * CELL_DEG
        east, north = west + CELL_DEG, south + CELL_DEG
        outline = ((west, south), (east, south), (east, north), (west, north))
        made.append(
            GridConfig(id=f"g{number:04}", code=f"3711210{number:05}", name=f"第{number}网格", region_code=REGION,
                       polygon=outline)
        )  # fmt: skip
    return made


HEADINGS = (
    "设备编码", "设备名称", "安装地址", "经度", "纬度", "主码流地址", "子码流地址", "用户名", "密码", "安装场所类型",
    "用途", "法律依据", "建设单位", "提示标识", "设备厂商",
)  # fmt: skip


def ledger_rows(cameras: int) -> Iterator[list[str | float]]:
    """Yield a county's ledger."""
    dice = random.Random(1)  # noqa: S311
    for number in range(cameras):
        grid = number // CAMERAS_PER_GRID
        lon = WEST + (grid % 40 + dice.uniform(0.05, 0.95)) * CELL_DEG
        lat = SOUTH + (grid // 40 + dice.uniform(0.05, 0.95)) * CELL_DEG
        host = f"10.{number // 62_500}.{number // 250 % 250}.{number % 250 + 1}"
        yield [
            f"3711210000132{number:07}", f"{dice.choice('东西南北')}街{number}号路口", f"莒县第{grid}网格{number}号杆",
            round(lon, 6), round(lat, 6), f"rtsp://{host}:554/Streaming/Channels/101",
            f"rtsp://{host}:554/Streaming/Channels/102", "admin", f"secret-{number % 7}", "公共道路", "街面秩序",
            "第七条：政府部门建设", "县综治中心", "是", "厂商甲",
        ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    """The application, and a browser signed in to it."""

    context: WebContext
    stores: Stores
    services: DeskServices
    browser: aiohttp.ClientSession
    base: str

    async def get(self, path: str, **query: Any) -> Any:
        """Ask and read the whole answer."""
        async with self.browser.get(f"{self.base}{path}", params={k: str(v) for k, v in query.items()}) as answer:
            answer.raise_for_status()
            return json.loads(await answer.read())

    async def post(self, path: str, **how: Any) -> Any:
        """Send and read the answer."""
        async with self.browser.post(f"{self.base}{path}", **how) as answer:
            answer.raise_for_status()
            return json.loads(await answer.read())


async def _measure(options: argparse.Namespace, folder: Path, url: str) -> Figures:
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(url, migrate=True))
        desk = await stack.enter_async_context(_open_desk(stores, folder, options.cameras))
        rows_per_s = await _import(desk, options)
        await _fill(stores, desk.context.site)
        async with asyncio.TaskGroup() as group:
            enough = asyncio.Event()
            group.create_task(_move(stores, desk.context.site.cameras[0].id, enough), name="moving")
            listed, searched, mapped, healthy = [
                await _p95_ms(options.rounds, desk, ask) for ask in (_list, _search, _map, _health)
            ]
            enough.set()
        return Figures(listed, searched, mapped, healthy, rows_per_s, await _apply_one(desk, url))


@asynccontextmanager
async def _open_desk(stores: Stores, folder: Path, cameras: int) -> AsyncIterator[Desk]:
    clock, sealer = SystemClock(), open_sealer(folder)
    book = SiteBook(stores.config)
    versions = VersionDesk(stores.config, book, sealer, clock)
    region = RegionConfig(code=REGION, name="莒县")
    changes = {Key("region", REGION): document_of(region)} | {Key("grid", g.id): document_of(g) for g in grids(cameras)}
    await versions.save(changes, {}, By("bench", "the county"))
    services = DeskServices.make(stores, versions, sealer, clock, ZoneInfo("Asia/Shanghai"))
    passwords = Passwords(HASHER)
    await stores.accounts.add(_admin())
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        context = WebContext(
            book=book, versions=versions, stores=stores, media=FolderMediaStore(folder / "media"),
            sessions=SessionBook(stores.accounts, stores.audit, clock, passwords),
            desk=AccountDesk(stores.accounts, stores.audit, passwords), setup_token=SetupToken(folder),
            terms=Terms((), 10.0), callbacks={}, clock=clock, http=http, feed=ChangeFeed(stores.changes, clock),
            pulse=services.pulse, ledger=services.ledger,
        )  # fmt: skip
        running = group.create_task(services.ledger.run(), name="ledger")
        jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name
        async with _served(context) as base, aiohttp.ClientSession(cookie_jar=jar) as browser:
            desk = Desk(context, stores, services, browser, base)
            session = await desk.post("/session", json={"name": "admin", "password": PASSWORD})
            browser.headers["X-CSRF-Token"] = session["csrf_token"]
            yield desk
        running.cancel()


@asynccontextmanager
async def _served(context: WebContext) -> AsyncIterator[str]:
    runner = web.AppRunner(make_web_app(context), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/v1"
    finally:
        await runner.cleanup()


def _admin() -> Account:
    return Account("acc_admin", "admin", "Admin", Role.ADMIN, (), ("",), HASHER.hash(PASSWORD), datetime.now(UTC))


async def _import(desk: Desk, options: argparse.Namespace) -> float:
    """Send the ledger, preview it and import it, as the wizard does; return rows per second of all three."""
    content = await asyncio.to_thread(write_ledger, options.format, HEADINGS, ledger_rows(options.cameras))
    began = time.perf_counter()
    file = await desk.post("/ledger/files", params={"name": "county"}, data=content)
    mapping = {column["suggested"]: column["name"] for column in file["columns"] if column["suggested"]}
    job = await desk.post(f"/ledger/files/{file['file_id']}/preview", json={"mapping": mapping})
    path = f"/ledger/jobs/{job['job_id']}"
    await _until(desk, path, "ready")
    await desk.post(f"{path}/import", json={"reason": "bench"})
    done = await _until(desk, path, "done")
    if done["new"] != options.cameras:
        sys.exit(f"only {done['new']} cameras were imported: {done['errors'][:3]}")
    return float(options.cameras / (time.perf_counter() - began))


async def _until(desk: Desk, path: str, state: str) -> Json:
    while True:
        job: Json = await desk.get(path)
        if job["state"] == state:
            return job
        if job["state"] == "failed":
            sys.exit(f"the import failed: {job['errors'][:3]}")
        await asyncio.sleep(POLL_S)


async def _fill(stores: Stores, site: SiteConfig) -> None:
    """Write a day's facts: states, open faults, coverage, and a month of trend."""
    now, dice = datetime.now(UTC).replace(microsecond=0), random.Random(2)  # noqa: S311
    midnight = now.replace(hour=0, minute=0, second=0)
    begin = max(midnight, now - timedelta(hours=6))
    for start in range(0, len(site.cameras), BATCH):
        cameras = site.cameras[start : start + BATCH]
        await stores.fleet.save_states([_state(c.id, now, dice) for c in cameras])
        step = max((now - begin) / COVERAGE_ROWS, timedelta(seconds=1))
        rows = [
            CoverageRow(c.id, c.grids[0], kind, _second(begin + n * step), _second(begin + (n + 1) * step))
            for c in cameras
            for n, kind in zip(range(COVERAGE_ROWS), [CoverageState.LOOKED, CoverageState.ANALYSED] * 9, strict=False)
        ]
        await stores.coverage.extend(rows)
    for camera in dice.sample(site.cameras, max(1, int(len(site.cameras) * FAULTY_SHARE))):
        event = _fault(camera.id, camera.grids[0], now)
        await stores.events.conclude(event, [], ReviewItem.waiting_for(event, now))
    today = now.date()
    days = [HealthDay(today - timedelta(n), g.id, 15, 1_296_000, 1_290_000, 1_280_000, 6, 6)
            for n in range(TREND_DAYS) for g in site.grids]  # fmt: skip
    await stores.desk.put_days(days)


def _second(at: datetime) -> datetime:
    return at.replace(microsecond=0)


def _state(camera_id: str, now: datetime, dice: random.Random) -> CameraState:
    name = CameraStateName.UNREACHABLE if dice.random() < AWAY_SHARE else CameraStateName.ONLINE
    since = now - timedelta(seconds=dice.randrange(100_000))
    return CameraState(camera_id, name, since, now, last_picture_at=since, codec="h264", width=1920, height=1080)


def _fault(camera_id: str, grid_id: str, now: datetime) -> Event:
    return Event(
        id=new_id("evt"), camera_id=camera_id, grid_id=grid_id, region_code=REGION, event_type="camera_fault.blurred",
        rule_id="health", zone_id=None, severity="S3", state=EventState.OPEN, started_at=now, raised_at=now,
        last_seen_at=now, ended_at=None, confidence=0.9, label="", count=1, boxes=(), zone_polygon=(),
        detector="health", run_id="run",
    )  # fmt: skip


async def _move(stores: Stores, camera_id: str, enough: asyncio.Event) -> None:
    """Let a camera come and go, so that nothing can be answered from yesterday's memory."""
    names = itertools.cycle((CameraStateName.ONLINE, CameraStateName.STALLED))
    while not enough.is_set():
        now = datetime.now(UTC)
        await stores.fleet.save_states([CameraState(camera_id, next(names), now, now)])
        await asyncio.sleep(1 / MOVES_PER_S)


Ask = Callable[[Desk, random.Random], Any]


async def _p95_ms(rounds: int, desk: Desk, ask: Ask) -> float:
    dice, took = random.Random(3), []  # noqa: S311
    await ask(desk, dice)
    cpu_s = time.process_time()
    for _ in range(rounds):
        began = time.perf_counter()
        await ask(desk, dice)
        took.append((time.perf_counter() - began) * 1_000)
    cpu_ms = (time.process_time() - cpu_s) / rounds * 1_000
    p95 = statistics.quantiles(took, n=20)[-1]
    print(
        f"{ask.__name__.lstrip('_'):8} p50 {statistics.median(took):7.1f} ms, p95 {p95:7.1f} ms, CPU {cpu_ms:6.1f} ms"
    )
    return p95


async def _list(desk: Desk, dice: random.Random) -> None:
    more = dice.choice([{}, {"state": "unreachable"}, {"grid_id": dice.choice(desk.context.site.grids).id}])
    await desk.get("/cameras", sort=dice.choice(["id", "name", "-name", "state", "-since"]), limit=100, **more)


async def _search(desk: Desk, dice: random.Random) -> None:
    words = dice.choice([str(dice.randrange(15_000)), "东街", "第7网格", "北街 1", "37112100001320000123"])
    await desk.get("/cameras", q=words, limit=50)


async def _map(desk: Desk, dice: random.Random) -> None:
    zoom = dice.choice([8, 10, 12, 14, 16, 18])
    width = 360 / 2**zoom * 5  # five tiles, as a large screen shows
    west, south = WEST + dice.random() * 0.6, SOUTH + dice.random() * 0.4
    await desk.get("/map", bbox=f"{west},{south},{west + width},{min(south + width, 85)}", zoom=zoom)


async def _health(desk: Desk, dice: random.Random) -> None:
    if dice.random() < 0.4:
        await desk.get("/health/summary")
    else:
        more = dice.choice([{}, {"needs_technician": "true"}, {"fault": "camera_fault.blurred"}])
        await desk.get("/health/cameras", limit=50, **more)


async def _apply_one(desk: Desk, url: str) -> float:
    """Save one camera's edit by the API; return how long until another process knows."""
    camera = desk.context.site.cameras[7]
    async with open_stores(url, migrate=False) as other:
        book = SiteBook(other.config)
        await book.renew()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(book.run(SystemClock()), name="other process")
            shown = await desk.get(f"/config/cameras/{camera.id}")
            document = {**shown["document"], "name": "renamed"}
            began = time.perf_counter()
            body = {"document": document, "base_version": shown["version"], "reason": "bench"}
            await desk.post(f"/config/cameras/{camera.id}", json=body)
            while book.site.camera(camera.id).name != "renamed":
                await book.changed()
            took_s = time.perf_counter() - began
            running.cancel()
    return took_s
