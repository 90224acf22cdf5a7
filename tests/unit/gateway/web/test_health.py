"""What looks after the machine asks these."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from storage.errors import StoreUnavailable
from tests.unit.gateway.web.house import Client, House


async def test_not_ready_without_database_or_outbox(
    house: House, browser: Callable[[], Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 names the part; the process itself still counts as alive."""
    client = browser()
    house.outbox_runs = False
    answer = await client.get("/readyz")
    assert (answer.status, await answer.json()) == (503, {"database": True, "outbox": False})

    async def gone() -> int:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(house.stores.changes, "last_id", gone)
    assert (await (await client.get("/readyz")).json())["database"] is False
    assert (await client.get("/healthz")).status == 200


async def test_ready_when_all_parts_are(browser: Callable[[], Client]) -> None:
    """200 and every part true."""
    answer = await browser().get("/readyz")
    assert (answer.status, await answer.json()) == (200, {"database": True, "outbox": True})
