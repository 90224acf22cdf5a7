"""The composition root: the one place that builds everything and reads the settings."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp
import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from camera_configs.loader import load_site
from gateway.access.accounts import AccountDesk, InvalidAccount, NewAccount
from gateway.access.first_start import SetupToken, open_setup, pronounceable_password
from gateway.access.passwords import Passwords
from gateway.access.sessions import SessionBook
from gateway.casework.open_case import Terms
from gateway.clock import Clock, SystemClock
from gateway.configuration import Configuration, open_configuration
from gateway.delivery.channel import Channel
from gateway.delivery.outbox import OutboxMetrics, OutboxWorker
from gateway.delivery.signing import Signer
from gateway.delivery.webhook import WebhookChannel, WebhookEndpoint
from gateway.desk.services import DeskServices
from gateway.desk.trials import TrialDesk
from gateway.errors import GridPatrolError, PortTaken, SettingsError
from gateway.fleet.local import FleetPlan, LocalFleet
from gateway.fleet.readiness import machine_types, ready_types
from gateway.patrol.recheck import detector_of
from gateway.settings import Settings
from gateway.supervise import Backoff, supervise
from gateway.web.app import make_web_app
from gateway.web.context import WebContext, WebSettings
from gateway.web.feed import ChangeFeed
from gateway.web.metrics import WebMetrics
from gateway.web.patrol_services import make_foot_clerk, make_handled_desk, make_round_clerk
from gateway.web.push_services import make_push_sender, open_push
from storage.errors import RecordConflict, StorageError
from storage.media import FolderMediaStore, sweep_orphans
from storage.records import Role
from storage.reference_pictures import with_references
from storage.stores import Stores, open_stores

logger = structlog.get_logger(__name__)

UI_DIST = Path(__file__).parent / "web" / "ui" / "dist"
# Downloads and live views still open when the server stops.
WEB_SHUTDOWN_TIMEOUT_S = 3.0
HOUSEKEEPING_EVERY_S = 600.0
# Readers of changes are seconds behind, not days.
KEEP_CHANGES_DAYS = 7
# A telephone that was off for a season still must not judge anything twice.
KEEP_RECEIPTS_DAYS = 90
# A file without a row is the remnant of a crash once its event must long be concluded.
ORPHAN_AGE_HOURS = 1

Work = Callable[[], Awaitable[object]]


ACCOUNT_WORDS = {
    "name": "2-63 lower-case letters, digits, '-' and '_'",
    "display_name": "1-120 characters",
}


class AccountRefused(GridPatrolError):
    """The account asked for cannot be made."""


async def run_gateway(settings: Settings, config_dir: Path | None) -> None:
    """Run the front process until SIGTERM or SIGINT.

    Args:
        settings: Of this deployment.
        config_dir: What has changed in it since the last start is taken over; None: the database alone counts.

    Raises:
        ConfigError, SettingsError, ModelLoadError, StorageError, PortTaken: It cannot start; nothing was watched.
    """
    if config_dir is not None and not settings.data_dir.exists():
        await asyncio.to_thread(load_site, config_dir)  # a first start with a wrong folder leaves nothing behind
    make_data_dir(settings.data_dir)
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(open_stores(settings.store_url, migrate=True))
        configuration = await open_configuration(settings, stores, SystemClock())
        if config_dir is not None:
            await configuration.take_over(config_dir)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        front = Front(settings, configuration, stores, http)
        address = await stack.enter_async_context(front.serving())
        await front.greet(address)
        await front.run()
    logger.info("gateway stopped")


def make_data_dir(folder: Path) -> None:
    """Make the folder of database and evidence if it is not there.

    Raises:
        SettingsError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise SettingsError(f"data_dir: cannot make {folder}: {exc.strerror}") from exc


class Front:
    """Everything of the front process, built and wired."""

    def __init__(
        self, settings: Settings, configuration: Configuration, stores: Stores, http: aiohttp.ClientSession
    ) -> None:
        self._settings = settings
        self._configuration = configuration
        self._book = configuration.book
        self._stores = stores
        self._clock: Clock = SystemClock()
        self._media = FolderMediaStore(settings.media_path, settings.min_free_mb << 20)
        self._wake = asyncio.Event()
        self._registry = CollectorRegistry()
        self._outbox = OutboxWorker(
            stores.outbox, self._channels(http), self._clock, self._wake, metrics=OutboxMetrics(self._registry)
        )
        self._feed = ChangeFeed(stores.changes, self._clock)
        passwords = Passwords()
        self._sessions = SessionBook(stores.accounts, stores.audit, self._clock, passwords)
        self._desk = AccountDesk(stores.accounts, stores.audit, passwords)
        self._setup = SetupToken(settings.data_dir)
        self._trials = TrialDesk(settings)
        self._cameras = DeskServices.make(
            stores, configuration.versions, configuration.sealer, self._clock, ZoneInfo(settings.timezone)
        )
        self._context = self._web_context(http)
        self._patrol = make_round_clerk(self._context)
        self._foot = make_foot_clerk(self._context)
        self._push = [sender] if (sender := make_push_sender(self._context)) else []
        self._handled = make_handled_desk(self._context, detector_of(settings))

    def _channels(self, http: aiohttp.ClientSession) -> dict[str, Channel]:
        endpoints = [
            WebhookEndpoint(e.id, str(e.url), (e.secret.get_secret_value(),)) for e in self._settings.endpoints
        ]
        return {e.id: WebhookChannel(e, http, self._clock) for e in endpoints}

    def _web_context(self, http: aiohttp.ClientSession) -> WebContext:
        settings = self._settings
        return WebContext(
            book=self._book,
            versions=self._configuration.versions,
            stores=self._stores,
            media=self._media,
            sessions=self._sessions,
            desk=self._desk,
            setup_token=self._setup,
            terms=Terms(tuple(e.id for e in settings.endpoints), settings.undo_window_s),
            callbacks={e.id: Signer((e.callback_secret.get_secret_value(),)) for e in settings.endpoints},
            clock=self._clock,
            http=http,
            feed=self._feed,
            settings=WebSettings(https=settings.https, timezone=ZoneInfo(settings.timezone)),
            ready_types=ready_types(self._book.site, settings) | machine_types(settings),
            wake_outbox=self._wake.set,
            metrics=WebMetrics(self._registry),
            outbox_running=lambda: self._outbox.running,
            trials=self._trials,
            pulse=self._cameras.pulse,
            ledger=self._cameras.ledger,
            dist=settings.ui_dir or UI_DIST,
            push=open_push(settings),
        )

    async def greet(self, address: str) -> None:
        """Print the one-time address that makes the first administrator, while there is none."""
        token = await open_setup(self._desk, self._setup)
        if token is not None:
            print(f"first start: make the administrator at {address}/setup?token={token}", flush=True)  # noqa: T201

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Listen for the length of the block; yields the address, with the real port where the settings say 0.

        Raises:
            PortTaken: Somebody else has the port, or it may not be used.
        """
        runner = web.AppRunner(
            make_web_app(self._context), access_log=None, shutdown_timeout=WEB_SHUTDOWN_TIMEOUT_S, keepalive_timeout=75
        )
        await runner.setup()
        try:
            try:
                await web.TCPSite(runner, self._settings.host, self._settings.port).start()
            except OSError as exc:
                raise PortTaken(
                    f"cannot listen on {self._settings.host}:{self._settings.port}: {exc.strerror}"
                ) from exc
            scheme = "https" if self._settings.https else "http"
            address = f"{scheme}://{_in_url(self._settings.host)}:{runner.addresses[0][1]}"
            logger.info("listening", address=address)
            yield address
        finally:
            await runner.cleanup()

    async def run(self) -> None:
        """Run fleet, outbox and the rest until a signal; the fleet stops first, so that open clips are kept."""
        stopped = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stopped.set)
        settings = self._settings
        plan = FleetPlan(settings.data_dir, settings.workers or os.cpu_count() or 1, settings.drain_timeout_s)
        fleet = LocalFleet(plan, self._book, self._stores.events, self._stores.fleet, self._clock)
        async with asyncio.TaskGroup() as services:
            tasks = [
                services.create_task(self._supervised("outbox", self._outbox.run), name="outbox"),
                services.create_task(self._supervised("feed", self._feed.run), name="feed"),
                services.create_task(self._supervised("configuration", self._keep_book), name="configuration"),
                services.create_task(self._supervised("trials", self._trials.run), name="trials"),
                services.create_task(self._supervised("searches", self._context.onboarding.run), name="searches"),
                *(services.create_task(self._supervised("push", s.run), name="push") for s in self._push),
                *(services.create_task(self._supervised(n, r), name=n) for n, r in self._cameras.works.items()),
                services.create_task(self._supervised("sessions", self._sessions.run), name="sessions"),
                services.create_task(self._supervised("patrol", self._patrol.run), name="patrol"),
                services.create_task(self._supervised("foot", self._foot.run), name="foot"),
                services.create_task(self._supervised("handled", self._handled.run), name="handled"),
                services.create_task(self._supervised("housekeeping", self._keep_house), name="housekeeping"),
            ]
            async with asyncio.TaskGroup() as cameras:
                watching = cameras.create_task(self._supervised("fleet", lambda: self._watch(fleet)), name="fleet")
                await stopped.wait()
                logger.info("stopping")
                watching.cancel()
            for task in tasks:
                task.cancel()

    async def _watch(self, fleet: LocalFleet) -> None:
        await fleet.forget_former_runs()
        try:  # only now: a former worker may have been cutting its last clips
            await asyncio.to_thread(self._media.clear_scratch)
        except OSError as exc:  # without a place for files there are no clips; events go on all the same
            logger.error("evidence folder cannot be used", error=str(exc))  # noqa: TRY400
        await fleet.run()

    async def _keep_book(self) -> None:
        await self._book.run(self._clock)

    async def _supervised(self, name: str, run_once: Work) -> None:
        await supervise(name, run_once, self._clock, Backoff(), (GridPatrolError, StorageError))

    def _camera_ids(self) -> frozenset[str]:
        return frozenset(camera.id for camera in self._book.site.cameras)

    async def _keep_house(self) -> None:
        while True:
            now = self._clock.now()
            await self._stores.changes.purge(now - timedelta(days=KEEP_CHANGES_DAYS))
            await self._stores.coverage.purge(now - timedelta(days=self._settings.coverage_days))
            await self._stores.counts.purge(now - timedelta(days=self._settings.coverage_days))
            await self._stores.holds.purge(now - timedelta(days=KEEP_RECEIPTS_DAYS))
            before = now - timedelta(hours=ORPHAN_AGE_HOURS)
            known = with_references(self._stores.events.known_media_keys, self._camera_ids)
            removed = await sweep_orphans(self._media, known, before)
            if removed:
                logger.warning("files without a record removed", count=removed)
            await self._clock.sleep(HOUSEKEEPING_EVERY_S)


async def add_account(settings: Settings, wanted: NewAccount) -> str:
    """Make an account with a random password and return the password; it is kept nowhere.

    Raises:
        AccountRefused: The name is taken or cannot be used.
        StorageError: The database cannot be used.
    """
    make_data_dir(settings.data_dir)
    async with open_stores(settings.store_url, migrate=True) as stores:
        desk = AccountDesk(stores.accounts, stores.audit, Passwords())
        password = pronounceable_password()
        try:
            account = await desk.draft(wanted, password, SystemClock().now())
            await desk.save(account, "system")
        except InvalidAccount as exc:
            raise AccountRefused(f"the {exc.field} cannot be used: {ACCOUNT_WORDS[exc.field]}") from exc
        except RecordConflict as exc:
            raise AccountRefused(f"there is already an account {wanted.name!r}") from exc
        if wanted.role is Role.ADMIN:
            await asyncio.to_thread(SetupToken(settings.data_dir).withdraw)
        return password


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
