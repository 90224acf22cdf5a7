"""A small site behind the real desk, on a real SQLite file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camera_configs.documents import Key, document_of
from camera_configs.models import CameraConfig
from gateway.access.sealing import Sealer
from gateway.clock import FakeClock
from gateway.desk.folder import FolderDesk
from gateway.desk.site_book import SiteBook
from gateway.desk.versions import By, VersionDesk
from storage.records_config import ConfigVersion
from storage.stores import Stores, open_stores

FILES, LI_NA = By("files", "start"), By("li-na", "because")
SEALER = Sealer([bytes(32)])


@dataclass
class Desk:
    """One process's view: its book, and what changes it."""

    stores: Stores
    book: SiteBook
    versions: VersionDesk
    folders: FolderDesk

    def camera(self, camera_id: str) -> CameraConfig:
        return self.book.site.camera(camera_id)

    async def change(self, camera_id: str, **fields: Any) -> ConfigVersion | None:
        """Save a camera with other values, as a person does in the browser."""
        document = {**document_of(self.camera(camera_id)), **fields}
        return await self.versions.save({Key("camera", camera_id): document}, {}, LI_NA)


async def desk_on(stores: Stores) -> Desk:
    """Return the desk of one more process."""
    book = SiteBook(stores.config)
    await book.renew()
    versions = VersionDesk(stores.config, book, SEALER, FakeClock())
    return Desk(stores, book, versions, FolderDesk(stores.config, book, SEALER, versions))


@asynccontextmanager
async def open_desk(folder: Path) -> AsyncIterator[Desk]:
    """Open a desk on a new database in that folder."""
    await asyncio.to_thread(folder.mkdir, exist_ok=True)
    async with open_stores(f"sqlite:///{folder / 'x.db'}", migrate=True) as stores:
        yield await desk_on(stores)
