"""From signals to events: which signals tell of the same event, and when it is over.

One event per camera, type and zone at a time. Two rules of one type on one zone tell of the same event (say, a day
and a night rule with their own dwell), unless what they ask for differs: objects without overlap (people here,
vehicles there), or another `min_count` (a gathering of four, of ten). Those are different statements, each an event.

A gap in the stream neither closes nor doubles an event: the rules' conditions survive `MAX_GAP_S` without frames.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from camera_configs.models import CameraConfig, RuleConfig, SiteConfig
from camera_configs.taxonomy import is_camera_fault
from detectors import fire_smoke
from gateway.analysis.condition import MAX_GAP_S
from gateway.clock import Clock
from gateway.types import Phase, Signal
from storage.ids import new_id
from storage.records import Event, EventState

# How often an open event's `last_seen_at` is worth a write.
EXTEND_EVERY_S = 5.0
# Which detector stands behind an event that no object detector found.
PICTURE_CHECK = "picture"
_SEEN_BY = {
    "smoke_fire": fire_smoke.NAME,
    "open_burning": fire_smoke.NAME,
    "waterlogging": PICTURE_CHECK,
    "light_out": PICTURE_CHECK,
}

Key = tuple[str, str, str | None, str]  # camera, type, zone, first rule of the group


@dataclass(frozen=True, slots=True)
class Opened:
    """An event has begun: store it, cut its clip. Moments are monotonic, for choosing packets and frames."""

    event: Event
    since_s: float
    raised_s: float


@dataclass(frozen=True, slots=True)
class Extended:
    """The event's condition is still there."""

    event_id: str
    last_seen_at: datetime
    confidence: float


@dataclass(frozen=True, slots=True)
class Closed:
    """The event's condition is gone; `ended_at` is when it was last seen."""

    event_id: str
    ended_at: datetime


EventChange = Opened | Extended | Closed


@dataclass(slots=True)
class _Open:
    event_id: str
    camera_id: str
    event_type: str
    last_seen_s: float
    told_s: float
    confidence: float
    rules: set[str] = field(default_factory=set)  # those whose condition is raised


class EventBuilder:
    """Keeps the open events of any number of cameras.

    Args:
        clock: Turns monotonic moments into UTC.
        site: Cameras, grids and event types, all references checked.
        run_id: This run of this worker; if it dies, its open events become interrupted.
        detector: Name of the object detector, or "motion", for the record.
    """

    def __init__(self, clock: Clock, site: SiteConfig, run_id: str, detector: str) -> None:
        self._clock = clock
        self._site = site
        self._run_id = run_id
        self._detector = detector
        self._open: dict[Key, _Open] = {}

    @property
    def open_ids(self) -> tuple[str, ...]:
        """Ids of the open events, oldest first."""
        return tuple(o.event_id for o in self._open.values())

    def take(self, signals: Iterable[Signal]) -> list[EventChange]:
        """Take in signals in order of time and return what changes by them; candidates change nothing."""
        changes: list[EventChange] = []
        for signal in signals:
            change = self._one(signal)
            if change is not None:
                changes.append(change)
        return changes

    def expire(self, camera_id: str, last_frame_s: float, at_s: float) -> list[EventChange]:
        """Close a camera's events once it has given no frame for `MAX_GAP_S`: nobody can say that they last.

        Faults of the camera itself stay open, since silence is what they are about.
        """
        if at_s - last_frame_s <= MAX_GAP_S:
            return []
        mine = [k for k, o in self._open.items() if o.camera_id == camera_id and not is_camera_fault(o.event_type)]
        return [self._close(key) for key in mine]

    def drain(self) -> list[EventChange]:
        """Close all open events at an orderly end, with the moment each was last seen as its end."""
        return [self._close(key) for key in list(self._open)]

    def _one(self, signal: Signal) -> EventChange | None:
        if signal.phase is Phase.CANDIDATE:
            return None
        key = self._key(signal)
        known = self._open.get(key)
        if signal.phase is Phase.CLEARED:
            return self._clear(key, signal.rule_id) if known else None
        return self._begin(key, signal) if known is None else self._extend(known, signal)

    def _begin(self, key: Key, signal: Signal) -> Opened:
        event = self._event(signal)
        self._open[key] = _Open(
            event.id,
            signal.camera_id,
            signal.event_type,
            signal.at_s,
            signal.at_s,
            signal.confidence,
            {signal.rule_id},
        )
        return Opened(event, signal.since_s, signal.at_s)

    def _extend(self, known: _Open, signal: Signal) -> Extended | None:
        known.rules.add(signal.rule_id)
        known.last_seen_s = max(known.last_seen_s, signal.at_s)
        known.confidence = max(known.confidence, signal.confidence)
        if signal.at_s - known.told_s < EXTEND_EVERY_S:
            return None
        known.told_s = signal.at_s
        return Extended(known.event_id, self._clock.utc_at(known.last_seen_s), known.confidence)

    def _clear(self, key: Key, rule_id: str) -> Closed | None:
        known = self._open[key]
        if rule_id not in known.rules:  # a candidate of another rule that came to nothing
            return None
        known.rules.discard(rule_id)
        return None if known.rules else self._close(key)

    def _close(self, key: Key) -> Closed:
        known = self._open.pop(key)
        return Closed(known.event_id, self._clock.utc_at(known.last_seen_s))

    def _key(self, signal: Signal) -> Key:
        camera = self._site.camera(signal.camera_id)
        return signal.camera_id, signal.event_type, signal.zone_id, _group(camera, signal.rule_id)

    def _event(self, signal: Signal) -> Event:
        camera = self._site.camera(signal.camera_id)
        rule = _rule(camera, signal.rule_id)
        zone = None if signal.zone_id is None else camera.zone(signal.zone_id)
        grid = self._site.grid((zone.grid if zone else None) or camera.grids[0])
        severity = (rule.severity if rule else None) or self._site.event_type(signal.event_type).severity
        raised_at = self._clock.utc_at(signal.at_s)
        return Event(
            id=new_id("evt"),
            camera_id=camera.id,
            grid_id=grid.id,
            region_code=grid.region_code,
            event_type=signal.event_type,
            rule_id=signal.rule_id,
            zone_id=signal.zone_id,
            severity=severity.value,
            state=EventState.OPEN,
            started_at=self._clock.utc_at(signal.since_s),
            raised_at=raised_at,
            last_seen_at=raised_at,
            ended_at=None,
            confidence=signal.confidence,
            label=signal.label,
            count=signal.count,
            boxes=tuple((b.x1, b.y1, b.x2, b.y2) for b in signal.boxes),
            zone_polygon=zone.polygon if zone else (),
            detector=self._seen_by(signal.event_type),
            run_id=self._run_id,
            auto_report=bool(rule and rule.auto_report),
        )

    def _seen_by(self, event_type: str) -> str:
        """Name what saw it, for the record."""
        if is_camera_fault(event_type):
            return PICTURE_CHECK
        return _SEEN_BY.get(event_type, self._detector)


def _rule(camera: CameraConfig, rule_id: str) -> RuleConfig | None:
    """Return the rule's configuration, None for a fault that is armed without one."""
    return next((r for r in camera.rules if r.id == rule_id), None)


def _group(camera: CameraConfig, rule_id: str) -> str:
    """Return the first of the camera's rules that ask for the same thing as this one."""
    rule = _rule(camera, rule_id)
    if rule is None:
        return rule_id
    return next(r.id for r in camera.rules if r.id == rule_id or _same_statement(r, rule))


def _same_statement(a: RuleConfig, b: RuleConfig) -> bool:
    if (a.type, a.zone, a.min_count) != (b.type, b.zone, b.min_count):
        return False
    return not a.objects or not b.objects or bool(set(a.objects) & set(b.objects))
