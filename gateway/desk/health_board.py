"""The health board: which cameras have which faults, who needs a technician, and rates. Pure: reads a snapshot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from camera_configs.models import CameraConfig
from gateway.desk.camera_index import Mask, Positions
from gateway.desk.pulse import Snapshot
from gateway.desk.site_outages import AWAY, wired_to
from storage.records import CLOCK_WARN_S, CameraStateName
from storage.records_desk import HealthDay, SiteOutage, StateBrief

OFFLINE = "camera_fault.offline"
CLOCK = "camera_fault.clock"
# A camera that restarts, or a line that is cut for a moment, is back by then; nobody drives out for it.
PATIENCE = timedelta(minutes=10)
# These mend nothing by waiting.
HOPELESS = frozenset({CameraStateName.AUTH_FAILED, CameraStateName.NOT_VIDEO, CameraStateName.CORRUPT})


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a camera.

    Attributes:
        event_id: Of the event with its evidence; None for what the state alone shows.
    """

    type: str
    since: datetime
    severity: str
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of the cameras in use; None where there is none."""

    cameras: int
    online: float | None
    intact: float | None


@dataclass(frozen=True, slots=True)
class BoardFilter:
    """Which cameras the board shows."""

    fault: str = ""  # an event type, or the beginning of one
    needs_technician: bool = False


def faults_of(snapshot: Snapshot, camera: CameraConfig) -> Sequence[Fault]:
    """Return what is wrong with a camera, oldest first. A camera that is out of use has no faults."""
    if not camera.enabled:
        return ()
    brief, known = snapshot.briefs.get(camera.id), snapshot.faults.get(camera.id, ())
    kept = snapshot.remembered.get(camera.id)
    if kept is not None and kept[0] is brief and kept[1] is known:
        found: Sequence[Fault] = kept[2]
        return found
    faults = [Fault(f.event_type, f.started_at, f.severity, f.event_id if f.concluded else None) for f in known]
    faults += _shown_by_state(brief, frozenset(fault.type for fault in faults))
    found = tuple(sorted(faults, key=lambda fault: fault.since))
    snapshot.remembered[camera.id] = (brief, known, found)
    return found


def _shown_by_state(brief: StateBrief | None, known: frozenset[str]) -> list[Fault]:
    if brief is None:
        return []
    if brief.state in AWAY:
        return [] if OFFLINE in known else [Fault(OFFLINE, brief.last_picture_at or brief.since, "S3", None)]
    off = brief.clock_offset_s
    if off is not None and abs(off) >= CLOCK_WARN_S and CLOCK not in known:
        return [Fault(CLOCK, brief.since, "S4", None)]
    return []


def needs_technician(snapshot: Snapshot, camera: CameraConfig, faults: Sequence[Fault]) -> bool:
    """Say whether somebody must go there or turn a screw: not for what passes by itself.

    A camera whose whole site is down does not: its site does, and stands on the board once.
    """
    if not faults or in_outage(snapshot.outages, camera) is not None:
        return False
    brief = snapshot.briefs.get(camera.id)
    if (brief is not None and brief.state in HOPELESS) or any(fault.type != OFFLINE for fault in faults):
        return True
    return snapshot.at - faults[0].since >= PATIENCE


def in_outage(outages: Sequence[SiteOutage], camera: CameraConfig) -> SiteOutage | None:
    """Return the outage of the camera's recorder, host or grid."""
    if not outages:
        return None
    keys = {wired_to(camera), f"grid:{camera.grids[0]}"}
    return next((outage for outage in outages if outage.key in keys), None)


def on_board(snapshot: Snapshot, mask: Mask, wanted: BoardFilter) -> Mask:
    """Return which cameras of a mask the board shows; without a filter all of them."""
    if not wanted.fault and not wanted.needs_technician:
        return mask
    found = np.zeros(len(mask), np.bool_)
    for n in np.flatnonzero(mask & snapshot.troubled):
        camera = snapshot.index.cameras[n]
        faults = faults_of(snapshot, camera)
        fits = not wanted.fault or any(_is_of(fault.type, wanted.fault) for fault in faults)
        found[n] = fits and (not wanted.needs_technician or needs_technician(snapshot, camera, faults))
    return found


def _is_of(event_type: str, wanted: str) -> bool:
    return event_type == wanted or event_type.startswith(wanted.rstrip(".") + ".")


def rates(snapshot: Snapshot, mask: Mask) -> Rates:
    """Return how many of the cameras of a mask are there, and how many are and have no fault."""
    used = mask & snapshot.index.enabled
    count = int(used.sum())
    if not count:
        return Rates(0, None, None)
    online = used & snapshot.online
    intact = online & ~snapshot.faulty
    return Rates(count, int(online.sum()) / count, int(intact.sum()) / count)


def counted_faults(snapshot: Snapshot, mask: Mask) -> dict[str, int]:
    """Return how many cameras of a mask have which fault, the most frequent first."""
    counts = Counter[str]()
    positions: Positions = np.flatnonzero(mask & snapshot.troubled)
    for n in positions:
        counts.update({fault.type for fault in faults_of(snapshot, snapshot.index.cameras[n])})
    return dict(counts.most_common())


@dataclass(frozen=True, slots=True)
class TrendDay:
    """A day's rates over several grids; None where nothing is known of it."""

    day: str  # ISO
    online: float | None
    intact: float | None


def trend_of(days: Iterable[HealthDay]) -> list[TrendDay]:
    """Return rates per day, oldest first: seconds that cameras were there, and whole, of those they should be."""
    sums: dict[str, list[int]] = {}
    for day in days:
        total = sums.setdefault(day.day.isoformat(), [0, 0, 0])
        for n, seconds in enumerate((day.wanted_s, day.online_s, day.intact_s)):
            total[n] += seconds
    return [TrendDay(d, o / w if w else None, i / w if w else None) for d, (w, o, i) in sorted(sums.items())]


def evidence_share(days: Iterable[HealthDay]) -> tuple[float | None, int]:
    """Return the share of scene events whose clip is there, and of how many events; None: there were none.

    Nothing is recorded without a reason here, so "recording completeness" can only be that of evidence.
    """
    counted = [(day.events, day.with_clip) for day in days]
    events = sum(count for count, _ in counted)
    return (sum(clips for _, clips in counted) / events if events else None), events
