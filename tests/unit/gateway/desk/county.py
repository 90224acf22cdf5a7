"""A small county for the camera desk's tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from camera_configs.models import CameraConfig, GridConfig, LegalCard, Position, RegionConfig, SiteConfig, StreamConfig
from storage.records import CameraStateName
from storage.records_desk import OpenFault, SiteOutage, StateBrief

REGION = "371121000000"
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def grid(grid_id: str, west: float, **changes: Any) -> GridConfig:
    """Return a square grid of a tenth of a degree."""
    square = ((west, 35.0), (west + 0.1, 35.0), (west + 0.1, 35.1), (west, 35.1))
    made = GridConfig(id=grid_id, code=f"WG-{grid_id}", name=f"{grid_id}网格", region_code=REGION, polygon=square)
    return made.model_copy(update=changes)


def camera(camera_id: str, grid_id: str = "east", host: str = "10.0.0.1", **changes: Any) -> CameraConfig:
    """Return a camera in the middle of the east grid."""
    made = CameraConfig(
        id=camera_id,
        name=f"路口 {camera_id}",
        grids=(grid_id,),
        position=Position(lon=118.15, lat=35.05, place=f"东街 {camera_id} 号"),
        streams=(StreamConfig(url=f"rtsp://{host}:554/{camera_id}"),),
        legal=LegalCard(purpose="街面秩序", legal_basis="art7_gov", installer_unit="综治中心",
                        placement_class="public_road"),
    )  # fmt: skip
    return made.model_copy(update=changes)


def county(*cameras: CameraConfig) -> SiteConfig:
    """Return a region with a west and an east grid side by side."""
    return SiteConfig(
        regions=(RegionConfig(code=REGION, name="莒县"),),
        grids=(grid("west", 118.0), grid("east", 118.1)),
        cameras=cameras,
    )


def brief(
    camera_id: str, state: CameraStateName = CameraStateName.ONLINE, ago_s: float = 60, **more: Any
) -> StateBrief:
    """Return a state that began so long ago."""
    at = NOW - timedelta(seconds=ago_s)
    return StateBrief(camera_id, state, at, more.get("last_picture_at"), more.get("clock_offset_s"))


def fault(camera_id: str, event_type: str = "camera_fault.blurred", ago_s: float = 600) -> OpenFault:
    """Return a fault that is still there."""
    return OpenFault(f"evt_{camera_id}", camera_id, event_type, "S3", NOW - timedelta(seconds=ago_s), concluded=True)


def outage(key: str, **changes: Any) -> SiteOutage:
    """Return a site that went down ten minutes ago."""
    since = NOW - timedelta(minutes=10)
    return SiteOutage(changes.get("id", f"out_{key}"), key, key, "east", 3, since, since)


class FakeSeals:
    """Seals so that tests can read it."""

    def __init__(self) -> None:
        self.count = 0

    def seal(self, text: str) -> str:
        self.count += 1
        return f"sealed.{self.count}.{text[::-1].encode().hex()}"

    def open(self, token: str) -> str:
        return bytes.fromhex(token.rpartition(".")[2]).decode()[::-1]
