"""Cameras and sites for tests of the fleet."""

from __future__ import annotations

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
from gateway.desk.site_book import SiteBook, standing

REGION = "620702001001"
SQUARE = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))


def camera(
    camera_id: str,
    *,
    enabled: bool = True,
    url: str = "rtsp://127.0.0.1:9/none",
    rules: tuple[RuleConfig, ...] = (),
    zones: tuple[ZoneConfig, ...] = (ZoneConfig(id="yard", name="Yard", polygon=SQUARE),),
) -> CameraConfig:
    return CameraConfig(
        id=camera_id,
        name=camera_id,
        grids=("east",),
        position=Position(lon=100.4, lat=38.9, place="East Street 3"),
        streams=(StreamConfig(url=url),),
        legal=LegalCard(
            purpose="fire safety", legal_basis="art7_gov", installer_unit="Town", placement_class="public_road"
        ),
        zones=zones,
        rules=rules,
        enabled=enabled,
    )


def book_of(*cameras: CameraConfig) -> SiteBook:
    """Return a book of a site that stays as it is."""
    return standing(site(*cameras))


def site(*cameras: CameraConfig) -> SiteConfig:
    return SiteConfig(
        regions=(RegionConfig(code=REGION, name="Town"),),
        grids=(GridConfig(id="east", code="62070200100101", name="East", region_code=REGION),),
        cameras=cameras,
    )
