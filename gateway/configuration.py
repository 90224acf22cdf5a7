"""The configuration of one deployment, put together: the database's versions, the seal for passwords, folders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from camera_configs.models import CameraConfig
from camera_configs.problems import Problem
from detectors.registry import ModelRegistry
from gateway.access.sealing import Sealer, open_sealer
from gateway.clock import Clock
from gateway.desk.folder import FolderDesk
from gateway.desk.site_book import SiteBook
from gateway.desk.versions import By, VersionDesk
from gateway.settings import Settings
from storage.stores import Stores

logger = structlog.get_logger(__name__)

FILES = By("files", "the configuration folder at the gateway's start")


@dataclass(frozen=True, slots=True)
class Configuration:
    """What reads and changes the site in force.

    Attributes:
        book: This process's site; `book.run` keeps it up to date.
    """

    book: SiteBook
    versions: VersionDesk
    folders: FolderDesk
    sealer: Sealer

    async def take_over(self, folder: Path) -> None:
        """Save what has changed in a folder since the last start; what people have changed since stays theirs.

        Raises:
            ConfigError: With all problems; nothing was saved.
        """
        reading = await self.folders.take_over(folder, FILES)
        for key in reading.kept:
            logger.warning(
                "changed in the browser and in the folder: the browser's stays",
                kind=key.kind,
                id=key.id,
                see="config diff",
            )
        if reading.models:
            logger.info("configuration folder taken over", entries=len(reading.models), version=self.book.version)


async def open_configuration(settings: Settings, stores: Stores, clock: Clock) -> Configuration:
    """Return the configuration as the database has it; empty before the first version.

    Raises:
        SettingsError: The key for passwords cannot be used.
    """
    sealer = open_sealer(settings.data_dir, settings.seal_key)
    book = SiteBook(stores.config)
    await book.renew()
    versions = VersionDesk(stores.config, book, sealer, clock, detector_objections(settings))
    return Configuration(book, versions, FolderDesk(stores.config, book, sealer, versions), sealer)


def detector_objections(settings: Settings) -> Callable[[CameraConfig], list[Problem]]:
    """Return what speaks against a camera on this machine: a detector that is not there."""

    def objections(camera: CameraConfig) -> list[Problem]:
        if camera.detector is None or not camera.enabled:
            return []
        reason = ModelRegistry(settings.models_path).why_unusable(camera.detector)
        if reason is None:
            return []
        place = (Path(), 0, 0, f"cameras[{camera.id}].detector")
        return [Problem(*place, reason, "", "unknown_detector", ("detector",), camera.id)]

    return objections
