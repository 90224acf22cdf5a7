"""The stores on each backend: every test gets a database of its own, copied from one that was migrated once."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from storage.stores import Stores, open_stores
from tests.conftest import require
from tests.postgresql import TEMPLATE, PostgresServer, binaries, running_server

BACKENDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)]


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server with a migrated template database."""
    bin_dir = binaries()
    require("PostgreSQL", present=bin_dir is not None)
    with running_server(bin_dir or Path()) as server:
        server.create(name=TEMPLATE)
        _migrate(server.url(TEMPLATE))
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, closed, all of it in the one file."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_path(sqlite_template: Path, tmp_path: Path) -> Path:
    """A fresh, migrated SQLite file."""
    return Path(shutil.copy(sqlite_template, tmp_path / "gridpatrol.db"))


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    if request.param == "sqlite":
        yield f"sqlite:///{request.getfixturevalue('sqlite_path')}"
        return
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    name = server.create(TEMPLATE)
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def stores(database_url: str) -> AsyncIterator[Stores]:
    """The stores of one process."""
    async with open_stores(database_url, migrate=False) as opened:
        yield opened


@pytest.fixture
async def other_stores(database_url: str) -> AsyncIterator[Stores]:
    """The stores of a second process on the same database."""
    async with open_stores(database_url, migrate=False) as opened:
        yield opened


@pytest.fixture
def tamper(database_url: str, request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Run a statement past the stores, as somebody with the database's password would."""
    if database_url.startswith("sqlite"):
        return lambda statement: _sqlite(database_url.removeprefix("sqlite:///"), statement)
    server: PostgresServer = request.getfixturevalue("postgresql_server")
    name = database_url.rpartition("/")[2]

    def run(statement: str) -> None:
        server.execute(name, statement)

    return run


def _sqlite(path: str, statement: str) -> None:
    connection = sqlite3.connect(path)
    try:
        with connection:
            connection.execute(statement)
    finally:
        connection.close()


def _migrate(url: str) -> None:
    async def run() -> None:
        async with open_stores(url, migrate=True):
            pass

    with ThreadPoolExecutor(1) as pool:  # this thread may hold the loop of the tests
        pool.submit(asyncio.run, run()).result()
