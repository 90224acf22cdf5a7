"""Watches for sites that are down, and tells of each once: the alarm is a row and a change, not one per camera."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from camera_configs.models import SiteConfig
from gateway.clock import Clock
from gateway.desk.pulse import Pulse
from gateway.desk.site_outages import Down, Site, changes_of, down_now, sites_of
from storage.errors import StorageError
from storage.ids import new_id
from storage.protocols_desk import DeskStore
from storage.records_desk import SiteOutage

logger = structlog.get_logger(__name__)

EVERY_S = 10.0


class SiteWatch:
    """Begins and ends outages of sites."""

    def __init__(self, desk: DeskStore, pulse: Pulse, site: Callable[[], SiteConfig], clock: Clock) -> None:
        self._desk, self._pulse, self._site, self._clock = desk, pulse, site, clock
        self._sites: tuple[SiteConfig, list[Site]] | None = None

    async def run(self) -> None:
        """Look now and then until cancelled; an outage of the database is survived."""
        while True:
            try:
                await self.look()
            except StorageError as exc:
                logger.warning("sites not looked at", error=type(exc).__name__)
            await self._clock.sleep(EVERY_S)

    async def look(self) -> None:
        """Compare what is down with what was known to be."""
        site = self._site()
        snapshot = await self._pulse.read(site)
        lasting = await self._desk.open_outages()
        keys = frozenset(outage.key for outage in lasting)
        begun, over = changes_of(lasting, down_now(await self._sites_of(site), snapshot.briefs, keys))
        for down in begun:
            if await self._desk.begin_outage(self._outage(down)):
                logger.warning("site down", site=down.site.key, cameras=len(down.away))
        for outage in over:
            await self._desk.end_outage(outage.id, self._clock.now())
            logger.info("site back", site=outage.key)

    async def _sites_of(self, site: SiteConfig) -> list[Site]:
        if self._sites is None or self._sites[0] is not site:
            self._sites = (site, await asyncio.to_thread(sites_of, site))
        return self._sites[1]

    def _outage(self, down: Down) -> SiteOutage:
        site = down.site
        return SiteOutage(
            new_id("out"), site.key, site.name, site.grid_id, len(down.away), down.since, self._clock.now()
        )
