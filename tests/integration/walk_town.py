"""A grid for a worker's day: eight cameras with painted films, events whose clips play, a worker process's pictures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import av
import cv2
import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestServer

from camera_configs.models import (
    CameraConfig,
    GridConfig,
    GridWorker,
    LegalCard,
    Position,
    RegionConfig,
    SiteConfig,
    ZoneConfig,
)
from camera_configs.taxonomy import is_camera_fault
from gateway.access.sealing import Sealer
from gateway.desk.site_book import SiteBook
from gateway.desk.versions import VersionDesk
from gateway.evidence.clip import ClipCutter
from gateway.evidence.snapshot import snapshot, store_picture, thumbnail
from gateway.simulator.painter import painted_scene
from gateway.simulator.scenes import SCENES
from gateway.types import Bgr, Box, Packet, VideoFormat
from storage.ids import new_id
from storage.records import CameraStateName, Event, Evidence, EvidenceKind, ReviewItem, WorkerRecord
from tests.unit.gateway.evidence.making import read_file
from tests.unit.gateway.web.house import REGION, House, camera, event

GRID = "east"  # the grid of the town's accounts
FILM_S, FILM_PX, FILM_FPS = 6.0, (480, 270), 8
STARTED_S, RAISED_S = 1.8, 2.8  # of the film
LIVE_EVERY_S = 0.25
LOCAL = ZoneInfo("Asia/Shanghai")
_WHOLE = ((0.1, 0.3), (0.9, 0.3), (0.9, 0.95), (0.1, 0.95))
REPORTED = ("litter", "illegal_parking", "piled_goods", "fire_lane_blocked")  # what may be reported by hand


@dataclass(frozen=True)
class Corner:
    """A place that one camera looks at, as grid workers call it, and what was flagged there."""

    scene: str
    name: str
    place: str
    zone: str
    events: tuple[tuple[str, str], ...]  # type and label


CORNERS: Mapping[str, Corner] = {
    f"cam-{corner.scene.replace('_', '-')}": corner
    for corner in (
        Corner("fire_lane", "幸福里 3 号楼南", "幸福里 3 号楼", "消防车通道", (("fire_lane_blocked", "vehicle"),)),
        Corner("weir", "清水河滚水坝", "清水河滚水坝", "深水区", (("water_intrusion", "person"),)),
        Corner("square", "文化广场东侧", "文化广场东侧", "广场", (("abandoned_object", ""), ("litter", ""))),
        Corner("forest", "南坡林带 2 号", "南坡林带 2 号", "", (("smoke_fire", "smoke"),)),
        Corner("covered", "文化广场西侧", "文化广场西侧", "", (("camera_fault.covered", ""),)),
        Corner(
            "quiet",
            "幸福里 5 号楼西",
            "幸福里 5 号楼",
            "人行道",
            (("illegal_parking", "vehicle"), ("bin_overflow", "")),
        ),
        Corner("rain", "长兴路辅路", "长兴路 18 号门前", "慢车道", (("waterlogging", ""), ("road_obstacle", ""))),
        Corner("night", "幸福里北门", "幸福里北门", "门前", (("nonmotor_parking", "nonmotor"), ("piled_goods", ""))),
    )
}


def _camera(camera_id: str, corner: Corner, number: int) -> CameraConfig:
    legal = LegalCard(
        purpose="消防通道和公共秩序",
        legal_basis="art7_gov",
        installer_unit="街道办",
        placement_class="public_road",
        event_types=REPORTED,
    )
    where = Position(lon=117.001 + number * 0.0011, lat=36.651 + (number % 3) * 0.0013, place=corner.place)
    zones = (ZoneConfig(id="lane", name=corner.zone or corner.place, polygon=_WHOLE),)
    return camera(camera_id, GRID, name=corner.name, position=where, legal=legal, zones=zones)


def town() -> SiteConfig:
    """Return one grid with a worker of its own and the eight cameras."""
    outline = ((117.0, 36.65), (117.011, 36.65), (117.011, 36.655), (117.0, 36.655))
    workers = (GridWorker(account="grid-worker", name="王网格"),)
    grid = GridConfig(
        id=GRID, code="370103001001", name="幸福里网格", region_code=REGION, polygon=outline, workers=workers
    )
    cameras = tuple(_camera(camera_id, corner, n) for n, (camera_id, corner) in enumerate(CORNERS.items()))
    return SiteConfig(regions=(RegionConfig(code=REGION, name="市中区"),), grids=(grid,), cameras=cameras)


def settle(house: House) -> None:
    """Put this town in the place of the house's own; before it is served."""
    book = SiteBook(house.stores.config, town())
    versions = VersionDesk(house.stores.config, book, Sealer([bytes(32)]), house.clock)
    house.context = replace(house.context, book=book, versions=versions)


@dataclass(frozen=True)
class Film:
    """A painted scene: its packets as a camera sent them, and all its pictures."""

    video: VideoFormat
    packets: Sequence[Packet]
    pictures: Sequence[Bgr]

    def at(self, film_s: float) -> Bgr:
        """Return the picture of a moment."""
        return self.pictures[round(film_s * FILM_FPS)]


def shoot(scene: str, folder: Path) -> Film:
    """Paint a scene; takes seconds."""
    path, _ = painted_scene(scene, folder, seconds=FILM_S, size=FILM_PX, fps=FILM_FPS)
    video, packets = read_file(path)
    with av.open(str(path)) as container:
        pictures = [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in container.decode(video=0)]
    return Film(video, packets, pictures)


def shoot_all(folder: Path) -> dict[str, Film]:
    """Return the film of each camera."""
    return {camera_id: shoot(corner.scene, folder) for camera_id, corner in CORNERS.items()}


async def add_events(house: House, films: Mapping[str, Film]) -> list[ReviewItem]:
    """Save what was flagged at all corners, each with a clip, a snapshot and a thumbnail; return the items."""
    kinds = [(camera_id, *kind) for camera_id, corner in CORNERS.items() for kind in corner.events]
    return [await _flag(house, films[each[0]], each, age_min=len(kinds) - n) for n, each in enumerate(kinds)]


async def _flag(house: House, film: Film, what: tuple[str, str, str], age_min: int) -> ReviewItem:
    began_s = time.monotonic() - age_min * 60
    flagged = _event(house, what, began_s)
    pictures = await _pictures(house, flagged, film)
    packets = [replace(packet, at_s=began_s + packet.at_s - film.packets[0].at_s) for packet in film.packets]
    clip = await ClipCutter(house.media).cut(flagged, film.video, packets, house.clock)
    item = ReviewItem.waiting_for(flagged, flagged.raised_at)
    await house.stores.events.conclude(flagged, [clip, *pictures], item)
    return item


def _event(house: House, what: tuple[str, str, str], began_s: float) -> Event:
    camera_id, event_type, label = what
    corner = CORNERS[camera_id]
    started_at = house.clock.utc_at(began_s + STARTED_S)
    zones = SCENES[corner.scene].zones
    return event(
        1,
        GRID,
        id=new_id("evt"),
        camera_id=camera_id,
        event_type=event_type,
        severity=house.context.site.event_type(event_type).severity,
        label=label,
        zone_id="lane",
        zone_polygon=next(iter(zones.values()), ()),
        boxes=() if is_camera_fault(event_type) else ((0.36, 0.45, 0.52, 0.68),),
        started_at=started_at,
        raised_at=started_at + timedelta(seconds=RAISED_S - STARTED_S),
        last_seen_at=started_at + timedelta(minutes=6),
        ended_at=started_at + timedelta(minutes=6),
    )


async def _pictures(house: House, flagged: Event, film: Film) -> list[Evidence]:
    alarm, local = film.at(RAISED_S), flagged.raised_at.astimezone(LOCAL)
    boxes = [Box(*box) for box in flagged.boxes]
    made = {EvidenceKind.THUMBNAIL: thumbnail(alarm)}
    made[EvidenceKind.SNAPSHOT] = snapshot(alarm, flagged.zone_polygon, boxes, local)
    if is_camera_fault(flagged.event_type):
        before = flagged.started_at.astimezone(LOCAL) - timedelta(hours=1)
        made[EvidenceKind.REFERENCE] = snapshot(film.at(0), (), (), before)
    return [await store_picture(house.media, flagged, kind, jpeg, house.clock) for kind, jpeg in made.items()]


class Watcher:
    """Stands for the worker process of all cameras: live view as single pictures, and the last picture."""

    def __init__(self, house: House, films: Mapping[str, Film]) -> None:
        self._house = house
        self._shown = {camera_id: [_jpeg(one) for one in film.pictures[::3]] for camera_id, film in films.items()}

    def clear(self, camera_id: str, film: Film) -> None:
        """Let a camera show the beginning of its film from now on: what was flagged is gone."""
        self._shown[camera_id] = [_jpeg(film.at(0))]

    def _pictures(self, request: web.Request) -> list[bytes]:
        assert request.headers["Authorization"] == "Bearer worker-token"
        return self._shown[request.match_info["camera_id"]]

    async def picture(self, request: web.Request) -> web.StreamResponse:
        headers = {"X-Picture-At": self._house.clock.now().isoformat()}
        return web.Response(body=self._pictures(request)[0], content_type="image/jpeg", headers=headers)

    async def live(self, request: web.Request) -> web.StreamResponse:
        pictures = self._pictures(request)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"kind": "jpeg"})
        number = 0
        while not socket.closed:
            try:
                await socket.send_bytes(pictures[number % len(pictures)])
            except ConnectionResetError:
                break
            number += 1
            await asyncio.sleep(LIVE_EVERY_S)
        return socket


def _jpeg(picture: Bgr) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])
    assert done
    return data.tobytes()


@asynccontextmanager
async def watched(house: House, films: Mapping[str, Film]) -> AsyncIterator[Watcher]:
    """Run the watcher and register it as the worker of all cameras."""
    watcher = Watcher(house, films)
    app = web.Application()
    app.router.add_get("/cameras/{camera_id}/picture", watcher.picture)
    app.router.add_get("/cameras/{camera_id}/live", watcher.live)
    async with TestServer(app) as server:
        address = str(server.make_url("")).rstrip("/")
        # A heartbeat of tomorrow: the day is walked without a fleet that would renew it.
        beat = house.clock.now() + timedelta(days=1)
        record = WorkerRecord("w0", "run_1", 1, address, "worker-token", tuple(CORNERS), house.clock.now(), beat)
        await house.stores.fleet.register(record)
        for camera_id in CORNERS:
            await house.report(camera_id, CameraStateName.ONLINE)
        yield watcher
