"""One watched camera: its watcher thread, its analyst and its event desk, wired together."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import structlog

from camera_configs.models import CameraConfig, SiteConfig, StreamConfig
from detectors.base import Detector
from detectors.coco import scene_label
from gateway.analysis.analyst import Analyst
from gateway.analysis.events import EventBuilder
from gateway.analysis.glance import Glance
from gateway.analysis.offline import OfflineRule
from gateway.analysis.ruleset import RuleSet, foreground_for, make_rules
from gateway.camera.watcher import CameraWatcher, Surroundings, WatchPlan
from gateway.fleet.event_desk import DeskTools, EventDesk, Footage, OpenCase, Report
from gateway.settings import Settings
from gateway.types import Frame, Outcome, Phase
from storage.records import CameraState

logger = structlog.get_logger(__name__)

# Where only the faults that are armed on every camera run.
DEFAULT_CADENCE_S = 2.0
# How far analysis may be behind the camera before its silence is taken for the camera's.
ANALYSIS_LAG_S = 10.0


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What all cameras of a worker share."""

    site: SiteConfig
    settings: Settings
    shared: Surroundings
    detectors: Mapping[str, Detector | None]  # by detector setting; None: motion, which each camera has of its own
    tools: DeskTools
    open_case: OpenCase
    worker_id: str
    run_id: str


class CameraUnit:
    """Watches one camera; made on the worker's event loop, `watch` runs in a thread of its own."""

    def __init__(self, camera: CameraConfig, parts: WorkerParts) -> None:
        self.camera = camera
        self._clock = parts.shared.clock
        spec = camera.detector or parts.settings.detector
        detector = parts.detectors[spec]
        rules = make_rules(camera, group_labels(detector), parts.site.event_type)
        for rule_id, reason in rules.unarmed:
            logger.info("rule not armed", camera=camera.id, rule=rule_id, reason=reason)
        self._analyst = Analyst(
            camera,
            rules,
            foreground_for(camera, rules),
            detector,
            self._clock.utc_at,
            time_zone=ZoneInfo(parts.settings.timezone),
        )
        self._offline: OfflineRule | None = rules.offline
        self._raised_in: Frame | None = None
        self._analysed_s = -math.inf  # moment of the last frame; written by the lane, read by the loop
        self.watcher = CameraWatcher(
            watch_plan(camera, rules, parts),
            parts.shared,
            analyse=self._analyse,
            on_outcome=self._report,
            on_state=self._note_state,
            glance=Glance(watched_zones(rules)),
        )
        builder = EventBuilder(self._clock, parts.site, parts.run_id, detector.name if detector else "motion")
        ring = self.watcher.ring
        self.desk = EventDesk(
            camera,
            builder,
            Footage(ring.pin, ring.unpin, ring.since, lambda: self.watcher.video),
            parts.tools,
            parts.open_case,
        )
        self.state: CameraState = self.watcher.state

    def watch(self, stop: threading.Event) -> None:
        """Watch until `stop` is set; blocks."""
        self.watcher.run(stop)

    def tick(self) -> None:
        """Let time pass where no frames come; call about once a second, on the loop."""
        now_s = self._clock.monotonic()
        self.desk.expire(self._analysed_s, now_s - ANALYSIS_LAG_S)
        signals = [] if self._offline is None else self._offline.update(self.state.state, now_s)
        if signals:
            self.desk.mailbox.put(Report(tuple(signals)))

    def _analyse(self, frame: Frame) -> Outcome:
        outcome = self._analyst.analyse(frame)
        self._analysed_s = frame.at_s
        if any(signal.phase is Phase.RAISED for signal in outcome.signals):
            self._raised_in = frame
        return outcome

    def _report(self, outcome: Outcome) -> None:
        if not outcome.signals:
            return
        frame, self._raised_in = self._raised_in, None
        self.desk.mailbox.put(Report(outcome.signals, None if frame is None else frame.bgr))

    def _note_state(self, state: CameraState) -> None:
        self.state = state  # one reference: read by the loop without a lock


def watched_zones(rules: RuleSet) -> list[tuple[tuple[float, float], ...]]:
    """Return the polygons of the rules that wait for something to come; faults of the picture need no glance."""
    return [
        a.rule.zone.polygon for a in rules.armed if not a.rule.condition.subject.event_type.startswith("camera_fault")
    ]


def group_labels(detector: Detector | None) -> tuple[str, ...]:
    """Return the scene-level groups that a model can tell apart; empty without one."""
    if detector is None:
        return ()
    return tuple(sorted({group for label in detector.labels if (group := scene_label(label)) is not None}))


def watch_plan(camera: CameraConfig, rules: RuleSet, parts: WorkerParts) -> WatchPlan:
    """Return what the watcher needs to know of a camera."""
    stream = camera.stream("main")
    assert stream is not None  # noqa: S101 - the configuration guarantees it
    cadences = [
        a.config.cadence_s or parts.site.event_type(a.config.type).cadence_s
        for a in rules.armed
        if a.config is not None
    ]
    return WatchPlan(
        camera_id=camera.id,
        stream=stream,
        password=password_of(stream),
        armed=bool(rules.armed),
        cadence_s=min(cadences, default=DEFAULT_CADENCE_S),
        masks=tuple(zone.polygon for zone in camera.privacy_masks),
        limit_key=limit_key(camera),
        worker_id=parts.worker_id,
        ring_seconds=parts.settings.ring_s,
    )


def limit_key(camera: CameraConfig) -> str:
    """Return what the camera shares its number of streams with: its recorder, or the host of its address."""
    stream = camera.stream("main")
    return camera.recorder or (stream and urlsplit(stream.url).hostname) or "file"


def password_of(stream: StreamConfig) -> str | None:
    """Return the stream's password: from the environment variable it names, or from the file."""
    if stream.password_env is not None:
        found = os.environ.get(stream.password_env)
        if found is None:
            logger.warning("password variable is not set", variable=stream.password_env)
        return found
    return stream.password.get_secret_value() if stream.password is not None else None
