"""Everything the web application needs, handed in by the composition root."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry

from camera_configs.models import SiteConfig
from gateway.access.accounts import AccountDesk
from gateway.access.first_start import SetupToken
from gateway.access.sessions import SessionBook
from gateway.casework.calendar import DEFAULT_ZONE, WorkingCalendar
from gateway.casework.open_case import Terms
from gateway.clock import Clock, SystemClock
from gateway.delivery.signing import Signer
from gateway.desk.ledger_import import LedgerDesk
from gateway.desk.pulse import Pulse
from gateway.desk.site_book import SiteBook
from gateway.desk.trials import TrialDesk
from gateway.desk.versions import VersionDesk
from gateway.push.endpoints import AllowedHosts
from gateway.push.keys import PushKeys
from gateway.web.feed import ChangeFeed
from gateway.web.metrics import WebMetrics
from gateway.web.onboarding import OnboardingDesk
from gateway.web.openings import Openings
from storage.protocols import MediaStore
from storage.stores import Stores


@dataclass(frozen=True, slots=True)
class WebSettings:
    """The part of the settings that the web application reads."""

    https: bool = False  # marks cookies Secure
    max_body_bytes: int = 256 * 1024  # no request of ours comes near
    timezone: tzinfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))  # whose midnight begins a day


@dataclass(frozen=True, slots=True)
class PushDesk:
    """What browsers that want to be woken need of us."""

    keys: PushKeys
    hosts: AllowedHosts


@dataclass(frozen=True, slots=True)
class WebContext:
    """What handlers work with.

    Attributes:
        book: The site, kept up to date by the composition root.
        versions: Makes it another one.
        terms: What holds for every case, but for the calendar: see `case_terms`; its undo window is the one people
            are told.
        callbacks: Per endpoint id, who may sign its callbacks.
        openings: Which requests are one look at a file, for the register.
        ready_types: Event types that something on this machine can recognise.
        wake_outbox: Called after a transaction that wrote deliveries.
        outbox_running: Asked by `/readyz`.
        http: For the workers' own HTTP interfaces; follows no redirects.
        onboarding: Cameras being found and onboarded; its `run` is the caller's to run.
        pulse: How all cameras are, shared with other services; None: the application reads for itself.
        ledger: Imports of ledgers; its `run` is the caller's to run. None: there are none.
        trials: Rules tried on kept clips; its `run` is the caller's to run. None: there are none.
        push: For browsers that want to be woken; None: nobody is.
        dist: Folder of the built front end; None or missing: a page that says how to build it.
    """

    book: SiteBook
    versions: VersionDesk
    stores: Stores
    media: MediaStore
    sessions: SessionBook
    desk: AccountDesk
    setup_token: SetupToken
    terms: Terms
    callbacks: Mapping[str, Signer]
    clock: Clock
    http: aiohttp.ClientSession
    feed: ChangeFeed
    settings: WebSettings = field(default_factory=WebSettings)
    ready_types: frozenset[str] = frozenset()
    wake_outbox: Callable[[], None] = lambda: None
    outbox_running: Callable[[], bool] = lambda: True
    openings: Openings = field(default_factory=lambda: Openings(SystemClock()))
    metrics: WebMetrics = field(default_factory=lambda: WebMetrics(CollectorRegistry()))
    pulse: Pulse | None = None
    ledger: LedgerDesk | None = None
    onboarding: OnboardingDesk = field(default_factory=lambda: OnboardingDesk(SystemClock()))
    trials: TrialDesk | None = None
    dist: Path | None = None
    push: PushDesk | None = None

    @property
    def case_terms(self) -> Terms:
        """What holds for a case that is opened now: by the site's calendar, which people edit."""
        zone = self.settings.timezone
        days = WorkingCalendar.of(self.site.work_days, zone if isinstance(zone, ZoneInfo) else DEFAULT_ZONE)
        return replace(self.terms, calendar=days)

    @property
    def site(self) -> SiteConfig:
        """The site as it is now: take it once per request, for it may be another one the next moment."""
        return self.book.site


CONTEXT: web.AppKey[WebContext] = web.AppKey("context", WebContext)
