"""When a site, not a camera, is down: cameras of one recorder, host or grid that went away together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from camera_configs.models import CameraConfig, SiteConfig
from storage.records import CameraStateName
from storage.records_desk import SiteOutage, StateBrief

# Fewer than this are cameras, not a site.
LEAST_CAMERAS = 3
DOWN_SHARE = 0.8
# A site that is down is back when half of it is: between the two nothing flaps.
BACK_SHARE = 0.5
# They fail within a minute, and their last pictures were up to a minute before that.
TOGETHER = timedelta(seconds=120)

# Not there, and not by anybody's will or ours.
AWAY = frozenset(CameraStateName) - {
    CameraStateName.ONLINE, CameraStateName.CONNECTING, CameraStateName.WAITING, CameraStateName.DISABLED,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Site:
    """Cameras with something in common that can fail for all of them.

    Attributes:
        key: `recorder:ID`, `host:NAME` or `grid:ID`.
    """

    key: str
    name: str
    cameras: tuple[CameraConfig, ...]

    @property
    def grid_id(self) -> str | None:
        """The one grid of all its cameras, None when they have several."""
        grids = {camera.grids[0] for camera in self.cameras}
        return grids.pop() if len(grids) == 1 else None


@dataclass(frozen=True, slots=True)
class Down:
    """A site that is down now."""

    site: Site
    away: tuple[str, ...]  # camera ids
    since: datetime


def sites_of(site: SiteConfig) -> list[Site]:
    """Return what can fail as a whole: recorders (or the hosts of streams), and grids; only with enough cameras."""
    wiring: dict[str, list[CameraConfig]] = {}
    grids: dict[str, list[CameraConfig]] = {}
    for camera in site.cameras:
        if camera.enabled:
            wiring.setdefault(wired_to(camera), []).append(camera)
            grids.setdefault(f"grid:{camera.grids[0]}", []).append(camera)
    names = {f"grid:{grid.id}": grid.name for grid in site.grids}
    return [
        Site(key, names.get(key, key.partition(":")[2]), tuple(cameras))
        for key, cameras in (*wiring.items(), *grids.items())
        if len(cameras) >= LEAST_CAMERAS
    ]


def wired_to(camera: CameraConfig) -> str:
    """Return the key of the recorder, or host, that a camera's main stream comes from."""
    if camera.recorder is not None:
        return f"recorder:{camera.recorder}"
    stream = camera.stream("main")
    return f"host:{(urlsplit(stream.url).hostname if stream else None) or camera.id}"


def down_now(sites: Iterable[Site], briefs: Mapping[str, StateBrief], lasting: frozenset[str]) -> list[Down]:
    """Return the sites that are down, each cause once.

    A grid is named only when cameras of several recorders or hosts in it are gone; these are then not named apart.

    Args:
        sites: From `sites_of`.
        briefs: What is known of the cameras.
        lasting: Keys of the sites that were down already: these are down until half of their cameras are back.
    """
    found = [down for site in sites if (down := _down(site, briefs, lasting)) is not None]
    grids = [d for d in found if d.site.key.startswith("grid:") and _several(d)]
    covered = {camera_id for d in grids for camera_id in d.away}
    wired = [d for d in found if not d.site.key.startswith("grid:") and not covered.issuperset(d.away)]
    return [*grids, *wired]


def _several(down: Down) -> bool:
    away = set(down.away)
    return len({wired_to(camera) for camera in down.site.cameras if camera.id in away}) > 1


def _down(site: Site, briefs: Mapping[str, StateBrief], lasting: frozenset[str]) -> Down | None:
    away = [b for c in site.cameras if (b := briefs.get(c.id)) is not None and b.state in AWAY]
    least = len(site.cameras) * (BACK_SHARE if site.key in lasting else DOWN_SHARE)
    if len(away) < LEAST_CAMERAS or len(away) < least:
        return None
    gone = sorted(gone_at(brief) for brief in away)
    if site.key not in lasting and not _together(gone, round(DOWN_SHARE * len(site.cameras))):
        return None
    return Down(site, tuple(b.camera_id for b in away), gone[0] if site.key in lasting else _began(gone))


def gone_at(brief: StateBrief) -> datetime:
    """Return when a camera went away: its last picture, since the names of the states after that may change."""
    return brief.last_picture_at or brief.since


def _together(gone: Sequence[datetime], least: int) -> bool:
    least = max(LEAST_CAMERAS, min(least, len(gone)))
    return any(gone[n + least - 1] - gone[n] <= TOGETHER for n in range(len(gone) - least + 1))


def _began(gone: Sequence[datetime]) -> datetime:
    """Return the beginning of the stretch in which most went: one that was away for weeks did not begin it."""
    counts = [sum(at - first <= TOGETHER for at in gone[n:]) for n, first in enumerate(gone)]
    return gone[counts.index(max(counts))]


def changes_of(lasting: Sequence[SiteOutage], down: Sequence[Down]) -> tuple[list[Down], list[SiteOutage]]:
    """Return which outages begin and which end."""
    known, now = {outage.key for outage in lasting}, {d.site.key for d in down}
    return [d for d in down if d.site.key not in known], [o for o in lasting if o.key not in now]
