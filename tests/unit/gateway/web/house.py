"""A small town behind the real application, on a real SQLite file: two grids, two cameras, one account per role."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from pydantic import SecretStr

from camera_configs.models import (
    CameraConfig,
    GridConfig,
    LegalCard,
    Position,
    RegionConfig,
    RuleConfig,
    SiteConfig,
    StreamConfig,
    ZoneConfig,
)
from camera_configs.taxonomy import is_camera_fault
from gateway.access.accounts import AccountDesk
from gateway.access.first_start import SetupToken
from gateway.access.passwords import Passwords
from gateway.access.sealing import Sealer
from gateway.access.sessions import SessionBook
from gateway.casework.open_case import Terms
from gateway.clock import SystemClock
from gateway.delivery.signing import Signer
from gateway.desk.site_book import SiteBook
from gateway.desk.versions import VersionDesk
from gateway.web.app import make_web_app
from gateway.web.context import WebContext, WebSettings
from gateway.web.feed import ChangeFeed
from storage.media import FolderMediaStore
from storage.records import (
    Account,
    CameraState,
    CameraStateName,
    ClipSegment,
    Event,
    EventState,
    Evidence,
    EvidenceKind,
    ReviewItem,
    Role,
)
from storage.stores import Stores, open_stores

REGION = "370100000000"
CALLBACK_SECRET = "whsec_" + "Y2FsbGJhY2stc2VjcmV0LTI0LWJ5dGVz"
PASSWORD = "tavoki-lerumo-52"
CLIP = bytes(range(256)) * 40

Client = TestClient[Any, Any]


class MovableClock(SystemClock):
    """The system's clock, set forward by tests."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


def camera(camera_id: str, grid_id: str, **changes: Any) -> CameraConfig:
    """Return a camera with a zone and a rule."""
    config = CameraConfig(
        id=camera_id,
        name=f"摄像机 {camera_id}",
        grids=(grid_id,),
        position=Position(lon=117.0, lat=36.6, place="东街 3 号消防通道"),
        streams=(
            StreamConfig(
                url="rtsp://camera.example:8554/main", username="viewer", password=SecretStr("hidden-password")
            ),
        ),
        legal=LegalCard(
            purpose="消防通道", legal_basis="art7_gov", installer_unit="街道办", placement_class="public_road"
        ),
        zones=(ZoneConfig(id="lane", name="通道", polygon=((0.1, 0.1), (0.9, 0.1), (0.9, 0.9))),),
        rules=(RuleConfig(id="blocked", type="fire_lane_blocked", zone="lane"),),
    )
    return config.model_copy(update=changes)


def town() -> SiteConfig:
    """Return a region with an east and a west grid, a camera in each."""
    grids = [
        GridConfig(id=name, code=f"WG-{name}", name=f"{name} 网格", region_code=REGION) for name in ("east", "west")
    ]
    return SiteConfig(
        regions=(RegionConfig(code=REGION, name="市中区"),),
        grids=tuple(grids),
        cameras=(camera("cam-east", "east"), camera("cam-west", "west")),
    )


def event(number: int = 1, grid_id: str = "east", **changes: Any) -> Event:
    """Return a closed event; ids have the real form."""
    at = datetime.now(UTC) - timedelta(minutes=5) + timedelta(seconds=number)
    made = Event(
        id=f"evt_{number:026d}",
        camera_id=f"cam-{grid_id}",
        grid_id=grid_id,
        region_code=REGION,
        event_type="fire_lane_blocked",
        rule_id="blocked",
        zone_id="lane",
        severity="S2",
        state=EventState.CLOSED,
        started_at=at,
        raised_at=at + timedelta(seconds=2),
        last_seen_at=at + timedelta(seconds=9),
        ended_at=at + timedelta(seconds=9),
        confidence=0.8,
        label="vehicle",
        count=1,
        boxes=((0.1, 0.2, 0.3, 0.4),),
        zone_polygon=((0.1, 0.1), (0.9, 0.1), (0.9, 0.9)),
        detector="motion",
        run_id="run_1",
    )
    return replace(made, **changes)


@dataclass
class House:
    """The application's context and what tests need to look behind it."""

    context: WebContext
    stores: Stores
    media: FolderMediaStore
    clock: MovableClock
    passwords: Passwords
    woken: list[None]
    setup_token: SetupToken
    outbox_runs: bool = True

    async def add_event(self, number: int = 1, grid_id: str = "east", **changes: Any) -> ReviewItem:
        """Save an event with a clip, a thumbnail (a fault: and a reference) and its review item."""
        happened = event(number, grid_id, **changes)
        item = ReviewItem(
            id=f"rev_{number:026d}",
            event_id=happened.id,
            camera_id=happened.camera_id,
            grid_id=grid_id,
            event_type=happened.event_type,
            severity=happened.severity,
            created_at=happened.raised_at,
        )
        kinds = [EvidenceKind.CLIP, EvidenceKind.THUMBNAIL]
        kinds += [EvidenceKind.REFERENCE] if is_camera_fault(happened.event_type) else []
        files = [await self._file(happened, kind) for kind in kinds]
        await self.stores.events.conclude(happened, files, item)
        return item

    async def _file(self, happened: Event, kind: EvidenceKind) -> Evidence:
        clip = kind is EvidenceKind.CLIP
        key = f"2026/11/22/{happened.camera_id}/{happened.id}.{kind.value}"
        await self.media.put_bytes(key, CLIP)
        return Evidence(
            id=f"evd_{happened.id[4:]}{kind.value}",
            event_id=happened.id,
            kind=kind,
            media_key=key,
            content_type="video/mp4" if clip else "image/jpeg",
            size_bytes=len(CLIP),
            sha256=hashlib.sha256(CLIP).hexdigest(),
            created_at=happened.raised_at,
            segments=(ClipSegment(0.0, 4.0, happened.started_at),) if clip else (),
        )

    async def report(self, camera_id: str, state: CameraStateName) -> None:
        """Save a camera's health."""
        now = self.clock.now()
        await self.stores.fleet.save_states([CameraState(camera_id, state, since=now, updated_at=now, codec="h264")])


# Real parameters would make every sign-in take a noticeable time on purpose.
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def found_town(database: Path) -> None:
    """Make the tables and an account per role; grid worker and leader see the east only."""
    wanted = [(role.value.replace("_", "-"), role, "east") for role in Role]
    wanted.append(("west-worker", Role.GRID_WORKER, "west"))
    password_hash = HASHER.hash(PASSWORD)
    async with open_stores(f"sqlite:///{database}", migrate=True) as stores:
        for name, role, grid_id in wanted:
            await stores.accounts.add(
                Account(
                    id=f"acc_{name}",
                    name=name,
                    display_name=f"{name} 同志",
                    role=role,
                    grid_ids=(grid_id,),
                    region_codes=(),
                    password_hash=password_hash,
                    created_at=datetime.now(UTC),
                )
            )


@asynccontextmanager
async def open_house(folder: Path, **changes: Any) -> AsyncIterator[House]:
    """Open the town whose database lies in the folder; no server runs yet."""
    clock, woken = MovableClock(), list[None]()
    passwords = Passwords(HASHER)
    async with open_stores(f"sqlite:///{folder / 'town.db'}", migrate=False) as stores, aiohttp.ClientSession() as http:
        media = FolderMediaStore(folder / "media")
        token = SetupToken(folder)
        context = WebContext(
            book=(book := SiteBook(stores.config, town())),
            versions=VersionDesk(stores.config, book, Sealer([bytes(32)]), clock),
            stores=stores,
            media=media,
            sessions=SessionBook(stores.accounts, stores.audit, clock, passwords),
            desk=AccountDesk(stores.accounts, stores.audit, passwords),
            setup_token=token,
            terms=Terms(endpoint_ids=("plat",), undo_window_s=10.0),
            callbacks={"plat": Signer([CALLBACK_SECRET]), "other": Signer([CALLBACK_SECRET])},
            clock=clock,
            http=http,
            feed=ChangeFeed(stores.changes, clock, poll_s=0.02),
            settings=WebSettings(),
            ready_types=frozenset({"fire_lane_blocked"}),
            wake_outbox=lambda: woken.append(None),
            outbox_running=lambda: house.outbox_runs,
        )
        house = House(replace(context, **changes), stores, media, clock, passwords, woken, token)
        yield house


@asynccontextmanager
async def serve(house: House) -> AsyncIterator[Callable[[], Client]]:
    """Serve the town; the function given makes browsers, each with its own cookies."""
    server = TestServer(make_web_app(house.context))
    clients: list[Client] = []

    def new_client() -> Client:
        clients.append(TestClient(server, cookie_jar=CookieJar(unsafe=True)))
        return clients[-1]

    await server.start_server()
    try:
        yield new_client
    finally:
        for client in clients:
            await client.session.close()
        await server.close()


async def sign_in(client: Client, name: str) -> dict[str, Any]:
    """Sign in; later requests of this client carry cookie and CSRF token."""
    answer = await client.post("/api/v1/session", json={"name": name, "password": PASSWORD})
    assert answer.status == 200, await answer.text()
    session: dict[str, Any] = await answer.json()
    client.session.headers["X-CSRF-Token"] = session["csrf_token"]
    return session


SignedIn = Callable[[str], Awaitable[Client]]
