"""What of the camera desk runs beside the web application."""

from __future__ import annotations

import asyncio
from datetime import UTC
from pathlib import Path

from gateway.access.sealing import Sealer
from gateway.clock import SystemClock
from gateway.desk.services import DeskServices
from gateway.desk.site_book import SiteBook
from gateway.desk.versions import VersionDesk
from storage.stores import open_stores
from tests.unit.gateway.desk.county import camera, county


async def test_services_see_the_site_as_it_is_now(tmp_path: Path) -> None:
    """And stop when they are told to, having done nothing by themselves."""
    async with open_stores(f"sqlite:///{tmp_path / 'x.db'}", migrate=True) as stores:
        book, sealer, clock = SiteBook(stores.config, county(camera("a"))), Sealer([bytes(32)]), SystemClock()
        versions = VersionDesk(stores.config, book, sealer, clock)
        services = DeskServices.make(stores, versions, sealer, clock, UTC)
        assert (await services.pulse.read(versions.site)).index.ids == ["a"]
        book.site = county(camera("a"), camera("b"))
        assert (await services.pulse.read(versions.site)).index.ids == ["a", "b"]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(work(), name=name) for name, work in services.works.items()]
            await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
    assert all(task.cancelled() for task in tasks)
    assert set(services.works) == {"ledger", "health days", "site watch"}
