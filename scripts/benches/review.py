"""The review queue of a city: how long a page takes with 100,000 items waiting and 1,000,000 judged.

A page is all that the API does for it but the network: the items, the counts, names, files, holds, and the JSON. Pages
are asked for one after the other, of every sort below in turn, each time of another place, type or set of grids.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import random
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import islice

import asyncpg  # type: ignore[import-untyped]  # has no stubs

from camera_configs.models import CameraConfig, GridConfig, Position, SiteConfig
from gateway.web.review_views import Asked, Reader, review_page
from gateway.web.views import Places
from scripts.benches.machine import MachineMeter, say
from scripts.benches.queue_data import (
    EVENT_COLUMNS,
    FILE_COLUMNS,
    ITEM_COLUMNS,
    NOW,
    TYPES,
    City,
    Row,
    accounts,
    flagged,
)
from storage import cursors
from storage.protocols import ReviewFilter, Scope
from storage.stores import Stores, open_stores
from tests.postgresql import PostgresServer, binaries, running_server

ROUNDS = 60
WARM_UP = 5  # rounds: statements are compiled once per process
PAGE = 50
BUDGET_MS = 50.0
CHUNK = 20_000
ACCOUNT_COLUMNS = (
    "id", "name", "display_name", "role", "grid_ids", "region_codes", "password_hash", "created_at", "disabled",
    "locale",
)  # fmt: skip
TABLES = (
    ("accounts", ACCOUNT_COLUMNS),
    ("events", EVENT_COLUMNS),
    ("review_items", ITEM_COLUMNS),
    ("evidence", FILE_COLUMNS),
)
ALL = Scope(None)


def run(argv: Sequence[str]) -> int:
    """Measure; see `--help`. The exit code is 1 when the slowest in a hundred pages is over the budget."""
    parser = argparse.ArgumentParser("scripts/bench review", description=__doc__)
    parser.add_argument("--backend", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--open", type=int, default=100_000, help="items that wait")
    parser.add_argument("--closed", type=int, default=1_000_000, help="items that were judged")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="pages of each sort")
    options = parser.parse_args(argv)
    city = City(options.open, options.closed)
    with _database(options.backend) as url:
        return asyncio.run(_bench(url, options.backend, city, options.rounds))


async def _bench(url: str, backend: str, city: City, rounds: int) -> int:
    async with open_stores(url, migrate=True):
        pass
    began_s = time.monotonic()
    await _fill(url, city)
    print(f"{city.open_items + city.closed_items:,} items written in {time.monotonic() - began_s:.0f} s")
    async with open_stores(url, migrate=False) as stores:
        meter = MachineMeter()
        taken = await _measure(stores, city, rounds)
        use = meter.read()
    every = sorted(ms for found in taken.values() for ms in found)
    print(f"{'page':<42}{'p50 ms':>9}{'p99 ms':>9}{'worst':>9}")
    for name, found in taken.items():
        print(f"{name:<42}{_at(found, 0.5):9.1f}{_at(found, 0.99):9.1f}{max(found):9.1f}")
    print(f"{'all':<42}{_at(every, 0.5):9.1f}{_at(every, 0.99):9.1f}{every[-1]:9.1f}")
    say(
        {
            "bench": "review",
            "backend": backend,
            "open_items": city.open_items,
            "closed_items": city.closed_items,
            "page_p50_ms": round(_at(every, 0.5), 1),
            "page_p99_ms": round(_at(every, 0.99), 1),
            "pages": len(every),
            "busy": round(use.busy, 2),
            "doubt": use.doubt,
        }
    )
    return int(_at(every, 0.99) > BUDGET_MS)


def _at(values: Sequence[float], share: float) -> float:
    return sorted(values)[max(math.ceil(len(values) * share) - 1, 0)]


Sort = Callable[[random.Random], Asked]


def _sorts(city: City, deep: Mapping[str, str]) -> dict[str, Sort]:
    """Return the pages that are asked for, by name; `deep`: cursors to the middle of the two lists."""
    judged = ReviewFilter(waiting=False)

    def grids(dice: random.Random, count: int, start: float = 0.0) -> frozenset[str]:
        return frozenset(city.grid(start + (1 - start) * dice.random() ** 2) for _ in range(count))

    def page(query: ReviewFilter, scope: Scope = ALL, cursor: str | None = None) -> Asked:
        return Asked(scope, query, cursor, PAGE)

    def types(dice: random.Random, count: int) -> tuple[str, ...]:
        return tuple(dice.sample(TYPES, count))

    def waiting(**query: object) -> ReviewFilter:
        return replace(ReviewFilter(), **query)  # type: ignore[arg-type]

    return {
        "waiting: first": lambda _: page(waiting()),
        "waiting: deep": lambda _: page(waiting(), cursor=deep["waiting"]),
        "waiting: one type": lambda d: page(waiting(event_types=types(d, 1))),
        "waiting: three types, deep": lambda d: page(waiting(event_types=types(d, 3)), cursor=deep["waiting"]),
        "waiting: one severity": lambda d: page(waiting(severities=(d.choice(("S1", "S2", "S3", "S4")),))),
        "waiting: one camera": lambda d: page(waiting(camera_id=f"cam-{d.randrange(200):05}")),
        "waiting: scope of 1 grid": lambda d: page(waiting(), Scope(grids(d, 1))),
        "waiting: scope of 20 grids": lambda d: page(waiting(), Scope(grids(d, 20))),
        "waiting: scope of 20 grids, deep": lambda d: page(waiting(), Scope(grids(d, 20)), deep["waiting"]),
        "waiting: scope of 300 grids": lambda d: page(waiting(), Scope(grids(d, 300))),
        "waiting: scope of 300 grids, one type": lambda d: page(waiting(event_types=types(d, 1)), Scope(grids(d, 300))),
        "waiting: scope of 300 quiet grids": lambda d: page(waiting(), Scope(grids(d, 300, 0.95))),
        "waiting: my 2 grids first, of all": lambda d: page(waiting(first_grids=grids(d, 2))),
        "waiting: my 2 grids first, of 300": lambda d: page(waiting(first_grids=grids(d, 2)), Scope(grids(d, 300))),
        "judged: first": lambda _: page(judged),
        "judged: deep": lambda _: page(judged, cursor=deep["judged"]),
        "judged: one type": lambda d: page(replace(judged, event_types=types(d, 1))),
        "judged: three types, deep": lambda d: page(replace(judged, event_types=types(d, 3)), cursor=deep["judged"]),
        "judged: two severities": lambda _: page(replace(judged, severities=("S1", "S3"))),
        "judged: scope of 1 grid": lambda d: page(judged, Scope(grids(d, 1))),
        "judged: scope of 20 grids": lambda d: page(judged, Scope(grids(d, 20))),
        "judged: scope of 300 grids": lambda d: page(judged, Scope(grids(d, 300))),
        "judged: scope of 300 quiet grids": lambda d: page(judged, Scope(grids(d, 300, 0.95))),
    }


async def _measure(stores: Stores, city: City, rounds: int) -> dict[str, list[float]]:
    """Return milliseconds per page, by sort; the sorts take turns, so that none has the caches to itself."""
    sorts = _sorts(city, await _middles(stores, city))
    site, dice = _site(city), random.Random(2)  # noqa: S311  # the same each time
    taken: dict[str, list[float]] = {name: [] for name in sorts}
    for number in range(rounds + WARM_UP):
        for name, sort in sorts.items():
            asked, reader = sort(dice), Reader("acc-0000", frozenset({city.grid(0.1)}), NOW)
            began_s = time.perf_counter()
            answer = await review_page(stores, Places(site), asked, reader)
            answer.model_dump_json()
            if number >= WARM_UP:
                taken[name].append((time.perf_counter() - began_s) * 1e3)
    return taken


async def _middles(stores: Stores, city: City) -> dict[str, str]:
    """Return cursors to about the middle of the lists, as somebody who has turned pages for long would have."""
    waiting = await stores.reviews.get(f"rev_{city.closed_items + city.open_items // 2:026}")
    judged = await stores.reviews.get(f"rev_{city.closed_items // 2:026}")
    return {
        "waiting": cursors.encode("waiting", "S3", waiting.created_at, waiting.id),
        "judged": cursors.encode("judged", judged.judged_at or NOW, judged.id),
    }


def _site(city: City) -> SiteConfig:
    """Return the names of everything, unchecked."""
    place = Position(lon=118.8, lat=35.5, place="河堤路 3 号")
    cameras = tuple(
        CameraConfig.model_construct(id=f"cam-{n:05}", name=f"摄像机 {n}", position=place, zones=())
        for n in range(city.cameras)
    )
    grids = tuple(
        GridConfig.model_construct(id=f"grid-{n:04}", name=f"网格 {n}", workers=(), region_code="371121001001")
        for n in range(city.grids)
    )
    return SiteConfig.model_construct(cameras=cameras, grids=grids)


@contextmanager
def _database(backend: str) -> Iterator[str]:
    """Give an empty database for the length of the block."""
    if backend == "sqlite":
        with tempfile.TemporaryDirectory(prefix="gp-bench-") as folder:
            yield f"sqlite:///{folder}/queue.db"
        return
    folder_of_programs = binaries()
    if folder_of_programs is None:
        raise SystemExit("no PostgreSQL server is installed here")
    with running_server(folder_of_programs) as server:
        yield server.url(_created(server))


def _created(server: PostgresServer) -> str:
    return server.create(name="gp_bench")


async def _fill(url: str, city: City) -> None:
    if url.startswith("sqlite"):
        await asyncio.to_thread(_fill_sqlite, url.removeprefix("sqlite:///"), city)
    else:
        await _fill_postgresql(url, city)


def _chunks(city: City) -> Iterator[dict[str, list[Row]]]:
    """Yield the rows of each table, some at a time, those that others refer to first."""
    people = [
        (*row, "grid_worker", "[]", "[]", "", NOW, False, "zh-CN") for row in accounts(city)
    ]  # nobody can sign in with an empty hash
    yield {"accounts": people}
    stream = flagged(city)
    while chunk := list(islice(stream, CHUNK)):
        yield {
            "events": [f.event for f in chunk],
            "review_items": [f.item for f in chunk],
            "evidence": [row for f in chunk for row in f.files],
        }


def _fill_sqlite(path: str, city: City) -> None:
    """Write all rows without indexes, which are made once at the end: many times as quick."""
    connection = sqlite3.connect(path)
    for pragma in ("journal_mode = MEMORY", "synchronous = OFF", "cache_size = -400000"):
        connection.execute(f"PRAGMA {pragma}")
    found = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
    indexes = [(name, sql) for name, sql in found if "review_" in name or "events" in name or "evidence" in name]
    with connection:
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
    for chunk in _chunks(city):
        with connection:
            for table, columns in TABLES:
                _insert(connection, table, columns, chunk.get(table, []))
    with connection:
        for _, sql in indexes:
            connection.execute(sql)
    connection.close()


def _insert(connection: sqlite3.Connection, table: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", map(_plain, rows))  # noqa: S608


def _plain(row: Row) -> Row:
    """Return a row as SQLAlchemy writes it: times as text in UTC, without saying so."""
    return tuple(v.isoformat(" ", "microseconds")[:-6] if isinstance(v, datetime) else v for v in row)


async def _fill_postgresql(url: str, city: City) -> None:
    async with _connected(url) as connection:
        # Without triggers and foreign keys: what comes fits, and the counts are made at the end.
        await connection.execute("SET session_replication_role = replica")
        for chunk in _chunks(city):
            for table, columns in TABLES:
                await connection.copy_records_to_table(table, records=chunk.get(table, []), columns=columns)
        await connection.execute(
            "INSERT INTO review_counts SELECT grid_id, severity, count(*) FROM review_items "
            "WHERE verdict IS NULL GROUP BY grid_id, severity"
        )
        await connection.execute("VACUUM ANALYZE", timeout=600)  # as the server does by itself within minutes


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()
