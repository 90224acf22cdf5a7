"""The town, and browsers signed in to it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.unit.gateway.web.house import Client, House, SignedIn, found_town, open_house, serve, sign_in


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with tables and accounts, to be copied."""
    database = tmp_path_factory.mktemp("town") / "town.db"
    asyncio.run(found_town(database))
    return database


@pytest.fixture
async def house(founded: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Return a town of one's own."""
    shutil.copy(founded, tmp_path / "town.db")
    async with open_house(tmp_path) as opened:
        yield opened


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Callable[[], Client]]:
    """Return a maker of browsers that are not signed in."""
    async with serve(house) as new_client:
        yield new_client


@pytest.fixture
async def signed_in(browser: Callable[[], Client]) -> SignedIn:
    """Return a maker of browsers signed in under a name."""

    async def make(name: str) -> Client:
        client = browser()
        await sign_in(client, name)
        return client

    return make
