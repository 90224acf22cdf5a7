"""What of the camera desk runs beside the web application, built together."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from camera_configs.models import SiteConfig
from gateway.clock import Clock
from gateway.desk.health_days import HealthDays
from gateway.desk.ledger_import import LedgerDesk, saver
from gateway.desk.ledger_rows import Seals
from gateway.desk.pulse import Pulse
from gateway.desk.site_watch import SiteWatch
from gateway.desk.versions import VersionDesk
from storage.stores import Stores


@dataclass(frozen=True, slots=True)
class DeskServices:
    """Reading how cameras are, importing ledgers, adding up days, and watching for sites that are down."""

    pulse: Pulse
    ledger: LedgerDesk
    days: HealthDays
    watch: SiteWatch

    @classmethod
    def make(cls, stores: Stores, versions: VersionDesk, seals: Seals, clock: Clock, zone: tzinfo) -> DeskServices:
        """Build them for one process; `zone`: whose midnight begins a day."""

        def site() -> SiteConfig:
            return versions.site

        pulse = Pulse(stores.desk, stores.changes, clock)
        return cls(
            pulse=pulse,
            ledger=LedgerDesk(stores.desk, site, saver(versions), seals, clock),
            days=HealthDays(stores.desk, stores.coverage, site, clock, zone),
            watch=SiteWatch(stores.desk, pulse, site, clock),
        )

    @property
    def works(self) -> Mapping[str, Callable[[], Coroutine[Any, Any, None]]]:
        """What must run, by name, each to be supervised on its own."""
        return {"ledger": self.ledger.run, "health days": self.days.run, "site watch": self.watch.run}
